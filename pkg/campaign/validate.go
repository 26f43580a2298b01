package campaign

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"breachnotify/pkg/classify"
	"breachnotify/pkg/hint"
)

var (
	// campaignName is what can be a file name on every system, and no hidden file
	// or option of a command.
	campaignName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)
	factName     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	hostName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	localName    = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Za-z:.]{1,64}\])$`)
	// databaseURL begins the address of a database that export can read.
	databaseURL  = regexp.MustCompile(`^(?i:postgres|postgresql|mysql)://`)
	selectorForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
)

// verpRoom is what VERP adds to a local part: a plus and a token.
const verpRoom = 1 + tokenSize

// maxLocalPart is that of RFC 5321 section 4.5.3.1.1, in octets.
const maxLocalPart = 64

// checks gathers what is wrong with a Config.
type checks struct {
	*Config
	errs []error
}

func (c *checks) fail(key, format string, args ...any) {
	c.errs = append(c.errs, c.source.problem(key, fmt.Sprintf(format, args...)))
}

func (c *checks) failHint(advice, key, format string, args ...any) {
	c.errs = append(c.errs, hint.Wrap(c.source.problem(key, fmt.Sprintf(format, args...)), "%s", advice))
}

func (c *checks) require(key, value string) {
	if strings.TrimSpace(value) == "" {
		c.fail(key, "missing")
	}
}

func (c *checks) atLeast(key string, value, least int) {
	if value < least {
		c.fail(key, "is %d: want %d or more", value, least)
	}
}

// Validate returns everything that is wrong with c by itself, joined, each a
// *ConfigError that names its key, and its line where c was loaded from a file. The
// columns and tables of an export are checked by export when it is opened, and what
// the templates need by notice.
func (c *Config) Validate() error {
	v := checks{Config: c}
	v.identity()
	v.export()
	v.classify()
	v.notice()
	v.deadline()
	v.links()
	v.relay()
	v.credentials()
	v.pace()
	v.probe()
	v.resolver()
	return errors.Join(v.errs...)
}

func (c *checks) identity() {
	if !campaignName.MatchString(c.Campaign) {
		c.fail("campaign", "want 1 to 64 of A-Z, a-z, 0-9 and . _ - (it is the name of a file), and no dot or hyphen first")
	}
	c.require("organisation", c.Organisation)
	if len(c.OfficialDomains) == 0 {
		c.fail("official_domains", "missing: want the domains that links may lead to")
	}
	c.own("official_domains", c.OfficialDomains)
	c.own("furnished_mail_domains", c.FurnishedMailDomains)
}

// own refuses domains that cannot be the organisation's own.
func (c *checks) own(key string, domains []string) {
	for i, domain := range domains {
		if err := checkOwn(domain); err != nil {
			c.fail(fmt.Sprintf("%s[%d]", key, i), "%v", err)
		}
	}
}

func (c *checks) export() {
	c.require("export.source", c.Export.Source)
	if isURL(c.Export.Source) && !databaseURL.MatchString(c.Export.Source) {
		c.failHint("a database is at postgres:// or mysql://; anything else is to be a file, or - for standard input",
			"export.source", "the address of no database that can be read")
	}
	if c.Export.Preset != "" && (c.Export.Query != "" || c.Export.Columns != Columns{}) {
		c.failHint("leave out export.columns and export.query; export.where narrows a preset",
			"export.preset", "given together with columns or query: a preset has its own")
	}
	if c.Export.Where != "" && c.Export.Query != "" && !isURL(c.Export.Source) {
		c.failHint("put the condition of where into the query, behind its WHERE, and leave where out; a live database may have both",
			"export.query", "given together with where: a query has its own WHERE")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Export.Tables)) {
		c.require("export.tables."+name, c.Export.Tables[name])
	}
}

func (c *checks) classify() {
	if !c.Classify.Both.Valid() {
		c.fail("classify.both", "want password or sso")
	}
	switch c.Classify.Neither {
	case classify.NeitherExclude, classify.NeitherPassword, classify.NeitherSSO:
	default:
		c.fail("classify.neither", "want exclude, password or sso")
	}
}

func (c *checks) notice() {
	switch from := c.Notice.From.Address; {
	case from.IsZero():
		c.fail("notice.from", "missing")
	case len(c.OfficialDomains) > 0 && !c.official(from.Domain()):
		c.fail("notice.from", "%s is not on one of official_domains", from.Domain())
	}
	c.require("notice.locale", c.Notice.Locale)
	for _, name := range slices.Sorted(maps.Keys(c.Incident)) {
		if !factName.MatchString(name) {
			c.fail("incident."+name, "want a name of a-z, 0-9 and _, such as what_happened")
			continue
		}
		c.require("incident."+name, c.Incident[name])
	}
}

func (c *checks) links() {
	links := c.Links.Map()
	for _, name := range []string{"reset", "sign_out", "help"} {
		c.require("links."+name, links[name])
	}
	if len(c.OfficialDomains) == 0 {
		return // which is a mistake by itself; without them no link would do
	}
	for _, name := range slices.Sorted(maps.Keys(links)) {
		link := links[name]
		if strings.HasPrefix(link, "mailto:") {
			c.fail("links."+name, "not an https link")
		} else if err := c.CheckLink(link); err != nil {
			c.fail("links."+name, "%v", err)
		}
	}
}

func (c *checks) relay() {
	_, notIP := netip.ParseAddr(c.SMTP.Host)
	if notIP != nil && !hostName.MatchString(c.SMTP.Host) {
		c.fail("smtp.host", "want the name or the IP address of a relay, without a port")
	}
	if c.SMTP.Port < 1 || c.SMTP.Port > 65535 {
		c.fail("smtp.port", "want a port from 1 to 65535")
	}
	switch c.SMTP.TLS {
	case StartTLS, ImplicitTLS:
	case NoTLS:
		if !isLoopback(c.SMTP.Host) {
			c.failHint("use starttls or implicit; ca_file adds a root of your own",
				"smtp.tls", "none is for a relay on loopback only")
		}
	default:
		c.fail("smtp.tls", "want starttls, implicit or none")
	}
	c.atLeast("smtp.connections", c.SMTP.Connections, 1)
	c.atLeast("smtp.messages_per_connection", c.SMTP.PerConnection, 0)
	c.atLeast("smtp.connections_per_domain", c.SMTP.PerDomain, 0)
	if c.SMTP.LocalName != "" && !localName.MatchString(c.SMTP.LocalName) {
		c.fail("smtp.local_name", "want the name of a host, or an IP address in brackets")
	}
	c.envelope()
	c.dkim()
}

func (c *checks) envelope() {
	from := c.SMTP.EnvelopeFrom
	if from.Name != "" {
		c.fail("smtp.envelope_from", "want a bare address, such as bounces@example.com")
	}
	if from.Address.IsZero() || !c.SMTP.VERP {
		return
	}
	local := strings.TrimSuffix(from.Address.Wire(), "@"+from.Address.Domain())
	if len(local)+verpRoom > maxLocalPart {
		c.failHint("use a shorter local part, or verp: false",
			"smtp.envelope_from", "the local part has no room for +TOKEN: want at most %d octets", maxLocalPart-verpRoom)
	}
}

func (c *checks) dkim() {
	dkim := c.SMTP.DKIM
	if dkim == nil {
		return
	}
	if _, err := canonicalDomain(dkim.Domain); err != nil {
		c.fail("smtp.dkim.domain", "%v", err)
	}
	if !selectorForm.MatchString(dkim.Selector) {
		c.fail("smtp.dkim.selector", "want the selector of the key, such as s1")
	}
	c.require("smtp.dkim.key_file", dkim.KeyFile)
}

func (c *checks) credentials() {
	given := c.SMTP.passwordKeys()
	switch {
	case len(given) > 1:
		c.fail("smtp."+given[1], "given together with %s: want one", given[0])
	case c.SMTP.Username != "" && len(given) == 0:
		c.fail("smtp.username", "given without a password: want password_env, password_file or password_command")
	case c.SMTP.Username == "" && len(given) == 1:
		c.fail("smtp."+given[0], "given without a username")
	}
	if given := c.Bounces.passwordKeys(); len(given) > 1 {
		c.fail("bounces."+given[1], "given together with %s: want one", given[0])
	}
}

func (c *checks) pace() {
	c.rate("throttle.rate", c.Throttle.Rate)
	for _, domain := range slices.Sorted(maps.Keys(c.Throttle.PerDomain)) {
		key := "throttle.per_domain." + domain
		if _, err := canonicalDomain(domain); err != nil && domain != defaultDomain {
			c.fail(key, "%v", err)
		}
		c.rate(key, c.Throttle.PerDomain[domain])
	}
	c.ramp()
	c.atLeast("throttle.batch", c.Throttle.Batch, 1)
	c.atLeast("throttle.canary", c.Throttle.Canary, 0)
	if c.Throttle.Batch > 0 && c.Throttle.Canary > c.Throttle.Batch {
		c.fail("throttle.canary", "is %d: want no more than throttle.batch, which is %d", c.Throttle.Canary, c.Throttle.Batch)
	}
	c.atLeast("retry.attempts", c.Retry.Attempts, 1)
	if c.Retry.First <= 0 {
		c.fail("retry.first", "want a wait above zero")
	}
	if c.Retry.Max < c.Retry.First {
		c.fail("retry.max", "is %v: want no less than retry.first, which is %v", c.Retry.Max, c.Retry.First)
	}
	c.atLeast("halt.after", c.Halt.After, 0)
	c.atLeast("halt.consecutive_errors", c.Halt.ConsecutiveErrors, 1)
}

func (c *checks) ramp() {
	ramp := c.Throttle.Ramp
	if ramp == nil {
		return
	}
	c.rate("throttle.ramp.from", ramp.From)
	if ramp.From.PerSecond() > c.Throttle.Rate.PerSecond() {
		c.fail("throttle.ramp.from", "is %v: want no more than throttle.rate, which is %v", ramp.From, c.Throttle.Rate)
	}
	if ramp.DoubleEvery <= 0 {
		c.fail("throttle.ramp.double_every", "want a time above zero, such as 10m")
	}
}

func (c *checks) rate(key string, rate Rate) {
	if rate.Count < 1 || rate.Per <= 0 {
		c.fail(key, "want a rate such as 50/s")
	}
}
