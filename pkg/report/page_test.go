package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"breachnotify/pkg/campaign"
)

func written(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func parsed(t *testing.T, r *Report) *html.Node {
	t.Helper()
	document, err := html.Parse(strings.NewReader(written(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// elements returns the elements of a name, in their order; of all names for "".
func elements(document *html.Node, name string) (found []*html.Node) {
	for n := range document.Descendants() {
		if n.Type == html.ElementNode && (name == "" || n.Data == name) {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// visible returns the text of a node, with a space between pieces and without styles.
func visible(n *html.Node) string {
	var words []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.DataAtom != atom.Style {
			words = append(words, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(words, " ")
}

func TestThePageStandsByItself(t *testing.T) {
	for _, e := range []campaign.Evidence{sample(), blank(), hostile()} {
		document := parsed(t, read(t, e))
		for _, n := range elements(document, "") {
			if slices.Contains([]string{"script", "img", "link", "iframe", "object", "embed", "base", "form", "a", "use", "image", "foreignobject", "template"}, strings.ToLower(n.Data)) {
				t.Errorf("the page has an element %s", n.Data)
			}
			for _, a := range n.Attr {
				if slices.Contains([]string{"src", "href", "srcset", "action", "data", "style", "background", "poster", "ping"}, a.Key) || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s> has the attribute %s", n.Data, a.Key)
				}
				if strings.Contains(a.Val, "//") || strings.Contains(a.Val, "url(") && !strings.HasPrefix(a.Val, "url(#p-") {
					t.Errorf("<%s %s> leads to %q", n.Data, a.Key, a.Val)
				}
			}
		}
	}
	if strings.Contains(styleSource, "url(") || strings.Contains(styleSource, "@import") {
		t.Error("the style loads something")
	}
}

func TestThePolicyAllowsThisStyleAlone(t *testing.T) {
	document := parsed(t, read(t, sample()))
	styles := elements(document, "style")
	if len(styles) != 1 {
		t.Fatalf("%d styles", len(styles))
	}
	sum := sha256.Sum256([]byte(styles[0].FirstChild.Data))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	for _, meta := range elements(document, "meta") {
		if attribute(meta, "http-equiv") == "Content-Security-Policy" {
			if got := attribute(meta, "content"); got != want {
				t.Errorf("the policy is %q\nwant %q", got, want)
			}
			return
		}
	}
	t.Error("there is no policy")
}

// void are the elements without an end tag in HTML; those of SVG close themselves.
var void = []string{"meta", "br"}

func TestThePageIsNestedRightly(t *testing.T) {
	for _, e := range []campaign.Evidence{sample(), blank(), hostile()} {
		var open []string
		for z := html.NewTokenizer(strings.NewReader(written(t, read(t, e)))); ; {
			kind := z.Next()
			if kind == html.ErrorToken {
				if !errors.Is(z.Err(), io.EOF) {
					t.Fatal(z.Err())
				}
				break
			}
			name, _ := z.TagName()
			switch kind {
			case html.StartTagToken:
				if !slices.Contains(void, string(name)) {
					open = append(open, string(name))
				}
			case html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != string(name) {
					t.Fatalf("</%s> ends %v", name, open)
				}
				open = open[:len(open)-1]
			}
		}
		if len(open) > 0 {
			t.Errorf("%v are left open", open)
		}
	}
}

func TestEveryPictureHasWordsAndNumbers(t *testing.T) {
	document := parsed(t, read(t, sample()))
	ids := map[string]*html.Node{}
	for _, n := range elements(document, "") {
		if id := attribute(n, "id"); id != "" {
			if ids[id] != nil {
				t.Errorf("two elements have the id %s", id)
			}
			ids[id] = n
		}
	}
	pictures := 0
	for _, n := range elements(document, "") {
		for id := range strings.FieldsSeq(attribute(n, "aria-labelledby")) {
			if ids[id] == nil || visible(ids[id]) == "" {
				t.Errorf("the label %s of <%s> says nothing", id, n.Data)
			}
		}
		if attribute(n, "role") == "img" {
			pictures++
			if attribute(n, "aria-labelledby") == "" {
				t.Error("a picture has no words")
			}
		}
		if fill := attribute(n, "fill"); strings.HasPrefix(fill, "url(#") && ids[strings.Trim(fill[5:], ")")] == nil {
			t.Errorf("nothing is known of the pattern %s", fill)
		}
	}
	if pictures != 3 {
		t.Errorf("%d pictures, want 3", pictures)
	}
}

// Each table with a foot adds up, column by column.
func TestTheTablesAddUp(t *testing.T) {
	summed := 0
	for _, table := range elements(parsed(t, read(t, sample())), "table") {
		feet := elements(table, "tfoot")
		if len(feet) == 0 {
			continue
		}
		summed++
		want := numbers(t, elements(feet[0], "tr")[0])
		got := make([]int64, len(want))
		for _, row := range elements(elements(table, "tbody")[0], "tr") {
			cells := numbers(t, row)
			for i := range got { // a column for numbers of rows comes before
				got[i] += cells[len(cells)-len(want)+i]
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the columns add up to %d, the foot says %d: %s", got, want, visible(table))
		}
	}
	if summed != 9 {
		t.Errorf("%d tables have a foot", summed)
	}
}

// numbers returns the numbers of a row, without shares.
func numbers(t *testing.T, row *html.Node) (list []int64) {
	t.Helper()
	for _, cell := range elements(row, "td") {
		text := visible(cell)
		if attribute(cell, "class") != "n" || strings.HasSuffix(text, "%") {
			continue
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
		if err != nil {
			t.Fatalf("a cell for a number holds %q", text)
		}
		list = append(list, n)
	}
	return list
}

const evil = `"'><script>alert(1)</script><img src=x onerror=a()>{{.}}</pre></td></svg></style>` + "\u202e\x00`${1}"

// hostile is the sample with markup wherever a stranger or a mistake could put it.
func hostile() campaign.Evidence {
	e := sample()
	e.Status.Campaign, e.Status.Plan = evil, evil
	e.Domains[0].Domain, e.Domains[1].Domain = evil, "]]>-->"
	e.Kinds[0].Locale = evil
	e.Bounces[0].Reason, e.Rejections[0].Enhanced = evil, evil
	e.Runs[0].Halted, e.Runs[0].Host = evil+" jane.doe@example.org", evil
	e.Resends[0].By, e.Resends[0].States = evil, []campaign.State{campaign.State(evil)}
	e.Pauses[0].Page = campaign.PageFailure{Link: evil, Reason: evil}
	e.Overrides[0] = campaign.Override{Rule: evil, Reason: evil + " jane.doe@example.org", By: evil, Command: evil, At: e.Overrides[0].At}
	e.Sessions[0] = campaign.Session{Host: evil, Peer: evil, Encryption: evil}
	e.Frozen.Wordings["incident."+evil], e.Frozen.Parts["incident."+evil] = []byte(evil), digest([]byte(evil))
	e.Frozen.Wordings["templates/en/sso.md"] = []byte(evil)
	e.Frozen.Parts["templates/en/sso.md"] = digest([]byte(evil))
	e.Frozen.Deadline.Term, e.Frozen.Deadline.Zone = evil, evil
	return e
}

func TestNothingBecomesMarkup(t *testing.T) {
	benign := hostile()
	benign.Frozen.Wordings["templates/en/sso.md"] = []byte("words")
	benign.Frozen.Parts["templates/en/sso.md"] = digest([]byte("words"))
	r := read(t, hostile())
	document := parsed(t, r)
	// The words that were put in are all there, as text, and have brought no element.
	count := strings.Count(visible(document), "<script>alert(1)</script>")
	if count < 12 {
		t.Errorf("the words are there %d times", count)
	}
	want := len(elements(parsed(t, read(t, benign)), ""))
	if got := len(elements(document, "")); got != want {
		t.Errorf("%d elements, want %d", got, want)
	}
	if text := written(t, r); strings.Contains(text, "jane.doe@") || !strings.Contains(text, "j***@example.org") {
		t.Error("an address in a reply is not masked")
	}
	if halted := r.Runs[0].Halted; strings.ContainsAny(halted, "\u202e\x00") {
		t.Errorf("a reply keeps what turns the direction of writing: %q", halted)
	}
}

func TestThePageSaysWhatItLacks(t *testing.T) {
	r := read(t, blank())
	r.Letters = nil
	text := visible(parsed(t, r))
	for _, want := range []string{"None of 3 notices", "3 are still to be sent", "Nothing has been accepted yet", "No relay has been used yet",
		"the configuration from which they were planned was not at hand", "left: 3"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestThePageSaysWhatHappened(t *testing.T) {
	text := visible(parsed(t, read(t, sample())))
	for _, want := range []string{
		"89,150 of 92,879 notices (96.0 %)", "stopped itself: too many rejections: at rcpt: 550 5.7.1 too much mail",
		"without a word", "run 1 halted", "TLS 1.3 TLS_AES_128_GCM_SHA256", "bounced, in doubt", "32 h 0 min before the deadline",
		"14 entries of the lists of affected accounts match no account", "31 of them about no notice",
		"Example Security security@example.com", digest([]byte("https://example.com/reset")), "Hello [name], written 2026-09-14",
		"Password, en: 64,057 notices", "the mailbox does not exist ( no_mailbox )",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// What the page and the JSON say of the deadline once nothing is left, while something is,
// and after it.
func TestTheReportSaysHowItStandsToTheDeadline(t *testing.T) {
	at := begun.Add(72 * time.Hour)
	for name, test := range map[string]struct {
		left, rejected int64
		stands         func(*campaign.Due)
		now            time.Time
		page, json     string
	}{
		"kept": {0, 0, func(d *campaign.Due) { d.Tried(begun.Add(40*time.Hour), 0) }, begun.Add(50 * time.Hour),
			"The last notice was tried at 2026-09-15 22:00 UTC , 32 h 0 min before the deadline .",
			`"done_by":"2026-09-15T22:00:00Z","tried_by":"2026-09-15T22:00:00Z","tried_margin_s":115200,"missed":false`},
		"kept, with a failure": {0, 1, func(d *campaign.Due) { d.Tried(begun.Add(40*time.Hour), 1) }, begun.Add(50 * time.Hour),
			"The last notice was tried at 2026-09-15 22:00 UTC , 32 h 0 min before the deadline ; 1 notice was not accepted.",
			`"done_by":null,"tried_by":"2026-09-15T22:00:00Z","tried_margin_s":115200,"missed":false`},
		"missed": {0, 2, func(d *campaign.Due) { d.Tried(begun.Add(73*time.Hour), 2) }, begun.Add(80 * time.Hour),
			"The last notice was tried at 2026-09-17 07:00 UTC , 1 h 0 min after the deadline ; 2 notices were not accepted.",
			`"done_by":null,"tried_by":"2026-09-17T07:00:00Z","tried_margin_s":-3600,"missed":true`},
		"under way": {5, 0, func(d *campaign.Due) { d.Expect(begun.Add(40 * time.Hour)) }, begun.Add(30 * time.Hour),
			"The last notice is expected to be handed over at 2026-09-15 22:00 UTC , 32 h 0 min before the deadline .",
			`"done_by":"2026-09-15T22:00:00Z","tried_by":null,"tried_margin_s":null,"missed":false`},
		"over": {5, 0, func(*campaign.Due) {}, begun.Add(80 * time.Hour),
			"It is over, with 5 notices still to be sent.",
			`"done_by":null,"tried_by":null,"tried_margin_s":null,"missed":true`},
	} {
		e := blank()
		e.Status.At, e.Status.Deadline = test.now, &campaign.Due{At: at}
		e.Status.Notices = counts(10, 0, test.rejected, 0, 0, test.left)
		e.Frozen.Deadline = campaign.Deadline{At: at, Discovered: begun, Term: "72h", Zone: "UTC"}
		test.stands(e.Status.Deadline)
		r := read(t, e)
		if text := visible(parsed(t, r)); !strings.Contains(text, test.page) {
			_, text, _ = strings.Cut(text, "Deadline:")
			t.Errorf("%s: the page says %.200q, want %q", name, text, test.page)
		}
		text, err := json.Marshal(r.Deadline)
		if err != nil || !strings.Contains(string(text), test.json) {
			t.Errorf("%s: the JSON is %s, %v, want %s", name, text, err, test.json)
		}
	}
}
