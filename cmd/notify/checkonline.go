package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"breachnotify/pkg/check"
	"breachnotify/pkg/check/online"
	"breachnotify/pkg/notice"
)

// askOnline asks the relay, the DNS and the pages about the notices of c, and puts what
// it finds among the findings. Without notices that can be sent there is nothing to ask:
// that is said, and is an error of the offline rules already.
func (f *folder) askOnline(ctx context.Context, p *process, g *globals, c *checked) (*online.Report, error) {
	if f.notices == nil || f.config.Validate() != nil {
		p.warn("the relay and the DNS are not asked before the notices can be made use of")
		return nil, nil
	}
	options, err := f.onlineOptions(p, c.subject)
	if err != nil {
		return nil, err
	}
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	bar := showProgress(p, g, func() reading { return reading{text: "asking the relay, the DNS and the pages"} })
	defer bar.stop()
	report, err := online.Run(ctx, options)
	if err != nil {
		return nil, err
	}
	c.report.Add(report.Findings...)
	return report, nil
}

func (f *folder) onlineOptions(p *process, s *check.Subject) (online.Options, error) {
	mailer, err := f.relay()
	if err != nil {
		return online.Options{}, err
	}
	server, _ := f.config.Check.ResolverAddress() // the configuration is valid
	options := online.Options{
		Config: f.config, Relay: mailer, Messages: messages(s.Notices), Resolver: online.NewResolver(server),
		Now: p.now, Dial: p.dialPage, RootCAs: p.pageRoots,
	}
	if key := f.notices.DKIM(); key != nil {
		options.DKIM = key.Public()
	}
	return options, nil
}

func messages(notices []check.Notice) []notice.Message {
	var all []notice.Message
	for _, n := range notices {
		for _, v := range n.Variants {
			all = append(all, v.Message)
		}
	}
	return all
}

// onlineResult is the part of `notify check` that was found over the network.
type onlineResult struct{ *online.Report }

func (r onlineResult) human(w io.Writer) {
	fmt.Fprintln(w)
	r.printRelay(w)
	r.printSender(w)
	fmt.Fprintf(w, "MX        %s%s\n", printable(r.MX.Domain), printable(hostsOf(r.MX)))
	for _, page := range r.Pages {
		printPage(w, page)
	}
}

const (
	noneSeen   = "none that can be used"
	underLabel = "          "
)

func (r onlineResult) printRelay(w io.Writer) {
	relay := r.Relay
	fmt.Fprintf(w, "relay     %s", printable(net.JoinHostPort(relay.Host, strconv.Itoa(relay.Port))))
	if relay.Address == "" {
		fmt.Fprintf(w, ": %s\n", printable(relay.Reply))
		return
	}
	fmt.Fprintf(w, " at %s\n", relay.Address)
	if t := relay.TLS; t != nil {
		fmt.Fprintf(w, "%s%s %s, certificate by %s for %s until %s\n", underLabel, t.Version, t.Cipher,
			printable(t.Issuer), printable(strings.Join(t.Names, ", ")), t.NotAfter.Format(time.DateOnly))
	}
	if relay.Authenticated {
		fmt.Fprintf(w, "%slets the user in\n", underLabel)
	}
	fmt.Fprintf(w, "%soffers %s; the largest notice has %d octets\n", underLabel, extensions(*relay.Offers), relay.LargestNotice)
	fmt.Fprintf(w, "%sMAIL FROM at %s: %s\n", underLabel, printable(relay.SenderDomain), printable(relay.Reply))
}

// extensions lists what a relay offers.
func extensions(c online.Capabilities) string {
	var offered []string
	for _, e := range []struct {
		offered bool
		name    string
	}{{c.Pipelining, "PIPELINING"}, {c.Size, strings.TrimSuffix("SIZE "+strconv.Itoa(c.Largest), " 0")}, {c.DSN, "DSN"}, {c.SMTPUTF8, "SMTPUTF8"}} {
		if e.offered {
			offered = append(offered, e.name)
		}
	}
	if len(offered) == 0 {
		return "no extension that matters"
	}
	return strings.Join(offered, ", ")
}

func (r onlineResult) printSender(w io.Writer) {
	if d := r.DKIM; d != nil {
		fmt.Fprintf(w, "DKIM      %s, %s: published %s, the key that signs %s, %d of %d messages verify\n",
			printable(d.Name), d.Key, yesNo(d.Published), yesNo(d.Matches), d.Verified, d.Signed)
	} else {
		fmt.Fprintln(w, "DKIM      notify does not sign")
	}
	fmt.Fprintf(w, "SPF       %s: %s", printable(r.SPF.Domain), orNone(printable(r.SPF.Record)))
	if r.SPF.Relay != "" {
		fmt.Fprintf(w, "; for the relay's address: %s", r.SPF.Relay)
	}
	fmt.Fprintf(w, "\nDMARC     %s: %s", printable(r.DMARC.Domain), orNone(printable(r.DMARC.Policy)))
	if r.DMARC.SPF != nil {
		fmt.Fprintf(w, "; aligned: SPF %s", yesNo(*r.DMARC.SPF))
	}
	if r.DMARC.DKIM != nil {
		fmt.Fprintf(w, ", DKIM %s", yesNo(*r.DMARC.DKIM))
	}
	fmt.Fprintln(w)
}

func hostsOf(mx online.MXFacts) string {
	var hosts []string
	for _, h := range mx.Hosts {
		hosts = append(hosts, fmt.Sprintf("%s (addresses: %d)", h.Host, h.Addresses))
	}
	return ": " + orNone(strings.Join(hosts, ", "))
}

func printPage(w io.Writer, page online.PageFacts) {
	fmt.Fprintf(w, "page      %s: ", page.Key)
	if page.Failure != "" {
		fmt.Fprintln(w, printable(page.Failure))
		return
	}
	fmt.Fprintf(w, "%d in %d ms", page.Status, page.Latency)
	if page.Redirects > 0 {
		fmt.Fprintf(w, ", redirected to %s", printable(page.Host))
	}
	fmt.Fprintf(w, ", %s, certificate until %s\n", page.TLS, page.NotAfter.Format(time.DateOnly))
}

func orNone(text string) string {
	if text == "" {
		return noneSeen
	}
	return text
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
