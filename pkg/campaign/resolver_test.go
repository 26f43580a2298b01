package campaign

import (
	"strings"
	"testing"
)

func TestResolverAddress(t *testing.T) {
	for given, want := range map[string]string{
		"":                   "",
		"192.0.2.53":         "192.0.2.53:53",
		"192.0.2.53:5353":    "192.0.2.53:5353",
		"2001:db8::53":       "[2001:db8::53]:53",
		"[2001:db8::53]:53":  "[2001:db8::53]:53",
		"dns.example.com:53": "dns.example.com:53",
	} {
		if got, ok := (Check{Resolver: given}).ResolverAddress(); !ok || got != want {
			t.Errorf("%q is %q, %t, want %q", given, got, ok, want)
		}
	}
}

func TestResolverThatNamesNoServer(t *testing.T) {
	for _, given := range []string{"dns.example.com", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536", "192.0.2.53:domain", ":53", "a b:53", "https://dns.example.com/:53", "192.0.2.53/24"} {
		_, err := Load([]byte(minimal+"check: {resolver: '"+given+"'}\n"), Options{})
		if err == nil || !strings.Contains(err.Error(), "notify.yaml:14:19: check.resolver: want the IP address") {
			t.Errorf("%q gives %v", given, err)
		}
	}
}
