package live_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/export/live"
)

// secrets are in every URL of these tests, and in no error.
var secrets = []string{"s3cret", "jane-the-admin"}

// openNowhere opens a URL whose host cannot be reached and returns the error.
func openNowhere(t *testing.T, url string) error {
	t.Helper()
	source, err := live.Open(t.Context(), url, live.Options{})
	if err == nil {
		_ = source.Close()
	}
	return err
}

func TestURLsAreKnownByTheirScheme(t *testing.T) {
	for source, want := range map[string]bool{
		"postgres://h/d": true, "postgresql://h/d": true, "mysql://h/d": true, "MySQL://h/d": true,
		"sqlite://f": false, "accounts.csv": false, "postgres.csv": false, "./postgres://h": false, "mariadb://h/d": false, "": false,
	} {
		if got := live.IsURL(source); got != want {
			t.Errorf("%q is a URL of a database: %t, want %t", source, got, want)
		}
	}
}

func TestURLsThatMayLoseTheirPasswordAreRefused(t *testing.T) {
	for _, url := range []string{
		"postgres://jane-the-admin:s3cret/1@db.invalid/app",
		"postgres://jane-the-admin:12/s3cret@db.invalid/app",
		"postgres://jane-the-admin:12?s3cret@db.invalid/app",
		"postgres://jane-the-admin:12#s3cret@db.invalid/app",
		"postgres://jane-the-admin:s3cret%zz@db.invalid/app",
		"postgres://jane-the-admin:s3cret@db.invalid:port/app",
		"postgres://jane-the-admin:s3cret@db.invalid/app?sslmode=%zz",
		"postgres://jane-the-admin:s3cret@db.invalid/app\x00",
		"mysql://jane-the-admin:s3cret/1@db.invalid/app",
		"mysql://jane-the-admin:12/s3cret@db.invalid/app",
		"mysql://jane-the-admin:s3cret%zz@db.invalid/app",
		"mysql://jane-the-admin:s3cret@db.invalid:port/app",
		"mysql://jane-the-admin:s3cret@[db.invalid/app",
	} {
		refused(t, openNowhere(t, url), []string{"the URL of the database cannot be read", "%2F"}, secrets...)
	}
	refused(t, openNowhere(t, "postgres://jane-the-admin:s3cret@db.invalid"), []string{"names no database"}, secrets...)
	refused(t, openNowhere(t, "redis://jane-the-admin:s3cret@h/1"), []string{"not the URL of a database"}, secrets...)
}

// Clear text goes to another machine only if the URL says so.
func TestClearTextIsSaidOrRefused(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://jane-the-admin:s3cret@db.invalid/app?sslmode=prefer":                  "sslmode=prefer may send",
		"postgres://jane-the-admin:s3cret@db.invalid/app?sslmode=allow":                   "sslmode=allow may send",
		"postgres://jane-the-admin:s3cret@127.0.0.1,db.invalid/app?sslmode=prefer":        "sslmode=prefer may send",
		"mysql://jane-the-admin:s3cret@db.invalid/app?tls=preferred":                      "tls=preferred may send",
		"mysql://jane-the-admin:s3cret@db.invalid/app?ssl-mode=PREFERRED":                 "ssl-mode=preferred may send",
		"mysql://jane-the-admin:s3cret@db.invalid/app?ssl-mode=VERIFY_CA":                 "there are DISABLED, PREFERRED, REQUIRED, VERIFY_IDENTITY",
		"mysql://jane-the-admin:s3cret@db.invalid/app?tls=1":                              "there are true, skip-verify, preferred and false",
		"mysql://jane-the-admin:s3cret@db.invalid/app?allowCleartextPasswords=1":          `"allowCleartextPasswords" that is not known`,
		"mysql://jane-the-admin:s3cret@db.invalid/app?tls=skip-verify&ssl-ca=/etc/passwd": "ssl-ca without verification",
		"mysql://jane-the-admin:s3cret@db.invalid/app?ssl-ca=/no/such/file":               "/no/such/file",
		"mysql://jane-the-admin:s3cret@db.invalid/app?ssl-ca=/etc/passwd":                 "no certificate in PEM form",
	} {
		refused(t, openNowhere(t, url), []string{want}, secrets...)
	}
}

// A server without TLS hears neither the user nor the password where TLS is required.
func TestNothingGoesInClearToAServerWithoutTLS(t *testing.T) {
	postgres := serveOnce(t, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 8)) // the request for TLS, which N turns down
		_, _ = c.Write([]byte("N"))
	})
	mysql := serveOnce(t, func(c net.Conn) { _, _ = c.Write(mysqlGreeting()) })
	for url, server := range map[string]*listener{
		"postgres://jane-the-admin:s3cret@" + postgres.address + "/app?sslmode=require": postgres,
		"mysql://jane-the-admin:s3cret@" + mysql.address + "/app?tls=true":              mysql,
	} {
		refused(t, openNowhere(t, url), []string{"TLS", "if clear text is meant"}, secrets...)
		heard := server.heard(t)
		for _, secret := range append(secrets, "app") {
			if strings.Contains(heard, secret) {
				t.Errorf("the server heard %q in clear", heard)
			}
		}
	}
}

// mysqlGreeting is what a server without TLS says first (MySQL, Client/Server Protocol,
// HandshakeV10).
func mysqlGreeting() []byte {
	const capabilities = 0x0008_8200 // plugin authentication, secure connection, protocol 4.1
	body := append([]byte{10}, "8.0.0\x00\x01\x00\x00\x00saltsalt\x00"...)
	body = append(body, byte(capabilities&0xff), byte(capabilities>>8&0xff), 45, 2, 0, byte(capabilities>>16&0xff), 0, 21)
	body = append(body, make([]byte, 10)...)
	body = append(body, "saltsaltsalt\x00mysql_native_password\x00"...)
	return append([]byte{byte(len(body)), 0, 0, 0}, body...)
}

// listener is a server for one client.
type listener struct {
	address string
	client  chan net.Conn // once it has been greeted
}

// heard returns what the client has said after it was greeted.
func (l *listener) heard(t *testing.T) string {
	t.Helper()
	client := <-l.client
	defer client.Close()
	// A client that was refused says nothing more; one that was not has said it by now.
	if err := client.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(client)
	return string(said)
}

func serveOnce(t *testing.T, greet func(net.Conn)) *listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	server := &listener{address: l.Addr().String(), client: make(chan net.Conn, 1)}
	go func() {
		client, err := l.Accept()
		if err != nil {
			return // the test is over
		}
		greet(client)
		server.client <- client
	}()
	return server
}

func TestACancelledOpenSaysSo(t *testing.T) {
	for _, scheme := range []string{"postgres", "mysql"} {
		silent := serveOnce(t, func(net.Conn) {})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := live.Open(ctx, scheme+"://jane-the-admin:s3cret@"+silent.address+"/app", live.Options{})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want the error of the context", scheme, err)
		}
		refused(t, err, []string{"connect to the database"}, secrets...)
	}
}
