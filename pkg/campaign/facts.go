package campaign

import (
	"io/fs"
	"maps"
	"net/mail"
	"os"
	"path/filepath"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
)

// Facts returns what the notices say to everybody.
func (c *Config) Facts() notice.Facts {
	return notice.Facts{
		Organisation: c.Organisation,
		From:         c.Notice.From.mail(),
		ReplyTo:      c.Notice.ReplyTo.mail(),
		Incident:     c.facts(),
		Links:        c.Links.Map(),
	}
}

// Map returns the links that are set, under the keys of notify.yaml, which are those
// of notice.Facts.
func (l Links) Map() map[string]string {
	links := map[string]string{
		notice.LinkReset:        l.Reset,
		notice.LinkSignOut:      l.SignOut,
		notice.LinkHelp:         l.Help,
		notice.LinkAnnouncement: l.Announcement,
		notice.LinkTwoFactor:    l.TwoFactor,
	}
	maps.DeleteFunc(links, func(_, link string) bool { return link == "" })
	return links
}

// mail returns the sender for a header, or nil for none.
func (s Sender) mail() *mail.Address {
	if s.Address.IsZero() {
		return nil
	}
	return &mail.Address{Name: s.Name, Address: s.Address.Wire()}
}

// LedgerPath returns where the ledger of the campaign is unless the operator says
// otherwise: beside the configuration, under the campaign's name.
func (c *Config) LedgerPath() string { return filepath.Join(c.dir, c.Campaign+".ledger") }

// MessageIDDomain returns the domain of the notices' Message-ID: that of their
// sender.
func (c *Config) MessageIDDomain() string { return c.Notice.From.Address.Domain() }

// TemplateFS returns the folder of notice.templates, or builtIn where none is
// configured.
func (c *Config) TemplateFS(builtIn fs.FS) fs.FS {
	if c.Notice.Templates == "" {
		return builtIn
	}
	return os.DirFS(c.Notice.Templates)
}

// DomainRates returns the rates of the destinations that have their own, under
// their domains in lower-case A-labels as account.Address.Domain has them, and the
// rate of each other one.
func (t Throttle) DomainRates() (own map[string]Rate, other Rate) {
	own = map[string]Rate{}
	for domain, rate := range t.PerDomain {
		if canonical, err := canonicalDomain(domain); err == nil {
			own[canonical] = rate
		}
	}
	return own, t.PerDomain[defaultDomain]
}

// Suppression is a set of mailboxes that get no notice.
type Suppression map[string]struct{}

// Add puts the mailbox of an address into s.
func (s Suppression) Add(address account.Address) { s[address.Mailbox()] = struct{}{} }

// Has reports whether the mailbox of an address is in s.
func (s Suppression) Has(address account.Address) bool {
	if len(s) == 0 { // the usual case, which need not build the key
		return false
	}
	_, ok := s[address.Mailbox()]
	return ok
}
