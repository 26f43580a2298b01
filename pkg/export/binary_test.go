package export

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/export/presets"
)

func TestABinaryFileIsNamedForWhatItIs(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"zip or a spreadsheet":  {"PK\x03\x04\x14\x00\x06\x00", []string{"a binary file: zip", "unzip -p", "spreadsheet"}},
		"7z":                    {"7z\xBC\xAF\x27\x1C\x00\x04", []string{"a binary file: 7z", "7z x"}},
		"an old spreadsheet":    {"\xD0\xCF\x11\xE0\xA1\xB1", []string{"an old spreadsheet", "as CSV"}},
		"a dump of PostgreSQL":  {"PGDMP\x01\x0E\x00\x04\x08", []string{"a custom archive that pg_dump wrote", "pg_restore --no-owner -f dump.sql"}},
		"a tar archive of one":  {tarMagic + strings.Repeat("\x00", 250) + "ustar", []string{"a tar archive that pg_dump wrote", "pg_restore --no-owner -f dump.sql"}},
		"Parquet":               {"PAR1\x15\x04\x15", []string{"Parquet", "as CSV"}},
		"a program":             {"\x7FELF\x02\x01\x01\x00\r\"", []string{"a binary file: a program", "check the path"}},
		"PDF, whose head reads": {"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n", []string{"a binary file: PDF", "as CSV"}},
		"unknown, with zeros":   {"\x02\x03abc\"\x00\x00\r\x01", []string{"a binary file", "write it as one of them"}},
		"unknown, without":      {"\x02\x03\xFEabc\"\x80\r\x01", []string{"a binary file", "write it as one of them"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, as := range []string{"a.csv", "a.tsv"} {
				got := mustFail(t, Spec{Source: file(t, as, c.content)})
				for _, want := range append(c.want, as) {
					if !strings.Contains(got, want) {
						t.Errorf("error %q does not say %q", got, want)
					}
				}
				if strings.Contains(got, "iconv") || strings.Contains(got, "carriage") || strings.Contains(got, "%!") {
					t.Errorf("error %q misleads", got)
				}
			}
		})
	}
}

func TestATextFileThatBeginsLikeABinaryOneIsRead(t *testing.T) {
	for _, header := range []string{"PAR1", "PGDMP", "BZh9", "PK", "toc.dat", "SQLite format 3"} {
		got := mustCollect(t, Spec{Source: file(t, "a.csv", header+",id,email\nx,1,a@x.org\n")})
		if ids(got) != "1" {
			t.Errorf("with the column %s: ids %q", header, ids(got))
		}
	}
}

func TestABrokenHeaderOfATextFileKeepsItsError(t *testing.T) {
	for content, want := range map[string]string{
		"id,em\xFCil\n":        "not UTF-8",
		"id,\"email\n1,x\n":    "never closed",
		"id,\"e\x01mail\n1,\n": "never closed",
	} {
		if got := mustFail(t, Spec{Source: file(t, "a.csv", content)}); !strings.Contains(got, "line 1") || !strings.Contains(got, want) {
			t.Errorf("%q: error %q does not say %q", content, got, want)
		}
	}
}

func TestAFailureToReadTheHeaderIsNotTakenForABinaryFile(t *testing.T) {
	broken := errors.New("broken")
	src := io.MultiReader(strings.NewReader("id\x00,email and so on"), iotest.ErrReader(broken))
	text := &textFile{scanner: newScanner(src, "x.csv", ',', 100)}
	if err := text.readHeader(presets.Header{}); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the reader", err)
	}
}

func FuzzBinary(f *testing.F) {
	for _, kind := range binaryKinds {
		f.Add([]byte(kind.magic + "x"))
	}
	f.Add([]byte("i\x00d\x00"))
	f.Add([]byte("\xFF\xFEi\x00"))
	f.Add([]byte("id,email\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, err := range []error{knownBinary("x.csv", data), unknownBinary("x.csv", data)} {
			if err != nil && (len(err.Error()) > 100 || !strings.HasPrefix(err.Error(), "x.csv: ")) {
				t.Fatalf("the error is %q", err)
			}
		}
		if text := strings.ToValidUTF8(strings.ReplaceAll(string(data), "\x00", ""), ""); len(text) <= looked && unknownBinary("x.csv", []byte(text)) != nil {
			t.Fatalf("%q is text", text)
		}
	})
}
