package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
)

// testResult is what `notify send --test` prints: a line a message.
type testResult struct {
	Messages []testMessage `json:"messages"`
}

type testMessage struct {
	variant
	To       account.Address `json:"to"` // masked
	Accepted bool            `json:"accepted"`
	Reply    string          `json:"reply"`
}

// runTest sends one made-up notice of each class and language to each address. It
// reads no account and changes no state.
func runTest(ctx context.Context, p *process, g *globals, f *folder, addresses []string) error {
	to, err := parseTestAddresses(addresses)
	if err != nil {
		return err
	}
	if err := f.vetTest(p); err != nil {
		return err
	}
	mailer, err := f.relay()
	if err != nil {
		return err
	}
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	session, outcome := mailer.Open(ctx)
	if session == nil {
		return explainRelay(outcome)
	}
	// The replies to the messages are what counts; a failed farewell is not.
	defer func() { _ = session.Close() }()
	result, err := f.sendTests(ctx, p, session, to)
	if err != nil {
		return err
	}
	if err := newView(p, g).show(result); err != nil {
		return err
	}
	for _, m := range result.Messages {
		if !m.Accepted {
			return hint.Wrap(errors.New("the relay did not take every test message"), "see its replies above")
		}
	}
	return nil
}

func parseTestAddresses(addresses []string) ([]account.Address, error) {
	var to []account.Address
	for i, text := range addresses {
		address, err := account.ParseAddress(text)
		if err != nil {
			return nil, say(errUsage, "address %d of --test: %v", i+1, err)
		}
		to = append(to, address)
	}
	return to, nil
}

func (f *folder) sendTests(ctx context.Context, p *process, session *relay.Session, to []account.Address) (testResult, error) {
	key, err := campaign.NewKey(p.random) // of no campaign: its tokens mean nothing later
	if err != nil {
		return testResult{}, fmt.Errorf("make the ids of the test messages: %w", err)
	}
	var result testResult
	for _, address := range to {
		for _, v := range f.variants() {
			r := f.notices.Samples(v.Class, v.Locale, p.now())[0]
			r.ID, r.To, r.Test = key.NoticeID(int64(len(result.Messages)+1)), address, true
			sent, err := f.sendTest(ctx, session, r)
			if err != nil {
				return result, err
			}
			sent.variant = v
			result.Messages = append(result.Messages, sent)
		}
	}
	return result, nil
}

func (f *folder) sendTest(ctx context.Context, session *relay.Session, r notice.Recipient) (testMessage, error) {
	message, err := f.notices.Compose(r)
	if err != nil {
		return testMessage{}, err
	}
	envelope := relay.Envelope{ID: r.ID, From: f.config.EnvelopeSender(r.ID), To: r.To}
	_, outcome := session.Flight(ctx, nil, &envelope)
	if outcome.Verdict == relay.Open {
		outcome, _ = session.Flight(ctx, &message, nil)
	}
	if outcome.Err != nil {
		return testMessage{}, fmt.Errorf("send a test message: %w", outcome.Err)
	}
	return testMessage{
		To:       r.To,
		Accepted: outcome.Verdict == relay.Accepted,
		Reply:    r.To.MaskIn(outcome.Reply.String()),
	}, nil
}

func (r testResult) human(w io.Writer) {
	for _, m := range r.Messages {
		fmt.Fprintf(w, "%-8s %-5s %s  %s\n", m.Class, m.Locale, m.To, m.Reply)
	}
	fmt.Fprintf(w, "no state was changed\n")
}
