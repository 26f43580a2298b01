package feed

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/hint"
)

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// walk reads a feed from the standard input.
func walk(input io.Reader) (events []Event, errs []error) {
	for e, err := range Walk(context.Background(), []string{"-"}, input) {
		if err != nil {
			errs = append(errs, err)
		} else {
			events = append(events, e)
		}
	}
	return events, errs
}

// written writes an event on a line for each recipient.
func written(events []Event) []string {
	var all []string
	for _, e := range events {
		if len(e.Recipients) == 0 {
			all = append(all, fmt.Sprintf("%s %s", e.Source, e.Kind))
		}
		for _, r := range e.Recipients {
			final := ""
			if r.Final {
				final = " final"
			}
			all = append(all, fmt.Sprintf("%s %s %s <%s> %s %s%s %s <%s>", e.Source, e.Kind, r.Action, r.Address, r.Status, r.Permanence, final, r.Reason, e.MessageID))
		}
	}
	return all
}

const (
	postmarkBounce = `{"RecordType":"Bounce","ID":42,"Type":"HardBounce","TypeCode":1,"MessageID":"00000000-0000-0000-0000-000000000000","Details":"550 5.1.1 no","Email":"a@example.org","BouncedAt":"2026-09-08T10:11:12.1234567Z"}`
	sendGridSent   = `{"email":"b@example.org","event":"delivered","timestamp":1788862272,"smtp-id":"<2@acme.example>","sg_event_id":"x1","response":"250 2.0.0 OK"}`
)

var bothTold = []string{
	"postmark bounce failed <a@example.org> 5.1.1 permanent final no_mailbox <>",
	"sendgrid delivered delivered <b@example.org> 2.0.0 unknown final  <2@acme.example>",
}

func TestForms(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, postmarkBounce+"\n"+sendGridSent)
	noError(t, errors.Join(err, w.Close()))
	pretty := strings.NewReplacer(`,"`, ",\n  \"", "{", "{\n  ", "}", "\n}").Replace
	for name, input := range map[string]string{
		"NDJSON":                     postmarkBounce + "\n" + sendGridSent + "\n",
		"NDJSON with CRLF and gaps":  "\r\n" + postmarkBounce + "\r\n\r\n" + sendGridSent,
		"an array on one line":       "[" + postmarkBounce + "," + sendGridSent + "]",
		"an array on many lines":     "[\n" + pretty(postmarkBounce) + ",\n" + pretty(sendGridSent) + "\n]\n",
		"objects on many lines":      pretty(postmarkBounce) + "\n" + pretty(sendGridSent),
		"objects without line ends":  postmarkBounce + sendGridSent,
		"arrays, one a line":         "[" + postmarkBounce + "]\n[" + sendGridSent + "]\n",
		"a byte order mark":          "\xef\xbb\xbf" + postmarkBounce + "\n" + sendGridSent,
		"gzip":                       packed.String(),
		"a long array":               "[" + postmarkBounce + strings.Repeat(" ", 1<<17) + "," + sendGridSent + "]",
		"a long second line, NDJSON": postmarkBounce + "\n" + strings.Repeat(" ", 1<<17) + sendGridSent + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			events, errs := walk(strings.NewReader(input))
			if got := written(events); len(errs) > 0 || !slices.Equal(got, bothTold) {
				t.Errorf("told\n%s\nerrors %v", strings.Join(got, "\n"), errs)
			}
			for i, e := range events {
				if e.Number != int64(i+1) || e.File != "-" || len(e.Digest) != 64 {
					t.Errorf("event %d: %+v", i, e)
				}
			}
		})
	}
}

func TestOneBadEventDoesNotEndTheReading(t *testing.T) {
	for name, c := range map[string]struct {
		input string
		place string
	}{
		"a cut line of NDJSON":     {postmarkBounce + "\n" + `{"email":"c@exam` + "\n" + sendGridSent, "-: line 2: not JSON"},
		"a foreign line of NDJSON": {postmarkBounce + "\n" + `{"level":"info","who@example.org":1}` + "\n" + sendGridSent, "-: line 2: the object has the names level: "},
		"an element of an array":   {"[" + postmarkBounce + ",7," + sendGridSent + "]", "-: line 1: a JSON value that is no object"},
		"an element on its lines":  {"[\n" + postmarkBounce + ",\n{\n\"c@example.org\":1}," + sendGridSent + "]", "-: byte "},
	} {
		t.Run(name, func(t *testing.T) {
			events, errs := walk(strings.NewReader(c.input))
			if got := written(events); !slices.Equal(got, bothTold) {
				t.Errorf("told\n%s", strings.Join(got, "\n"))
			}
			if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), c.place) || strings.Contains(errs[0].Error(), "example.org") {
				t.Errorf("errors %v, want one that begins with %q and has no address", errs, c.place)
			}
		})
	}
}

func TestWhatIsUnknownIsAnErrorThatSaysWhatIsKnown(t *testing.T) {
	for name, input := range map[string]string{
		"another JSON":        `{"level":"info"}`,
		"a bare text":         `"jane@example.org"` + "\n",
		"another table":       "id,email,name\n1,jane@example.org,Jane\n",
		"a table, no header":  "jane@example.org,550\n",
		"an array of nothing": `[1,2]`,
		"empty":               "",
		"a message":           "From: x\nTo: y\n\nz",
		"envelopes forever":   strings.Repeat(`{"Sns":`, 50) + "1" + strings.Repeat("}", 50),
	} {
		t.Run(name, func(t *testing.T) {
			events, errs := walk(strings.NewReader(input))
			if len(events) > 0 || len(errs) == 0 || !errors.Is(errs[0], ErrUnknown) || strings.Contains(errs[0].Error(), "jane") {
				t.Fatalf("events %v, errors %v, want ErrUnknown", written(events), errs)
			}
			if name != "empty" && len(hint.Of(errs[0])) == 0 {
				t.Errorf("%v has no hint", errs[0])
			}
		})
	}
}

func TestBrokenJSONSaysWhere(t *testing.T) {
	events, errs := walk(strings.NewReader("[\n" + postmarkBounce + ",\n" + sendGridSent[:30]))
	if len(events) != 1 || len(errs) != 1 || !errors.Is(errs[0], io.ErrUnexpectedEOF) || !strings.Contains(errs[0].Error(), "-: byte ") {
		t.Errorf("events %v, errors %v", written(events), errs)
	}
}

func TestAValueWithoutEndIsBounded(t *testing.T) {
	for name, start := range map[string]string{"stream": "{\"a\":\n\"", "lines": postmarkBounce + "\n{\"a\":\"", "table": "email,event\n\""} {
		t.Run(name, func(t *testing.T) {
			counted := &counting{r: io.MultiReader(strings.NewReader(start), endless{})}
			_, errs := walk(counted)
			if len(errs) != 1 || !strings.Contains(errs[0].Error(), "larger than") || counted.n > 2*maxValue {
				t.Errorf("errors %v after %d bytes", errs, counted.n)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func TestFilesAreReadInOrderAndAMissingOneIsTold(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.json"), filepath.Join(dir, "two.json")
	noError(t, os.WriteFile(one, []byte(postmarkBounce), 0o600))
	noError(t, os.WriteFile(two, []byte(sendGridSent), 0o600))
	var files []string
	var errs []error
	for e, err := range Walk(context.Background(), []string{one, filepath.Join(dir, "none"), two}, nil) {
		if err != nil {
			errs = append(errs, err)
		} else {
			files = append(files, e.File)
		}
	}
	if !slices.Equal(files, []string{one, two}) || len(errs) != 1 || !errors.Is(errs[0], os.ErrNotExist) {
		t.Errorf("files %q, errors %v", files, errs)
	}
}

func TestACancelledContextEndsTheWalk(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var errs []error
	for _, err := range Walk(ctx, []string{"-", "-"}, strings.NewReader(postmarkBounce)) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("errors %v", errs)
	}
}

func TestTheConsumerMayStopAtAnyEvent(t *testing.T) {
	for _, input := range []string{postmarkBounce + "\n" + sendGridSent, "[\n" + postmarkBounce + "," + sendGridSent + "]", "email,event\na@example.org,open\nb@example.org,open\n", "x", `{"items":[1,2]}`} {
		for range Walk(context.Background(), []string{"-", "-"}, strings.NewReader(input)) {
			break // going on would panic
		}
	}
}

// FuzzWalk holds that nothing that is read makes a walk panic, and that every event has
// an identity, a source and a kind.
func FuzzWalk(f *testing.F) {
	for _, c := range providerCases {
		f.Add([]byte(c.input))
	}
	f.Add([]byte("[\n" + postmarkBounce + ",\n" + sendGridSent))
	f.Add([]byte("status,reason,email,created\n5.1.1,\"550 no\nuser\",a@example.org,1788862272\n"))
	f.Add([]byte("{}{}[[{\"Type\":\"Notification\",\"Message\":\"{}\"}]]"))
	f.Fuzz(func(t *testing.T, input []byte) {
		events, _ := walk(bytes.NewReader(input))
		for _, e := range events {
			if len(e.Digest) != 64 || e.Source == "" || e.Kind == "" || e.Number < 1 {
				t.Fatalf("%+v", e)
			}
		}
	})
}
