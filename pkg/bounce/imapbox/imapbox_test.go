package imapbox

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"breachnotify/pkg/bounce/mailbox"
	"breachnotify/pkg/hint"
)

func mails(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("Subject: %d\r\n\r\n%s", i, strings.Repeat("x", i)))
	}
	return all
}

var changing = regexp.MustCompile(`(?m)^T[0-9]+ (?:UID )?(SELECT|STORE|COPY|MOVE|EXPUNGE|CLOSE|APPEND|DELETE|CREATE)`)

func TestAFolderIsReadAndNotTouched(t *testing.T) {
	want := mails(250) // more than are asked for at once
	s := start(t, ordinary, want...)
	b := opened(t, address, s.options())
	got, numbers, errs := read(t, b)
	if len(errs) > 0 || !slices.Equal(got, want) || !slices.IsSorted(numbers) {
		t.Fatalf("%d messages, errors %v", len(got), errs)
	}
	noError(t, b.Move(context.Background(), numbers)) // without the option: nothing
	noError(t, b.Close())
	if all, unseen := s.count(t, "INBOX"); all != 250 || unseen != 250 {
		t.Errorf("%d messages, %d unseen", all, unseen)
	}
	commands := changing.FindAllString(s.said(), -1)
	fetches := regexp.MustCompile(`(?m)^T[0-9]+ UID FETCH .*$`).FindAllString(s.said(), -1)
	if commands != nil || !strings.Contains(s.said(), " EXAMINE ") || len(fetches) != 3 || strings.Contains(strings.Join(fetches, ""), "BODY[") {
		t.Errorf("commands %q, %q", commands, fetches)
	}
}

func TestMessagesSayWhereTheyAre(t *testing.T) {
	s := start(t, ordinary, mails(1)...)
	for m, err := range opened(t, address, s.options()).Messages(context.Background()) {
		noError(t, err)
		if m.Name() != "imaps://"+host+":993/INBOX#1" || m.Size != int64(len(mails(1)[0])) {
			t.Errorf("%s of %d bytes", m.Name(), m.Size)
		}
	}
}

func TestMessagesAreMovedAndNothingElse(t *testing.T) {
	s := start(t, ordinary, mails(5)...)
	o := s.options()
	o.Move = "Done"
	b := opened(t, address, o)
	_, numbers, errs := read(t, b)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	noError(t, b.Move(context.Background(), numbers[1:4]))
	noError(t, b.Close())
	inbox, unseen := s.count(t, "INBOX")
	done, _ := s.count(t, "Done")
	if inbox != 2 || unseen != 2 || done != 3 {
		t.Errorf("%d left, %d of them unseen, %d moved", inbox, unseen, done)
	}
	if got := changing.FindAllStringSubmatch(s.said(), -1); len(got) != 2 || got[0][1] != "SELECT" || got[1][1] != "MOVE" {
		t.Errorf("commands %q", got)
	}
}

func TestMoveIsRefusedBeforeAnythingIsRead(t *testing.T) {
	without := ordinary
	without.caps = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}}
	for name, c := range map[string]struct {
		setup setup
		move  string
		want  error
	}{
		"the server has no MOVE":    {without, "Done", ErrNoMove},
		"the folder does not exist": {ordinary, "Nowhere", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.setup, mails(1)...)
			o := s.options()
			o.Move = c.move
			b, err := Open(context.Background(), parsed(t, address), o)
			if err == nil {
				noError(t, b.Close())
				t.Fatal("no error")
			}
			if c.want != nil && !errors.Is(err, c.want) || len(hint.Of(err)) == 0 || !strings.HasPrefix(err.Error(), "imaps://"+host) || strings.Contains(err.Error(), "jane") {
				t.Errorf("error %v, hints %q", err, hint.Of(err))
			}
			if all, _ := s.count(t, "INBOX"); all != 1 || changing.MatchString(s.said()) {
				t.Errorf("%d messages, said %s", all, s.said())
			}
		})
	}
	s := start(t, ordinary)
	o := s.options()
	o.Move = "INBOX"
	if _, err := Open(context.Background(), parsed(t, address), o); err == nil {
		t.Error("no error for a move to the same folder")
	}
}

func TestALargeMessageIsReadUpToTheLimit(t *testing.T) {
	s := start(t, ordinary, "Subject: 1\r\n\r\n"+strings.Repeat("x", 5000), "Subject: 2\r\n\r\nx", "Subject:\r\n\r\nx")
	o := s.options()
	o.Limit = 15
	bodies, _, errs := read(t, opened(t, address, o))
	if want := []string{"Subject: 1\r\n\r\nx", "Subject: 2\r\n\r\nx", "Subject:\r\n\r\nx"}; !slices.Equal(bodies, want) {
		t.Errorf("bodies %q", bodies)
	}
	if len(errs) != 1 || !errors.Is(errs[0], mailbox.ErrTooLarge) || !strings.Contains(errs[0].Error(), "INBOX#1: ") {
		t.Errorf("errors %v", errs)
	}
}

func TestMessagesNeedNotBeRead(t *testing.T) {
	s := start(t, ordinary, mails(120)...)
	count := 0
	for _, err := range opened(t, address, s.options()).Messages(context.Background()) {
		noError(t, err)
		count++
	}
	if count != 120 {
		t.Errorf("%d messages", count)
	}
}

func TestTheConsumerMayStop(t *testing.T) {
	s := start(t, ordinary, mails(5)...)
	for _, err := range opened(t, address, s.options()).Messages(context.Background()) {
		noError(t, err)
		break // going on would panic
	}
}

func TestSTARTTLS(t *testing.T) {
	o := setup{startTLS: true, caps: imap.CapSet{imap.CapIMAP4rev1: {}}}
	for name, local := range map[string]bool{"over a network": false, "on this machine": true} {
		t.Run(name, func(t *testing.T) {
			o.local = local
			s := start(t, o, mails(3)...)
			bodies, _, errs := read(t, opened(t, strings.Replace(address, "imaps", "imap", 1), s.options()))
			if len(bodies) != 3 || len(errs) > 0 {
				t.Errorf("%d messages, errors %v", len(bodies), errs)
			}
		})
	}
}

func TestNothingCrossesANetworkInClear(t *testing.T) {
	s := start(t, setup{}, mails(1)...)
	_, err := Open(context.Background(), parsed(t, strings.Replace(address, "imaps", "imap", 1)), s.options())
	if !errors.Is(err, ErrUnsafe) || strings.Contains(s.said(), "LOGIN") && strings.Contains(s.said(), secret) {
		t.Errorf("error %v", err)
	}
}

func TestOnThisMachineClearTextWillDo(t *testing.T) {
	s := start(t, setup{local: true}, mails(1)...)
	bodies, _, errs := read(t, opened(t, strings.Replace(address, "imaps", "imap", 1), s.options()))
	if len(bodies) != 1 || len(errs) > 0 {
		t.Errorf("%d messages, errors %v", len(bodies), errs)
	}
}

func TestACertificateOfAStrangerIsRefused(t *testing.T) {
	for _, c := range []struct {
		setup setup
		url   string
	}{{ordinary, address}, {setup{startTLS: true}, strings.Replace(address, "imaps", "imap", 1)}, {ordinary, strings.Replace(address, host, "other.example", 1)}} {
		s := start(t, c.setup)
		o := s.options()
		if !strings.Contains(c.url, "other") {
			o.RootCAs = x509.NewCertPool()
		}
		_, err := Open(context.Background(), parsed(t, c.url), o)
		if err == nil || len(hint.Of(err)) == 0 || strings.Contains(s.said(), secret) {
			t.Errorf("%s: error %v, hints %q", c.url, err, hint.Of(err))
		}
	}
}

func TestLoggingInFails(t *testing.T) {
	s := start(t, ordinary)
	wrong, broken := s.options(), s.options()
	wrong.Password = func(context.Context) (string, error) { return "wrong", nil }
	errBroken := errors.New("the command fails")
	broken.Password = func(context.Context) (string, error) { return "", errBroken }
	_, err := Open(context.Background(), parsed(t, address), wrong)
	var refused *imap.Error
	if !errors.As(err, &refused) || len(hint.Of(err)) == 0 || strings.Contains(err.Error(), "wrong") || strings.Contains(err.Error(), "jane") {
		t.Errorf("error %v", err)
	}
	if _, err := Open(context.Background(), parsed(t, address), broken); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if _, err := Open(context.Background(), parsed(t, strings.Replace(address, "INBOX", "Nowhere", 1)), s.options()); !errors.As(err, &refused) || refused.Code != imap.ResponseCodeNonExistent {
		t.Errorf("error %v", err)
	}
}

// script is a server that says something at the start and behind each command, and when
// it has nothing left to say closes or is silent.
func script(t *testing.T, closes bool, steps ...string) Options {
	t.Helper()
	dial := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { _ = server.Close() })
		go func() {
			commands := bufio.NewScanner(server)
			for i, step := range steps {
				if i > 0 && !commands.Scan() {
					break
				}
				if _, err := io.WriteString(server, step); err != nil {
					break
				}
			}
			if closes {
				_ = server.Close()
			}
			_, _ = io.Copy(io.Discard, server)
		}()
		return elsewhere{client, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}, nil
	}
	return Options{Dial: dial, Password: func(context.Context) (string, error) { return secret, nil }}
}

// polite is a server that answers until the messages are asked for.
var polite = []string{"* OK [CAPABILITY IMAP4rev1] ready\r\n", "T1 OK [CAPABILITY IMAP4rev1] in\r\n", "* 2 EXISTS\r\nT2 OK [READ-ONLY] open\r\n",
	"* SEARCH 1 2\r\nT3 OK done\r\n"}

const (
	half = "* 1 FETCH (UID 1 BODY[]<0> {100}\r\nhalf"
	one  = "* 1 FETCH (UID 2 BODY[]<0> {4}\r\nbody)\r\n"
)

func TestASilentServerIsGivenUp(t *testing.T) {
	for name, steps := range map[string][]string{
		"from the start":       nil,
		"behind the greeting":  polite[:1],
		"instead of a listing": polite[:3],
		"within a message":     append(polite[:4:4], half),
		"between two messages": append(polite[:4:4], one),
	} {
		t.Run(name, func(t *testing.T) {
			o := script(t, false, steps...)
			o.Timeout = 200 * time.Millisecond
			b, err := Open(context.Background(), parsed(t, "imap://x@localhost/"), o)
			if err == nil {
				_, _, errs := read(t, b)
				noError(t, b.Close())
				err = errors.Join(errs...)
			}
			if err == nil || !strings.Contains(err.Error(), "silent") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAConnectionThatBreaksEndsTheWalkWithAnError(t *testing.T) {
	for name, last := range map[string]string{"within a message": half, "between two": one} {
		t.Run(name, func(t *testing.T) {
			b := opened(t, "imap://x@localhost/", script(t, true, append(polite[:4:4], last)...))
			if bodies, _, errs := read(t, b); len(errs) == 0 || len(bodies) != 1 {
				t.Errorf("%d messages, errors %v", len(bodies), errs)
			}
		})
	}
}

func TestAMessageThatIsGoneIsTold(t *testing.T) {
	b := opened(t, "imap://x@localhost/", script(t, true, append(polite[:4:4], one+"T4 OK done\r\n", "T5 OK bye\r\n")...))
	bodies, numbers, errs := read(t, b)
	if !slices.Equal(bodies, []string{"body"}) || !slices.Equal(numbers, []int64{2}) || len(errs) != 1 || !errors.Is(errs[0], ErrGone) {
		t.Errorf("%q, %v, errors %v", bodies, numbers, errs)
	}
}

func TestAListWithoutEndIsRefused(t *testing.T) {
	for _, all := range []string{"1:4294967295", "1:2000000000,2000000001:4000000000"} {
		b := opened(t, "imap://x@localhost/", script(t, true, append(polite[:3:3], "* ESEARCH (TAG \"T3\") UID ALL "+all+"\r\nT3 OK done\r\n", "T4 OK bye\r\n")...))
		if _, _, errs := read(t, b); len(errs) != 1 || !strings.Contains(errs[0].Error(), "more than") {
			t.Errorf("%s: errors %v", all, errs)
		}
	}
}

func TestACancelledContextEndsEverything(t *testing.T) {
	s := start(t, ordinary, mails(5)...)
	b := opened(t, address, s.options())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var last error
	for m, err := range b.Messages(ctx) {
		if cancel(); err == nil {
			_, err = io.ReadAll(m.Body)
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("error %v", last)
	}
	if _, err := Open(ctx, parsed(t, address), s.options()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// FuzzServer holds that no server makes the reader panic or wait forever. A line of dashes
// is where the server waits for a command.
func FuzzServer(f *testing.F) {
	f.Add(strings.Join(append(polite[:4:4], one+"T4 OK done\r\n"), "--\n"))
	f.Add("* PREAUTH hello\r\n--\n* CAPABILITY X\r\nT1 OK x\r\n--\n* SEARCH 1:4294967295\r\nT2 OK y\r\n--\n* 1 FETCH (UID 1 BODY[] NIL)\r\nT3 OK")
	f.Add("* BYE jane@example.org\r\n")
	f.Add(strings.Join(append(polite[:3:3], "* ESEARCH (TAG \"T3\") UID ALL 1:*\r\nT3 OK done\r\n"), "--\n"))
	f.Fuzz(func(t *testing.T, words string) {
		o := script(t, true, strings.Split(words, "--\n")...)
		o.Timeout = 50 * time.Millisecond // each input that falls silent costs as much
		b, err := Open(context.Background(), URL{Host: "localhost", Port: 143, User: "x", Folder: "INBOX"}, o)
		if err != nil {
			return
		}
		read(t, b)
		noError(t, b.Close())
	})
}
