package online

import (
	"context"
	"strings"

	"github.com/emersion/go-msgauth/dmarc"
	"golang.org/x/net/publicsuffix"
)

// DMARCFacts are what receivers find who ask what the sender's domain wants done with
// mail that is not its own (RFC 7489).
type DMARCFacts struct {
	Domain string `json:"domain"` // of From
	Name   string `json:"name"`   // of the record; empty: there is none
	Record string `json:"record"`
	Policy string `json:"policy"` // for mail of Domain: none, quarantine, reject; empty: not known
	// SPF and DKIM say whether the envelope domain and the DKIM domain are aligned with
	// Domain; nil: not known, or it is for the relay to sign.
	SPF  *bool `json:"spf_aligned"`
	DKIM *bool `json:"dkim_aligned"`
}

// keyFrom is the key under which findings about the sender's domain stand.
const keyFrom = "notice.from"

func (o Options) askDMARC(ctx context.Context) (facts DMARCFacts, found findings) {
	facts.Domain = o.fromDomain()
	var records []string
	failed := false
	o.ask(ctx, func(ctx context.Context, q *question) {
		for _, domain := range policyDomains(facts.Domain) {
			texts, _ := q.LookupTXT(ctx, "_dmarc."+domain) // absence is an empty answer
			if failed = q.failure(&found, keyFrom); failed {
				return
			}
			if records = recordsOf("v=DMARC1", texts); len(records) > 0 {
				facts.Name = "_dmarc." + domain
				return
			}
		}
	})
	switch {
	case failed:
	case len(records) == 0:
		found.add(dmarcMissing, keyFrom, "%s has no DMARC record", facts.Domain)
	case len(records) > 1:
		found.add(dmarcBroken, keyFrom, "%s has %d DMARC records", facts.Name, len(records))
	default:
		o.judgeDMARC(records[0], &facts, &found)
	}
	return facts, found
}

// policyDomains are those that are asked for a record: the domain, and the one that its
// organisation has registered (RFC 7489 section 6.6.3).
func policyDomains(domain string) []string {
	if above := organisational(domain); above != domain {
		return []string{domain, above}
	}
	return []string{domain}
}

func organisational(domain string) string {
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return registered
	}
	return domain
}

func (o Options) judgeDMARC(text string, facts *DMARCFacts, found *findings) {
	facts.Record = shown(text)
	record, err := dmarc.Parse(text)
	if err != nil {
		found.add(dmarcBroken, keyFrom, "the record %s cannot be read: %s", facts.Name, shown(err.Error()))
		return
	}
	facts.Policy = string(record.Policy)
	if facts.Name != "_dmarc."+facts.Domain && record.SubdomainPolicy != "" {
		facts.Policy = string(record.SubdomainPolicy)
	}
	facts.SPF = new(aligned(o.envelopeDomain(), facts.Domain, record.SPFAlignment))
	if key := o.Config.SMTP.DKIM; key != nil {
		facts.DKIM = new(aligned(key.Domain, facts.Domain, record.DKIMAlignment))
	}
	o.judgeAlignment(*facts, found)
	if facts.Policy == string(dmarc.PolicyNone) {
		found.add(dmarcPolicyNone, keyFrom, "the DMARC policy for %s is none", facts.Domain)
	}
}

// aligned reports whether a domain that was authenticated vouches for another one (RFC
// 7489 section 3.1).
func aligned(domain, from string, mode dmarc.AlignmentMode) bool {
	domain, from = strings.ToLower(domain), strings.ToLower(from)
	if mode == dmarc.AlignmentStrict {
		return domain == from
	}
	return organisational(domain) == organisational(from)
}

func (o Options) judgeAlignment(facts DMARCFacts, found *findings) {
	switch {
	case facts.DKIM == nil && !*facts.SPF:
		found.add(dmarcRelaySigns, o.envelopeKey(), "%s is not aligned with %s, and notify does not sign", o.envelopeDomain(), facts.Domain)
	case facts.DKIM == nil || *facts.DKIM:
	case *facts.SPF:
		found.add(dmarcSPFAlone, "smtp.dkim.domain", "%s is not aligned with %s", o.Config.SMTP.DKIM.Domain, facts.Domain)
	default:
		found.add(dmarcUnaligned, keyFrom, "neither %s (envelope) nor %s (DKIM) is aligned with %s", o.envelopeDomain(), o.Config.SMTP.DKIM.Domain, facts.Domain)
	}
}
