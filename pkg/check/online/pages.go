package online

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"breachnotify/pkg/webprobe"
)

// PageFacts are how a page answers that a notice leads to.
type PageFacts struct {
	Key       string     `json:"key"`    // of the configuration, such as links.reset
	Link      string     `json:"link"`   // as configured
	Host      string     `json:"host"`   // that answered last; empty: none did
	Status    int        `json:"status"` // of HTTP; 0: none came
	Latency   int64      `json:"latency_ms"`
	Redirects int        `json:"redirects"`
	TLS       string     `json:"tls"`       // version, such as TLS 1.3; empty: there was none
	NotAfter  *time.Time `json:"not_after"` // of the certificate; nil: none was seen
	Failure   string     `json:"failure"`   // why it does not answer; empty: it does
}

// askPages asks all pages at once. Redirects are followed to the official domains alone.
func (o Options) askPages(ctx context.Context) (facts []PageFacts, found findings) {
	links := o.Config.Links.Map()
	keys := slices.Sorted(maps.Keys(links))
	facts, failures := make([]PageFacts, len(keys)), make([]findings, len(keys))
	var asking sync.WaitGroup
	for i, key := range keys {
		asking.Go(func() { facts[i], failures[i] = o.askPage(ctx, "links."+key, links[key]) })
	}
	asking.Wait()
	return facts, slices.Concat(failures...)
}

func (o Options) askPage(ctx context.Context, key, link string) (facts PageFacts, found findings) {
	facts = PageFacts{Key: key, Link: link}
	answer, err := o.page(ctx, link)
	facts.Host, facts.Status, facts.Redirects, facts.TLS = answer.Host, answer.Status, answer.Redirects, answer.TLS
	facts.Latency = answer.Latency.Milliseconds()
	if end := answer.NotAfter.UTC(); !answer.NotAfter.IsZero() {
		facts.NotAfter = &end
	}
	var failure *webprobe.Error
	switch {
	case errors.As(err, &failure):
		facts.Failure = failure.Reason()
		judgePage(failure, facts, &found)
	case err != nil: // the context has ended, or the page could not be asked at all
		facts.Failure = shown(err.Error())
		found.add(pageDown, key, "%s: %s", link, facts.Failure)
	case answer.Status != http.StatusOK:
		facts.Failure = fmt.Sprint(answer.Status)
		found.add(pageStatus, key, "%s answers %d", link, answer.Status)
	case endsSoon(answer.NotAfter, o.Now()):
		found.add(pageCertificate, key, "the certificate of %s ends on %s", answer.Host, facts.NotAfter.Format(time.DateOnly))
	}
	return facts, found
}

func (o Options) page(ctx context.Context, link string) (webprobe.Answer, error) {
	dial := o.Dial
	if dial == nil {
		dial = o.dialPage
	}
	prober, err := webprobe.New(webprobe.Options{
		Timeout: o.Timeouts.Page, RootCAs: o.RootCAs, Dial: dial, Now: o.Now,
		Allowed: func(host string) bool { return o.Config.CheckLink("https://"+host+"/") == nil },
	})
	if err != nil {
		return webprobe.Answer{}, err
	}
	return prober.Ask(ctx, link)
}

// dialPage connects to what the resolver gives for a name, without the search list of the
// system.
func (o Options) dialPage(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{Resolver: o.Resolver}).DialContext(ctx, network, net.JoinHostPort(rooted(host), port))
}

// judgePage finds the rule that a failure breaks.
func judgePage(failure *webprobe.Error, facts PageFacts, found *findings) {
	switch failure.Stage {
	case webprobe.StageStatus:
		found.add(pageStatus, facts.Key, "%s answers %d", facts.Link, failure.Status)
	case webprobe.StageRedirect:
		found.add(pageRedirect, facts.Key, "%s: %s", facts.Link, facts.Failure)
	case webprobe.StageResolve:
		if !absent(failure.Err) {
			found.add(dnsFailed, facts.Key, "the address of %s cannot be looked up: %s", failure.Host, dnsReason(failure.Err))
			return
		}
		found.add(pageDown, facts.Key, "%s: %s", facts.Link, facts.Failure)
	default:
		found.add(pageDown, facts.Key, "%s: %s", facts.Link, facts.Failure)
	}
}
