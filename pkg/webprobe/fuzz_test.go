package webprobe_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"breachnotify/pkg/webprobe"
)

// reasons are all that may be said of a server that speaks TLS.
var reasons = regexp.MustCompile(`^([0-9]{3}|no whole answer( within .*)?|what came is not HTTP|the connection was closed before the end of the answer` +
	`|it redirects( again and again| to what is no link| to a host that is not allowed|: (not an https link|a link with a user name|a link without a host|a host that is no name)))$`)

// FuzzAsk has a server answer with anything: no answer is taken for one that is none, and
// nothing that the server wrote is said.
func FuzzAsk(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nok", "HTTP/1.0 200 OK\r\n\r\nok",
		"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: https://evil.test/\r\n\r\n", "HTTP/1.1 301 x\r\n\r\n",
		"HTTP/1.1 307 x\r\nLocation: http://a@b:c/%zz\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 503 \x1b[2Jbusy\r\n\r\n", "HTTP/1.1 -1 x\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n", "220 mail ESMTP\r\n", "", "\r\n\r\n", "\x16\x03\x01",
	} {
		f.Add([]byte(seed))
	}
	known := httptest.NewTLSServer(http.NotFoundHandler())
	f.Cleanup(known.Close)
	options := (&page{Server: known}).options()
	options.Dial = nil
	certificates := known.TLS.Certificates
	f.Fuzz(func(t *testing.T, answer []byte) {
		o := options
		o.Timeout = 2 * time.Second
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				conn := tls.Server(server, &tls.Config{Certificates: certificates})
				defer server.Close()
				if conn.Handshake() != nil {
					return
				}
				go func() { _, _ = io.Copy(io.Discard, conn) }()
				_, _ = conn.Write(answer)
				_ = conn.CloseWrite()
			}()
			return client, nil
		}
		a, err := ask(t, o, "https://example.com/reset")
		var failure *webprobe.Error
		switch {
		case err == nil && (a.Status < 200 || a.Status > 299):
			t.Errorf("status %d is taken for an answer", a.Status)
		case err != nil && !errors.As(err, &failure):
			t.Errorf("Ask: %v, want an *Error", err)
		case err != nil && !reasons.MatchString(failure.Reason()):
			t.Errorf("the reason %q is none of ours", failure.Reason())
		}
	})
}
