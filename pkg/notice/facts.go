package notice

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// The keys of Facts.Links.
const (
	LinkReset        = "reset"        // where a password is reset: in every password notice, in no SSO notice
	LinkSignOut      = "sign_out"     // where all devices are signed out: in every SSO notice
	LinkHelp         = "help"         // where help is
	LinkAnnouncement = "announcement" // the public page about the incident; optional
	LinkTwoFactor    = "two_factor"   // where two-factor authentication is turned on; optional
)

// LinkKeys lists the keys that Facts.Links may have, in the order in which they
// are shown.
func LinkKeys() []string {
	return []string{LinkReset, LinkSignOut, LinkHelp, LinkAnnouncement, LinkTwoFactor}
}

// Facts is what a campaign says to everybody.
type Facts struct {
	Organisation string
	From         *mail.Address
	ReplyTo      *mail.Address // nil: replies go to From
	// Incident holds facts in Markdown under the keys that templates use, such as
	// what_happened. A key that ends in a language, such as what_happened_de, goes
	// before the one without in notices of that language. A value that is a date
	// (2006-01-02) is written out in the language of the notice.
	Incident map[string]string
	// Links holds absolute https URLs under LinkKeys. A key may be missing where
	// no template needs it.
	Links map[string]string
}

// Options says what Load reads.
type Options struct {
	// FS holds layout.html and a folder for each language with password.md and
	// sso.md.
	FS              fs.FS
	Facts           Facts
	MessageIDDomain string // right of the @ in Message-ID
	DefaultLocale   string // of accounts whose own language has no notice
	DKIM            *DKIM  // nil: messages are not signed
	// Unchecked leaves Check to the caller, who wants the notices also where it finds
	// something. Such notices are for looking at, and never for sending.
	Unchecked bool
}

// factKey is what a template can name behind .Incident.
var factKey = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Validate returns everything that is wrong with o apart from the templates.
func (o Options) Validate() error {
	var errs []error
	if o.FS == nil {
		errs = append(errs, errors.New("no templates to read"))
	}
	if _, err := account.ParseAddress("notice@" + o.MessageIDDomain); err != nil {
		errs = append(errs, fmt.Errorf("the domain of Message-ID: %w", err))
	}
	if canonicalLocale(o.DefaultLocale) == "" {
		errs = append(errs, fmt.Errorf("notice.locale is %q: want a language tag such as en or pt-BR", o.DefaultLocale))
	}
	return errors.Join(append(errs, o.Facts.Validate())...)
}

// Validate returns everything that is wrong with f by itself, each under the key
// that it has in the configuration. What the templates need is checked by Load.
func (f Facts) Validate() error {
	errs := []error{oneLine("organisation", f.Organisation)}
	if f.From == nil {
		errs = append(errs, errors.New("notice.from is missing"))
	}
	errs = append(errs, checkSender("notice.from", f.From), checkSender("notice.reply_to", f.ReplyTo))
	for _, key := range slices.Sorted(maps.Keys(f.Incident)) {
		if !factKey.MatchString(key) {
			errs = append(errs, fmt.Errorf("incident: %q is no key: want lower-case letters, digits and underscores", key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Links)) {
		errs = append(errs, checkLink(key, f.Links[key]))
	}
	if samePlace(f.Links[LinkReset], f.Links[LinkSignOut]) {
		errs = append(errs, hint.Wrap(errors.New("links.reset and links.sign_out are the same page"),
			"an SSO notice must not lead to a password reset: give each its own page, which differs before any ? or #"))
	}
	return errors.Join(errs...)
}

func checkLink(key, link string) error {
	if !slices.Contains(LinkKeys(), key) {
		return fmt.Errorf("links.%s is no link of a notice: want %s", key, strings.Join(LinkKeys(), ", "))
	}
	if link == "" {
		return nil
	}
	if err := checkWeb(link); err != nil {
		return &PlaceError{"links." + key, 0, err}
	}
	return nil
}

// checkSender refuses what cannot stand in a header as it is, and a local part
// that would ask every relay on the way for SMTPUTF8 (RFC 6531).
func checkSender(key string, sender *mail.Address) error {
	if sender == nil {
		return nil
	}
	address, err := account.ParseAddress(sender.Address)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if address.NeedsSMTPUTF8() {
		return fmt.Errorf("%s: the local part is not ASCII", key)
	}
	if sender.Name == "" {
		return nil
	}
	return oneLine(key, sender.Name)
}

const maxLine = 200 // runes of a sender's or organisation's name, or of a subject

// oneLine refuses what is no line of text to be shown as it stands.
func oneLine(what, s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return fmt.Errorf("%s is empty", what)
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r)
	}):
		return fmt.Errorf("%s holds a control character or is not UTF-8", what)
	case len([]rune(s)) > maxLine:
		return fmt.Errorf("%s is longer than %d characters", what, maxLine)
	}
	return nil
}
