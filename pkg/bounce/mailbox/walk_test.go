package mailbox

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"breachnotify/pkg/hint"
)

func TestWalkFindsEveryKindOfMail(t *testing.T) {
	dir := files(t, map[string]string{
		"a.eml":               mail("a"),
		"b.eml.gz":            packed(t, mail("b")),
		"box":                 envelope + mail("c1") + "\n" + envelope + mail("c2"),
		"box.gz":              packed(t, envelope+mail("d1")+"\n"+envelope+mail("d2")),
		"Maildir/cur/2:2,S":   mail("e"),
		"Maildir/cur/3:2,S":   packed(t, mail("f")),
		"Maildir/new/1":       mail("g"),
		"Maildir/tmp/":        "",
		"Maildir/.Old/cur/1":  mail("h"),
		"Maildir/.Old/new/":   "",
		"Maildir/.Old/tmp/":   "",
		"sub/deep/unnamed":    mail("i"),
		"sub/new/box":         envelope + mail("j1") + "\n" + envelope + mail("j2"),
		"z-one-behind-a-From": envelope + mail("k"),
		"z.eml":               envelope + mail("l"),
	})
	f := walkAll(t, dir, Options{})
	want := []string{"Maildir/.Old/cur/1", "Maildir/cur/2:2,S", "Maildir/cur/3:2,S", "Maildir/new/1", "a.eml", "b.eml.gz",
		"box#1", "box#2", "box.gz#1", "box.gz#2", "sub/deep/unnamed", "sub/new/box#1", "sub/new/box#2", "z-one-behind-a-From#1", "z.eml"}
	if !slices.Equal(f.names, want) {
		t.Errorf("messages\n%q, want\n%q", f.names, want)
	}
	for i, subject := range []string{"h", "e", "f", "g", "a", "b", "c1", "c2", "d1", "d2", "i", "j1", "j2", "k", "l"} {
		if i < len(f.bodies) && f.bodies[i] != mail(subject) {
			t.Errorf("%s reads %q, want %q", f.names[i], f.bodies[i], mail(subject))
		}
	}
	if len(f.errs)+len(f.skipped) > 0 {
		t.Errorf("errors %v, skipped %q", f.errs, f.skipped)
	}
}

func TestWalkNamesWhatItPassesOver(t *testing.T) {
	outside := files(t, map[string]string{"secret.eml": mail("outside")})
	dir := files(t, map[string]string{
		".DS_Store":         "\x00\x00\x00\x01Bud1",
		".git/a.eml":        mail("hidden"),
		"README":            "Note: these are the bounces\nof the first day.\n",
		"accounts.csv":      "id,email\n1,jane@example.org\n",
		"empty.eml":         "",
		"picture.eml":       "\x89PNG\r\n\x1a\n\x00\x00",
		"Maildir/cur/1":     mail("read"),
		"Maildir/new/":      "",
		"Maildir/tmp/2":     mail("not delivered yet"),
		"Maildir/dovecot-x": "3 V1 N2\n1 :abc\n",
	})
	noError(t, os.Symlink(outside, filepath.Join(dir, "out")))
	noError(t, os.Symlink(filepath.Join(outside, "secret.eml"), filepath.Join(dir, "out.eml")))
	noError(t, os.Symlink(".", filepath.Join(dir, "round")))
	noError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	f := walkAll(t, dir, Options{})
	if want := []string{"Maildir/cur/1"}; !slices.Equal(f.names, want) || len(f.errs) > 0 {
		t.Errorf("messages %q, errors %v, want %q", f.names, f.errs, want)
	}
	want := []string{
		".DS_Store: hidden", ".git: hidden", "Maildir/dovecot-x: it does not begin with the header of a mail",
		"Maildir/tmp: 1 files that are not delivered yet", "README: it does not begin with the header of a mail",
		"accounts.csv: it does not begin with the header of a mail", "empty.eml: empty", "out: a symbolic link",
		"out.eml: a symbolic link", "picture.eml: it does not begin with the header of a mail", "pipe: not a file",
		"round: a symbolic link",
	}
	if !slices.Equal(f.skipped, want) {
		t.Errorf("skipped\n%q, want\n%q", f.skipped, want)
	}
}

func TestWithoutAnEarForItWhatIsPassedOverIsAnError(t *testing.T) {
	dir := files(t, map[string]string{"README": "hello\n", "z.eml": mail("z")})
	var errs []error
	messages := 0
	for _, err := range Walk(context.Background(), []string{dir}, Options{}) {
		if err != nil {
			errs = append(errs, err)
		} else {
			messages++
		}
	}
	if len(errs) != 1 || !errors.Is(errs[0], ErrNotMail) || !strings.Contains(errs[0].Error(), "README") || messages != 1 {
		t.Errorf("errors %v and %d messages, want ErrNotMail for README and 1 message", errs, messages)
	}
}

func TestAPathThatIsNoMailIsAnErrorAndTheWalkGoesOn(t *testing.T) {
	dir := files(t, map[string]string{"events.json": `{"RecordType":"Bounce"}`, "a.eml": mail("a")})
	f := walkAll(t, dir, Options{}, "events.json", "missing", "a.eml")
	if !slices.Equal(f.names, []string{"a.eml"}) || len(f.errs) != 2 {
		t.Fatalf("messages %q, errors %v", f.names, f.errs)
	}
	if !errors.Is(f.errs[0], ErrNotMail) || !strings.Contains(f.errs[0].Error(), "events.json") || len(hint.Of(f.errs[0])) == 0 {
		t.Errorf("the first error is %v", f.errs[0])
	}
	if !errors.Is(f.errs[1], fs.ErrNotExist) || !strings.Contains(f.errs[1].Error(), "missing") {
		t.Errorf("the second error is %v", f.errs[1])
	}
}

func TestBrokenFilesDoNotEndTheWalk(t *testing.T) {
	whole := packed(t, envelope+mail("1")+"\n"+envelope+mail("2")+strings.Repeat("x", 100))
	dir := files(t, map[string]string{
		"a.gz":  whole[:len(whole)-20],
		"b.gz":  "\x1f\x8bnonsense",
		"c.eml": mail("c"),
	})
	f := walkAll(t, dir, Options{})
	if len(f.names) == 0 || f.names[len(f.names)-1] != "c.eml" {
		t.Fatalf("messages %q, want c.eml at the end", f.names)
	}
	if len(f.errs) < 2 || !errors.Is(f.errs[0], io.ErrUnexpectedEOF) || !strings.Contains(f.errs[0].Error(), "a.gz") ||
		!strings.Contains(f.errs[len(f.errs)-1].Error(), "b.gz") {
		t.Errorf("errors %v, want one that a.gz is cut off and one about b.gz", f.errs)
	}
}

func TestAFolderThatVanishesDoesNotEndTheWalk(t *testing.T) {
	dir := files(t, map[string]string{"a.eml": mail("a"), "b/x.eml": mail("x"), "c/": "", "c.eml": mail("c"), "z.eml": mail("z")})
	var names []string
	var errs []error
	for message, err := range Walk(context.Background(), []string{dir}, Options{}) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if names = append(names, filepath.Base(message.File)); len(names) == 1 {
			noError(t, os.RemoveAll(filepath.Join(dir, "b")))
			noError(t, os.Remove(filepath.Join(dir, "c.eml")))
		}
	}
	if want := []string{"a.eml", "z.eml"}; !slices.Equal(names, want) {
		t.Errorf("messages %q, want %q", names, want)
	}
	if len(errs) != 2 || !errors.Is(errs[0], fs.ErrNotExist) || !strings.Contains(errs[0].Error(), dir+"/b: ") ||
		!errors.Is(errs[1], fs.ErrNotExist) || !strings.Contains(errs[1].Error(), dir+"/c.eml: ") {
		t.Errorf("errors %v, want that b and c.eml are gone", errs)
	}
}

func TestALargeMessageIsReadUpToTheLimit(t *testing.T) {
	long := mail("long") + strings.Repeat("0123456789\n", 1000)
	dir := files(t, map[string]string{"a.eml": long, "box": envelope + long + "\n" + envelope + mail("next")})
	f := walkAll(t, dir, Options{Limit: 200})
	if want := []string{"a.eml", "box#1", "box#2"}; !slices.Equal(f.names, want) {
		t.Fatalf("messages %q, want %q", f.names, want)
	}
	if f.bodies[0] != long[:200] || f.bodies[1] != long[:200] || f.bodies[2] != mail("next") {
		t.Errorf("bodies of %d, %d and %d bytes", len(f.bodies[0]), len(f.bodies[1]), len(f.bodies[2]))
	}
	if len(f.errs) != 2 || !errors.Is(f.errs[0], ErrTooLarge) || !strings.Contains(f.errs[1].Error(), "box#1: ") {
		t.Errorf("errors %v, want ErrTooLarge for a.eml and box#1", f.errs)
	}
}

func TestAMessageOfExactlyTheLimitIsWhole(t *testing.T) {
	dir := files(t, map[string]string{"a.eml": mail("a")})
	f := walkAll(t, dir, Options{Limit: int64(len(mail("a")))})
	if len(f.errs) > 0 || len(f.bodies) != 1 || f.bodies[0] != mail("a") {
		t.Errorf("errors %v, bodies %q", f.errs, f.bodies)
	}
}

func TestStandardInput(t *testing.T) {
	for name, c := range map[string]struct {
		input string
		want  []string
	}{
		"a message":      {mail("a"), []string{"-"}},
		"an mbox":        {envelope + mail("a") + "\n" + envelope + mail("b"), []string{"-#1", "-#2"}},
		"a packed mbox":  {packed(t, envelope+mail("a")), []string{"-#1"}},
		"nothing at all": {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := walkAll(t, "", Options{Stdin: strings.NewReader(c.input)}, "-")
			if !slices.Equal(f.names, c.want) {
				t.Errorf("messages %q, want %q", f.names, c.want)
			}
			if (len(f.errs) > 0) != (c.want == nil) {
				t.Errorf("errors %v", f.errs)
			}
		})
	}
}

func TestAMessageNeedNotBeRead(t *testing.T) {
	dir := files(t, map[string]string{"box": envelope + mail("1") + "\n" + envelope + mail("2") + "\n" + envelope + mail("3")})
	var names []string
	for message, err := range Walk(context.Background(), []string{filepath.Join(dir, "box")}, Options{}) {
		noError(t, err)
		names = append(names, filepath.Base(message.Name()))
	}
	if want := []string{"box#1", "box#2", "box#3"}; !slices.Equal(names, want) {
		t.Errorf("messages %q, want %q", names, want)
	}
}

func TestACancelledContextEndsTheWalkWithItsError(t *testing.T) {
	dir := files(t, map[string]string{"a.eml": mail("a"), "b.eml": mail("b"), "c.eml": mail("c")})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var names []string
	var errs []error
	for message, err := range Walk(ctx, []string{dir}, Options{}) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names = append(names, filepath.Base(message.File))
		cancel()
	}
	if !slices.Equal(names, []string{"a.eml"}) || len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("messages %q, errors %v", names, errs)
	}
}

// TestMemoryDoesNotGrowWithAMessage reads a message that is far larger than what may be
// allocated for it.
func TestMemoryDoesNotGrowWithAMessage(t *testing.T) {
	const size = 64 << 20
	endless := io.MultiReader(strings.NewReader(envelope+mail("long")), io.LimitReader(letters{}, size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var read int64
	for message, err := range Walk(context.Background(), []string{"-"}, Options{Stdin: endless, Limit: 2 * size}) {
		noError(t, err)
		n, err := io.Copy(io.Discard, message.Body)
		noError(t, err)
		read += n
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 || read < size {
		t.Errorf("%d bytes allocated for the %d that were read", allocated, read)
	}
}

// letters never ends, and never ends a line.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestOptionsRefuseANegativeLimit(t *testing.T) {
	for _, err := range Walk(context.Background(), nil, Options{Limit: -1}) {
		if err == nil {
			t.Error("no error")
		}
		return
	}
	t.Error("nothing yielded")
}
