package check

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// Mailboxes counts the mailboxes of a plan that a human should know of. It holds no
// address.
type Mailboxes struct {
	Roles      int64 // postmaster, info, …
	LookAlikes int64 // that differ from an earlier one in dots or after a plus sign only
	// Domains has how many notices go to each domain, in lower-case A-labels: of those with
	// many at most one in 65,536 of all notices too few.
	Domains map[string]int64
	Typos   map[string]Typo // by domain
}

// Typo is a domain that was probably meant to be another one.
type Typo struct {
	Meant   string
	Notices int64
}

// Tally counts the mailboxes of notices while they stream by. A mailbox with a notice of
// each class is no look-alike of itself. The zero Tally is not ready;
// NewTally makes one. It keeps 16 octets of each notice.
type Tally struct {
	counts Mailboxes
	seed   maphash.Seed
	seen   []folded
	known  map[string]string // domain -> what it was meant to be; empty: itself
}

// folded is a mailbox and what it looks like, as hashes.
type folded struct{ looks, itself uint64 }

// NewTally returns a Tally of nothing yet.
func NewTally() *Tally {
	return &Tally{
		seed: maphash.MakeSeed(), known: map[string]string{},
		counts: Mailboxes{Typos: map[string]Typo{}, Domains: map[string]int64{}},
	}
}

// Add counts one notice.
func (t *Tally) Add(to account.Address) {
	mailbox := to.Mailbox()
	local := strings.TrimSuffix(mailbox, "@"+to.Domain())
	if slices.Contains(roles, local) {
		t.counts.Roles++
	}
	t.countDomain(to.Domain())
	if meant := t.meant(to.Domain()); meant != "" {
		typo := t.counts.Typos[to.Domain()]
		t.counts.Typos[to.Domain()] = Typo{meant, typo.Notices + 1}
	}
	t.seen = append(t.seen, folded{
		looks: maphash.String(t.seed, fold(local)+"@"+to.Domain()), itself: maphash.String(t.seed, mailbox),
	})
}

// countDomain counts a notice to a domain. Where there are too many domains, each loses
// one notice, and those without any are forgotten (Misra and Gries, 1982).
func (t *Tally) countDomain(domain string) {
	domains := t.counts.Domains
	domains[domain]++
	if len(domains) <= mostKnown {
		return
	}
	for name := range domains {
		if domains[name]--; domains[name] == 0 {
			delete(domains, name)
		}
	}
}

// Mailboxes returns the counts. Hashes of 64 bits stand for mailboxes: among ten million,
// about one run in 400,000 counts a pair too many.
func (t *Tally) Mailboxes() Mailboxes {
	slices.SortFunc(t.seen, func(a, b folded) int {
		return cmp.Or(cmp.Compare(a.looks, b.looks), cmp.Compare(a.itself, b.itself))
	})
	t.counts.LookAlikes = 0
	for i := 1; i < len(t.seen); i++ {
		if t.seen[i].looks == t.seen[i-1].looks && t.seen[i].itself != t.seen[i-1].itself {
			t.counts.LookAlikes++
		}
	}
	return t.counts
}

// roles are the local parts that stand for a function (RFC 2142, and usage).
var roles = strings.Fields(`abuse admin administrator billing contact domains enquiries help helpdesk hello hostmaster hr info
	it jobs legal mail mailer-daemon marketing media news no-reply noc noreply office postmaster press privacy root
	sales security service support sysadmin team webmaster`)

// fold returns a local part without its dots and what follows a plus sign.
func fold(local string) string {
	if base, _, tagged := strings.Cut(local, "+"); tagged && base != "" {
		local = base
	}
	return strings.ReplaceAll(local, ".", "")
}

// providers are the domains of large mail providers.
var providers = strings.Fields(`gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com
	icloud.com me.com mac.com gmx.de gmx.net gmx.com web.de t-online.de freenet.de proton.me protonmail.com comcast.net
	verizon.net att.net yahoo.co.uk hotmail.co.uk btinternet.com orange.fr wanadoo.fr laposte.net free.fr libero.it
	mail.com email.com mail.ru yandex.ru qq.com 163.com 126.com naver.com`)

// mostKnown bounds how many domains a Tally remembers, which spares it most comparisons.
const mostKnown = 1 << 16

func (t *Tally) meant(domain string) string {
	meant, known := t.known[domain]
	if known {
		return meant
	}
	if len(t.known) >= mostKnown {
		clear(t.known)
	}
	meant = typoOf(domain)
	t.known[domain] = meant
	return meant
}

// leastProvider is the length from which a domain can be a typo of a provider's:
// shorter ones are one character away from many honest domains.
const leastProvider = 9

// typoOf returns the provider that a domain is one edit away from, or one swap of
// neighbours, and is not itself; empty: none. Domains that are providers' own in other
// countries differ in more.
func typoOf(domain string) string {
	if slices.Contains(providers, domain) {
		return ""
	}
	for _, provider := range providers {
		near := len(domain)-len(provider) <= 1 && len(provider)-len(domain) <= 1
		if len(provider) < leastProvider || !near {
			continue
		}
		if hint.Distance(domain, provider) == 1 || swapped(domain, provider) {
			return provider
		}
	}
	return ""
}

// swapped reports whether two words differ in the order of two neighbours only.
func swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
