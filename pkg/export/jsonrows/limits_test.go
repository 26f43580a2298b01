package jsonrows_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"breachnotify/pkg/hint"
)

func TestLargestRecord(t *testing.T) {
	record := `{"id":"` + strings.Repeat("x", 91) + `"}` // 100 bytes
	for _, layout := range []string{"[%s]", "%s\n", "%s\n{}", `{"users":[%s]}`, "[{},\n%s]"} {
		file := fmt.Sprintf(layout, record)
		if _, _, err := read(t, strings.NewReader(file), len(record)); err != nil {
			t.Errorf("%q with a record of the largest size: %v", layout, err)
		}
		_, _, err := read(t, strings.NewReader(file), len(record)-1)
		if err == nil || !strings.Contains(err.Error(), "larger than the limit of 99 bytes") && !strings.Contains(err.Error(), "at most 99 bytes") &&
			!strings.Contains(err.Error(), "no member of the object is an array") {
			t.Errorf("%q with a record of a byte more: error %v", layout, err)
		}
	}
}

// endless gives head and then body for ever.
type endless struct {
	head string
	body []byte
	at   int
	size int64 // given so far
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.head)
	e.head = e.head[n:]
	for n < len(p) {
		c := copy(p[n:], e.body[e.at:])
		e.at = (e.at + c) % len(e.body)
		n += c
	}
	e.size += int64(n)
	return n, nil
}

func TestMemoryIsBoundedWhateverComes(t *testing.T) {
	const most = 1 << 20
	for _, c := range []struct{ name, head, body, want string }{
		{"a string", `[{"id":"`, "x", "line 1, byte 2: what begins here is larger than the limit of 1048576 bytes for a record"},
		{"a number", `[{"id":`, "1", "line 1, byte 2: what begins here is larger"},
		{"an array in a record", `[{"id":[`, "1,", "line 1, byte 2: what begins here is larger"},
		{"white space", "[{}", " ", "line 1, byte 4: what begins here is larger"},
		{"empty lines", "{\"id\":1}\n", "\n", "byte 9: what begins here is larger"},
		{"a first record", `{"id":"`, "x", "larger than the limit of 1048576 bytes"},
		{"a first record with a mark", `{"email":"a","x":"`, "x", `the member "email", as a single record has`},
		{"a name beside tables", `{"users":[{"id":1}],"`, "x", "larger than the limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := &endless{head: c.head, body: []byte(c.body)}
			before := allocated()
			_, _, err := read(t, src, most)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if src.size > 4*most {
				t.Errorf("%d bytes are read before the error, want about %d", src.size, most)
			}
			if grown := allocated() - before; grown > 32*most {
				t.Errorf("%d bytes are allocated for a limit of %d", grown, most)
			}
			if len(hint.Of(err)) == 0 {
				t.Error("no advice")
			}
		})
	}
}

func TestManyMembersBesideTables(t *testing.T) {
	var file strings.Builder
	file.WriteString(`{"k":1`)
	for i := range 10_000 {
		fmt.Fprintf(&file, `,"k%d":1`, i)
	}
	_, _, err := read(t, strings.NewReader(file.String()+"}"), 400)
	if err == nil || !strings.Contains(err.Error(), "more than 10000 members beside another") {
		t.Errorf("error %v, want one about the number of members", err)
	}
}

func TestMostTables(t *testing.T) {
	var file strings.Builder
	for i := range 201 {
		fmt.Fprintf(&file, "{\"t%d\":[{}]}\n", i)
	}
	got, _, err := read(t, strings.NewReader(file.String()), 0)
	if len(got) != 200 || err == nil || !strings.Contains(err.Error(), "line 201, byte ") || !strings.Contains(err.Error(), "more than 200 arrays of objects") {
		t.Errorf("%d rows and %v, want 200 and an error about line 201", len(got), err)
	}
}

func TestLongTablesTakeNoMemory(t *testing.T) {
	const count = 200_000
	file := io.MultiReader(
		strings.NewReader(`{"realm":"acme","tags":[1`), strings.NewReader(strings.Repeat(",1", count)),
		strings.NewReader(`],"users":[{"id":1}`), strings.NewReader(strings.Repeat(`,{"id":2}`, count)), strings.NewReader("]}"))
	lines, _, err := read(t, file, 1000)
	if err != nil || len(lines) != count+1 {
		t.Errorf("%d rows and %v, want %d", len(lines), err, count+1)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
