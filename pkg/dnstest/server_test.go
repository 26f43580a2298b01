package dnstest

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, o Options) (*Server, *net.Resolver) {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Addr())
	}}
}

func TestAnswersFromItsRecords(t *testing.T) {
	long := strings.Repeat("x", 250)
	s, resolver := start(t, Options{Records: `
example.com. MX 10 mail.example.com.
example.com. TXT "one " "record"
large.example. TXT "` + strings.Repeat(long+`" "`, 20) + `"
`})
	if txt, err := resolver.LookupTXT(t.Context(), "EXAMPLE.com."); err != nil || len(txt) != 1 || txt[0] != "one record" {
		t.Errorf("TXT is %q, %v", txt, err)
	}
	if mx, err := resolver.LookupMX(t.Context(), "example.com."); err != nil || len(mx) != 1 || mx[0].Host != "mail.example.com." {
		t.Errorf("MX is %v, %v", mx, err)
	}
	if txt, err := resolver.LookupTXT(t.Context(), "large.example."); err != nil || len(txt) != 1 || len(txt[0]) != 20*250 {
		t.Errorf("a record that fits into no datagram: %v", err)
	}
	for _, name := range []string{"mail.example.com.", "www.example.com."} {
		_, err := resolver.LookupTXT(t.Context(), name)
		if failure := (*net.DNSError)(nil); !errors.As(err, &failure) || !failure.IsNotFound {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	if first := s.Queries()[0]; first != "TXT example.com." {
		t.Errorf("the first query was %q", first)
	}
}

func TestFailsWhereItIsTold(t *testing.T) {
	_, resolver := start(t, Options{
		Records: `good.example. TXT "x"`,
		Broken:  []string{"broken.example."}, Refused: []string{"refused.example."}, Silent: []string{"."},
	})
	for _, name := range []string{"broken.example.", "refused.example.", "another.example."} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := resolver.LookupTXT(ctx, name)
		cancel()
		if failure := (*net.DNSError)(nil); !errors.As(err, &failure) || failure.IsNotFound || failure.IsTimeout != (name == "another.example.") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := resolver.LookupTXT(t.Context(), "good.example."); err != nil {
		t.Error(err)
	}
}

func TestRefusesWhatIsNoRecord(t *testing.T) {
	if _, err := Start(Options{Records: "example.com. MX ten mail.example.com."}); err == nil {
		t.Error("half a record is taken")
	}
}
