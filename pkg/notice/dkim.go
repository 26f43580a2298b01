package notice

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/wneessen/go-mail"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// minRSABits is what RFC 8301 section 3.2 asks of signers.
const minRSABits = 1024

// DKIM is the key that messages are signed with (RFC 6376). Ed25519 and RSA
// PKCS #1 v1.5 signatures depend on nothing but key and message, so that a signed
// notice, too, is the same each time.
type DKIM struct {
	domain   string
	selector string
	key      crypto.Signer
}

// LoadDKIM reads the private key at path: PEM, RSA (PKCS #1 or #8) or Ed25519
// (PKCS #8). It returns an error for a file that everybody can read or write, for a key
// that is none of these or too short, and for a domain or selector that is no DNS
// name.
func LoadDKIM(domain, selector, path string) (*DKIM, error) {
	if _, err := account.ParseAddress("key@" + selector + "." + domain); err != nil {
		err := fmt.Errorf("DKIM: selector %q and domain %q name no key in DNS", selector, domain)
		return nil, hint.Wrap(err, "the key is the TXT record SELECTOR._domainkey.DOMAIN, of smtp.dkim.selector and smtp.dkim.domain")
	}
	text, err := readKey(path)
	if err != nil {
		return nil, err
	}
	key, err := mail.PrivKeyFromPEM(text)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("read the DKIM key %s: %w", path, err), "want a PEM file with an RSA or Ed25519 private key")
	}
	if short, ok := key.(*rsa.PrivateKey); ok && short.N.BitLen() < minRSABits {
		err := errors.New("the DKIM key is shorter than 1024 bits, which verifiers refuse (RFC 8301)")
		return nil, hint.Wrap(err, "make one of 2048 bits, and publish it in DNS before the first notice")
	}
	return &DKIM{domain: domain, selector: selector, key: key}, nil
}

// Public returns the public part of the key: what the record in DNS has to hold.
func (d *DKIM) Public() crypto.PublicKey { return d.key.Public() }

// readKey reads a file that only its owner and its group may read.
func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, unreadable(err)
	case info.IsDir():
		return nil, unreadable(fmt.Errorf("%s is a folder", path))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(err)
	}
	return text, nil
}

func unreadable(err error) error {
	return hint.Wrap(fmt.Errorf("read the DKIM key: %w", err),
		"smtp.dkim.key_file is the path of the private key: a file that you own, of mode 600")
}

// signer returns a signer for one message. The time of the signature is the
// message's own, so that a retry is the same to the byte. RFC 6376 section 5.4
// names the fields to sign; From is signed once more than it is there, so that
// nobody can add a second one. The list must stay short enough for one line: a
// fold inside of a name breaks it.
func (d *DKIM) signer(date time.Time) *mail.DKIMSigner {
	s := mail.NewDKIMSigner(d.domain, d.selector, d.key)
	s.NowFunc = func() time.Time { return date }
	s.SignHeaders("From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Content-Type")
	s.OversignHeaders("From")
	return s
}
