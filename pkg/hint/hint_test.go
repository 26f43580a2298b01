package hint

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestOfWalksTheWholeChain(t *testing.T) {
	inner := Wrap(fs.ErrNotExist, "look in %s", "here")
	outer := Wrap(fmt.Errorf("open the export: %w", inner), "or there")
	joined := errors.Join(errors.New("plain"), outer)

	if got, want := Of(joined), []string{"or there", "look in here"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Of = %q, want %q", got, want)
	}
	if !errors.Is(joined, fs.ErrNotExist) {
		t.Error("a hint hides the error that it is about")
	}
	if got, want := outer.Error(), "open the export: file does not exist"; got != want {
		t.Errorf("Error = %q, want %q: advice is no part of the message", got, want)
	}
}

func TestNothingIn(t *testing.T) {
	if Wrap(nil, "advice") != nil {
		t.Error("Wrap(nil) is not nil")
	}
	if got := Of(errors.New("plain")); got != nil {
		t.Errorf("Of a plain error = %q, want none", got)
	}
	if got := Of(nil); got != nil {
		t.Errorf("Of(nil) = %q, want none", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"reset", "reset", 0}, {"reset", "rset", 1}, {"plna", "plan", 2}, {"abc", "", 3}, {"kitten", "sitting", 3}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Distance(c.b, c.a); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
	if long := strings.Repeat("a", 1000); Distance(long, long) != 1000 {
		t.Error("long words are compared letter by letter")
	}
}

func TestAppendComesLastAndOtherwiseOnlyWhereThereIsNone(t *testing.T) {
	base := errors.New("base")
	first := Wrap(base, "first")
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"behind":           {Append(first, "last"), []string{"first", "last"}},
		"behind, wrapped":  {Wrap(Append(first, "last"), "outer"), []string{"outer", "first", "last"}},
		"nothing before":   {Append(base, "last"), []string{"last"}},
		"there is advice":  {Otherwise(first, "other"), []string{"first"}},
		"there is none":    {Otherwise(base, "other"), []string{"other"}},
		"no error at all":  {Otherwise(nil, "other"), nil},
		"no error, append": {Append(nil, "last"), nil},
	} {
		if got := Of(c.err); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if c.err != nil && !errors.Is(c.err, base) {
			t.Errorf("%s: it is another error", name)
		}
	}
}
