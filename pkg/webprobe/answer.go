package webprobe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"
)

// Answer is what is known of a page that was asked. Of one that failed it holds what was
// known until then.
type Answer struct {
	Status    int           // of HTTP; 0: none came
	Latency   time.Duration // from the beginning until the whole answer was there
	Host      string        // that answered last, in A-labels
	Redirects int           // that were followed
	TLS       string        // version, such as TLS 1.3; empty: there was none
	NotAfter  time.Time     // when the certificate of Host ends; zero: none was seen
}

// Stage is how far an answer came.
type Stage string

// The stages.
const (
	StageURL      Stage = "url"      // the link is none that is asked: not https, with a user name, no host
	StageResolve  Stage = "resolve"  // its name has no address
	StageConnect  Stage = "connect"  // nobody takes the connection
	StageTLS      Stage = "tls"      // TLS fails, or the certificate is not valid
	StageSilent   Stage = "silent"   // no whole answer came, or not in time
	StageReply    Stage = "reply"    // what came is not HTTP
	StageRedirect Stage = "redirect" // it leads where it may not be followed, or on and on
	StageStatus   Stage = "status"   // the answer is none of 200 to 299
)

// Error is why a page does not answer.
type Error struct {
	Stage  Stage
	Host   string // that was asked last; empty: the link has none
	Status int    // of HTTP, with StageStatus and StageRedirect; 0: none
	// Timeout is the time after which the page was given up; 0: that was not the reason.
	Timeout time.Duration
	// Err is what went wrong; nil: Stage says it all. Its text may hold what a server
	// wrote, which Error and Reason leave out.
	Err error
}

var _ error = (*Error)(nil)

// Error says who was asked, and why that is no answer.
func (e *Error) Error() string {
	if e.Host == "" {
		return "ask a web page: " + e.Reason()
	}
	return fmt.Sprintf("ask %s: %s", e.Host, e.Reason())
}

// Unwrap returns what went wrong.
func (e *Error) Unwrap() error { return e.Err }

// Reason says in a few words why that is no answer: the status alone where there is one.
func (e *Error) Reason() string {
	if e.Timeout > 0 {
		return fmt.Sprintf("%s within %v", lateWords[e.Stage], e.Timeout)
	}
	switch e.Stage {
	case StageStatus:
		return strconv.Itoa(e.Status)
	case StageConnect:
		return connectReason(e.Err)
	case StageTLS:
		return tlsReason(e.Err)
	case StageURL, StageRedirect:
		if e.Err != nil {
			return e.Err.Error() // always one of ours
		}
	case StageSilent:
		if errors.Is(e.Err, syscall.ECONNRESET) || errors.Is(e.Err, io.EOF) || errors.Is(e.Err, io.ErrUnexpectedEOF) {
			return "the connection was closed before the end of the answer"
		}
	}
	return words[e.Stage]
}

// words say what each stage means where nothing more is known.
var words = map[Stage]string{
	StageURL:      "not a link that can be asked",
	StageResolve:  "its name was not found",
	StageConnect:  "no connection",
	StageTLS:      "TLS failed",
	StageSilent:   "no whole answer",
	StageReply:    "what came is not HTTP",
	StageRedirect: "a redirect that is not followed",
	StageStatus:   "no status",
}

// lateWords say what did not come in time.
var lateWords = map[Stage]string{
	StageResolve: "its name was not found",
	StageConnect: "no connection",
	StageTLS:     "no TLS",
	StageSilent:  "no whole answer",
}

func connectReason(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no way to its address"
	}
	return words[StageConnect]
}

// tlsReason tells failures apart without the names that stand in a certificate.
func tlsReason(err error) string {
	var (
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return "the certificate is by an authority that is not trusted"
	case errors.As(err, &name):
		return "the certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired, or is not valid yet"
	case errors.As(err, &invalid):
		return "the certificate is not valid"
	case errors.As(err, &record):
		return "it does not speak TLS"
	}
	return words[StageTLS]
}

// late reports whether err came because the time that ctx had is over. The timers of a
// connection may go off a moment before that of the context does.
func late(ctx context.Context, err error) bool {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return true
	}
	var timeout net.Error
	deadline, _ := ctx.Deadline()
	return errors.As(err, &timeout) && timeout.Timeout() && !time.Now().Before(deadline)
}
