package export

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

func scanAll(src io.Reader, maxRecord int) (records [][]string, lines []int64, err error) {
	s := newScanner(src, "x.csv", ',', maxRecord)
	for {
		if err := s.scan(); errors.Is(err, io.EOF) {
			return records, lines, nil
		} else if err != nil {
			return records, lines, err
		}
		var record []string
		for _, field := range s.fields {
			record = append(record, string(field))
		}
		records, lines = append(records, record), append(lines, s.line)
	}
}

func TestScanSplitsRecords(t *testing.T) {
	for in, want := range map[string][][]string{
		"":                       nil,
		"a":                      {{"a"}},
		"a,b\nc,d\n":             {{"a", "b"}, {"c", "d"}},
		"a,\n,b\r\n":             {{"a", ""}, {"", "b"}},
		",":                      {{"", ""}},
		"\n\na\n\n":              {{"a"}},
		`""` + "\n":              {{""}},
		`"",""`:                  {{"", ""}},
		`"a""b","""",c`:          {{`a"b`, `"`, "c"}},
		`"é""ü""",ß`:             {{`é"ü"`, "ß"}},
		"\"a\nb\",c\r\n\"d,\",e": {{"a\nb", "c"}, {"d,", "e"}},
		" a , b ":                {{" a ", " b "}},
	} {
		for name, src := range map[string]io.Reader{
			"at once": strings.NewReader(in), "byte by byte": iotest.OneByteReader(strings.NewReader(in)),
		} {
			if got, _, err := scanAll(src, 100); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q %s: %q, %v, want %q", in, name, got, err, want)
			}
		}
	}
}

func TestScanKeepsToTheLimitExactly(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		max  int
		want string
	}{
		"as large as allowed":           {"a,b\nccccc,d\n", 8, ""},
		"one byte more":                 {"a,b\ncccccc,d\n", 8, "line 2: the record is larger than 8 bytes"},
		"as large, without a line end":  {"cccccc,d", 8, ""},
		"in quotes that do not close":   {"a,b\n1,\"\nccccccccccccccccc", 8, "line 2: the record is larger than 8 bytes before the quote that begins here is closed"},
		"many small ones are no matter": {strings.Repeat("a,b\n", 1000), 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				_, _, err := scanAll(src, c.max)
				if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("error %v, want %q", err, c.want)
				}
			}
		})
	}
}

func TestScanReportsWhatTheReaderReports(t *testing.T) {
	broken := errors.New("broken")
	_, _, err := scanAll(io.MultiReader(strings.NewReader("a,b\nc,\"d"), iotest.ErrReader(broken)), 100)
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the reader", err)
	}
	if _, _, err := scanAll(stuck{}, 100); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v, want io.ErrNoProgress", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// generated is an endless file that takes no memory.
type generated struct {
	rows    int
	pending []byte
}

func (g *generated) Read(p []byte) (int, error) {
	if len(g.pending) == 0 {
		if g.rows == 0 {
			return 0, io.EOF
		}
		g.rows--
		g.pending = append(g.pending[:0], strconv.Itoa(g.rows)+",user"+strconv.Itoa(g.rows)+"@example.org,\"Some \"\"One\"\"\",$2b$12$C6UzMDM.H6dfI/f/IKcEe.,,en\n"...)
	}
	n := copy(p, g.pending)
	g.pending = g.pending[n:]
	return n, nil
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestScanTakesNoMemoryForRows(t *testing.T) {
	before := heap()
	s := newScanner(&generated{rows: 200_000}, "x.csv", ',', DefaultMaxRecord)
	rows := 0
	for ; s.scan() == nil; rows++ {
	}
	grown := int64(heap()) - int64(before)
	if rows != 200_000 || grown > 1<<20 {
		t.Errorf("%d rows left %d bytes on the heap, want 200000 and less than 1 MiB", rows, grown)
	}
	runtime.KeepAlive(s)
}

func TestScanStopsReadingALineThatIsTooLong(t *testing.T) {
	for _, start := range []string{"x", `x,"x`} {
		endless := &counted{r: io.MultiReader(strings.NewReader(start), zeros{})}
		_, _, err := scanAll(endless, 1<<20)
		if err == nil || endless.n > 1<<20+1 {
			t.Errorf("error %v after %d bytes, want one within the limit", err, endless.n)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{"", "a,b\n1,2\n", "\"a\"\"b\",c\r\n", "\"\n\n\",x\n\ny,z", "a\rb", "\"a\"b", "a\"b", "\xFF", "\x00", "\"", "\r", "\"\r\n\"", "\xEF\xBB\xBFid"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, lines, err := scanAll(bytes.NewReader(in), 1000)
		split, splitLines, splitErr := scanAll(iotest.OneByteReader(bytes.NewReader(in)), 1000)
		if !reflect.DeepEqual(got, split) || !reflect.DeepEqual(lines, splitLines) || (err == nil) != (splitErr == nil) {
			t.Fatalf("how the bytes arrive matters: %q %v, %q %v", got, err, split, splitErr)
		}
		if err != nil {
			if len(err.Error()) > 200 {
				t.Fatalf("the error repeats the input: %v", err)
			}
			return
		}
		checkAgainstCSV(t, in, got, lines)
	})
}

// checkAgainstCSV holds what was scanned against encoding/csv, which makes CRLF within
// quotes LF.
func checkAgainstCSV(t *testing.T, in []byte, got [][]string, lines []int64) {
	r := csv.NewReader(bytes.NewReader(in))
	r.FieldsPerRecord = -1
	for i := range got {
		want, err := r.Read()
		if err != nil {
			t.Fatalf("record %d: encoding/csv: %v, and the scanner takes %q", i, err, got[i])
		}
		for k := range got[i] {
			got[i][k] = strings.ReplaceAll(got[i][k], "\r\n", "\n")
		}
		if line, _ := r.FieldPos(0); !reflect.DeepEqual(got[i], want) || int64(line) != lines[i] {
			t.Fatalf("record %d is %q on line %d, encoding/csv gives %q on line %d", i, got[i], lines[i], want, line)
		}
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Fatalf("encoding/csv reads on behind %d records: %v", len(got), err)
	}
}
