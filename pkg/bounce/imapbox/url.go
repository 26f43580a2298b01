package imapbox

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"breachnotify/pkg/hint"
)

// URL names a folder of a mailbox (RFC 5092, without its parameters).
type URL struct {
	Implicit bool // imaps: TLS from the first byte; imap: STARTTLS
	Host     string
	Port     int
	User     string
	Folder   string // INBOX where the URL names none
}

// IsURL reports whether a path is meant as the URL of a mailbox.
func IsURL(path string) bool {
	scheme, _, ok := strings.Cut(path, "://")
	return ok && (strings.EqualFold(scheme, "imaps") || strings.EqualFold(scheme, "imap"))
}

// ParseURL reads imaps://user@host[:port]/FOLDER. Errors hold nothing of the URL but
// its host, since somebody may have written a password into it.
func ParseURL(raw string) (URL, error) {
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Scheme != "imaps" && parsed.Scheme != "imap" || parsed.Opaque != "" {
		return URL{}, hint.Wrap(errors.New("this is no URL of a mailbox"), "write it as imaps://user@host/FOLDER, with %%40 for the @ in the user's name")
	}
	u := URL{Implicit: parsed.Scheme == "imaps", Host: parsed.Hostname(), User: parsed.User.Username(), Port: 143, Folder: "INBOX"}
	if u.Implicit {
		u.Port = 993
	}
	if _, ok := parsed.User.Password(); ok {
		return URL{}, hint.Wrap(errors.New("the URL of the mailbox holds a password"),
			"everybody on this machine can read it there: take it out, change it, and give the new one by the environment, a file or a command")
	}
	if folder := strings.TrimPrefix(parsed.Path, "/"); folder != "" {
		u.Folder = folder
	}
	return u, u.check(parsed)
}

func (u *URL) check(parsed *url.URL) error {
	if port := parsed.Port(); port != "" {
		number, err := strconv.Atoi(port)
		if err != nil || number < 1 || number > 65535 {
			return fmt.Errorf("the URL of the mailbox has a port that does not exist: %s", port)
		}
		u.Port = number
	}
	switch {
	case u.Host == "" || strings.ContainsFunc(u.Host, control):
		return errors.New("the URL of the mailbox has no usable host")
	case u.User == "" || strings.ContainsFunc(u.User, control):
		return errors.New("the URL of the mailbox has no usable user name")
	case strings.ContainsFunc(u.Folder, control):
		return errors.New("the folder of the mailbox holds a control character")
	case parsed.RawQuery != "" || parsed.Fragment != "" || strings.Contains(u.Folder, ";"):
		return errors.New("the URL of the mailbox has more than a user, a host, a port and a folder")
	}
	return nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// String returns the URL without the user.
func (u URL) String() string {
	scheme := "imap"
	if u.Implicit {
		scheme = "imaps"
	}
	return fmt.Sprintf("%s://%s/%s", scheme, u.address(), u.Folder)
}

func (u URL) address() string { return net.JoinHostPort(u.Host, strconv.Itoa(u.Port)) }
