package imapbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"breachnotify/pkg/bounce/mailbox"
)

// fetchAtOnce is how many messages one command asks for. The server sends them one
// behind the other, no faster than they are read.
const fetchAtOnce = 100

// Messages goes through the messages that are in the folder now, in the order in which
// they came. File of a message is the URL without the user, and Number its UID.
//
// It yields an error for what cannot be read and goes on behind it: ErrGone for a message
// that vanished, mailbox.ErrTooLarge behind one of which Body gave only the beginning.
// When the connection breaks, or the context is cancelled, it ends with that error.
func (b *Box) Messages(ctx context.Context) iter.Seq2[mailbox.Message, error] {
	return func(yield func(mailbox.Message, error) bool) {
		uids, err := b.list(ctx)
		if err != nil {
			yield(mailbox.Message{}, fmt.Errorf("%s: %w", b.url, err))
			return
		}
		for len(uids) > 0 {
			n := min(fetchAtOnce, len(uids))
			if !b.fetch(ctx, uids[:n], yield) {
				return
			}
			uids = uids[n:]
		}
	}
}

// maxMessages bounds a folder: more than any server serves.
const maxMessages = 10_000_000

// list returns the UIDs of all messages, ascending.
func (b *Box) list(ctx context.Context) (uids []imap.UID, err error) {
	err = b.wait(ctx, "list the messages", func() error {
		found, err := b.client.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
		if err == nil {
			uids, err = expand(found.All)
		}
		return err
	})
	return uids, err
}

// expand writes the ranges of a set out. A server may write four billions in a few bytes.
func expand(found imap.NumSet) ([]imap.UID, error) {
	set, _ := found.(imap.UIDSet)
	total := int64(0)
	for _, r := range set {
		total += int64(r.Stop) - int64(r.Start) + 1
	}
	if set.Dynamic() || total > maxMessages { // dynamic: 1:*
		return nil, fmt.Errorf("the server lists more than %d messages", maxMessages)
	}
	uids, _ := set.Nums() // it is not dynamic
	return uids, nil
}

// fetch yields some messages. It reports false where there is nothing more to do.
func (b *Box) fetch(ctx context.Context, uids []imap.UID, yield func(mailbox.Message, error) bool) bool {
	fail := func(err error) bool { return yield(mailbox.Message{}, fmt.Errorf("%s: %w", b.url, err)) }
	wanted := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: b.options.Limit + 1}}
	var command *imapclient.FetchCommand
	err := b.wait(ctx, "ask for messages", func() error {
		command = b.client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{wanted}})
		return nil
	})
	if err != nil {
		fail(err)
		return false
	}
	missing := map[imap.UID]bool{}
	for _, uid := range uids {
		missing[uid] = true
	}
	goOn := true
	for goOn {
		var data *imapclient.FetchMessageData
		err := b.wait(ctx, "read messages", func() error { data = command.Next(); return nil })
		if err != nil || data == nil { // the end of the command tells why
			break
		}
		uid, more := b.message(ctx, data, yield)
		delete(missing, uid)
		goOn = more
	}
	if !goOn { // the rest would have to be read to keep the connection; it is not needed
		_ = b.conn.Close()
	}
	if err := b.wait(ctx, "read messages", command.Close); err != nil {
		if goOn {
			fail(err)
		}
		return false
	}
	for _, uid := range uids {
		if goOn && missing[uid] {
			goOn = fail(fmt.Errorf("message %d: %w", uid, ErrGone))
		}
	}
	return goOn
}

// message yields one message.
func (b *Box) message(ctx context.Context, data *imapclient.FetchMessageData, yield func(mailbox.Message, error) bool) (imap.UID, bool) {
	m := mailbox.Message{File: b.url.String(), Size: -1}
	for {
		var item imapclient.FetchItemData
		if err := b.wait(ctx, "read messages", func() error { item = data.Next(); return nil }); err != nil {
			item = nil
		}
		switch item := item.(type) {
		case nil:
			return imap.UID(m.Number), true // without a body: it is gone
		case imapclient.FetchItemDataUID:
			m.Number = int64(item.UID)
		case imapclient.FetchItemDataRFC822Size:
			m.Size = item.Size
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil || m.Number == 0 {
				continue
			}
			body := &limited{box: b, ctx: ctx, r: item.Literal, left: min(item.Literal.Size(), b.options.Limit)}
			m.Body = body
			goOn := b.handOn(m, item.Literal.Size(), yield)
			if body.failed { // the library reads on by itself: wait until it has ended, before it is asked for more
				_ = b.client.Close()
			}
			return imap.UID(m.Number), goOn
		}
	}
}

// handOn yields a message, and reads what its taker left of it.
func (b *Box) handOn(m mailbox.Message, size int64, yield func(mailbox.Message, error) bool) bool {
	if !yield(m, nil) {
		return false
	}
	if size > b.options.Limit {
		err := fmt.Errorf("%s: %w: only its first %d bytes are read", m.Name(), mailbox.ErrTooLarge, b.options.Limit)
		if !yield(mailbox.Message{}, err) {
			return false
		}
	}
	_, _ = io.Copy(io.Discard, m.Body) // an error comes again with the end of the command
	return true
}

// limited is the body of a message, up to the limit.
type limited struct {
	box  *Box
	ctx  context.Context
	r    io.Reader
	left int64

	failed bool // r must not be read any more
}

func (l *limited) Read(p []byte) (int, error) {
	switch {
	case l.failed:
		return 0, io.ErrUnexpectedEOF
	case l.left <= 0:
		return 0, io.EOF
	}
	var n int
	err := l.box.wait(l.ctx, "read a message", func() (err error) {
		n, err = l.r.Read(p[:min(int64(len(p)), l.left)])
		switch {
		case errors.Is(err, io.EOF) && int64(n) == l.left:
			err = nil
		case errors.Is(err, io.EOF): // the server has announced more
			err = io.ErrUnexpectedEOF
		}
		l.failed = err != nil
		return err
	})
	l.left -= int64(n)
	return n, err
}
