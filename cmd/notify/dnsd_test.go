package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"breachnotify/pkg/dnstest"
)

// cmdDNSD starts a DNS server for the rest of the script and sets DNS_ADDR:
//
//	dnsd FILE [broken=NAME,…] [silent=NAME,…]
//
// FILE holds records as a zone file does, with full names.
func cmdDNSD(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: dnsd FILE [broken=NAME,…] [silent=NAME,…]")
	}
	o := dnstest.Options{Records: ts.ReadFile(args[0])}
	for _, arg := range args[1:] {
		key, names, _ := strings.Cut(arg, "=")
		switch key {
		case "broken":
			o.Broken = strings.Split(names, ",")
		case "silent":
			o.Silent = strings.Split(names, ",")
		default:
			ts.Fatalf("dnsd: unknown option %s", arg)
		}
	}
	server, err := dnstest.Start(o)
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	ts.Setenv("DNS_ADDR", server.Addr())
}
