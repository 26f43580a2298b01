package account

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Sizes of RFC 5321, section 4.5.3.1, in octets. A path of 256 octets holds two
// angle brackets, so that 254 are left for the address.
const (
	maxLocal   = 64
	maxDomain  = 255
	maxAddress = 254
)

// Errors of ParseAddress.
var (
	// ErrNoAddress says that there is no address at all: the field is empty or
	// holds a database's word for nothing.
	ErrNoAddress = errors.New("no address")
	// ErrInvalidAddress says that there is something, and that no mail goes there.
	ErrInvalidAddress = errors.New("invalid address")
)

// Address is a mailbox in the form in which it goes on the wire. The zero value
// is no address. Addresses are comparable; two that differ only in the case of
// the local part are the same mailbox, which Mailbox tells.
type Address struct {
	local  string // as on the wire: quoted where it must be
	domain string // lower case, A-labels
}

// ParseAddress reads one bare address. It trims white space, strips byte order
// marks and zero-width characters, converts the domain to lower-case A-labels
// (IDNA 2008) and quotes the local part only where RFC 5321 asks for quotes; the
// case of the local part is kept.
//
// It returns ErrNoAddress for nothing and ErrInvalidAddress, wrapped with the
// reason, for anything that is not one mailbox at one dotted domain. The reason
// never repeats the input.
func ParseAddress(s string) (Address, error) {
	if !utf8.ValidString(s) {
		return Address{}, invalid("not UTF-8")
	}
	s = strings.TrimSpace(stripInvisible(s))
	if IsNull(s) {
		return Address{}, ErrNoAddress
	}
	if i := strings.IndexFunc(s, forbidden); i >= 0 {
		r, _ := utf8.DecodeRuneInString(s[i:])
		return Address{}, invalid("character %U is not allowed", r)
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Address{}, invalid("no @")
	}
	local, err := parseLocal(s[:at])
	if err != nil {
		return Address{}, err
	}
	domain, err := parseDomain(s[at+1:])
	if err != nil {
		return Address{}, err
	}
	if len(local)+1+len(domain) > maxAddress {
		return Address{}, invalid("longer than %d octets", maxAddress)
	}
	return Address{local: local, domain: domain}, nil
}

// IsNull reports whether a field of an export stands for nothing: empty, white
// space, or what databases write for NULL (NULL in any case, \N).
func IsNull(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s == `\N` || strings.EqualFold(s, "null")
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalidAddress, fmt.Sprintf(format, args...))
}

// Wire returns the address as it stands in an SMTP command or a header.
func (a Address) Wire() string {
	if a.IsZero() {
		return ""
	}
	return a.local + "@" + a.domain
}

// Mailbox returns the key under which two addresses are the same mailbox: the
// wire form with the local part in lower case. Plus and dot variants differ.
func (a Address) Mailbox() string {
	if a.IsZero() {
		return ""
	}
	return strings.ToLower(a.local) + "@" + a.domain
}

// Domain returns the domain in lower case and A-labels.
func (a Address) Domain() string { return a.domain }

// IsZero reports whether a is no address.
func (a Address) IsZero() bool { return a == Address{} }

// NeedsSMTPUTF8 reports whether only a relay that offers SMTPUTF8 (RFC 6531) can
// take the address: its local part is not ASCII. The domain never needs it.
func (a Address) NeedsSMTPUTF8() bool { return !isASCII(a.local) }

// Masked returns the address with all but the first character of the local part
// hidden, such as j***@example.org.
func (a Address) Masked() string {
	if a.IsZero() {
		return ""
	}
	return maskLocal(a.local) + "@" + a.domain
}

// String is Masked, so that an address in a log or an error shows no more.
func (a Address) String() string { return a.Masked() }

// GoString is Masked, for %#v.
func (a Address) GoString() string { return a.Masked() }

// LogValue is Masked, for log/slog.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.Masked()) }

// MarshalText is Masked, so that JSON shows no more either. What must hold the
// whole address writes Wire.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.Masked()), nil }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
