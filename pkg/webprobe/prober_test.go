package webprobe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/webprobe"
)

// page is a web page of the test under the names of its certificate, example.com and
// what is below it.
type page struct {
	*httptest.Server
	asked []*http.Request
}

func serve(t *testing.T, handle http.HandlerFunc) *page {
	t.Helper()
	p := &page{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked = append(p.asked, r)
		handle(w, r)
	}))
	p.EnableHTTP2 = true                           // which is not made use of
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail are part of the tests
	p.StartTLS()
	t.Cleanup(p.Close)
	return p
}

// options are those that reach the page under any name, within a second.
func (p *page) options() webprobe.Options {
	roots := x509.NewCertPool()
	roots.AddCert(p.Certificate())
	return webprobe.Options{Timeout: time.Second, RootCAs: roots, Dial: dialTo(p.Listener.Addr())}
}

func dialTo(a net.Addr) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, a.String())
	}
}

func ask(t *testing.T, o webprobe.Options, link string) (webprobe.Answer, error) {
	t.Helper()
	p, err := webprobe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p.Ask(t.Context(), link)
}

// wantError checks that err is an Error of a stage with a reason, and shows nothing of
// the link but its host.
func wantError(t *testing.T, err error, stage webprobe.Stage, reason string) *webprobe.Error {
	t.Helper()
	var failure *webprobe.Error
	if !errors.As(err, &failure) {
		t.Fatalf("Ask: %v, want an *Error", err)
	}
	if failure.Stage != stage || failure.Reason() != reason {
		t.Errorf("stage %s, reason %q (%v); want %s, %q", failure.Stage, failure.Reason(), failure.Err, stage, reason)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("%q shows a secret", err)
	}
	return failure
}

func TestAskTellsHowAPageAnswers(t *testing.T) {
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		_, _ = io.WriteString(w, "reset")
	})
	prober, err := webprobe.New(p.options())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		a, err := prober.Ask(t.Context(), "https://example.com/reset?token=secret#top")
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != 200 || a.Host != "example.com" || a.TLS != "TLS 1.3" || a.Latency <= 0 || a.Redirects != 0 ||
			!a.NotAfter.Equal(p.Certificate().NotAfter) {
			t.Errorf("answer %+v", a)
		}
	}
	if len(p.asked) != 2 || p.asked[0].RemoteAddr == p.asked[1].RemoteAddr {
		t.Error("two questions went over one connection")
	}
	for _, r := range p.asked {
		if r.Method != http.MethodGet || r.RequestURI != "/reset?token=secret" || r.Proto != "HTTP/1.1" || r.Host != "example.com" {
			t.Errorf("%s %s %s at %s", r.Method, r.RequestURI, r.Proto, r.Host)
		}
		if len(r.Header) != 2 || r.UserAgent() != "notify" || r.Header.Get("Connection") != "close" {
			t.Errorf("header %v, want the User-Agent and the end of the connection alone", r.Header)
		}
	}
}

func TestAskRefusesWhatIsNoAnswer(t *testing.T) {
	tests := map[string]struct {
		handle http.HandlerFunc
		stage  webprobe.Stage
		reason string
	}{
		"busy":      {status(503), webprobe.StageStatus, "503"},
		"gone":      {status(404), webprobe.StageStatus, "404"},
		"unchanged": {status(304), webprobe.StageStatus, "304"},
		"busy, and its body never ends": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, webprobe.StageStatus, "500"},
		"silent": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			webprobe.StageSilent, "no whole answer within 300ms"},
		"its body never ends": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "re")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, webprobe.StageSilent, "no whole answer within 300ms"},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			webprobe.StageSilent, "the connection was closed before the end of the answer"},
		"hangs up in the middle": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "re")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, webprobe.StageSilent, "the connection was closed before the end of the answer"},
		"not HTTP": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "220 secret ESMTP\r\n\r\n")
				_ = conn.Close()
			}
		}, webprobe.StageReply, "what came is not HTTP"},
		"a head without end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 100<<10))
		}, webprobe.StageReply, "what came is not HTTP"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := serve(t, test.handle)
			o := p.options()
			o.Timeout = 300 * time.Millisecond
			a, err := ask(t, o, "https://example.com/reset?token=secret")
			failure := wantError(t, err, test.stage, test.reason)
			if failure.Host != "example.com" || a.TLS == "" || a.NotAfter.IsZero() || failure.Status != 0 && a.Status != failure.Status {
				t.Errorf("answer %+v, failure %+v", a, failure)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestAskReadsSoMuchOfAPageOnly(t *testing.T) {
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	if _, err := ask(t, p.options(), "https://example.com/"); err != nil {
		t.Errorf("a page without end: %v", err)
	}
}

func TestAskFollowsRedirectsWhereItMay(t *testing.T) {
	tests := map[string]struct {
		to     string // from /
		stage  webprobe.Stage
		reason string
	}{
		"within the host": {"/there", "", ""},
		"allowed":         {"https://www.example.com/there", "", ""},
		"foreign":         {"https://evil.test/?token=secret", webprobe.StageRedirect, "it redirects to a host that is not allowed"},
		"in clear":        {"http://example.com/secret", webprobe.StageRedirect, "it redirects: not an https link"},
		"user name":       {"https://secret@example.com/", webprobe.StageRedirect, "it redirects: a link with a user name"},
		"no link":         {"https://[secret", webprobe.StageRedirect, "it redirects to what is no link"},
		"nowhere":         {"", webprobe.StageRedirect, "it redirects to what is no link"},
		"in a circle":     {"/", webprobe.StageRedirect, "it redirects again and again"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/there" {
					return
				}
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
				if test.to != "" {
					w.Header().Set("Location", test.to)
				}
				w.WriteHeader(http.StatusFound)
			})
			o := p.options()
			o.Redirects = 2
			o.Allowed = func(host string) bool { return host == "www.example.com" }
			a, err := ask(t, o, "https://example.com/")
			for _, r := range p.asked {
				if r.Header.Get("Referer") != "" || len(r.Cookies()) != 0 {
					t.Errorf("header %v", r.Header)
				}
			}
			if test.stage != "" {
				wantError(t, err, test.stage, test.reason)
				return
			}
			if err != nil || a.Status != 200 || a.Redirects != 1 || a.Host != p.asked[1].Host {
				t.Errorf("answer %+v, %v", a, err)
			}
		})
	}
}

func TestAskVerifiesTheCertificate(t *testing.T) {
	p := serve(t, status(200))
	trusting := p.options()
	expired := trusting
	expired.Now = func() time.Time { return p.Certificate().NotAfter.Add(time.Hour) }
	stranger := trusting
	stranger.RootCAs = x509.NewCertPool()
	old := serve(t, status(200))
	old.TLS.MaxVersion = tls.VersionTLS11
	tests := map[string]struct {
		o            webprobe.Options
		link, reason string
	}{
		"no authority": {stranger, "https://example.com/", "the certificate is by an authority that is not trusted"},
		"another name": {trusting, "https://example.org/", "the certificate is for another name"},
		"too late":     {expired, "https://example.com/", "the certificate has expired, or is not valid yet"},
		"old TLS":      {old.options(), "https://example.com/", "TLS failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, test.o, test.link)
			wantError(t, err, webprobe.StageTLS, test.reason)
		})
	}
	if len(p.asked)+len(old.asked) != 0 {
		t.Error("a request went over TLS that was not verified")
	}
}

func TestAskFailsBeforeTLS(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() { // speaks, but no TLS
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "220 secret ESMTP\r\n")
			_ = conn.Close()
		}
	}()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	dialed := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	tests := map[string]struct {
		dial   func(context.Context, string, string) (net.Conn, error)
		stage  webprobe.Stage
		reason string
	}{
		"no such name":  {dialed(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "secret", IsNotFound: true}}), webprobe.StageResolve, "its name was not found"},
		"no connection": {dialed(errors.New("secret")), webprobe.StageConnect, "no connection"},
		"refused":       {dialTo(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}), webprobe.StageConnect, "the connection is refused"},
		"unanswered": {func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
			webprobe.StageConnect, "no connection within 200ms"},
		"no TLS": {dialTo(listener.Addr()), webprobe.StageTLS, "it does not speak TLS"},
		"mute":   {dialTo(mute.Addr()), webprobe.StageTLS, "no TLS within 200ms"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, webprobe.Options{Timeout: 200 * time.Millisecond, Dial: test.dial}, "https://example.com/secret")
			wantError(t, err, test.stage, test.reason)
		})
	}
}

func TestAskAsksNoOtherLinks(t *testing.T) {
	for _, link := range []string{"", "http://example.com/secret", "mailto:secret@example.com", "https://secret@example.com/", "https:///secret", "https://[secret", "https://a b/secret", "https://exa_mple.com/"} {
		_, err := ask(t, webprobe.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%q was dialed", link)
			return nil, errors.ErrUnsupported
		}}, link)
		var failure *webprobe.Error
		if !errors.As(err, &failure) || failure.Stage != webprobe.StageURL || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", link, err)
		}
	}
}

func TestAskDialsTheHostInALabels(t *testing.T) {
	p := serve(t, status(200))
	o := p.options()
	var dialed string
	dial := o.Dial
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed = address
		return dial(ctx, network, address)
	}
	_, err := ask(t, o, "https://Bücher.example/") // which the certificate is not for
	wantError(t, err, webprobe.StageTLS, "the certificate is for another name")
	if dialed != "xn--bcher-kva.example:443" {
		t.Errorf("dialed %s", dialed)
	}
}

func TestAskEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	o := p.options()
	o.Timeout = time.Hour
	prober, err := webprobe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = prober.Ask(ctx, "https://example.com/")
	var failure *webprobe.Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &failure) {
		t.Errorf("Ask: %v, want the error of the context alone", err)
	}
}

func TestOptionsThatAreNone(t *testing.T) {
	for name, o := range map[string]webprobe.Options{
		"time": {Timeout: -1}, "redirects": {Redirects: -1},
	} {
		if _, err := webprobe.New(o); err == nil {
			t.Errorf("%s: New takes %+v", name, o)
		}
	}
}
