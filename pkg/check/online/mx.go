package online

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// MXFacts are where bounces go.
type MXFacts struct {
	Domain string   `json:"domain"`
	Hosts  []MXHost `json:"hosts"` // the most wanted first, at most ten
}

// MXHost is one host that takes mail for a domain.
type MXHost struct {
	Host       string `json:"host"`
	Preference uint16 `json:"preference"`
	Addresses  int    `json:"addresses"` // how many it has
}

// maxMX bounds the hosts that are looked at.
const maxMX = 10

func (o Options) askMX(ctx context.Context) (facts MXFacts, found findings) {
	facts = MXFacts{Domain: o.envelopeDomain(), Hosts: []MXHost{}}
	o.ask(ctx, func(ctx context.Context, q *question) {
		records, _ := q.LookupMX(ctx, facts.Domain) // absence is an empty answer
		if q.failure(&found, o.envelopeKey()) {
			return
		}
		for _, r := range records[:min(len(records), maxMX)] {
			facts.Hosts = append(facts.Hosts, MXHost{Host: shown(strings.TrimSuffix(r.Host, ".")), Preference: r.Pref})
		}
		switch {
		case len(facts.Hosts) == 0:
			o.judgeNoMX(ctx, q, facts.Domain, &found)
		case slices.ContainsFunc(facts.Hosts, func(h MXHost) bool { return h.Host == "" }):
			found.add(mxNull, o.envelopeKey(), "%s has a null MX", facts.Domain)
		default:
			o.resolveMX(ctx, q, &facts, &found)
		}
	})
	return facts, found
}

// judgeNoMX looks for the address that stands in for a missing MX (RFC 5321 section 5.1).
func (o Options) judgeNoMX(ctx context.Context, q *question, domain string, found *findings) {
	addresses, _ := q.LookupIPAddr(ctx, domain) // absence is an empty answer
	switch {
	case q.failure(found, o.envelopeKey()):
	case len(addresses) > 0:
		found.add(mxImplicit, o.envelopeKey(), "%s has no MX, so that bounces go to its address", domain)
	default:
		found.add(mxMissing, o.envelopeKey(), "%s has neither MX nor address", domain)
	}
}

// resolveMX counts the addresses of the hosts. That one of them has some is enough; of a
// host that could not be asked about is told, too.
func (o Options) resolveMX(ctx context.Context, q *question, facts *MXFacts, found *findings) {
	var asking sync.WaitGroup
	for i := range facts.Hosts {
		host := &facts.Hosts[i]
		asking.Go(func() {
			addresses, _ := q.LookupIPAddr(ctx, host.Host) // absence is an empty answer
			host.Addresses = len(addresses)
		})
	}
	asking.Wait()
	failed := q.failure(found, o.envelopeKey())
	if !failed && !slices.ContainsFunc(facts.Hosts, func(h MXHost) bool { return h.Addresses > 0 }) {
		found.add(mxUnresolved, o.envelopeKey(), "%s is the MX of %s and has no address", facts.Hosts[0].Host, facts.Domain)
	}
}
