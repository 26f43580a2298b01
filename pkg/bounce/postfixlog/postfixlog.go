// Package postfixlog reads the log of a Postfix relay: what became of each message.
//
// A line names a queue file; only the line of cleanup names the Message-ID. The package
// joins them, so that every event has the Message-ID of the message that was sent. It
// gives three facts: that Postfix took a message (its queue manager made it active, which
// it does only with a message that is complete and safe on disk, or a delivery of it was put
// off, which comes after that), that a recipient's delivery ended well or failed, and that it
// was put off.
//
// It reads the formats of syslogd and of Postfix's own postlogd (Sep  8 10:11:12 host
// postfix/smtp[123]: …), with RFC 3339 dates, and of journalctl (short, short-iso,
// short-precise, short-full), packed with gzip or not; short and long queue ids; and the
// names of several instances (postfix-out/smtp) and services (postfix/relay/smtp).
//
// It guarantees that lines may come somewhat out of order: a delivery before the line
// with its Message-ID is kept until that comes; that a queue id that is used again is
// another message; that memory is bounded however long the log is; and that the bounces
// that Postfix itself writes (their sender is empty) are not taken for anybody's mail.
//
// # Content filters
//
// A message that goes through a filter comes back under another queue id with the same
// Message-ID. Its hand-over to the filter is no delivery, where the reply names the new
// queue id, or where a younger queue file with that Message-ID is known and the transport
// is on this machine. Where the message comes back only later, the hand-over is reported
// as delivered, and what became of it follows.
//
// The package leaves it to its caller which Message-IDs matter, and to the ledger what
// an event changes.
//
// BUG(postfixlog): The dates of syslogd have no year and no time zone. The year is the
// last in which the date is not after Options.Now.
package postfixlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
	"breachnotify/pkg/bounce/internal/source"
	"breachnotify/pkg/hint"
)

// ActionQueued is the action of a report of bounce.KindOther which says that Postfix took
// the message. It names nobody: the log tells the recipients only with their deliveries.
const ActionQueued = event.Queued

// DefaultOpen is how many queue files are remembered where Options.Open is 0.
const DefaultOpen = 100_000

// ErrNoLog says of a file that no line of Postfix is in it.
var ErrNoLog = errors.New("no line of Postfix")

// Options of Walk. The zero value reads whatever there is, for dates in UTC.
type Options struct {
	Stdin io.Reader // what "-" names; nil: "-" is an error
	// Keep says which Message-IDs, without angle brackets, are of interest; nil: all.
	// Deliveries whose Message-ID the log does not tell are always kept.
	Keep     func(messageID string) bool
	Open     int            // queue files remembered at a time; 0: DefaultOpen
	Now      time.Time      // when the log was read; zero: dates without a year have no time
	Location *time.Location // of dates without a zone; nil: UTC
}

// Validate returns an error for a negative bound.
func (o Options) Validate() error {
	if o.Open < 0 {
		return fmt.Errorf("the number of queue files to remember is negative: %d", o.Open)
	}
	return nil
}

// Event is what one line of the log says about one message.
type Event struct {
	bounce.Report
	File   string // as the caller named it
	Number int64  // of the line, from 1
}

// Walk reads the files of a log, or "-", as one log: in the order of their first dates,
// so that it does not matter in which order rotated files are named.
//
// A sent recipient is a report of bounce.KindDelivered, a bounced or expired one of
// bounce.KindBounce (final), a deferred one of bounce.KindDelay, and a message that was
// taken one of bounce.KindOther with ActionQueued. The address is the one that was asked
// for (orig_to). A message that an operator deletes from the queue is a final failure.
//
// Walk yields an error, with the file and line, for what it cannot read, and goes on
// with the next file: ErrNoLog for one without a line of Postfix. It ends with the
// context's error once that is cancelled.
func Walk(ctx context.Context, paths []string, o Options) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := o.Validate(); err != nil {
			yield(Event{}, err)
			return
		}
		o.Open = cmp.Or(o.Open, DefaultOpen)
		if o.Location == nil {
			o.Location = time.UTC
		}
		w := &walker{options: o, yield: yield}
		w.queue = newQueue(o.Open, w.lost)
		w.walk(ctx, paths)
	}
}

// walker is one walk. ended is set where its consumer wants no more.
type walker struct {
	options Options
	yield   func(Event, error) bool
	queue   *queue
	ended   bool

	file   string // of the line that is read
	number int64
	lines  int // of Postfix, in this file
}

// part is an open file of the log.
type part struct {
	*source.Source
	begins time.Time // zero where the first line has no date
}

func (w *walker) walk(ctx context.Context, paths []string) {
	var parts []part
	defer func() {
		for _, p := range parts {
			_ = p.Close() // read only: nothing can be lost
		}
	}()
	for _, path := range paths {
		p, err := w.open(ctx, path)
		if err != nil {
			w.fail(err)
			continue
		}
		parts = append(parts, p)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return a.begins.Compare(b.begins) })
	for _, p := range parts {
		if w.ended {
			return
		}
		if err := w.read(p.Source); err != nil {
			w.fail(err)
		}
		if ctx.Err() != nil {
			return
		}
	}
	w.flush()
}

func (w *walker) open(ctx context.Context, path string) (part, error) {
	src, err := source.Open(ctx, path, w.options.Stdin)
	if err != nil {
		return part{}, err
	}
	head, err := src.Head()
	if err != nil {
		return part{}, errors.Join(err, src.Close())
	}
	return part{Source: src, begins: w.firstDate(head)}, nil
}

// fail yields an error.
func (w *walker) fail(err error) {
	if !w.ended {
		w.ended = !w.yield(Event{}, err)
	}
}

// read reads one file of the log.
func (w *walker) read(src *source.Source) error {
	w.file, w.number, w.lines = src.Name, 0, 0
	for !w.ended {
		raw, long, err := nextLine(src)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		w.number++
		if long {
			w.fail(fmt.Errorf("%s: line %d: longer than %d bytes, which no line of Postfix is", w.file, w.number, source.Window))
			continue
		}
		if l, ok := parseLine(raw); ok {
			w.lines++
			w.line(l)
		}
	}
	if w.lines == 0 && w.number > 0 && !w.ended {
		return hint.Wrap(fmt.Errorf("%s: %w in its %d lines", src.Name, ErrNoLog, w.number),
			"a line looks like: Sep  8 10:11:12 host postfix/smtp[123]: 4XbCdF0gHz: to=<…>, …, status=sent (…)")
	}
	return nil
}

// nextLine reads a line without its end. One that is longer than the buffer is passed
// over.
func nextLine(src *source.Source) (line []byte, long bool, err error) {
	for {
		line, err = src.ReadSlice('\n')
		switch {
		case err == nil && !long:
			line = line[:len(line)-1]
			if n := len(line); n > 0 && line[n-1] == '\r' {
				line = line[:n-1]
			}
			return line, false, nil
		case err == nil:
			return nil, true, nil
		case errors.Is(err, io.EOF) && (len(line) > 0 || long):
			return line, long, nil
		case len(line) < source.Window:
			return nil, false, err
		}
		long = true
	}
}
