package campaign

import (
	"errors"
	"io"
	"math"
	"math/rand"
	"regexp"
	"strings"
	"testing"
)

func newKey(t testing.TB, seed int64) Key {
	t.Helper()
	k, err := NewKey(rand.New(rand.NewSource(seed)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNoticeIDLeadsBackToItsNotice(t *testing.T) {
	k := newKey(t, 1)
	form := regexp.MustCompile(`^[a-z2-7]{24}$`)
	for _, seq := range []int64{0, 1, 2, 255, 256, math.MaxInt32, 1<<40 - 1} {
		id := k.NoticeID(seq)
		if !form.MatchString(id) {
			t.Errorf("the id of %d is %q", seq, id)
		}
		for _, written := range []string{id, strings.ToUpper(id)} {
			if got, err := k.Seq(written); err != nil || got != seq {
				t.Errorf("Seq(%q) = %d, %v, want %d", written, got, err, seq)
			}
		}
		if id != k.NoticeID(seq) {
			t.Errorf("the id of %d is not stable", seq)
		}
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	k := newKey(t, 1)
	id := k.NoticeID(7)
	forged := []string{"", "x", id[:23], id + "a", id + "=", " " + id, "!" + id[1:], strings.Repeat("a", 24), newKey(t, 2).NoticeID(7)}
	for i := range id {
		other := byte('a')
		if id[i] == other {
			other = 'b'
		}
		forged = append(forged, id[:i]+string(other)+id[i+1:])
	}
	for _, token := range forged {
		if seq, err := k.Seq(token); !errors.Is(err, ErrForeignToken) {
			t.Errorf("Seq(%q) = %d, %v, want ErrForeignToken", token, seq, err)
		}
	}
}

func TestNewKeyFailsWithoutRandomness(t *testing.T) {
	if _, err := NewKey(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error is %v", err)
	}
}

func FuzzKeySeq(f *testing.F) {
	k := newKey(f, 1)
	f.Add(k.NoticeID(1))
	f.Add("")
	f.Add(strings.ToUpper(k.NoticeID(1 << 30)))
	f.Fuzz(func(t *testing.T, token string) {
		seq, err := k.Seq(token)
		if err == nil && k.NoticeID(seq) != strings.ToLower(token) {
			t.Errorf("%q is taken for notice %d, whose token is %q", token, seq, k.NoticeID(seq))
		}
	})
}
