package online

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"blitiri.com.ar/go/spf"
)

// SPFFacts are what receivers find who ask whether the envelope domain lets somebody
// send (RFC 7208).
type SPFFacts struct {
	Domain string `json:"domain"`
	Record string `json:"record"` // empty: there is none, or more than one
	// Relay is the result for the relay's own address: pass, fail, softfail, neutral,
	// none, permerror, temperror; empty: not asked.
	Relay string `json:"relay"`
}

// strangers are addresses that no network can be at (RFC 1112 section 4, RFC 6666): what
// lets them send lets everybody. They also match nothing else, so that a record is
// evaluated to its end.
var strangers = []netip.Addr{netip.MustParseAddr("240.0.0.1"), netip.MustParseAddr("100::1")}

// askSPF reads the record and holds strangers against it.
func (o Options) askSPF(ctx context.Context) (facts SPFFacts, found findings) {
	facts.Domain = o.envelopeDomain()
	o.ask(ctx, func(ctx context.Context, q *question) {
		texts, _ := q.LookupTXT(ctx, facts.Domain) // absence is an empty answer
		if q.failure(&found, o.envelopeKey()) {
			return
		}
		switch records := recordsOf("v=spf1", texts); len(records) {
		case 0:
			found.add(spfMissing, o.envelopeKey(), "%s has no SPF record", facts.Domain)
		case 1:
			facts.Record = shown(records[0])
		default:
			found.add(spfSeveral, o.envelopeKey(), "%s has %d SPF records", facts.Domain, len(records))
		}
	})
	if facts.Record != "" {
		o.judgeSPF(ctx, facts.Domain, &found)
	}
	return facts, found
}

// recordsOf returns the records of a version, in whatever case it is written.
func recordsOf(version string, texts []string) []string {
	var records []string
	for _, text := range texts {
		if len(text) >= len(version) && strings.EqualFold(text[:len(version)], version) &&
			(len(text) == len(version) || strings.ContainsRune(" ;\t", rune(text[len(version)]))) {
			records = append(records, text)
		}
	}
	return records
}

func (o Options) judgeSPF(ctx context.Context, domain string, found *findings) {
	for _, stranger := range strangers {
		result, q, err := o.evaluate(ctx, stranger)
		switch {
		case q.failure(found, o.envelopeKey()):
			return
		case result == spf.PermError, result == spf.TempError:
			found.add(spfBroken, o.envelopeKey(), "the SPF record of %s, or one that it includes: %s", domain, shown(fmt.Sprint(err)))
			return
		case result == spf.Pass:
			found.add(spfOpen, o.envelopeKey(), "the SPF record of %s lets %s send, and so everybody", domain, stranger)
			return
		}
	}
}

// evaluate asks whether an address may send in the name of the envelope sender. The
// error says why, also where it may.
func (o Options) evaluate(ctx context.Context, from netip.Addr) (result spf.Result, asked *question, err error) {
	sender, _ := o.sender()
	o.ask(ctx, func(ctx context.Context, q *question) {
		asked = q
		result, err = spf.CheckHostWithSender(net.IP(from.AsSlice()), o.envelopeDomain(), sender, spf.WithContext(ctx), spf.WithResolver(q))
	})
	return result, asked, err
}

// judgeRelayAddress holds the address that the relay was spoken to at against a record
// that is there and can be evaluated.
func (o Options) judgeRelayAddress(ctx context.Context, relay netip.Addr, facts *SPFFacts, found *findings) {
	if !isPublic(relay) {
		found.add(spfRelayPrivate, keyHost, "the relay is spoken to at %s, which receivers do not see", relay)
		return
	}
	result, q, _ := o.evaluate(ctx, relay)
	if q.failure(found, o.envelopeKey()) {
		return
	}
	facts.Relay = string(result)
	if result != spf.Pass {
		found.add(spfRelay, o.envelopeKey(), "SPF of %s gives %s for the relay's address %s", facts.Domain, result, relay)
	}
}

// isPublic reports whether receivers can see an address.
func isPublic(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !sharedSpace.Contains(ip)
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
