package live

import "testing"

// What a URL that says nothing of TLS leads to.
func TestTLSIsVerifiedWhereTheURLSaysNothing(t *testing.T) {
	for _, each := range []struct {
		url                     string
		environment             string
		tls, verified, fallback bool
	}{
		{url: "postgres://db.example.com/app", tls: true, verified: true},
		{url: "postgres://db.example.com/app?connect_timeout=3", tls: true, verified: true},
		{url: "postgres://db.example.com/app", environment: "disable", tls: true, verified: true},
		{url: "postgres://db.example.com/app", environment: "prefer", tls: true, verified: true},
		{url: "postgres://db.example.com/app?sslmode=require", tls: true},
		{url: "postgres://db.example.com/app?sslmode=disable"},
		{url: "postgres://10.0.0.1,127.0.0.1/app", tls: true, verified: true},
		{url: "postgres://127.0.0.1/app", tls: true, fallback: true},
		{url: "postgres://[::1]/app", tls: true, fallback: true},
		{url: "postgres://localhost/app", tls: true, fallback: true},
		{url: "postgres:///app?host=/run/postgresql"},
	} {
		t.Setenv("PGSSLMODE", each.environment)
		a, err := parseAddress(each.url)
		if err != nil {
			t.Fatal(err)
		}
		config, _, err := postgresConfig(a)
		if err != nil {
			t.Fatalf("%s: %v", each.url, err)
		}
		tls, verified := config.TLSConfig != nil, config.TLSConfig != nil && !config.TLSConfig.InsecureSkipVerify
		fallback := false
		for _, f := range config.Fallbacks {
			fallback = fallback || f.TLSConfig == nil
		}
		if tls != each.tls || verified != each.verified || fallback != each.fallback {
			t.Errorf("%s with PGSSLMODE=%s: TLS %t, verified %t, clear text as a way out %t; want %t, %t, %t",
				each.url, each.environment, tls, verified, fallback, each.tls, each.verified, each.fallback)
		}
	}
	for url, want := range map[string]string{
		"mysql://db.example.com/app":                   "true",
		"mysql://db.example.com/app?tls=skip-verify":   "skip-verify",
		"mysql://db.example.com/app?ssl-mode=required": "skip-verify",
		"mysql://db.example.com/app?tls=false":         "false",
		"mysql://db.example.com/app?ssl-mode=DISABLED": "false",
		"mysql://127.0.0.1:3307/app":                   "preferred",
		"mysql:///app":                                 "preferred",
		"mysql:///app?socket=/run/mysqld/mysqld.sock":  "false",
	} {
		a, err := parseAddress(url)
		if err != nil {
			t.Fatal(err)
		}
		config, _, err := mariadbConfig(a)
		if err != nil || config.TLSConfig != want {
			t.Errorf("%s: tls=%s (%v), want %s", url, config.TLSConfig, err, want)
		}
	}
}
