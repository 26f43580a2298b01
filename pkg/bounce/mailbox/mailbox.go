// Package mailbox finds the mail messages in files and folders: single messages (.eml),
// Maildirs with their subfolders (Maildir++), mbox files, each of them packed with gzip
// or not, folders of any of them, and the standard input.
//
// It guarantees that every file of a folder is either walked through or named together
// with the reason why it is not; that a message that cannot be read does not end the
// walk; that nothing outside of a named folder is read, whatever symbolic links it
// holds; that files are only ever read; that the order is the same each time; and that
// memory does not grow with a message or an mbox. A folder's list of names is held in
// memory.
//
// What a file is, its content says: a gzip header, a From_ line, or header fields of
// mail. Only in the cur and new of a Maildir, and in .eml files, a From_ line at the top
// does not make an mbox, since a message lies there alone.
//
// # mbox
//
// The variants are read alike, since nobody can tell them apart (RFC 4155, appendix A):
// a line ">From ", with any number of >, loses one of them, as mboxrd has it, and
// Content-Length is ignored. An unquoted line "From " within a message begins another
// one only if a date is on it and a header field below it. Lines end with CRLF or LF; a
// file without a single LF at its beginning is taken to end them with CR, which is then
// read as LF.
//
// The package leaves what a message says to bounce.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
)

// DefaultLimit is how much of one message is read, in bytes, where Options.Limit is 0.
const DefaultLimit = 50 << 20

// Errors that Walk yields.
var (
	// ErrNotMail says of a file that it holds no mail.
	ErrNotMail = errors.New("not a mail message, an mbox or a Maildir")
	// ErrTooLarge says of a message that only its first bytes were read.
	ErrTooLarge = errors.New("the message is too large")
)

// Options of Walk. The zero value is ready to use.
type Options struct {
	Stdin io.Reader // what "-" names; nil: "-" is an error
	Limit int64     // bytes of one message; 0: DefaultLimit
	// Skipped is told of every file of a folder that is passed over, and why, in words
	// to go after its name. Nil: Walk yields an ErrNotMail for it.
	Skipped func(name, why string)
}

// Validate returns an error for a negative limit.
func (o Options) Validate() error {
	if o.Limit < 0 {
		return fmt.Errorf("the limit of a message is negative: %d", o.Limit)
	}
	return nil
}

// Message is one message of a walk.
type Message struct {
	File   string // the path, which begins as the caller named it; "-": the standard input
	Number int64  // of the message in its mbox, from 1; 0: the file is the message
	Size   int64  // bytes; -1 where that is known only when it is read
	// Body is the message as it stands, unpacked, up to Options.Limit. It is valid until
	// the walk goes on, and need not be read.
	Body io.Reader
}

// Name returns the place of the message: its file, and # with its number in an mbox.
func (m Message) Name() string {
	if m.Number == 0 {
		return m.File
	}
	return fmt.Sprintf("%s#%d", m.File, m.Number)
}

// Walk goes through the messages of paths, which are files, folders, pipes or "-". The
// order is that of paths; within a folder that of the names, byte by byte; cur comes
// before new.
//
// It yields an error, with the place, for whatever cannot be read, and goes on behind
// it: ErrNotMail for a path that is no mail, ErrTooLarge behind a message of which Body
// gave only the beginning, and the errors of the file system. An error that Body
// returned is not yielded again, unless messages of the same mbox are lost with it. Walk
// ends with the context's error once that is cancelled.
func Walk(ctx context.Context, paths []string, o Options) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if err := o.Validate(); err != nil {
			yield(Message{}, err)
			return
		}
		if o.Limit == 0 {
			o.Limit = DefaultLimit
		}
		w := &walker{ctx: ctx, options: o, yield: yield}
		for _, path := range paths {
			if !w.path(path) {
				return
			}
		}
	}
}
