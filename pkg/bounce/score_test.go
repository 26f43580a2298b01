package bounce

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The floors that the collection of real bounces must not fall under, in percent of
// its rows.
const (
	floorFound      = 98.0
	floorPermanence = 97.5
	floorBoth       = 97.0
	floorWords      = 93.0 // recipient and permanence, by the words alone
)

// expectation is a row of expected.csv.
type expectation struct{ file, recipient, class, final, status string }

// score counts rows of the collection.
type score struct{ rows, named, found, classed, permanence, both, coded, status, kinds, falseBounces int }

func TestScoreOnRealBounces(t *testing.T) {
	s := measure(t, "whole messages", func(raw []byte) []byte { return raw })
	if p := percent(s.found, s.named); p < floorFound {
		t.Errorf("recipients found: %.1f %%, want at least %.1f", p, floorFound)
	}
	if p := percent(s.permanence, s.classed); p < floorPermanence {
		t.Errorf("permanence right: %.1f %%, want at least %.1f", p, floorPermanence)
	}
	if p := percent(s.both, s.classed); p < floorBoth {
		t.Errorf("recipient and permanence right: %.1f %%, want at least %.1f", p, floorBoth)
	}
	if s.falseBounces > 0 {
		t.Errorf("false bounces: %d, want none", s.falseBounces)
	}
}

// Where the part for machines is taken away, the words of the same messages must tell
// nearly as much: so do those of systems whose words nobody looked at before.
func TestScoreOnTheWordsOfRealBounces(t *testing.T) {
	part := regexp.MustCompile(`(?i)message/delivery-status`)
	field := regexp.MustCompile(`(?im)^(final|original)-recipient`)
	s := measure(t, "words alone", func(raw []byte) []byte {
		return field.ReplaceAll(part.ReplaceAll(raw, []byte("application/nothing")), []byte("x-nothing"))
	})
	if p := percent(s.both, s.classed); p < floorWords {
		t.Errorf("recipient and permanence right: %.1f %%, want at least %.1f", p, floorWords)
	}
}

// measure parses every file of the collection, changed by change, and counts what its
// rows say about the reports.
func measure(t *testing.T, name string, change func([]byte) []byte) score {
	dir := collection(t)
	var total score
	for _, row := range readExpected(t, dir) {
		raw, err := os.ReadFile(filepath.Join(dir, row.file))
		if err != nil {
			t.Fatal(err)
		}
		if wrong := total.add(row, parseReader(t, bytes.NewReader(change(raw)))); wrong != "" {
			t.Logf("%s: %s", row.file, wrong)
		}
	}
	total.log(t, name)
	return total
}

// add counts one row and says what is wrong with the report of it.
func (s *score) add(row expectation, report Report) string {
	var wrong []string
	s.rows++
	kind := kindWanted(row)
	failure := kind == KindBounce || kind == KindDelay
	switch {
	case report.Kind == kind:
		s.kinds++
	case report.Kind == KindBounce && !failure:
		s.falseBounces++
		fallthrough
	default:
		wrong = append(wrong, "kind is "+string(report.Kind)+", want "+string(kind))
	}
	r, found := recipientOf(report, row.recipient)
	if row.recipient != "" {
		s.named++
		if found {
			s.found++
		} else {
			wrong = append(wrong, "recipient not found")
		}
	}
	if failure {
		wrong = append(wrong, s.addFailure(row, r, found || row.recipient == "")...)
	}
	return strings.Join(wrong, "; ")
}

// addFailure counts what a row says about a failure or a delay.
func (s *score) addFailure(row expectation, r Recipient, found bool) (wrong []string) {
	s.classed++
	if r.Permanence == permanenceWanted(row) {
		s.permanence++
		if found {
			s.both++
		}
	} else {
		wrong = append(wrong, "permanence, want "+row.class)
	}
	if row.status != "" {
		s.coded++
		if r.Status == row.status {
			s.status++
		} else {
			wrong = append(wrong, "status, want "+row.status)
		}
	}
	return wrong
}

// recipientOf returns the recipient with an address, or else the first.
func recipientOf(report Report, address string) (Recipient, bool) {
	for _, r := range report.Recipients {
		if strings.EqualFold(r.Address, address) {
			return r, true
		}
	}
	if len(report.Recipients) == 0 {
		return Recipient{}, false
	}
	return report.Recipients[0], false
}

func kindWanted(row expectation) Kind {
	switch {
	case row.class == "feedback":
		return KindFeedback
	case row.class == "autoreply":
		return KindAutoReply
	case row.class == "delivered":
		return KindDelivered
	case row.final == "no":
		return KindDelay
	}
	return KindBounce
}

func permanenceWanted(row expectation) Permanence {
	switch row.class {
	case "permanent":
		return Permanent
	case "temporary":
		return Transient
	}
	return Unknown
}

func (s score) log(t *testing.T, name string) {
	t.Logf("%s: recipients %.1f %% of %d, permanence %.1f %% of %d, both %.1f %%, kind %.1f %% of %d, status %.1f %% of %d", name,
		percent(s.found, s.named), s.named, percent(s.permanence, s.classed), s.classed, percent(s.both, s.classed),
		percent(s.kinds, s.rows), s.rows, percent(s.status, s.coded), s.coded)
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

// collection returns the folder of real bounces, beside the checkout or named by the
// environment; it is not part of the project.
func collection(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("NOTIFY_BOUNCES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "bounces")
	}
	if _, err := os.Stat(filepath.Join(dir, "expected.csv")); err != nil {
		t.Skip("the collection of real bounces is not here; set NOTIFY_BOUNCES to its folder")
	}
	return dir
}

func readExpected(t *testing.T, dir string) []expectation {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "expected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("read expected.csv: %v", err)
	}
	var rows []expectation
	for _, r := range records[1:] {
		rows = append(rows, expectation{r[0], r[1], r[2], r[3], r[4]})
	}
	return rows
}

func parseFile(t *testing.T, name string) Report {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report, err := Parse(f, Options{})
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(name), err)
	}
	return report
}
