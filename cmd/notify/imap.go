package main

import (
	"context"
	"errors"

	"breachnotify/pkg/bounce/imapbox"
	"breachnotify/pkg/campaign"
)

// mailboxes are open folders of IMAP mailboxes, with the messages of each that were
// parsed: those may be moved once what they say is recorded.
type mailboxes []*openBox

type openBox struct {
	box    *imapbox.Box
	parsed []int64
}

// openMailboxes opens the mailboxes of URLs, before anything is read. Without a move they
// are only ever read.
func openMailboxes(ctx context.Context, urls []string, move string, config campaign.Bounces) (all mailboxes, err error) {
	options := imapbox.Options{Password: config.Password, Move: move}
	if len(urls) > 0 {
		if options.RootCAs, err = authorities("bounces.ca_file", config.CAFile); err != nil {
			return nil, err
		}
	}
	for _, raw := range urls {
		url, err := imapbox.ParseURL(raw)
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		box, err := imapbox.Open(ctx, url, options)
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		all = append(all, &openBox{box: box})
	}
	return all, nil
}

// messages parses what lies in the mailboxes.
func (m mailboxes) messages(ctx context.Context) returns {
	return func(yield func(returned, error) bool) {
		for _, b := range m {
			for message, err := range b.box.Messages(ctx) {
				var r returned
				if err == nil {
					r, err = parse(message)
				}
				if err == nil {
					b.parsed = append(b.parsed, message.Number)
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// move moves what was parsed out of the way, if that was asked for.
func (m mailboxes) move(ctx context.Context) error {
	for _, b := range m {
		if err := b.box.Move(ctx, b.parsed); err != nil {
			return err
		}
	}
	return nil
}

func (m mailboxes) close() error {
	var errs []error
	for _, b := range m {
		errs = append(errs, b.box.Close())
	}
	return errors.Join(errs...)
}
