package jsonrows_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"breachnotify/pkg/export/jsonrows"
)

var seeds = []string{
	``, ` `, `[]`, `{}`, `7`, `[7]`, `[{}]`, `{"a":[]}`, `{"a":{}}`, `{"a":[{}],"b":[1,[2]],"c":{"d":1}}`, `{"email":"a","b":[{}]}`,
	`[{"id":1,"email":"a@example.com","name":null,"ok":true,"n":-1.5e3,"deep":{"a":[1,{"b":"\u00e9"}]}}]`,
	"{\"id\":1}\n{\"id\":2,\"Id\":3}\n\n{\"x\\n\":\"\\\\\"}", `{"id":1}{"id":2}`, "[{\"a\":1}]\n[{\"b\":2}]",
	`{"Users":[{"Username":"a","Attributes":[{"Name":"sub","Value":"1"}]}],"PaginationToken":"t"}{"Users":[]}`,
	"\xef\xbb\xbf[{\"a\":\"\\ud83d\\ude00\"}]", `[{"a":"\u0000"}]`, "[{\"a\":\"\xff\"}]", `[{"a":1,"a":2}]`, `[{"a":`, strings.Repeat(`[`, 100), `{"a":1e999}`,
}

func FuzzRead(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), 64)
	}
	f.Fuzz(func(t *testing.T, file []byte, maxRecord int) {
		maxRecord = max(1, min(maxRecord, 4096))
		lines, unit, err := read(t, bytes.NewReader(file), maxRecord)
		slow, slowUnit, slowErr := read(t, iotest.OneByteReader(bytes.NewReader(file)), maxRecord)
		if !reflect.DeepEqual(lines, slow) || unit != slowUnit || text(err) != text(slowErr) {
			t.Errorf("at once %q, %v\nbyte by byte %q, %v", lines, err, slow, slowErr)
		}
		checkRows(t, file, maxRecord)
	})
}

// checkRows holds what every row promises.
func checkRows(t *testing.T, file []byte, maxRecord int) {
	t.Helper()
	r := jsonrows.New(bytes.NewReader(file), jsonrows.Options{Name: "a.json", MaxRecord: maxRecord})
	last := map[string]int64{}
	for {
		row, err := r.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "a.json") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		if row.At <= last[row.Table.Name] {
			t.Errorf("row at %d behind one at %d", row.At, last[row.Table.Name])
		}
		last[row.Table.Name] = row.At
		if len(row.Values) > len(row.Table.Columns) {
			t.Errorf("%d values in %d columns", len(row.Values), len(row.Table.Columns))
		}
		for _, v := range row.Values {
			if s, ok := v.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
				t.Errorf("value %q is no text", s)
			}
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzRoundTrip writes records as encoding/json does, and reads them back.
func FuzzRoundTrip(f *testing.F) {
	f.Add("id", "name", "7", int64(7), 1.5, true)
	f.Add("a\"\\", "ü", "line\nbreak \u2028", int64(-1<<63), 1e300, false)
	f.Fuzz(func(t *testing.T, first, second, s string, i int64, x float64, b bool) {
		for _, each := range []string{first, second, s} {
			if !utf8.ValidString(each) || strings.ContainsRune(each, 0) {
				return
			}
		}
		if strings.EqualFold(first, second) || strings.TrimSpace(first) == "" || strings.TrimSpace(second) == "" {
			return
		}
		nested := map[string]any{"s": s, "list": []any{i, b}}
		record, err := json.Marshal(map[string]any{first: s, second: i, "third column": x, "fourth column": b, "fifth column": nested})
		if err != nil {
			return // not a number
		}
		r := jsonrows.New(bytes.NewReader([]byte("["+string(record)+"]")), jsonrows.Options{Name: "a.json"})
		row, err := r.Next()
		if err != nil {
			t.Fatalf("%s: %v", record, err)
		}
		got := map[string]any{}
		for i, c := range row.Table.Columns {
			got[c.Name] = row.Values[i]
		}
		if got[first] != s || got[second] != i || got["fourth column"] != map[bool]int64{true: 1}[b] {
			t.Errorf("%s is read as %v", record, got)
		}
		var back any
		if err := json.Unmarshal([]byte(got["fifth column"].(string)), &back); err != nil || back.(map[string]any)["s"] != s {
			t.Errorf("the nested value of %s is %v: %v", record, got["fifth column"], err)
		}
		if y, ok := got["third column"].(float64); ok && y != x {
			t.Errorf("%g is read as %g", x, y)
		}
	})
}
