package imapbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"breachnotify/pkg/bounce/internal/event"
	"breachnotify/pkg/hint"
)

func (b *Box) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: b.url.Host, RootCAs: b.options.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"imap"}}
}

// connect opens an encrypted connection; to a server on this machine, a clear one where
// that offers no STARTTLS.
func (b *Box) connect(ctx context.Context) error {
	if err := b.dial(ctx); err != nil {
		return err
	}
	if b.url.Implicit {
		return b.handshake(ctx)
	}
	if isLoopback(b.conn.RemoteAddr()) {
		offered, err := b.offersSTARTTLS(ctx)
		if err != nil || !offered {
			return err
		}
		if err := b.dial(ctx); err != nil { // the library begins STARTTLS on fresh connections only
			return err
		}
	}
	err := b.wait(ctx, "STARTTLS", func() error {
		client, err := imapclient.NewStartTLS(b.conn, &imapclient.Options{TLSConfig: b.tlsConfig()})
		if err == nil {
			b.client = client
		}
		return err
	})
	var refused *imap.Error
	if errors.As(err, &refused) {
		return hint.Wrap(fmt.Errorf("%w: %w", ErrUnsafe, err), "use imaps:// if the server offers that")
	}
	return withCertificateHint(err)
}

func (b *Box) dial(ctx context.Context) error {
	conn, err := b.options.Dial(ctx, "tcp", b.url.address())
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	b.conn = conn
	return nil
}

// handshake is for TLS from the first byte (RFC 8314, section 3.2).
func (b *Box) handshake(ctx context.Context) error {
	encrypted := tls.Client(b.conn, b.tlsConfig())
	err := b.wait(ctx, "begin TLS", func() error { return encrypted.HandshakeContext(ctx) })
	if err != nil {
		return withCertificateHint(errors.Join(err, ignoreClosed(b.conn.Close())))
	}
	b.conn = encrypted
	b.client = imapclient.New(encrypted, nil)
	return b.greeting(ctx)
}

func (b *Box) greeting(ctx context.Context) error {
	return b.wait(ctx, "wait for the greeting", b.client.WaitGreeting)
}

// offersSTARTTLS asks on the open connection, and leaves it open where there is none.
func (b *Box) offersSTARTTLS(ctx context.Context) (bool, error) {
	b.client = imapclient.New(b.conn, nil)
	if err := b.greeting(ctx); err != nil {
		return false, err
	}
	if !b.caps(ctx).Has(imap.CapStartTLS) {
		return false, nil
	}
	return true, b.Close()
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func withCertificateHint(err error) error {
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		return hint.Wrap(err, "if the server has a certificate of an authority of your own, give that as the CA file")
	}
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// wait runs what waits for the server, and cuts the connection when that is silent for
// too long or the context is cancelled.
func (b *Box) wait(ctx context.Context, what string, operation func() error) error {
	conn := b.conn
	cut := func() { _ = conn.Close() } // the operation fails with it
	stop := context.AfterFunc(ctx, cut)
	defer stop()
	timer := time.AfterFunc(b.options.Timeout, func() { b.late.Store(true); cut() })
	defer timer.Stop()
	err := operation()
	switch {
	case ctx.Err() != nil: // even if the answer was there already
		err = ctx.Err()
	case err == nil:
		return nil
	case b.late.Load():
		err = fmt.Errorf("the server was silent for %v", b.options.Timeout)
	default:
		err = presentable(err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// presentable bounds what the server and the library say, and takes out what may hold an
// address.
func presentable(err error) error {
	var refused *imap.Error
	if errors.As(err, &refused) {
		text := event.OneLine(refused.Text)
		if strings.Contains(text, "@") {
			text = "(what the server says holds an address)"
		}
		return &imap.Error{Type: refused.Type, Code: refused.Code, Text: text}
	}
	if first, _, more := strings.Cut(err.Error(), "\n"); more { // the library adds its stack
		return errors.New(event.OneLine(first))
	}
	return err
}
