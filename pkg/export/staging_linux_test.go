package export

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inChild names the source that the test binary stages when it is its own child.
const inChild = "EXPORT_TEST_STAGE"

// large writes a CSV file that fits in no cache of the private database.
func large(t testing.TB, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,email,name,password")
	for i := range rows {
		fmt.Fprintf(w, "%d,user%d@example.org,%0100d,$2b$12$C6UzMDM.H6dfI/f/IKcEe.\n", i, i, i)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStageAsChild is the child of TestNothingIsLeftOfThePrivateDatabase: it stages,
// says so with the first record, and waits for its end.
func TestStageAsChild(t *testing.T) {
	source := os.Getenv(inChild)
	if source == "" {
		return
	}
	s, err := Open(t.Context(), Spec{Source: source, Where: "1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range s.Records(t.Context()) {
		fmt.Println("staged", err)
		_, err = io.Copy(io.Discard, os.Stdin) // until the parent kills this process, or is gone
		t.Fatalf("the parent is gone: %v", err)
	}
}

func TestNothingIsLeftOfThePrivateDatabase(t *testing.T) {
	folder := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestStageAsChild$")
	child.Env = append(os.Environ(), inChild+"="+large(t, 150_000), "SQLITE_TMPDIR="+folder)
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Process.Kill() // does nothing to a process that is gone
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "staged <nil>\n" {
		t.Fatalf("the child says %q (%v)", line, err)
	}
	checkPrivateFile(t, child.Process.Pid, folder)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("the folder shows %v (%v)", entries, err)
	}
}

// checkPrivateFile looks for the one file in folder that the process has open.
func checkPrivateFile(t *testing.T, pid int, folder string) {
	t.Helper()
	fds := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(fds)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(fds, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(target, folder+"/") {
			continue
		}
		found++
		info, err := os.Stat(filepath.Join(fds, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 || !strings.HasSuffix(target, " (deleted)") {
			t.Errorf("%s has mode %v, want 0600 and unlinked", target, info.Mode())
		}
	}
	if found == 0 {
		t.Error("the private database is not in SQLITE_TMPDIR")
	}
}

func TestANamedPipeIsReadAsAFile(t *testing.T) {
	for _, where := range []string{"", "id <> '1'"} {
		path := pipe(t)
		go func() {
			if err := os.WriteFile(path, []byte(plain), 0o600); err != nil {
				t.Error(err)
			}
		}()
		want := len(plainRecords)
		if where != "" {
			want--
		}
		if got := len(mustCollect(t, Spec{Source: path, Where: where})); got != want {
			t.Errorf("where %q: %d records, want %d", where, got, want)
		}
	}
}

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe.csv")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCancellationEndsTheWaitForAPipe(t *testing.T) {
	t.Run("that nobody writes to", func(t *testing.T) {
		path := pipe(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := Open(ctx, Spec{Source: path}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open gives %v", err)
		}
		w, err := os.OpenFile(path, os.O_WRONLY, 0) // lets the open that was given up end
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
	})
	for _, where := range []string{"", "1"} {
		t.Run("that falls silent, where "+where, func(t *testing.T) {
			path := pipe(t)
			opened := make(chan *os.File)
			go func() {
				w, err := os.OpenFile(path, os.O_WRONLY, 0)
				if err == nil {
					_, err = w.WriteString(plain)
				}
				if err != nil {
					t.Error(err)
				}
				opened <- w
			}()
			s, err := Open(t.Context(), Spec{Source: path, Where: where})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			defer func() { (<-opened).Close() }()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			var last error
			for _, err := range s.Records(ctx) {
				last = err
			}
			if !errors.Is(last, context.DeadlineExceeded) {
				t.Errorf("Records ends with %v", last)
			}
		})
	}
}
