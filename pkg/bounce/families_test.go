package bounce

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Each archive of testdata/families holds messages of one family of mail systems, and
// with each NAME.eml a NAME.want of what it says:
//
//	bounce                                                 the kind
//	jo@example.org failed 5.1.1 permanent no_mailbox       a recipient; - is empty, * anything
//	message-id x@notify.example                            of the original, where it is told
//
// A line that is * alone stands for any recipients.
func TestFamiliesOfMailSystemsAreRead(t *testing.T) {
	for _, m := range families(t) {
		t.Run(m.name, func(t *testing.T) { wantSaid(t, parseReader(t, bytes.NewReader(m.mail)), m.want) })
	}
}

// familyMessage is a message of an archive and what it says.
type familyMessage struct {
	name string // of the archive and of the message
	mail []byte
	want string
}

func families(t testing.TB) []familyMessage {
	t.Helper()
	archives, err := filepath.Glob("testdata/families/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no families to test with: %v", err)
	}
	var all []familyMessage
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(archive.Files)%2 != 0 {
			t.Fatalf("%s: a message has no expectation", name)
		}
		family := strings.TrimSuffix(filepath.Base(name), ".txtar")
		for i := 0; i < len(archive.Files); i += 2 {
			mail, want := archive.Files[i], archive.Files[i+1]
			message, isMail := strings.CutSuffix(mail.Name, ".eml")
			if !isMail || want.Name != message+".want" {
				t.Fatalf("%s: %s is followed by %s", name, mail.Name, want.Name)
			}
			all = append(all, familyMessage{family + "/" + message, mail.Data, string(want.Data)})
		}
	}
	return all
}

func wantSaid(t *testing.T, report Report, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(want), "\n")
	if report.Kind != Kind(lines[0]) {
		t.Errorf("kind is %s, want %s", report.Kind, lines[0])
	}
	var recipients []string
	for _, line := range lines[1:] {
		if id, ok := strings.CutPrefix(line, "message-id "); !ok {
			recipients = append(recipients, line)
		} else if report.MessageID != id {
			t.Errorf("message id is %q, want %q", report.MessageID, id)
		}
	}
	if len(recipients) == 1 && recipients[0] == "*" {
		return
	}
	if len(recipients) != len(report.Recipients) {
		t.Errorf("%d recipients, want %d", len(report.Recipients), len(recipients))
	}
	for i, r := range report.Recipients {
		got := saidOf(r)
		if i >= len(recipients) || !isSaid(got, strings.Fields(recipients[i])) {
			t.Errorf("got %s (%s)", strings.Join(got, " "), r.Diagnostic)
		}
	}
}

// saidOf returns what a report says about a recipient, as the lines of the archives
// have it.
func saidOf(r Recipient) []string {
	said := []string{r.Address, r.Action, r.Status, string(r.Permanence), r.Reason}
	for i := range said {
		said[i] = cmp.Or(said[i], "-")
	}
	return said
}

func isSaid(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != got[i] {
			return false
		}
	}
	return true
}

// Each line of testdata/diagnostics.txt is a reason, a permanence and what a server says
// without a code.
func TestWordsOfServersAreUnderstood(t *testing.T) {
	raw, err := os.ReadFile("testdata/diagnostics.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		reason, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		permanence, said, _ := strings.Cut(rest, " ")
		r := Judge(Recipient{Action: ActionFailed, Diagnostic: said})
		if r.Reason != reason || r.Permanence != Permanence(permanence) {
			t.Errorf("%q: got %s %s, want %s %s", said, r.Reason, r.Permanence, reason, permanence)
		}
	}
}
