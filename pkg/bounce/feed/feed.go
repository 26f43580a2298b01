// Package feed reads what mail providers tell about messages: the events that they send
// to a web hook, and the lists that one exports there.
//
//	Amazon SES  notifications and published events, as they are, within the envelope of
//	            SNS, SQS or EventBridge, or as files that Firehose wrote
//	Postmark    web hooks (Bounce, SpamComplaint, Delivery) and the answers of the bounce API
//	Mailgun     web hooks (event-data) and the items of the events API
//	SendGrid    the arrays of the event web hook, the lists of bounces, blocks and spam
//	            reports, and the export of the e-mail activity
//
// They come as JSON (one value or several, an array or not), as NDJSON, or as CSV with a
// header, packed with gzip or not. What they are, their content says.
//
// It guarantees that what a provider documents about a failure, permanent or not, goes
// before what the words of a reply suggest; that the same event is the same Digest, in
// whichever envelope it comes; that one bad event does not end the reading where the next
// one can be found; that memory does not grow with the file; and that no error holds a
// value out of it. It leaves it to the ledger which notice an event is about: providers
// that write Message-IDs of their own (Postmark does, unless X-PM-KeepID is set) leave
// the address alone to match by.
//
// The tables of each provider name the page that they follow.
package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
	"breachnotify/pkg/bounce/internal/source"
	"breachnotify/pkg/hint"
)

// ActionQueued is the action of a report of bounce.KindOther which says that the
// provider took the message and has not delivered it yet.
const ActionQueued = event.Queued

// ErrUnknown says of a file or an event that it is of no provider that is known here.
var ErrUnknown = errors.New("no event of Amazon SES, Postmark, Mailgun or SendGrid")

// Event is one event of a feed.
type Event struct {
	bounce.Report
	File   string // as the caller named it
	Number int64  // of the event in its file, from 1
}

// Walk reads the events of files, or of "-", which is stdin, in the order of paths.
//
// It yields an error, with the file and the line or byte, for what it cannot read, and
// goes on behind it: ErrUnknown where the content is of no known provider. It ends with
// the context's error once that is cancelled.
func Walk(ctx context.Context, paths []string, stdin io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for _, path := range paths {
			if !walkFile(ctx, path, stdin, yield) {
				return
			}
			if ctx.Err() != nil {
				return
			}
		}
	}
}

// walkFile reads one file, and reports false where the consumer wants no more.
func walkFile(ctx context.Context, path string, stdin io.Reader, yield func(Event, error) bool) bool {
	src, err := source.Open(ctx, path, stdin)
	if err != nil {
		return yield(Event{}, err)
	}
	number := int64(0)
	goOn := true
	for said, err := range read(src) {
		if err == nil || said.counted {
			number++
		}
		if err != nil {
			goOn = yield(Event{}, err)
		} else {
			goOn = yield(Event{Report: said.report, File: path, Number: number}, nil)
		}
		if !goOn {
			break
		}
	}
	if err := src.Close(); err != nil && goOn {
		return yield(Event{}, err)
	}
	return goOn
}

// statement is an event, or, together with an error, something that should be one.
type statement struct {
	report  bounce.Report
	counted bool // it is an event, although a bad one
}

// read reads the events of one file.
func read(src *source.Source) iter.Seq2[statement, error] {
	return func(yield func(statement, error) bool) {
		if bom, _ := src.Peek(3); bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
			_, _ = src.Discard(3) // they are in the buffer
		}
		head, err := src.Head()
		if err != nil {
			yield(statement{}, err)
			return
		}
		start := bytes.TrimLeft(head, " \t\r\n")
		switch {
		case len(start) == 0:
			yield(statement{}, fmt.Errorf("%s: empty: %w", src.Name, ErrUnknown))
		case start[0] != '{' && start[0] != '[':
			readCSV(src, yield)
		case beginsWithWholeLine(start, len(head) < source.Window):
			readLines(src, yield)
		default:
			readStream(src, yield)
		}
	}
}

// unknown is ErrUnknown with its place and what would be known.
func unknown(place, what string) error {
	return hint.Wrap(fmt.Errorf("%s: %s: %w", place, what, ErrUnknown),
		"known are events of Amazon SES (notificationType or eventType with mail), Postmark (RecordType, TypeCode), "+
			"Mailgun (event-data, or event with recipient) and SendGrid (event with email, or lists with email and created)")
}
