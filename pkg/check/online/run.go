package online

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// Run asks everything, side by side where one answer does not need another. The error is
// that of Validate, or that of ctx where it ends: what a server does or leaves undone is
// in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("check the relay and the DNS: %w", err)
	}
	o = o.withDefaults()
	report := &Report{}
	var found struct{ relay, dkim, spf, dmarc, mx, pages findings }
	var peer netip.Addr
	var asking sync.WaitGroup
	asking.Go(func() { report.Relay, found.relay, peer = o.askRelay(ctx) })
	asking.Go(func() { report.DKIM, found.dkim = o.askDKIM(ctx) })
	asking.Go(func() { report.SPF, found.spf = o.askSPF(ctx) })
	asking.Go(func() { report.DMARC, found.dmarc = o.askDMARC(ctx) })
	asking.Go(func() { report.MX, found.mx = o.askMX(ctx) })
	asking.Go(func() { report.Pages, found.pages = o.askPages(ctx) })
	asking.Wait()
	if peer.IsValid() && report.SPF.Record != "" && len(found.spf) == 0 {
		o.judgeRelayAddress(ctx, peer, &report.SPF, &found.spf)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("check the relay and the DNS: %w", context.Cause(ctx))
	}
	report.Findings = slices.Concat(found.relay, found.dkim, found.spf, found.dmarc, found.mx, found.pages)
	return report, nil
}
