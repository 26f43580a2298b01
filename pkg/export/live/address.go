package live

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"breachnotify/pkg/hint"
)

// address is the URL of a database, in parts that are certain.
type address struct {
	scheme string // in lower case
	raw    string // all of it, with the scheme in lower case
	query  url.Values
}

// errAddress is all that is said of a URL that cannot be parsed: every part of it may be
// a part of the password.
var errAddress = hint.Wrap(errors.New("the URL of the database cannot be read"),
	"write %% as %%25, @ as %%40, / as %%2F, : as %%3A, ? as %%3F and # as %%23 in the user and the password")

// parseAddress splits a URL. One with an @ behind its host is refused: there the password
// most likely has a character that ends the host, and a part of it would be taken for a
// name.
func parseAddress(raw string) (address, error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if schemes[scheme] == nil {
		return address{}, hint.Wrap(errors.New("not the URL of a database"),
			"it begins with postgres://, postgresql:// or mysql://")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if strings.ContainsAny(rest[end:], "@#") || strings.ContainsAny(raw, "\x00\r\n") {
		return address{}, errAddress
	}
	_, query, _ := strings.Cut(rest[end:], "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return address{}, errAddress
	}
	return address{scheme: scheme, raw: scheme + "://" + rest, query: values}, nil
}

// with returns the URL with one more parameter.
func (a address) with(name, value string) string {
	separator := "?"
	if strings.Contains(a.raw, "?") {
		separator = "&"
	}
	return a.raw + separator + name + "=" + url.QueryEscape(value)
}

// isLocal reports whether what goes to host stays on this machine.
func isLocal(host string) bool {
	if isSocket(host) || strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// isSocket reports whether a host is the path of a Unix socket, or of the folder of one.
func isSocket(host string) bool { return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") }

// publicName returns what errors call a database.
func publicName(scheme, host, port, database string) string {
	u := url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port), Path: "/" + database}
	if isSocket(host) {
		u.Host, u.RawQuery = "", "host="+host
	}
	return u.String()
}

// errClear refuses a way that may send data and passwords in clear to another machine.
func errClear(name, parameter, value, verified, clear string) error {
	return hint.Wrap(fmt.Errorf("%s: %s=%s may send the password and the rows in clear text to another machine", name, parameter, value),
		"write %s for TLS with verification, or %s if clear text is meant", verified, clear)
}
