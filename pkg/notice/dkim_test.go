package notice

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

func writeKey(t *testing.T, kind string, der []byte, err error, mode os.FileMode) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "dkim.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func pkcs8(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return writeKey(t, "PRIVATE KEY", der, err, 0o600)
}

// record returns the TXT record of a public key (RFC 6376 section 3.6.1, RFC 8463
// section 4).
func record(t *testing.T, key crypto.Signer) string {
	t.Helper()
	if public, ok := key.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

func newKeys(t *testing.T) (*rsa.PrivateKey, ed25519.PrivateKey) {
	t.Helper()
	slow, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, quick, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return slow, quick
}

func TestSignaturesVerify(t *testing.T) {
	slow, quick := newKeys(t)
	for name, c := range map[string]struct {
		key  crypto.Signer
		path string
	}{
		"RSA, PKCS #8": {slow, pkcs8(t, slow)},
		"RSA, PKCS #1": {slow, writeKey(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(slow), nil, 0o600)},
		"Ed25519":      {quick, pkcs8(t, quick)},
	} {
		t.Run(name, func(t *testing.T) {
			signing, err := LoadDKIM("example.com", "s1", c.path)
			if err != nil {
				t.Fatal(err)
			}
			s := testSet(t, func(o *Options) { o.DKIM = signing })
			for _, v := range variants() {
				r := testRecipient(t, v.class, v.locale, account.Account{ID: "17", Name: "Zoë"})
				raw := compose(t, s, r).Bytes
				if !bytes.Equal(raw, compose(t, s, r).Bytes) {
					t.Fatal("a signed notice is not the same twice")
				}
				if !strings.Contains(string(raw), "t=1795339800") {
					t.Error("the time of the signature is not that of the notice")
				}
				verify(t, raw, record(t, c.key))
				checkTampering(t, raw, record(t, c.key))
			}
		})
	}
}

func lookup(txt string) *dkim.VerifyOptions {
	return &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
		if domain != "s1._domainkey.example.com" {
			return nil, nil
		}
		return []string{txt}, nil
	}}
}

func verify(t *testing.T, raw []byte, txt string) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), lookup(txt))
	if err != nil || len(found) != 1 || found[0].Err != nil {
		t.Fatalf("verify: %v, %+v\n%.600s", err, found, raw)
	}
	for _, field := range []string{"From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Content-Type"} {
		if !strings.Contains(strings.Join(found[0].HeaderKeys, ","), field) {
			t.Errorf("%s is not signed", field)
		}
	}
}

// checkTampering holds that what a reader goes by cannot be changed or added to.
func checkTampering(t *testing.T, raw []byte, txt string) {
	t.Helper()
	for _, change := range [][2]string{
		{"\r\nSubject:", "\r\nSubject: x"}, {"/reset", "/resett"}, {"\r\nFrom: ", "\r\nFrom: <x@evil.test>\r\nFrom: "},
		{"/security", "/securityy"}, {"Reply-To: <help@", "Reply-To: <hulp@"},
	} {
		if !bytes.Contains(raw, []byte(change[0])) {
			continue
		}
		bad := bytes.Replace(raw, []byte(change[0]), []byte(change[1]), 1)
		if found, err := dkim.VerifyWithOptions(bytes.NewReader(bad), lookup(txt)); err == nil && len(found) == 1 && found[0].Err == nil {
			t.Errorf("changing %q goes unnoticed", change[0])
		}
	}
}

func TestUnfitKeysAreRefused(t *testing.T) {
	slow, _ := newKeys(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(t.TempDir(), "x.pem")
	if err := os.WriteFile(garbage, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, domain, selector, path, want, advice string }{
		{"missing file", "example.com", "s1", filepath.Join(t.TempDir(), "none"), "read the DKIM key", "smtp.dkim.key_file"},
		{"a folder", "example.com", "s1", t.TempDir(), "is a folder", "smtp.dkim.key_file"},
		{"no PEM", "example.com", "s1", garbage, "read the DKIM key", "PEM"},
		{"other curve", "example.com", "s1", pkcs8(t, curve), "read the DKIM key", "RSA or Ed25519"},
		{"no domain", "", "s1", pkcs8(t, slow), "name no key in DNS", "smtp.dkim.domain"},
		{"no selector", "example.com", "", pkcs8(t, slow), "name no key in DNS", "smtp.dkim.selector"},
		{"a tag in the selector", "example.com", "s1; l=1", pkcs8(t, slow), "name no key in DNS", "smtp.dkim.selector"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadDKIM(c.domain, c.selector, c.path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("LoadDKIM = %v, want %q", err, c.want)
			}
			if advice := strings.Join(hint.Of(err), "\n"); !strings.Contains(advice, c.advice) {
				t.Errorf("the hint is %q, want %q", advice, c.advice)
			}
		})
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 512)
	if err != nil {
		t.Fatal(err)
	}
	path := writeKey(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short), nil, 0o600)
	if _, err := LoadDKIM("example.com", "s1", path); err == nil || !strings.Contains(err.Error(), "shorter than 1024") || len(hint.Of(err)) == 0 {
		t.Errorf("LoadDKIM = %v", err)
	}
}
