// Package imapbox reads the messages of one folder of an IMAP mailbox (RFC 3501, RFC
// 9051), and moves those that are done with to another folder if it is asked to.
//
// It guarantees that nothing is deleted, and that nothing is changed unless Options.Move
// is given: the folder is opened with EXAMINE and messages are read with BODY.PEEK, so
// that not even \Seen is set. Messages are moved with MOVE (RFC 6851) alone; a server
// without it is refused, since a copy that is followed by \Deleted and EXPUNGE can take
// away more than it should. The connection is encrypted and the server's certificate
// verified, unless the server is on this machine. Messages come one at a time, and memory
// does not grow with them. Each wait for the server has a bound, and no error holds the
// user's name, which may be an address.
//
// It leaves it to its caller to move a message only after what it says is safe, and what
// it says to bounce.
package imapbox

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"breachnotify/pkg/bounce/mailbox"
	"breachnotify/pkg/hint"
)

// DefaultTimeout is how long the server may be silent where Options.Timeout is 0.
const DefaultTimeout = time.Minute

// Errors of Open and of the methods of Box.
var (
	// ErrUnsafe says that the password or the messages would cross a network in clear.
	ErrUnsafe = errors.New("the connection is not encrypted")
	// ErrNoMove says that the server has no MOVE.
	ErrNoMove = errors.New("the server cannot move messages")
	// ErrGone says that a message was taken away by somebody else meanwhile.
	ErrGone = errors.New("the message is not there any more")
)

// Options of Open. Password is needed unless the server knows who connects.
type Options struct {
	// Password is asked once, and what it returns is kept nowhere.
	Password func(context.Context) (string, error)
	RootCAs  *x509.CertPool // nil: the system's
	Move     string         // the folder that Box.Move moves to; empty: nothing is ever changed
	Limit    int64          // bytes of one message; 0: mailbox.DefaultLimit
	Timeout  time.Duration  // of the server's silence; 0: DefaultTimeout
	// Dial connects over TCP; nil: the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Validate returns an error for a negative bound.
func (o Options) Validate() error {
	switch {
	case o.Limit < 0:
		return fmt.Errorf("the limit of a message is negative: %d", o.Limit)
	case o.Timeout < 0:
		return fmt.Errorf("the time-out is negative: %v", o.Timeout)
	}
	return nil
}

func (o Options) withDefaults() Options {
	o.Limit = cmp.Or(o.Limit, mailbox.DefaultLimit)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: o.Timeout}).DialContext
	}
	return o
}

// Box is an open folder. Its methods are for one goroutine.
type Box struct {
	url     URL
	options Options
	conn    net.Conn
	client  *imapclient.Client
	late    atomic.Bool // the server was silent for too long
}

// Open connects to the server, logs in and opens the folder. It returns ErrUnsafe,
// ErrNoMove, the error of Options.Password, and what the network and the server say.
// Close must be called.
func Open(ctx context.Context, url URL, o Options) (*Box, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	b := &Box{url: url, options: o.withDefaults()}
	if err := b.open(ctx); err != nil {
		_ = b.Close() // the first error is the one to tell
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	return b, nil
}

func (b *Box) open(ctx context.Context) error {
	if err := b.connect(ctx); err != nil {
		return err
	}
	if err := b.login(ctx); err != nil {
		return err
	}
	if err := b.checkMove(ctx); err != nil {
		return err
	}
	return b.wait(ctx, "open the folder", func() error {
		_, err := b.client.Select(b.url.Folder, &imap.SelectOptions{ReadOnly: b.options.Move == ""}).Wait()
		return err
	})
}

// login logs in, unless the server greeted with PREAUTH.
func (b *Box) login(ctx context.Context) error {
	if b.client.State() != imap.ConnStateNotAuthenticated {
		return nil
	}
	if b.caps(ctx).Has(imap.CapLoginDisabled) {
		return hint.Wrap(errors.New("log in: the server takes no password with LOGIN"), "allow plain passwords over TLS for this mailbox on the server")
	}
	if b.options.Password == nil {
		return errors.New("log in: there is no password")
	}
	password, err := b.options.Password(ctx)
	if err != nil {
		return err
	}
	err = b.wait(ctx, "log in", func() error { return b.client.Login(b.url.User, password).Wait() })
	var refused *imap.Error
	if errors.As(err, &refused) {
		err = hint.Wrap(err, "check the user name in the URL and the password")
	}
	return err
}

// caps returns what the server offers; nil where it does not say so in time.
func (b *Box) caps(ctx context.Context) (caps imap.CapSet) {
	_ = b.wait(ctx, "ask what the server offers", func() error { // nil says it all
		caps = b.client.Caps()
		return nil
	})
	return caps
}

// checkMove refuses what Move could not do later, before anything is read.
func (b *Box) checkMove(ctx context.Context) error {
	switch {
	case b.options.Move == "":
		return nil
	case b.options.Move == b.url.Folder:
		return errors.New("messages cannot be moved to the folder in which they are")
	case !b.caps(ctx).Has(imap.CapMove):
		return noMove()
	}
	err := b.wait(ctx, "look at the folder to move to", func() error {
		_, err := b.client.Status(b.options.Move, &imap.StatusOptions{NumMessages: true}).Wait()
		return err
	})
	var refused *imap.Error
	if errors.As(err, &refused) {
		err = hint.Wrap(err, "create the folder %q in the mailbox; nothing is created for you", b.options.Move)
	}
	return err
}

func noMove() error {
	return hint.Wrap(ErrNoMove, "leave the move out: what was imported once is not counted again")
}

// moveAtOnce is how many messages one command moves.
const moveAtOnce = 500

// Move moves messages, by the numbers that Messages gave, to Options.Move. It does
// nothing without that option, and returns ErrNoMove if the server offers MOVE no longer.
// Numbers of messages that are gone are ignored by servers.
func (b *Box) Move(ctx context.Context, numbers []int64) error {
	if b.options.Move == "" {
		return nil
	}
	for len(numbers) > 0 {
		n := min(moveAtOnce, len(numbers))
		var uids imap.UIDSet
		for _, number := range numbers[:n] {
			uids.AddNum(imap.UID(number))
		}
		numbers = numbers[n:]
		if !b.caps(ctx).Has(imap.CapMove) { // the library would copy and delete
			return fmt.Errorf("%s: %w", b.url, noMove())
		}
		err := b.wait(ctx, "move messages", func() error {
			_, err := b.client.Move(uids, b.options.Move).Wait()
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", b.url, err)
		}
	}
	return nil
}

// Close logs out and closes the connection. The folder is left as it is: no message is
// expunged.
func (b *Box) Close() error {
	if b.client == nil {
		return nil
	}
	_ = b.wait(context.Background(), "log out", func() error { return b.client.Logout().Wait() }) // a courtesy
	_ = b.client.Close()                                                                          // nothing is lost with it
	b.client = nil
	return nil
}
