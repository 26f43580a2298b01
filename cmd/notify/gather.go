package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/feed"
	"breachnotify/pkg/bounce/mailbox"
	"breachnotify/pkg/bounce/postfixlog"
	"breachnotify/pkg/campaign"
)

// returned is what one message, event or line of a log says, and where it is.
type returned struct {
	bounce.Report
	place campaign.Place
}

// returns is a stream of what came back. An error is about one file or message, and the
// stream goes on behind it, until the context ends.
type returns = iter.Seq2[returned, error]

// fromMail parses the messages of files and folders. A message of which only the
// beginning can be read is given as well, and its error behind it. Files of a folder that
// are no mail are given to skipped.
func (p *process) fromMail(ctx context.Context, paths []string, skipped *skips) returns {
	return func(yield func(returned, error) bool) {
		options := mailbox.Options{Stdin: p.stdin, Skipped: skipped.add}
		for message, err := range mailbox.Walk(ctx, paths, options) {
			var r returned
			if err == nil {
				r, err = parse(message)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// parse reads a message.
func parse(m mailbox.Message) (returned, error) {
	place := campaign.Place{File: m.File, Number: m.Number}
	report, err := bounce.Parse(m.Body, bounce.Options{})
	if err != nil {
		err = fmt.Errorf("%s: %w", place, err)
	}
	return returned{report, place}, err
}

// fromEvents reads what providers tell: web hooks and lists, as JSON or CSV.
func (p *process) fromEvents(ctx context.Context, paths []string) returns {
	return func(yield func(returned, error) bool) {
		for event, err := range feed.Walk(ctx, paths, p.stdin) {
			if !yield(returned{event.Report, campaign.Place{File: event.File, Number: event.Number}}, err) {
				return
			}
		}
	}
}

// holdsEvents reports whether a file that was named without saying what it is holds
// events of a provider: by its name, or by the first byte of JSON, with which no mail
// begins.
func holdsEvents(path string) bool {
	switch strings.ToLower(filepath.Ext(strings.TrimSuffix(path, ".gz"))) {
	case ".json", ".ndjson", ".jsonl", ".csv":
		return true
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false // whoever reads it as mail says why it cannot be read
	}
	defer file.Close()
	head := make([]byte, 64)
	n, _ := io.ReadFull(file, head) // a short file has a short head
	head = bytes.TrimLeft(head[:n], "\ufeff \t\r\n")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

// fromLog reads the log of a Postfix relay, as far as it is about the messages that keep
// wants.
func (p *process) fromLog(ctx context.Context, paths []string, keep func(messageID string) bool) returns {
	return func(yield func(returned, error) bool) {
		if len(paths) == 0 {
			return
		}
		now := p.now() // dates of syslog have neither year nor zone: they are this machine's
		options := postfixlog.Options{Stdin: p.stdin, Keep: keep, Now: now, Location: now.Location()}
		for event, err := range postfixlog.Walk(ctx, paths, options) {
			if !yield(returned{event.Report, campaign.Place{File: event.File, Number: event.Number}}, err) {
				return
			}
		}
	}
}

// concat is one stream of several, one after the other.
func concat(streams ...returns) returns {
	return func(yield func(returned, error) bool) {
		for _, stream := range streams {
			for r, err := range stream {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// skips counts the files of folders that are passed over, and names them with -v.
type skips struct {
	process *process
	count   int64
}

func (s *skips) add(name, why string) {
	s.count++
	s.process.log.Debug("passed over", "file", name, "why", why)
}

// complaints counts what could not be read, and tells the first ones at once: the rest
// goes on, but nothing is passed over in silence.
type complaints struct {
	process *process
	count   int64
}

const toldComplaints = 20

func (c *complaints) add(err error) {
	c.count++
	switch {
	case c.count <= toldComplaints:
		c.process.warn("%v", err)
	case c.count == toldComplaints+1:
		c.process.warn("and more that cannot be read; the end says how many")
	}
}

// orStop returns the error that ends everything: that of a context that is gone.
func (c *complaints) orStop(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.add(err)
	return nil
}

// end returns the error of a command that could not read everything.
func (c *complaints) end(read int64) error {
	if c.count == 0 {
		return nil
	}
	return fmt.Errorf("could not be read: %d, beside %d that could", c.count, read)
}

// findings are a report in the words of campaign: one for each recipient.
func (r returned) findings() []campaign.Finding {
	base := campaign.Finding{
		Digest: r.Digest, Source: r.Source, Kind: campaign.FindingKind(r.Kind), Tokens: r.Tokens,
		Sender: r.Sender, MessageID: r.MessageID, NoticeID: r.NoticeID, Addresses: r.Addresses, At: r.At, Place: r.place,
		Permanence: campaign.PermanenceUnknown, Final: r.Kind == bounce.KindBounce,
	}
	if len(r.Recipients) == 0 {
		return []campaign.Finding{base}
	}
	var all []campaign.Finding
	for _, to := range r.Recipients {
		f := base
		f.Kind = findingKind(r.Kind, to)
		f.Recipient, f.Action, f.Status = to.Address, to.Action, to.Status
		f.Permanence, f.Final = campaign.Permanence(to.Permanence), to.Final
		f.Reason, f.Diagnostic = to.Reason, to.Diagnostic
		all = append(all, f)
	}
	if r.Truncated {
		all = append(all, campaign.Finding{
			Digest: r.Digest, Source: r.Source, Kind: campaign.FoundOther, At: r.At, Place: r.place,
			Permanence: campaign.PermanenceUnknown, Reason: "truncated", Diagnostic: "it names more recipients than are read",
		})
	}
	return all
}

// findingKind returns the kind of what a report says about one recipient: a bounce of one may
// be the delivery of another.
func findingKind(of bounce.Kind, to bounce.Recipient) campaign.FindingKind {
	switch {
	case of == bounce.KindOther && to.Action == postfixlog.ActionQueued:
		return campaign.FoundQueued
	case of != bounce.KindBounce:
	case to.Action == bounce.ActionDelayed:
		return campaign.FoundDelay
	case to.Action == bounce.ActionDelivered || to.Action == bounce.ActionRelayed || to.Action == bounce.ActionExpanded:
		return campaign.FoundDelivered
	}
	return campaign.FindingKind(of)
}
