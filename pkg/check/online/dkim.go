package online

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIMFacts are what receivers find who verify a signature.
type DKIMFacts struct {
	Domain    string `json:"domain"`
	Selector  string `json:"selector"`
	Name      string `json:"name"`      // of the record
	Key       string `json:"key"`       // that signs, such as RSA 2048
	Published bool   `json:"published"` // there is one record, and it holds a key
	Matches   bool   `json:"matches"`   // it is the one that signs
	Signed    int    `json:"signed"`    // messages whose signature was verified
	Verified  int    `json:"verified"`  // those of them that receivers would find valid
}

// askDKIM holds the published key against the one that signs, and the signatures of the
// messages against the published key.
func (o Options) askDKIM(ctx context.Context) (*DKIMFacts, findings) {
	const key = "smtp.dkim"
	var found findings
	configured := o.Config.SMTP.DKIM
	if configured == nil {
		found.add(dkimUnsigned, key, "%s", dkimUnsigned.Summary)
		return nil, found
	}
	facts := &DKIMFacts{
		Domain: configured.Domain, Selector: configured.Selector, Key: keyWords(o.DKIM),
		Name: configured.Selector + "._domainkey." + configured.Domain,
	}
	o.ask(ctx, func(ctx context.Context, q *question) {
		records, err := q.LookupTXT(ctx, facts.Name)
		switch {
		case q.failure(&found, key):
		case err != nil:
			found.add(dkimRecord, key, "there is no record %s", facts.Name)
		case len(records) > 1:
			found.add(dkimRecord, key, "%s has %d TXT records, of which receivers take none or any", facts.Name, len(records))
		default:
			o.judgeKey(records[0], facts, &found)
			o.verify(records, facts, &found)
		}
	})
	return facts, found
}

// judgeKey holds the record against the key that signs.
func (o Options) judgeKey(record string, facts *DKIMFacts, found *findings) {
	tags := tagsOf(record)
	published, err := publishedKey(tags)
	if err != nil {
		found.add(dkimRecord, "smtp.dkim", "the record %s: %v", facts.Name, err)
		return
	}
	facts.Published, facts.Matches = true, sameKey(published, o.DKIM)
	if !facts.Matches {
		found.add(dkimKey, "smtp.dkim", "the key at %s (%s) is not the one that signs (%s)", facts.Name, keyWords(published), facts.Key)
	}
	if slices.Contains(strings.Split(tags["t"], ":"), "y") {
		found.add(dkimTesting, "smtp.dkim", "the record %s says t=y", facts.Name)
	}
	if _, is := o.DKIM.(ed25519.PublicKey); is {
		found.add(dkimEd25519, "smtp.dkim", "%s", dkimEd25519.Summary)
	}
}

// verify does with every message as a receiver does. Where the key is another one
// nothing can verify, which needs no second finding.
func (o Options) verify(records []string, facts *DKIMFacts, found *findings) {
	if !facts.Matches {
		return
	}
	known := &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return records, nil }}
	var failure error
	for _, m := range o.Messages {
		facts.Signed++
		if err := verifyMessage(m.Bytes, facts.Domain, known); err != nil {
			failure = err
			continue
		}
		facts.Verified++
	}
	if failure != nil {
		found.add(dkimSignature, "smtp.dkim", "%d of %d messages do not verify: %s", facts.Signed-facts.Verified, facts.Signed, shown(failure.Error()))
	}
}

// verifyMessage returns why a message has no valid signature of domain.
func verifyMessage(message []byte, domain string, o *dkim.VerifyOptions) error {
	signatures, err := dkim.VerifyWithOptions(bytes.NewReader(message), o)
	if err != nil {
		return err
	}
	err = errors.New("there is no signature of the domain")
	for _, s := range signatures {
		if strings.EqualFold(s.Domain, domain) {
			if s.Err == nil {
				return nil
			}
			err = s.Err
		}
	}
	return err
}

// tagsOf reads a tag=value list (RFC 6376 section 3.2). Of a tag that comes twice the
// last value counts; a piece without a name or value is left out.
func tagsOf(record string) map[string]string {
	tags := map[string]string{}
	for piece := range strings.SplitSeq(record, ";") {
		if name, value, ok := strings.Cut(piece, "="); ok {
			tags[strings.TrimSpace(name)] = strings.Join(strings.Fields(value), "")
		}
	}
	return tags
}

// publishedKey reads the key of a record (RFC 6376 section 3.6.1, RFC 8463 section 3.2).
func publishedKey(tags map[string]string) (crypto.PublicKey, error) {
	if version, said := tags["v"]; said && version != "DKIM1" {
		return nil, errors.New("it is of another version than DKIM1")
	}
	written, said := tags["p"]
	switch {
	case !said:
		return nil, errors.New("it holds no key (p=)")
	case written == "":
		return nil, errors.New("the key was revoked (p= is empty)")
	}
	raw, err := base64.StdEncoding.DecodeString(written)
	if err != nil {
		return nil, errors.New("its key (p=) is not base64")
	}
	switch tags["k"] {
	case "", "rsa":
		return rsaKey(raw)
	case "ed25519":
		if len(raw) != ed25519.PublicKeySize {
			return nil, errors.New("its key (p=) is none of Ed25519")
		}
		return ed25519.PublicKey(raw), nil
	}
	return nil, errors.New("its key is of an unknown type (k=)")
}

// rsaKey reads both forms that are in use (erratum 3017 of RFC 6376).
func rsaKey(raw []byte) (crypto.PublicKey, error) {
	if key, err := x509.ParsePKCS1PublicKey(raw); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKIXPublicKey(raw)
	if _, is := key.(*rsa.PublicKey); err != nil || !is {
		return nil, errors.New("its key (p=) is none of RSA")
	}
	return key, nil
}

func sameKey(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

func keyWords(key crypto.PublicKey) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "of an unknown type"
}
