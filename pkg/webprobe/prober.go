package webprobe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// Prober asks web pages. It is safe for use by several goroutines, and holds nothing
// between two questions.
type Prober struct {
	options Options
}

// New returns a Prober, or an error for options that are not valid.
func New(o Options) (*Prober, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("ask web pages: %w", err)
	}
	return &Prober{o.withDefaults()}, nil
}

// Ask asks for the page of an https link and returns what it answered. The error is an
// *Error where the page does not answer with a status from 200 to 299 in time, and that
// of ctx where ctx ended.
func (p *Prober) Ask(ctx context.Context, link string) (Answer, error) {
	began := p.options.Now()
	within, cancel := context.WithTimeout(ctx, p.options.Timeout)
	defer cancel()
	a, failure := p.follow(within, link)
	a.Latency = p.options.Now().Sub(began)
	switch {
	case ctx.Err() != nil:
		return a, fmt.Errorf("ask a web page: %w", ctx.Err())
	case failure == nil:
		return a, nil
	case lateWords[failure.Stage] != "" && late(within, failure.Err):
		failure.Timeout = p.options.Timeout
	}
	return a, failure
}

// follow asks, and asks on where the answer is a redirect.
func (p *Prober) follow(ctx context.Context, link string) (a Answer, failure *Error) {
	target, host, err := parse(link)
	if err != nil {
		return a, &Error{Stage: StageURL, Err: err}
	}
	for first := host; ; a.Redirects++ {
		a.Host = host
		response, failure := p.get(ctx, target, &a)
		if failure != nil || !redirects(response) {
			return a, failure
		}
		refuse := func(err error) (Answer, *Error) {
			return a, &Error{Stage: StageRedirect, Host: host, Status: a.Status, Err: err}
		}
		if a.Redirects == p.options.Redirects {
			return refuse(errors.New("it redirects again and again"))
		}
		next, err := response.Location()
		if err != nil {
			return refuse(errors.New("it redirects to what is no link"))
		}
		to, err := check(next)
		if err != nil {
			return refuse(fmt.Errorf("it redirects: %w", err))
		}
		if to != first && !p.options.Allowed(to) {
			return refuse(errors.New("it redirects to a host that is not allowed"))
		}
		target, host = next, to
	}
}

func parse(link string) (target *url.URL, host string, err error) {
	target, err = url.Parse(link)
	if err != nil {
		return nil, "", errors.New("not a URL") // the error would show the link
	}
	host, err = check(target)
	return target, host, err
}

// check returns the host of a link in A-labels.
func check(link *url.URL) (host string, err error) {
	switch {
	case link.Scheme != "https":
		return "", errors.New("not an https link")
	case link.User != nil:
		return "", errors.New("a link with a user name")
	case link.Hostname() == "":
		return "", errors.New("a link without a host")
	}
	if net.ParseIP(link.Hostname()) != nil {
		return link.Hostname(), nil
	}
	host, err = idna.Lookup.ToASCII(link.Hostname())
	if err != nil {
		return "", errors.New("a host that is no name")
	}
	return strings.ToLower(host), nil
}

// redirects reports whether an answer says where else to ask (RFC 9110 section 15.4).
func redirects(r *http.Response) bool {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func fine(r *http.Response) bool { return r.StatusCode >= 200 && r.StatusCode <= 299 }

// get asks one host once, over a connection of its own, and puts what it learns into a.
// The body of the response is closed.
func (p *Prober) get(ctx context.Context, target *url.URL, a *Answer) (*http.Response, *Error) {
	a.Status, a.TLS, a.NotAfter = 0, "", time.Time{}
	raw, failure := p.dial(ctx, a.Host, target.Port())
	if failure != nil {
		return nil, failure
	}
	// What is left of the connection is of no use: its error cannot matter.
	defer func() { _ = raw.Close() }()
	conn := tls.Client(raw, &tls.Config{
		ServerName: a.Host, RootCAs: p.options.RootCAs, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}, Time: p.options.Now,
	})
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, &Error{Stage: StageTLS, Host: a.Host, Err: err}
	}
	state := conn.ConnectionState()
	a.TLS, a.NotAfter = tls.VersionName(state.Version), state.PeerCertificates[0].NotAfter
	response, err := p.exchange(ctx, conn, target)
	if err == nil {
		err = ctx.Err() // an answer that crossed the end of the time is none
	}
	if response != nil {
		a.Status = response.StatusCode
	}
	switch {
	case err != nil:
		return nil, &Error{Stage: stageOf(err), Host: a.Host, Err: err}
	case !redirects(response) && !fine(response):
		return nil, &Error{Stage: StageStatus, Host: a.Host, Status: a.Status}
	}
	return response, nil
}

func (p *Prober) dial(ctx context.Context, host, port string) (net.Conn, *Error) {
	if port == "" {
		port = "443"
	}
	conn, err := p.options.Dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err == nil {
		return conn, nil
	}
	stage := StageConnect
	var unknown *net.DNSError
	if errors.As(err, &unknown) {
		stage = StageResolve
	}
	return nil, &Error{Stage: stage, Host: host, Err: err}
}

// exchange sends the request over conn and reads the response. Of a page that is there it
// reads the body too, or as much of it as is looked at: a page whose end does not come
// helps nobody. The response is returned with the error where its head has come.
func (p *Prober) exchange(ctx context.Context, conn net.Conn, target *url.URL) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", p.options.Agent)
	transport := &http.Transport{
		DialTLSContext:         func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		DisableKeepAlives:      true,
		DisableCompression:     true, // nothing is unpacked
		MaxResponseHeaderBytes: maxHeader,
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if fine(response) {
		_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	}
	_ = response.Body.Close() // all that is wanted of it has been read
	return response, err
}

// stageOf tells a server that says nothing from one that says something else.
func stageOf(err error) Stage {
	var broken net.Error
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &broken) {
		return StageSilent
	}
	return StageReply
}
