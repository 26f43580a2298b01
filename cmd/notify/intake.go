package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"breachnotify/pkg/account"
	"breachnotify/pkg/bounce/mailbox"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
)

// intake takes in what came back: it turns it into findings for the ledger, and counts.
type intake struct {
	process *process
	book    *ledger.Ledger
	config  *campaign.Config
	key     campaign.Key
	own     map[string]bool // the organisation's mailboxes, which stand in every report

	read    atomic.Int64
	bad     complaints
	skipped skips
}

func newIntake(ctx context.Context, p *process, book *ledger.Ledger, config *campaign.Config) (*intake, error) {
	frozen, _, err := book.Frozen(ctx)
	if err != nil {
		return nil, err
	}
	i := &intake{
		process: p, book: book, config: config, key: frozen.Key, own: map[string]bool{},
		bad: complaints{process: p}, skipped: skips{process: p},
	}
	for _, address := range []account.Address{config.Notice.From.Address, config.Notice.ReplyTo.Address, config.SMTP.EnvelopeFrom.Address} {
		i.own[address.Mailbox()] = true
	}
	return i, nil
}

// run imports everything that is named, and then moves the messages of mailboxes if
// that was asked for.
func (i *intake) run(ctx context.Context, g *globals, o importOptions) (_ importResult, err error) {
	ctx, cancel := i.process.untilStop(ctx)
	defer cancel()
	urls, paths := o.split()
	boxes, err := openMailboxes(ctx, urls, o.move, i.config.Bounces)
	if err != nil {
		return importResult{}, err
	}
	defer func() { err = errors.Join(err, boxes.close()) }()
	bar := showProgress(i.process, g, i.reading)
	imported, err := i.book.Import(ctx, i.process.now(), i.findings(ctx, concat(i.files(ctx, paths, o), boxes.messages(ctx))))
	bar.stop()
	if err != nil && ctx.Err() != nil {
		err = hint.Wrap(say(errInterrupted, "interrupted; what was taken in so far is recorded"), "run it again")
	}
	if err == nil {
		err = boxes.move(ctx)
	}
	if err != nil {
		return importResult{}, err
	}
	status, err := i.book.Status(ctx, i.process.now())
	return importResult{
		Imported: imported, Messages: i.read.Load(), Unreadable: i.bad.count, Skipped: i.skipped.count, Status: status,
	}, err
}

// files returns all that is named but mailboxes.
func (i *intake) files(ctx context.Context, paths []string, o importOptions) returns {
	events, mail := slices.Clone(o.events), []string(nil)
	for _, path := range paths {
		if holdsEvents(path) {
			events = append(events, path)
		} else {
			mail = append(mail, path)
		}
	}
	p := i.process
	return concat(p.fromMail(ctx, mail, &i.skipped), p.fromEvents(ctx, events), p.fromLog(ctx, o.logs, i.ours))
}

// ours reports whether a Message-ID is that of a notice: the log of a relay is full of
// others.
func (i *intake) ours(messageID string) bool {
	token, _, _ := strings.Cut(messageID, "@")
	_, err := i.key.Seq(token)
	return err == nil
}

func (i *intake) findings(ctx context.Context, from returns) func(yield func(campaign.Finding, error) bool) {
	return func(yield func(campaign.Finding, error) bool) {
		for r, err := range from {
			if errors.Is(err, mailbox.ErrTooLarge) { // about the message before, which counts once
				i.read.Add(-1)
			}
			if err != nil {
				if err := i.bad.orStop(ctx, err); err != nil {
					yield(campaign.Finding{}, err)
					return
				}
				continue
			}
			i.read.Add(1)
			r.Addresses = slices.DeleteFunc(r.Addresses, i.isOwn)
			if i.isOwn(r.Sender) || i.config.Notice.From.Address.IsZero() { // or nobody knows who we are
				r.Sender = ""
			}
			if r.Truncated {
				i.process.warn("%s names more recipients than are read; look at it", r.place)
			}
			for _, f := range r.findings() {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

func (i *intake) isOwn(text string) bool {
	address, err := account.ParseAddress(text)
	return err == nil && i.own[address.Mailbox()]
}

func (i *intake) reading() reading {
	return reading{text: fmt.Sprintf("taking bounces in: %d", i.read.Load())}
}
