package campaign

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"breachnotify/pkg/notice"
)

// Parts returns the SHA-256, in hexadecimal, of each part of the configuration that
// a plan binds, under the key of the part, such as links.reset. It goes by what the
// configuration means: comments, the order of keys, and how a value is quoted change
// nothing, nor does it that the whole folder moved. A part that is empty is left out.
//
// Not among the parts are smtp, bounces, throttle, retry, halt and check, which may change
// between two runs; the limits of export, beyond which there is no plan;
// notice.templates, since the templates are bound by their bytes; and what the files that
// the configuration names hold, since the plan has read them.
func (c *Config) Parts() map[string]string {
	texts := c.texts()
	parts := make(map[string]string, len(texts))
	for name, text := range texts {
		parts[name] = digest(text)
	}
	return parts
}

// texts returns what Parts digests.
func (c *Config) texts() map[string]string {
	texts := map[string]string{
		"campaign":         c.Campaign,
		"organisation":     c.Organisation,
		"official_domains": strings.Join(canonicalDomains(c.OfficialDomains), "\n"),
		"export.source":    c.portableSource(),
		"export.preset":    c.Export.Preset,
		"export.table":     c.Export.Table,
		"export.where":     c.Export.Where,
		"export.query":     c.Export.Query,
		"classify.both":    string(c.Classify.Both),
		"classify.neither": string(c.Classify.Neither),
		"notice.from":      c.Notice.From.canonical(),
		"notice.reply_to":  c.Notice.ReplyTo.canonical(),
		"notice.locale":    c.Notice.Locale,
		"suppress":         c.portable(c.Suppress),
		"jurisdictions":    strings.Join(slices.Compact(slices.Sorted(slices.Values(c.Jurisdictions))), "\n"),

		"furnished_mail_domains": strings.Join(canonicalDomains(c.FurnishedMailDomains), "\n"),
	}
	for name, file := range c.Export.Tables {
		texts["export.tables."+name] = c.portable(file)
	}
	maps.Insert(texts, prefixed("export.columns.", c.Export.Columns.byKey()))
	maps.Insert(texts, prefixed("incident.", c.Incident))
	maps.Insert(texts, prefixed("links.", c.Links.Map()))
	maps.Insert(texts, prefixed("attest.", c.Attest))
	maps.DeleteFunc(texts, func(_, text string) bool { return text == "" })
	return texts
}

// wordings returns the parts that readers of the notices see, under their keys: together
// with the templates they are what was said.
func (c *Config) wordings() map[string][]byte {
	said := map[string][]byte{}
	for name, text := range c.texts() {
		if IsFact(name) {
			said[name] = []byte(text)
		}
	}
	return said
}

// IsFact reports whether a name of Frozen.Wordings is a fact of the configuration that
// the notices show, such as incident.what_happened; the others are templates.
func IsFact(name string) bool {
	return name == "organisation" || name == "notice.from" || name == "notice.reply_to" ||
		strings.HasPrefix(name, "incident.") || strings.HasPrefix(name, "links.")
}

// Changed returns the names of the parts that are not the same in both, sorted. A
// part that only one has counts.
func Changed(frozen, now map[string]string) []string {
	changed := map[string]bool{}
	for name, sum := range frozen {
		changed[name] = now[name] != sum
	}
	for name, sum := range now {
		changed[name] = frozen[name] != sum
	}
	maps.DeleteFunc(changed, func(_ string, differs bool) bool { return !differs })
	return slices.Sorted(maps.Keys(changed))
}

// Templates are the notices of a campaign. *notice.Set is one.
type Templates interface {
	// Wordings returns the bytes of each template under its name, such as
	// templates/en/sso.md.
	Wordings() map[string][]byte
	// Digests returns the SHA-256 of each, in hexadecimal, under the same names.
	Digests() map[string]string
}

var _ Templates = (*notice.Set)(nil)

// Freeze returns what a plan binds of c and of the templates. The caller adds At,
// Key and Read.
func (c *Config) Freeze(templates Templates) Frozen {
	parts := c.Parts()
	maps.Copy(parts, templates.Digests())
	wordings := c.wordings()
	maps.Copy(wordings, templates.Wordings())
	return Frozen{
		Campaign:  c.Campaign,
		Parts:     parts,
		Wordings:  wordings,
		Deadline:  c.Deadline(),
		BatchSize: c.Throttle.Batch,
		Canary:    c.Throttle.Canary,
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func prefixed(prefix string, texts map[string]string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for name, text := range texts {
			if !yield(prefix+name, text) {
				return
			}
		}
	}
}

func (c Columns) byKey() map[string]string {
	return map[string]string{
		"id": c.ID, "email": c.Email, "name": c.Name,
		"password": c.Password, "sso": c.SSO, "locale": c.Locale,
	}
}

func (s Sender) canonical() string {
	if s.Address.IsZero() {
		return ""
	}
	return s.Name + "\n" + s.Address.Wire()
}

// portable returns a path as seen from the folder of the configuration.
func (c *Config) portable(path string) string {
	if path == "" || path == standardInput {
		return path
	}
	if relative, err := filepath.Rel(c.dir, path); err == nil {
		return relative
	}
	return path
}

// portableSource is the source without the password that the address of a database
// may hold: it may change without changing what the database says.
func (c *Config) portableSource() string {
	if !isURL(c.Export.Source) {
		return c.portable(c.Export.Source)
	}
	address, err := url.Parse(c.Export.Source)
	if err != nil {
		return c.Export.Source
	}
	return address.Redacted()
}
