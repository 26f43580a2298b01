package check

import (
	"strings"
	"testing"

	"breachnotify/pkg/account"
)

func TestHostsAreJudged(t *testing.T) {
	in := &inspected{official: []string{"example.com", "acme-shop.co.uk"}}
	for host, want := range map[string]hostKind{
		"example.com":                   hostOfficial,
		"EXAMPLE.com.":                  hostOfficial,
		"a.b.example.com":               hostOfficial,
		"example.net.org":               hostForeign,
		"unrelated.org":                 hostForeign,
		"acme-shop.com":                 hostForeign,
		"notexample.com":                hostForeign,
		"example.com.evil.org":          hostLookAlike,
		"example-com.evil.org":          hostLookAlike,
		"login-example-com.org":         hostLookAlike,
		"examp1e.com":                   hostLookAlike,
		"exarnple.com":                  hostLookAlike,
		"exmple.com":                    hostLookAlike,
		"еxample.com":                   hostLookAlike, // a Cyrillic letter
		"xn--xample-2of.com":            hostLookAlike, // the same
		"exämple.com":                   hostLookAlike,
		"xn--bcher-kva.org":             hostLookAlike, // punycode, and like nothing
		"10.0.0.1":                      hostLocal,
		"192.168.0.1":                   hostLocal,
		"172.20.1.1":                    hostLocal,
		"127.0.0.1":                     hostLocal,
		"169.254.1.1":                   hostLocal,
		"100.64.0.1":                    hostLocal,
		"8.8.8.8":                       hostLocal,
		"::1":                           hostLocal,
		"fe80::1%eth0":                  hostLocal,
		"fd00::1":                       hostLocal,
		"::ffff:10.0.0.1":               hostLocal,
		"2130706433":                    hostLocal,
		"0x7f.1":                        hostLocal,
		"router":                        hostLocal,
		"router.local":                  hostLocal,
		"nas.home.arpa":                 hostLocal,
		"localhost.":                    hostLocal,
		"local.example.com":             hostOfficial,
		strings.Repeat("a", 300) + ".x": hostForeign,
	} {
		if got, why := in.judgeHost(host); got != want {
			t.Errorf("%s is %d (%s), want %d", host, got, why, want)
		}
	}
}

func TestShownAddressesAreHeldAgainstTheirTargets(t *testing.T) {
	for _, c := range []struct {
		words, target string
		same          bool
	}{
		{"https://example.com/a", "https://example.com/a", true},
		{"https://example.com", "https://example.com/", true},
		{"example.com", "https://www.example.com/", true},
		{"example.com", "https://example.com/reset", true},
		{"https://example.com", "https://example.com/reset", false},
		{"example.com/a", "https://example.com/b", false},
		{"https://example.com/?a=1", "https://example.com/?a=2", false},
		{"help@example.com", "mailto:help@example.com", true},
		{"help@example.com", "mailto:other@example.com", false},
		{"help@example.com", "https://example.com/", false},
	} {
		if got := sameAddress(c.words, c.target); got != c.same {
			t.Errorf("%s leading to %s: %v", c.words, c.target, got)
		}
	}
}

func TestLinksOfTheReaderAreFoundInAnyForm(t *testing.T) {
	to, err := account.ParseAddress("Jane.Doe@example.org")
	if err != nil {
		t.Fatal(err)
	}
	s := testSubject(t)
	s.Notices = s.Notices[:1]
	s.Notices[0].Variants[0].Recipient.To = to
	for _, piece := range []string{
		"?u=jane.doe%40example.org", "/jane.doe", "#1017", "/u/1017/x", "?t=sample1",
		"?h=ff1ca79d2bdb23ae0cfbb9bb7a3a43ea", // no hash of the address
		"?u=SmFuZS5Eb2VAZXhhbXBsZS5vcmc=", "?SmFuZS5Eb2VAZXhhbXBsZS5vcmc",
	} {
		changed := *s
		changed.Notices = []Notice{{s.Notices[0].Class, s.Notices[0].Locale, []Variant{s.Notices[0].Variants[0]}}}
		link("https://example.com/p" + piece)(&changed)
		found := 0
		for _, f := range run(t, &changed).Findings {
			if f.Rule == "link-reader" {
				found++
				if strings.Contains(strings.ToLower(f.What), "jane") || strings.Contains(f.What, "1017") {
					t.Errorf("the finding shows the reader: %s", f.What)
				}
			}
		}
		if want := !strings.HasPrefix(piece, "?h="); (found > 0) != want {
			t.Errorf("%s: %d findings", piece, found)
		}
	}
}

// FuzzJudgeHost holds that no host is official that is not below an official domain.
func FuzzJudgeHost(f *testing.F) {
	for _, host := range []string{"example.com", "a.example.com.", "еxample.com", "xn--", "[::1%25eth0]", "0x7f.1", "..", "example.com\x00.org", ""} {
		f.Add(host)
	}
	in := &inspected{official: []string{"example.com"}}
	f.Fuzz(func(t *testing.T, host string) {
		judged, why := in.judgeHost(host)
		if judged == hostOfficial {
			if c := canonicalHost(host); c != "example.com" && !strings.HasSuffix(c, ".example.com") {
				t.Errorf("%q is official", host)
			}
		} else if judged != hostForeign && why == "" {
			t.Errorf("%q is %d without a reason", host, judged)
		}
	})
}
