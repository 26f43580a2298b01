package unpack

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"breachnotify/pkg/hint"
)

const text = "id,email\n1,ann@example.org\n"

func packGzip(t testing.TB, data string) string {
	t.Helper()
	return written(t, data, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func packZstd(t testing.TB, data string) string {
	t.Helper()
	return written(t, data, func(w io.Writer) io.WriteCloser {
		z, err := zstd.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return z
	})
}

func packXZ(t testing.TB, data string) string {
	t.Helper()
	return written(t, data, func(w io.Writer) io.WriteCloser {
		z, err := xz.NewWriter(w)
		if err != nil {
			t.Fatal(err)
		}
		return z
	})
}

func written(t testing.TB, data string, open func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var packed bytes.Buffer
	w := open(&packed)
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func unpacked(src io.Reader, o Options) (string, []string, error) {
	r, err := New(src, o)
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	return string(all), r.Layers(), err
}

func packings(t testing.TB) map[string]string {
	t.Helper()
	bzip2, err := os.ReadFile("testdata/rows.csv.bz2")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"":              text,
		"gzip":          packGzip(t, text),
		"zstd":          packZstd(t, text),
		"xz":            packXZ(t, text),
		"bzip2":         string(bzip2),
		"gzip in xz":    packXZ(t, packGzip(t, text)),
		"zstd in gzip":  packGzip(t, packZstd(t, text)),
		"bzip2 in zstd": packZstd(t, string(bzip2)),
	}
}

func TestWhatIsPackedComesOut(t *testing.T) {
	for name, packed := range packings(t) {
		t.Run(name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(packed), iotest.OneByteReader(strings.NewReader(packed))} {
				got, layers, err := unpacked(src, Options{Name: "x"})
				if err != nil || got != text {
					t.Errorf("unpacked %q, %v", got, err)
				}
				wanted := strings.Split(name, " in ")
				if name == "" {
					wanted = nil
				}
				for i := range wanted {
					if len(layers) != len(wanted) || layers[len(layers)-1-i] != wanted[i] {
						t.Errorf("layers are %v, want %s", layers, name)
					}
				}
			}
		})
	}
}

func TestSeveralPackedFilesInARowAreOne(t *testing.T) {
	for name, packed := range packings(t) {
		if name == "" || strings.Contains(name, " ") {
			continue
		}
		if got, _, err := unpacked(strings.NewReader(packed+packed), Options{Name: "x"}); err != nil || got != text+text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestACutOffFileIsAnErrorWhereverItIsCut(t *testing.T) {
	for name, packed := range packings(t) {
		if name == "" {
			continue
		}
		for size := longestMagic; size < len(packed); size++ {
			got, _, err := unpacked(strings.NewReader(packed[:size]), Options{Name: "a.csv.gz"})
			if err == nil {
				t.Fatalf("%s: cut off at byte %d of %d gives %q and no error", name, size, len(packed), got)
			}
			if !strings.HasPrefix(err.Error(), "a.csv.gz: byte ") || len(hint.Of(err)) == 0 {
				t.Fatalf("%s: cut off at byte %d: %v, hints %q", name, size, err, hint.Of(err))
			}
		}
	}
}

func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	gzipped := packGzip(t, text)
	damaged := func(packed string, at int) string {
		return packed[:at] + string(packed[at]^0xFF) + packed[at+1:]
	}
	cut := gzipped[:len(gzipped)-3]
	for name, c := range map[string]struct {
		packed string
		want   []string
	}{
		"a gzip file that is cut off":    {cut, []string{"byte " + itoa(len(cut)), "cut off", "copy it again"}},
		"a gzip file with a wrong sum":   {damaged(gzipped, len(gzipped)-6), []string{"gzip file is damaged", "invalid checksum", "binary mode"}},
		"a gzip file with a wrong size":  {damaged(gzipped, len(gzipped)-1), []string{"gzip file is damaged"}},
		"something behind a gzip file":   {gzipped + "\nmore", []string{"byte " + itoa(len(gzipped)) + ": the gzip file ends, and something follows"}},
		"zeros behind a gzip file":       {gzipped + "\x00\x00", []string{"byte " + itoa(len(gzipped)), "something follows"}},
		"something behind a zstd file":   {packZstd(t, text) + "\nmore", []string{"zstd file ends, and something follows"}},
		"a zstd file with a wrong sum":   {damaged(packZstd(t, text), len(packZstd(t, text))-1), []string{"zstd file is damaged"}},
		"something behind an xz file":    {packXZ(t, text) + "\nand something more", []string{"xz file is damaged"}},
		"three layers":                   {packGzip(t, packGzip(t, gzipped)), []string{"gzip inside of gzip inside of gzip: more than 2 layers", "unpack it first: gzip -dc x"}},
		"an inner file that is cut off":  {packGzip(t, cut), []string{"byte " + itoa(len(cut)) + " of what is unpacked: the gzip file is cut off"}},
		"an outer file that is cut off":  {packGzip(t, gzipped)[:30], []string{"x: byte 30: the gzip file is cut off"}},
		"a dictionary of two gigabytes":  {"\xFD7zXZ\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x26\x00\x00\x00", []string{"xz file: it asks for a window of more than 134217728 bytes", "xz -dc x"}},
		"a zstd window of two gigabytes": {"\x28\xB5\x2F\xFD\x00\xA8\x01\x00\x00x", []string{"zstd file: it asks for a window of more than", "--long=31"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := unpacked(strings.NewReader(c.packed), Options{Name: "x"})
			if err == nil {
				t.Fatalf("no error, but %q", got)
			}
			said := err.Error() + "\n" + strings.Join(hint.Of(err), "\n")
			for _, want := range c.want {
				if !strings.Contains(said, want) {
					t.Errorf("error %q does not say %q", said, want)
				}
			}
		})
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func TestMoreThanTheLimitIsAnErrorThatNamesTheKey(t *testing.T) {
	for name, pack := range map[string]func(testing.TB, string) string{"gzip": packGzip, "zstd": packZstd, "xz": packXZ} {
		packed := pack(t, strings.Repeat("0", 1<<20))
		if got, _, err := unpacked(strings.NewReader(packed), Options{Name: "x", Max: 1 << 20}); err != nil || len(got) != 1<<20 {
			t.Errorf("%s: as much as the limit: %d bytes, %v", name, len(got), err)
		}
		got, _, err := unpacked(strings.NewReader(packed), Options{Name: "x", Max: 1<<20 - 1})
		if err == nil || len(got) >= 1<<20 || !strings.Contains(strings.Join(hint.Of(err), "\n"), "export.max_unpacked") {
			t.Errorf("%s: one byte more: %d bytes, %v, hints %q", name, len(got), err, hint.Of(err))
		}
	}
}

func TestFewBytesThatUnpackToGigabytesAreStoppedByTheRatio(t *testing.T) {
	packed := packZstd(t, strings.Repeat("0", 16<<20))
	endless := repeated{packed: packed}
	r, err := New(&endless, Options{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	if err == nil || !strings.Contains(err.Error(), "over 250 times what was read") || n > ratioFrom {
		t.Errorf("%d bytes come out, then %v", n, err)
	}
}

// repeated gives the same file for ever.
type repeated struct {
	packed string
	at     int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.packed[r.at:])
	r.at = (r.at + n) % len(r.packed)
	return n, nil
}

func TestAFailureOfTheSourceStaysWhatItIs(t *testing.T) {
	broken := errors.New("broken")
	for name, packed := range packings(t) {
		src := io.MultiReader(strings.NewReader(packed[:len(packed)-2]), iotest.ErrReader(broken))
		if _, _, err := unpacked(src, Options{Name: "x"}); !errors.Is(err, broken) || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: error %v, want that of the source", name, err)
		}
	}
	if _, err := New(iotest.ErrReader(broken), Options{Name: "x"}); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the source", err)
	}
}

func TestInnerNameHasNoPackedExtension(t *testing.T) {
	for name, want := range map[string]string{
		"a.csv": "a.csv", "a.csv.gz": "a.csv", "a.JSON.GZ.xz": "a.JSON", "a.gz": "a", "-": "-", "a.tar.bz2": "a.tar", "a.csv.gz.gz.gz": "a.csv.gz",
	} {
		if got := InnerName(name); got != want {
			t.Errorf("InnerName(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestRealToolsAreRead goes through the programs that write such files.
func TestRealToolsAreRead(t *testing.T) {
	large := strings.Repeat(text, 100_000)
	for _, tool := range [][]string{{"gzip", "-c"}, {"zstd", "-c", "-q"}, {"zstd", "-c", "-q", "-19"}, {"bzip2", "-c"}, {"xz", "-c"}, {"xz", "-c", "-T2", "--block-size=100000"}} {
		path, err := exec.LookPath(tool[0])
		if err != nil {
			t.Log("not installed:", tool[0])
			continue
		}
		cmd := exec.Command(path, tool[1:]...)
		cmd.Stdin = strings.NewReader(large)
		packed, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := unpacked(bytes.NewReader(packed), Options{Name: "x"}); err != nil || got != large {
			t.Errorf("%v: %d bytes of %d, %v", tool, len(got), len(large), err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	for _, packed := range packings(f) {
		f.Add([]byte(packed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, _, err := unpacked(bytes.NewReader(in), Options{Name: "x", Max: 1 << 20})
		again, _, againErr := unpacked(iotest.OneByteReader(bytes.NewReader(in)), Options{Name: "x", Max: 1 << 20})
		if got != again || (err == nil) != (againErr == nil) {
			t.Fatalf("how the bytes arrive matters: %d bytes and %v, %d bytes and %v", len(got), err, len(again), againErr)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "x: ") {
			t.Fatalf("the error is %v", err)
		}
	})
}
