package jsonrows_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/export/jsonrows"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// read returns the rows of a file, each as "table@at name=value …", with the values in
// the syntax of Go.
func read(t testing.TB, src io.Reader, maxRecord int) (lines []string, unit string, err error) {
	t.Helper()
	r := jsonrows.New(src, jsonrows.Options{Name: "a.json", MaxRecord: maxRecord})
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines, r.Unit(), nil
		}
		if err != nil {
			return lines, r.Unit(), err
		}
		lines = append(lines, show(row))
	}
}

func show(row rows.Row) string {
	line := fmt.Sprintf("%s@%d", row.Table.Name, row.At)
	for i, v := range row.Values {
		if v != nil {
			line += fmt.Sprintf(" %s=%#v", row.Table.Columns[i].Name, v)
		}
	}
	return line
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name, file, unit string
		want             []string
	}{
		{"an array", `[{"id":1},{"id":2}]`, "record", []string{"@1 id=1", "@2 id=2"}},
		{"an array over several lines", "[\n {\"id\":1},\n\n {\"id\":2}\n]\n", "record", []string{"@1 id=1", "@2 id=2"}},
		{"an empty array", `[]`, "record", nil},
		{"pages that are arrays", "[{\"id\":1}]\n[]\n[{\"id\":2}]", "record", []string{"@1 id=1", "@2 id=2"}},
		{"an object a line", "{\"id\":1}\n{\"id\":2}\n", "line", []string{"@1 id=1", "@2 id=2"}},
		{"blank lines", "\n{\"id\":1}\r\n\r\n \n{\"id\":2}", "line", []string{"@2 id=1", "@5 id=2"}},
		{"one line", "{\"id\":1}", "line", []string{"@1 id=1"}},
		{"records with arrays of objects, one a line", `{"user_id":"a","identities":[{"provider":"auth0"}]}` + "\n" + `{"user_id":"b"}`, "line",
			[]string{`@1 user_id="a" identities="[{\"provider\":\"auth0\"}]"`, `@2 user_id="b"`}},
		{"records with an id and arrays of objects", `{"id":1,"orders":[{"n":1}]}` + "\n" + `{"id":2}`, "line",
			[]string{`@1 id=1 orders="[{\"n\":1}]"`, "@2 id=2"}},
		{"objects over several lines", "{\n\"id\":1\n}\n{\n\"id\":2\n}", "line", []string{"@1 id=1", "@4 id=2"}},
		{"objects on one line", `{"id":1}{"id":2} {"id":3}`, "record", []string{"@1 id=1", "@2 id=2", "@3 id=3"}},
		{"lines glued where files were joined", "{\"id\":1}\n{\"id\":2}{\"id\":3}\n{\"id\":4}", "line", []string{"@1 id=1", "@2 id=2", "@3 id=3", "@4 id=4"}},
		{"an object with tables", `{"realm":"acme","id":"acme","roles":{"realm":[{"x":1}]},"users":[{"id":1},{"id":2}],"tags":["a",["b"]],"none":[],"clients":[{"id":3}]}`, "record",
			[]string{"users@1 id=1", "users@2 id=2", "clients@1 id=3"}},
		{"an object with an empty table", `{"users":[]}`, "record", nil},
		{"pages that are objects with tables", `{"Users":[{"Username":"a"}],"PaginationToken":"x"}` + "\n" + `{"Users":[{"Username":"b"}]}`, "record",
			[]string{`Users@1 Username="a"`, `Users@2 Username="b"`}},
		{"a byte order mark", "\xef\xbb\xbf[{\"id\":1}]", "record", []string{"@1 id=1"}},
		{"an empty record", "{}\n{\"id\":1}", "line", []string{"@1", "@2 id=1"}},
		{"one record with an empty array", `{"email":"a","roles":[]}`, "line", []string{`@1 email="a" roles="[]"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.file), "byte by byte": iotest.OneByteReader(strings.NewReader(c.file))} {
				got, unit, err := read(t, src, 0)
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				if !reflect.DeepEqual(got, c.want) || unit != c.unit {
					t.Errorf("%s: read %q in units of %s\nwant %q in units of %s", how, got, unit, c.want, c.unit)
				}
			}
		})
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`"abc"`, `"abc"`},
		{`""`, `""`},
		{`"a\"b\\c\/d\n\t\u00e9\ud83d\ude00"`, `"a\"b\\c/d\n\té😀"`},
		{`"ends with a backslash \\"`, `"ends with a backslash \\"`},
		{`null`, ``},
		{`true`, `1`},
		{`false`, `0`},
		{`0`, `0`},
		{`-17`, `-17`},
		{`9223372036854775807`, `9223372036854775807`},
		{`9223372036854775808`, `"9223372036854775808"`},
		{`1.5`, `1.5`},
		{`-0.25`, `-0.25`},
		{`1e3`, `1000`},
		{`0.0`, `0`},
		{`1689980857.949`, `1.689980857949e+09`},
		{`0.12345678901234567`, `"0.12345678901234567"`},
		{`1e400`, `"1e400"`},
		{`1e-400`, `"1e-400"`},
		{`123456789012345e-330`, `"123456789012345e-330"`},
		{`{ "a" : [ 1 , "x y\" }" ] }`, `"{\"a\":[1,\"x y\\\" }\"]}"`},
		{`[ ]`, `"[]"`},
	} {
		got, _, err := read(t, strings.NewReader(`[{"v":`+c.json+`}]`), 0)
		want := "@1"
		if c.want != "" {
			want += " v=" + c.want
		}
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s is read as %q, %v; want %q", c.json, got, err, want)
		}
	}
}

func TestColumnsAreTheUnionOfTheNames(t *testing.T) {
	file := `{"id":1,"Email":"a"}` + "\n" + `{"email":"b","id":2,"ext\u0072a":3}` + "\n" + `{"EMAIL":"c","name":null}`
	r := jsonrows.New(strings.NewReader(file), jsonrows.Options{})
	var tables []*rows.Table
	var got []string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, row.Table)
		got = append(got, show(row))
	}
	if want := []string{`@1 id=1 Email="a"`, `@2 id=2 Email="b" extra=3`, `@3 Email="c"`}; !reflect.DeepEqual(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	for i, want := range []int{2, 3, 4} {
		if len(tables[i].Columns) != want {
			t.Errorf("table of row %d has %d columns, want %d: what was handed out must not change", i+1, len(tables[i].Columns), want)
		}
	}
}

func TestSameTableAsLongAsNothingChanges(t *testing.T) {
	r := jsonrows.New(strings.NewReader(`[{"a":1,"b":2},{"b":3},{"b":5,"a":4}]`), jsonrows.Options{})
	var last *rows.Table
	for range 3 {
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && row.Table != last {
			t.Error("another table though no column was added")
		}
		last = row.Table
	}
}

func TestErrorsNameThePlaceAndWhatIsWanted(t *testing.T) {
	deep := strings.Repeat("[", 20_000)
	for _, c := range []struct{ name, file, want, advice string }{
		{"an empty file", "", "a.json: the file is empty: want JSON", "write the export again"},
		{"white space only", " \n ", "a.json: the file is empty: want JSON", ""},
		{"a string", `"secret"`, "a.json: line 1, byte 1: a string: want an array of objects, or objects", ""},
		{"a number", "\n 17", "a.json: line 2, byte 3: a number: want an array of objects, or objects", ""},
		{"an array of scalars", "[\n\"secret\"]", "a.json: line 2, byte 3: a string: want an object, for a record", ""},
		{"an array of arrays", `[[1]]`, "a.json: line 1, byte 2: an array: want an object, for a record", ""},
		{"a scalar behind records", "[{\"id\":1},\n null]", "a.json: line 2, byte 13: null: want an object, for a record", ""},
		{"a scalar between tables' records", `{"users":[{"id":1},7]}`, `a.json: line 1, byte 20: a number: want an object, for a record of "users"`, ""},
		{"objects behind scalars", `{"users":[{"id":1}],"tags":["a",{"id":7}]}`, "a.json: line 1, byte 33: an object: want a value such as those before it in the array", ""},
		{"garbage behind an array", "[{\"id\":1}]\nsecret", "a.json: line 2, byte 12: invalid character 's' at start of value: want JSON (RFC 8259)", "look there"},
		{"an object behind an array", "[{\"id\":1}]\n{}", "a.json: line 2, byte 12: an object: want the end of the file behind the array", ""},
		{"a scalar behind a line", "{\"id\":1}\n7", "a.json: line 2, byte 10: a number: want an object", ""},
		{"an array behind an object", `{"users":[{"id":1}]}[]`, "a.json: line 1, byte 21: an array: want the end of the file behind the object", ""},
		{"a record that is cut off", "[{\"id\":1},\n{\"id\":", "a.json: line 2, byte 12: the value that begins here is not closed before the file ends: want the rest of it", "the file is cut off"},
		{"an array that is cut off", "[{\"id\":1}", "a.json: line 1, byte 10: the file ends here: want the rest of it", "the file is cut off"},
		{"a string that is never closed", "{\"id\":\"secret", "a.json: line 1, byte 1: the value that begins here is not closed", "the file is cut off"},
		{"no comma", "[{\"id\":1}\n{\"id\":2}]", "a.json: line 2, byte 11: invalid character '{' after array element (expecting ',' or ']'): want JSON (RFC 8259)", ""},
		{"single quotes", "{'id':1}", `a.json: line 1, byte 2: invalid character '\'' at start of string`, ""},
		{"a bad escape", "[\n{\"id\":\"\\q\"}]", "a.json: line 2, byte 10: no escape sequence that JSON has", ""},
		{"a lone surrogate", `[{"id":"\ud800"}]`, "a.json: line 1, byte 9: no escape sequence that JSON has", ""},
		{"a name twice", "[\n{\"id\":1,\n\"id\":2}]", `a.json: line 3, byte 12: the name "id" twice in one object: want each name once`, "jq -c . a.json"},
		{"a name twice, deep", "[{\"a\":{\"secret\":1,\"secret\":2}}]", `a.json: line 1, byte 19: a name twice in one object: want each name once`, ""},
		{"a name in two cases", "[{\"email\":1,\n \"Email\":2}]", `a.json: line 2, byte 15: the names "email" and "Email" are the same column`, "rename one of them"},
		{"not UTF-8", "[{\"id\":1},\n{\"id\":\"M\xfcller\"}]", "a.json: line 2, byte 20: not UTF-8: want UTF-8", "iconv -f WINDOWS-1252"},
		{"a NUL in a value", "[{\"id\":1},\n{\"id\":\"a\\u0000b\"}]", `a.json: line 2, byte 18: the text holds a NUL (\u0000): want text without`, ""},
		{"a raw NUL", "[{\"id\":\"a\x00b\"}]", `a.json: line 1, byte 10: invalid character '\x00' in string`, ""},
		{"a NUL in a name", `[{"a\u0000":1}]`, `a.json: line 1, byte 3: the name of a member: it holds a NUL (\u0000): want text without`, ""},
		{"a blank name", `[{"":1}]`, "a.json: line 1, byte 3: the name of a member: it is blank", "give it a name"},
		{"a long name", `[{"` + strings.Repeat("x", 257) + `":1}]`, "a.json: line 1, byte 3: the name of a member: it has 257 bytes: want at most 256", "to_entries"},
		{"an array with a long name", `{"` + strings.Repeat("x", 257) + `":[{"id":1}]}`, "a.json: line 1, byte 263: the name of an array: it has 257 bytes", ""},
		{"deep nesting", `[{"id":` + deep, "a.json: line 1, byte 10006: values nested more than 10000 deep: want less", "leave the column out"},
		{"one account or many", `{"email":"secret@example.com","identities":[{"provider":"auth0"}]}`, `a.json: line 1, byte 1: the object looks like a single record, with the member "email", and holds an array of objects, "identities"`, "jq -s . a.json"},
		{"records by name", `{"alice@example.com":{"x":1},"bob":{"x":2}}`, "a.json: line 1, byte 1: an object of objects: want an array of objects, or one object a line", "to_entries"},
		{"records in an envelope", `{"data":{"users":[{"id":1}]}}`, "a.json: line 1, byte 1: the arrays of objects are not members of the object itself", "jq '.data.users' a.json"},
		{"records in two envelopes", `{"ok":true,"data":{"meta":{},"page":{"items":[{"id":1}]}}}`, "a.json: line 1, byte 1: the arrays of objects are not members", "jq '.data.page.items' a.json"},
		{"an account by a name that is data", `{"secret":{"email":"a","orders":[{}]}}`, "a.json: line 1, byte 1: an object of objects", "to_entries"},
		{"records by name, in an envelope", `{"users":{"u1":{"x":1},"u2":{"x":2}}}`, "a.json: line 1, byte 1: an object of objects", "jq -c '.users | to_entries[] | .value"},
		{"accounts by a name that may be data", `{"secret":{"x":1,"orders":[{}]},"b":{}}`, "a.json: line 1, byte 1: an object of objects", "to_entries"},
		{"accounts by a name alone", `{"secret":{"a":{"x":1}}}`, "a.json: line 1, byte 1: an object of objects", "jq -c 'to_entries[] | .value"},
		{"records by name, in two members", `{"users":{"u1":{"x":1}},"u2":{"x":{"y":2}}}`, "a.json: line 1, byte 1: an object of objects", "jq -c 'to_entries[] | .value"},
		{"a string alone", `"x"`, "a.json: line 1, byte 1: a string: want an array of objects", "one object a line"},
		{"a byte order mark before an error", "\xef\xbb\xbf7", "a.json: line 1, byte 4: a number", ""},
		{"UTF-16", "\xff\xfe[\x00", "a.json: line 1, byte 1: not UTF-8", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.file), "byte by byte": iotest.OneByteReader(strings.NewReader(c.file))} {
				_, _, err := read(t, src, 0)
				if err == nil || !strings.HasPrefix(err.Error(), c.want) {
					t.Errorf("%s: error %v\nwant %s", how, err, c.want)
					continue
				}
				if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "Müller") {
					t.Errorf("%s: the error shows a value: %v", how, err)
				}
				if advice := strings.Join(hint.Of(err), "\n"); !strings.Contains(advice, c.advice) {
					t.Errorf("%s: advice %q, want %q", how, advice, c.advice)
				}
			}
		})
	}
}

func TestMostColumns(t *testing.T) {
	var file strings.Builder
	for i := range 1901 {
		fmt.Fprintf(&file, "{\"k%d\":1}\n", i)
	}
	got, _, err := read(t, strings.NewReader(file.String()), 0)
	if len(got) != 1900 || err == nil || !strings.HasPrefix(err.Error(), "a.json: line 1901, byte ") || !strings.Contains(err.Error(), "more than 1900 different names") {
		t.Errorf("%d rows and %v, want 1900 and an error about line 1901", len(got), err)
	}
}

func TestFailureToReadIsWrapped(t *testing.T) {
	gone := errors.New("the disk is gone")
	for failed, want := range map[error]error{gone: gone, io.ErrUnexpectedEOF: io.ErrUnexpectedEOF, fmt.Errorf("an archive: %w", io.EOF): io.ErrUnexpectedEOF} {
		for _, head := range []string{"", "[", `[{"id":1},`, `[{"id":`, "{\"id\":1}\n", `{"users":[{"id":1}`} {
			_, _, err := read(t, io.MultiReader(strings.NewReader(head), iotest.ErrReader(failed)), 0)
			if !errors.Is(err, want) || errors.Is(err, io.EOF) || !strings.HasPrefix(err.Error(), "read a.json: ") {
				t.Errorf("behind %q the error is %v, want %v", head, err, want)
			}
		}
	}
}
