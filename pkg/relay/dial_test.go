package relay

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// lookup returns a Resolve that answers with the same addresses each time.
func lookup(addresses ...string) func(context.Context, string) ([]netip.Addr, error) {
	return func(context.Context, string) ([]netip.Addr, error) {
		var list []netip.Addr
		for _, a := range addresses {
			list = append(list, netip.MustParseAddr(a))
		}
		return list, nil
	}
}

func TestDialTriesEveryAddressAndRemembersTheDead(t *testing.T) {
	server := start(t, smtptest.Options{})
	o := options(server)
	o.Host, o.Resolve = "localhost", lookup("127.0.0.9", "::ffff:127.0.0.8", "127.0.0.1")
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s, out := r.Open(t.Context())
		if s == nil {
			t.Fatalf("no session: %+v", out)
		}
		if want := server.Addr(); s.Peer() != want {
			t.Errorf("Peer = %s, want %s", s.Peer(), want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	all, err := o.Resolve(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.livingFirst(all), []netip.Addr{all[2], all[0], all[1]}; !slices.Equal(got, want) {
		t.Errorf("the next dial tries %v, want %v", got, want)
	}
	r.noteDead(all[0], false)
	if got := r.livingFirst(all); got[0] != all[0] {
		t.Errorf("an address that answers again is tried as %v", got)
	}
}

func TestDialFails(t *testing.T) {
	gone := errors.New("no such host")
	tests := map[string]struct {
		resolve func(context.Context, string) ([]netip.Addr, error)
		effect  Effect
		cause   error
	}{
		"no such name":       {func(context.Context, string) ([]netip.Addr, error) { return nil, gone }, BackOff, gone},
		"no address":         {lookup(), BackOff, nil},
		"nobody listens":     {lookup("127.0.0.8", "127.0.0.9"), BackOff, nil},
		"not on loopback":    {lookup("192.0.2.1", "127.0.0.9"), Halt, errUnsafe},
		"lookup that stalls": {func(ctx context.Context, _ string) ([]netip.Addr, error) { <-ctx.Done(); return nil, ctx.Err() }, BackOff, context.DeadlineExceeded},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := options(start(t, smtptest.Options{}))
			o.Host, o.Resolve, o.Timeouts.Connect = "localhost", test.resolve, 200*time.Millisecond
			s, out := tryOpen(t, o)
			if s != nil {
				t.Fatal("a session was opened")
			}
			expect(t, name, out, Untouched, test.effect)
			if out.Stage != StageConnect || out.Err == nil || test.cause != nil && !errors.Is(out.Err, test.cause) {
				t.Errorf("stage %s, %v; want %v", out.Stage, out.Err, test.cause)
			}
		})
	}
}

func TestInterruptedDialSaysNothingAboutTheAddress(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options(start(t, smtptest.Options{}))
	resolve := lookup("127.0.0.1")
	o.Host, o.Resolve = "localhost", func(ctx context.Context, host string) ([]netip.Addr, error) {
		cancel()
		return resolve(ctx, host)
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if s, out := r.Open(ctx); s != nil || !errors.Is(out.Err, context.Canceled) || out.Effect == Halt {
		t.Errorf("Open: %v, %+v", s, out)
	}
	if len(r.dead) != 0 {
		t.Errorf("%v are held for dead", r.dead)
	}
}

func TestShareOfTheTimeToConnect(t *testing.T) {
	tests := []struct {
		left      time.Duration
		addresses int
		want      time.Duration
	}{
		{30 * time.Second, 1, 30 * time.Second},
		{30 * time.Second, 2, addressPatience},
		{4 * time.Second, 2, 2 * time.Second},
	}
	for _, test := range tests {
		if got := share(test.left, test.addresses); got != test.want {
			t.Errorf("share(%v, %d) = %v, want %v", test.left, test.addresses, got, test.want)
		}
	}
}
