package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
)

// dryRunResult is what `notify send --dry-run` prints: where the campaign stands,
// and what a run would do.
type dryRunResult struct {
	campaign.Status
	DryRun rehearsed `json:"dry_run"`
	kinds  []kind
}

type rehearsed struct {
	WouldSend int64  `json:"would_send"`
	Seconds   int64  `json:"seconds"` // under the throttle alone
	Out       string `json:"out,omitempty"`
}

// kind is the first message of a class and language.
type kind struct {
	variant
	message notice.Message
}

// runDryRun takes the path of a real run with a sender that keeps the messages, a
// clock that jumps over every wait, and a ledger that is only read. Without a plan
// it plans into a folder that it throws away.
func runDryRun(ctx context.Context, p *process, g *globals, f *folder, o sendOptions) (err error) {
	planned, err := f.hasLedger()
	if err != nil {
		return err
	}
	if !planned {
		aside, err := os.MkdirTemp("", "notify-dry-run-")
		if err != nil {
			return fmt.Errorf("make a folder for a plan to throw away: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
		p.warn("there is no plan yet: this dry run makes one and throws it away, so that the ids of the notices will be others")
		f.ledger = filepath.Join(aside, "dry-run.ledger")
		if err := f.plan(ctx, p, g); err != nil {
			return err
		}
	}
	result, err := f.rehearse(ctx, p, g, o)
	if err != nil {
		return err
	}
	return newView(p, g).show(result)
}

// rehearse runs the delivery of the plan without a relay.
func (f *folder) rehearse(ctx context.Context, p *process, g *globals, o sendOptions) (_ dryRunResult, err error) {
	book, err := f.openPlan(ctx)
	if err != nil {
		return dryRunResult{}, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	stands, err := standingOf(ctx, book, f.config, p.now())
	if err != nil {
		return dryRunResult{}, err
	}
	if stands.status.Notices.Left() > 0 {
		if err := f.vetPlan(ctx, p, book); err != nil {
			return dryRunResult{}, err
		}
	}
	files, err := newMailFolder(o.out)
	if err != nil {
		return dryRunResult{}, err
	}
	kept := &keeper{files: files, seen: map[variant]bool{}}
	options := f.deliveryOptions(o, stands)
	options.Sender = rehearsalSender{relay.NewSink(kept.take)}
	bar := showProgress(p, g, func() reading {
		return reading{kept.count.Load(), stands.status.Notices.Left(), "dry run"}
	})
	summary, err := delivery.Rehearse(ctx, p.stop, book, options)
	bar.stop()
	if err = errors.Join(err, files.close()); err != nil {
		return dryRunResult{}, err
	}
	if summary.End == delivery.Interrupted {
		return dryRunResult{}, hint.Wrap(say(errInterrupted, "interrupted; a dry run changes nothing"), "run it again")
	}
	took := summary.Ended.Sub(summary.Began)
	return dryRunResult{
		Status: stands.status,
		DryRun: rehearsed{WouldSend: kept.count.Load(), Seconds: int64(math.Ceil(took.Seconds())), Out: o.out},
		kinds:  kept.kinds,
	}, nil
}

// rehearsalSender opens the same sink again and again.
type rehearsalSender struct{ sink *relay.Sink }

var _ delivery.Sender = rehearsalSender{}

func (s rehearsalSender) Open(context.Context) (delivery.Session, relay.Outcome) {
	return s.sink, relay.Outcome{}
}

// keeper takes the messages of a dry run: it counts them, writes them where a
// folder was given, and keeps the first of each kind.
type keeper struct {
	files *mailFolder
	count atomic.Int64
	seen  map[variant]bool
	kinds []kind
}

func (k *keeper) take(_ relay.Envelope, m notice.Message) error {
	k.count.Add(1)
	v := variant{Class: m.Class, Locale: m.Locale}
	if !k.seen[v] {
		k.seen[v] = true
		k.kinds = append(k.kinds, kind{variant: v, message: m})
	}
	return k.files.write(m)
}

func (r dryRunResult) human(w io.Writer) {
	statusResult{r.Status}.human(w)
	for _, k := range r.kinds {
		fmt.Fprintf(w, "\n--- a %s notice in %s, to %s\nSubject: %s\n\n%s\n", k.Class, k.Locale, k.message.To,
			k.message.Subject, k.message.Text)
	}
	fmt.Fprintf(w, "\ndry run: notices that would go out: %d", r.DryRun.WouldSend)
	fmt.Fprintf(w, ", in about %s under the throttle\n", roughly(time.Duration(r.DryRun.Seconds)*time.Second))
	if r.DryRun.Out != "" {
		fmt.Fprintf(w, "written to %s\n", r.DryRun.Out)
	}
	fmt.Fprintln(w, "nothing was sent and nothing was changed")
}
