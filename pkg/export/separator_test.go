package export

import (
	"strings"
	"testing"
)

func TestTabsSeparateWhateverTheNameIs(t *testing.T) {
	want := ids(mustCollect(t, Spec{Source: file(t, "a.tsv", usersTSV)}))
	quoted := strings.Replace(usersTSV, "id\temail", "\"id\"\t\"email\"", 1)
	for name, path := range map[string]string{
		"plain": file(t, "a.csv", usersTSV), "with a mark": file(t, "a.csv", utf8Mark+usersTSV),
		"behind blank lines": file(t, "a.csv", "\r\n\n"+usersTSV), "with quotes": file(t, "a.csv", quoted),
		"packed": file(t, "a.csv.gz", string(gzipped(t, []byte(usersTSV)))),
	} {
		for _, where := range []string{"", "1"} {
			records := mustCollect(t, Spec{Source: path, Where: where})
			if got := ids(records); got != want || records[0].Name != "Ann, A." {
				t.Errorf("%s, where %q: ids %s, want %s", name, where, got, want)
			}
		}
	}
}

func TestAHeaderWithACommaIsOneOfCSV(t *testing.T) {
	records := mustCollect(t, Spec{Source: file(t, "a.csv", "id,email,a\tb\n1,x@example.org,y\n")})
	if got := ids(records); got != "1" {
		t.Errorf("ids %s, want 1", got)
	}
}

func TestAHeaderlessCSVHasNoLineEndsAndStrayQuotes(t *testing.T) {
	rest := strings.Repeat(",", 21) + "\n"
	good := "f01,a@example.org,true,,,\"A, B\"" + rest
	for name, c := range map[string]struct{ row, want string }{
		"a line end within quotes":   {"f02,b@example.org,true,,,\"B,\nC\"" + rest, "line 2: the quote that begins here is not closed on its line"},
		"a quote that opens":         {"f02,b@example.org,true,,,\"B" + rest, "line 2: the quote that begins here is not closed on its line"},
		"one in the last line":       {"f02,b@example.org,true,,,\"B", "line 2: the quote that begins here is never closed"},
		"a quote inside":             {"f02,b@example.org,true,,,B \"b\" B" + rest, "line 2: a quote inside a field"},
		"quotes inside of quotes":    {"f02,b@example.org,true,,,\"B \"b, c\" B\"" + rest, "line 2: text after a closing quote"},
		"a line end without a quote": {"f02,b@example.org,true,,,B\nb" + rest, "line 2: 6 fields"},
	} {
		t.Run(name, func(t *testing.T) {
			text := good + c.row
			if !strings.HasSuffix(c.want, "never closed") {
				text += strings.ReplaceAll(good, "f01", "f03") + "f04,d@example.org,true,,,\"D" + rest
			}
			got := mustFail(t, Spec{Source: file(t, "a.csv", text), Preset: "firebase"})
			for _, want := range []string{c.want, "firebase auth:export users.json --format=json"} {
				if !strings.Contains(got, want) {
					t.Errorf("error %q does not say %q", got, want)
				}
			}
			if strings.Contains(got, "example.org") {
				t.Errorf("error %q holds an address", got)
			}
		})
	}
	if got := ids(mustCollect(t, Spec{Source: file(t, "a.csv", good), Preset: "firebase"})); got != "f01" {
		t.Errorf("ids %s of a file without such, want f01", got)
	}
}
