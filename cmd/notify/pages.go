package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/webprobe"
)

// pages asks the pages of halt.probe.
type pages struct {
	prober *webprobe.Prober
	pages  []campaign.Page
}

var _ delivery.Prober = (*pages)(nil)

// newPages returns what asks the pages of a configuration; nil: it has no halt.probe. A
// redirect is followed where a link of a notice might lead.
func newPages(p *process, c *campaign.Config) (*pages, error) {
	probe := c.Halt.Probe
	if probe == nil {
		return nil, nil
	}
	options := webprobe.Options{Timeout: time.Duration(probe.MaxLatency), Allowed: c.OfficialHost, Dial: p.dialPage}
	var err error
	if options.RootCAs, err = authorities("halt.probe.ca_file", probe.CAFile); err != nil {
		return nil, err
	}
	prober, err := webprobe.New(options)
	if err != nil {
		return nil, err
	}
	return &pages{prober: prober, pages: c.Pages()}, nil
}

// Ask asks all pages at the same time.
func (p *pages) Ask(ctx context.Context) []campaign.PageFailure {
	reasons := make([]string, len(p.pages))
	var asked sync.WaitGroup
	for i, page := range p.pages {
		asked.Go(func() {
			_, err := p.prober.Ask(ctx, page.URL)
			reasons[i] = whySilent(err)
		})
	}
	asked.Wait()
	var silent []campaign.PageFailure
	for i, reason := range reasons {
		if reason != "" {
			silent = append(silent, campaign.PageFailure{Link: p.pages[i].Link, Reason: reason})
		}
	}
	return silent
}

// whySilent is why a page does not answer, in a few words; nothing where it does.
func whySilent(err error) string {
	var failure *webprobe.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &failure):
		return failure.Reason()
	}
	return "given up" // ctx has ended
}
