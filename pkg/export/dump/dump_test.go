package dump

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/export/rows"
)

func TestShapesGiveValues(t *testing.T) {
	for _, c := range []struct {
		shape Shape
		text  string
		form  Form
		want  string
	}{
		{Text, "007", Plain, `"007"`}, {Text, "7", Digits, `"7"`}, {Text, "x", Null, "<nil>"}, {Text, "\xFF", Binary, `[]byte{0xff}`},
		{Integer, "007", Plain, "7"}, {Integer, "-9223372036854775808", Plain, "-9223372036854775808"}, {Integer, "9223372036854775808", Plain, `"9223372036854775808"`},
		{Integer, "\x01\x02", Binary, "258"}, {Integer, "x", Plain, `"x"`}, {Integer, "", Plain, `""`},
		{Number, "1.0", Plain, "1"}, {Number, "-0", Plain, "-0"}, {Number, "1e5", Plain, "100000"}, {Number, "1e-400", Plain, `"1e-400"`}, {Number, "NaN", Plain, `"NaN"`},
		{Number, "0.1234567890123456789", Plain, `"0.1234567890123456789"`}, {Number, "123456789012345.6789", Plain, `"123456789012345.6789"`},
		{Bits, "\x00\x00\x01\x00", Plain, "256"}, {Bits, "5", Digits, "5"}, {Bits, strings.Repeat("\xFF", 8), Binary, `[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}`}, {Bits, "", Plain, "0"},
		{Bytes, "abc", Binary, `"abc"`}, {Bytes, "a\x00", Plain, `[]byte{0x61, 0x0}`}, {Bytes, "\xE9", Plain, `[]byte{0xe9}`},
	} {
		got, ok := c.shape.value(c.text, c.form)
		if written := fmt.Sprintf("%#v", got); written != c.want || !ok {
			t.Errorf("shape %d: %q in form %d is %s (%v), want %s", c.shape, c.text, c.form, written, ok, c.want)
		}
	}
	if _, ok := Text.value("\xE9", Plain); ok {
		t.Error("text that is not UTF-8 is right")
	}
}

func TestWindowKnowsItsPlace(t *testing.T) {
	for _, src := range []io.Reader{strings.NewReader("a\nbc\nd"), iotest.OneByteReader(strings.NewReader("a\nbc\nd"))} {
		w := NewWindow(src, "x.sql")
		if got := string(w.Ahead(3)[:3]); got != "a\nb" {
			t.Errorf("ahead are %q", got)
		}
		w.Skip(2)
		if got := w.Here(); got != (Place{Line: 2, Offset: 2}) {
			t.Errorf("behind the line end is %v", got)
		}
		w.Ahead(4)
		w.Skip(3)
		if got := w.Here(); got != (Place{Line: 3, Offset: 5}) || string(w.Rest()) != "d" {
			t.Errorf("then comes %v and %q", got, w.Rest())
		}
		if w.Skip(1); len(w.Rest()) > 0 || w.Err() != nil {
			t.Errorf("at the end: %q, %v", w.Rest(), w.Err())
		}
	}
}

func TestWindowStopsWhereThereIsNoText(t *testing.T) {
	for in, want := range map[string]string{"\xFF\xFEa\x00": "x.sql: the file is UTF-16", "a\nb\x00c": "x.sql: line 2, byte 3: a NUL byte"} {
		w := NewWindow(strings.NewReader(in), "x.sql")
		for rest := w.Rest(); len(rest) > 0; rest = w.Rest() {
			if strings.Contains(string(rest), "\x00") {
				t.Errorf("%q is handed on", rest)
			}
			w.Skip(len(rest))
		}
		if err := w.Err(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
	w := NewWindow(stuck{}, "x.sql")
	if rest := w.Rest(); len(rest) > 0 || !errors.Is(w.Err(), io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %q, %v", rest, w.Err())
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestRecordKeepsToItsSize(t *testing.T) {
	r := NewRecord(3)
	if err := errors.Join(r.Add([]byte("ab")), r.AddByte('c')); err != nil {
		t.Errorf("as much as is allowed: %v", err)
	}
	if err := r.AddByte('d'); !errors.Is(err, ErrLong) {
		t.Errorf("a byte more: %v, want ErrLong", err)
	}
	if err := r.Add([]byte("d")); !errors.Is(err, ErrLong) {
		t.Errorf("a text more: %v, want ErrLong", err)
	}
	r.Reset()
	if err := r.Add([]byte("abc")); err != nil {
		t.Errorf("the next row: %v", err)
	}
}

func TestBindPutsValuesIntoTheOrderOfTheTable(t *testing.T) {
	c := NewCatalog(nil, Text)
	table := &Table{Name: "t", Complete: true, Columns: []Column{{Name: "a"}, {Name: "g", Computed: true}, {Name: "b"}}}
	if err := c.Put(table); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]struct {
		names  []string
		loaded bool
		want   string
	}{
		"all":          {nil, false, "[1 2 3]"},
		"what is kept": {nil, true, "[1 <nil> 2]"},
		"named":        {[]string{"b", "a"}, false, "[2 <nil> 1]"},
		"a new one":    {[]string{"new"}, false, "[<nil> <nil> <nil> 1]"},
	} {
		b, err := c.Bind(table, d.names, d.loaded)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := NewRecord(10)
		for i := range b.Len() {
			_ = r.AddByte('1' + byte(i))
			r.Close(Plain)
		}
		got, _, bad := b.Rows(nil, r, 7)
		if len(got) != 1 || bad || !strings.HasPrefix(fmt.Sprint(got[0].Values), strings.TrimSuffix(d.want, "]")) || got[0].At != 7 {
			t.Errorf("%s: %v, want %s on line 7", name, got, d.want)
		}
	}
}

func TestBindGivesTheSameTableUntilItGrows(t *testing.T) {
	c := NewCatalog(nil, Text)
	table := &Table{Name: "t"}
	if err := c.Put(table); err != nil {
		t.Fatal(err)
	}
	bind := func(names ...string) *rows.Table {
		b, err := c.Bind(table, names, false)
		if err != nil {
			t.Fatal(err)
		}
		return b.targets[0].table
	}
	first := bind("a", "b")
	if bind("b") != first {
		t.Error("a part of the columns is another table")
	}
	grown := bind("c", "a")
	if grown == first || len(first.Columns) != 2 || grown.Columns[2].Name != "c" || grown.Columns[0].Name != "a" {
		t.Errorf("%v grows to %v", first, grown)
	}
}

func TestCatalogIsBounded(t *testing.T) {
	c := NewCatalog(nil, Text)
	var err error
	tables := 0
	for ; err == nil; tables++ {
		err = c.Put(&Table{Name: strings.Repeat("x", MaxName-8) + fmt.Sprintf("%08d", tables)})
	}
	if !errors.Is(err, errNames) || tables > maxNames/MaxName+1 {
		t.Errorf("%v after %d tables", err, tables)
	}
	c = NewCatalog(nil, Text)
	low := &Table{Name: "low", Complete: true}
	for i := range maxLineage {
		if err := c.Adopt(low, &Table{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Bind(low, nil, false); !errors.Is(err, errLineage) {
		t.Errorf("a table under %d others: %v, want an error", maxLineage, err)
	}
	circle := &Table{Name: "circle", Complete: true}
	if err := errors.Join(c.Adopt(circle, circle), c.Put(circle)); err != nil {
		t.Fatal(err)
	}
	if b, err := c.Bind(circle, nil, false); err != nil || len(b.targets) != 1 {
		t.Errorf("a table above itself: %v", err)
	}
	var names []string
	for i := range MaxColumns + 1 {
		names = append(names, fmt.Sprint(i))
	}
	if _, err := c.Bind(&Table{Name: "wide"}, names, false); !errors.Is(err, errColumns) {
		t.Errorf("%d columns: %v, want an error", len(names), err)
	}
}
