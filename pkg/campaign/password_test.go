package campaign

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/hint"
)

func writeFile(t *testing.T, text string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

func TestPasswordIsFetchedFromWhereItIs(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p"), []byte("here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := environment("PW", "from env")
	cases := []struct {
		name string
		smtp Secret
		want string
	}{
		{"nowhere", Secret{}, ""},
		{"the environment", Secret{PasswordEnv: "PW", env: env}, "from env"},
		{"a file", Secret{PasswordFile: writeFile(t, " from file \n", 0o600)}, " from file "},
		{"a file of a group", Secret{PasswordFile: writeFile(t, "x\r\n", 0o640)}, "x"},
		{"a command", Secret{PasswordCommand: "printf 'from %s\\n' command"}, "from command"},
		{"a command in the configuration's folder", Secret{PasswordCommand: "cat p", dir: dir}, "here"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.smtp.Password(t.Context())
			if err != nil || got != c.want {
				t.Errorf("Password = %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestPasswordErrorsNeverShowIt(t *testing.T) {
	const secret = "hunter2"
	cases := []struct {
		name string
		smtp Secret
		is   error // nil: any
		hint string
	}{
		{"an unset variable", Secret{PasswordEnv: "PW", env: environment()}, ErrNoPassword, "set PW in the environment"},
		{"no environment", Secret{PasswordEnv: "PW"}, ErrNoPassword, "set PW"},
		{"an empty variable", Secret{PasswordEnv: "PW", env: environment("PW", "")}, ErrNoPassword, ""},
		{"a missing file", Secret{PasswordFile: filepath.Join(t.TempDir(), "x")}, fs.ErrNotExist, ""},
		{"a folder", Secret{PasswordFile: t.TempDir()}, nil, ""},
		{"an empty file", Secret{PasswordFile: writeFile(t, "\n", 0o600)}, ErrNoPassword, ""},
		{"two lines", Secret{PasswordFile: writeFile(t, secret+"\n\n", 0o600)}, nil, ""},
		{"a huge file", Secret{PasswordFile: writeFile(t, strings.Repeat(secret, 1000), 0o600)}, nil, ""},
		{"a command that fails", Secret{PasswordCommand: "echo " + secret + "; echo " + secret + " >&2; exit 3"}, nil, "by hand"},
		{"a silent command", Secret{PasswordCommand: "true"}, ErrNoPassword, ""},
		{"an endless command", Secret{PasswordCommand: "head -c 1000000 /dev/zero"}, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.smtp.Password(t.Context())
			if err == nil || got != "" {
				t.Fatalf("Password = %q, %v, want an error alone", got, err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v is not %v", err, c.is)
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(strings.Join(hint.Of(err), ""), secret) {
				t.Errorf("the error shows the password: %v", err)
			}
			if !strings.Contains(strings.Join(hint.Of(err), "\n"), c.hint) {
				t.Errorf("hints %q lack %q", hint.Of(err), c.hint)
			}
		})
	}
}

func TestPasswordCommandIsStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := Secret{PasswordCommand: "sleep 60; echo late"}.Password(ctx)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want that of the deadline", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the command held Password up for %v", took)
	}
}

func TestSecretsThatEverybodyCanReadAreTold(t *testing.T) {
	c := &Config{SMTP: SMTP{Secret: Secret{PasswordFile: writeFile(t, "s3cret", 0o604)}, DKIM: &DKIM{KeyFile: writeFile(t, "key", 0o602)}},
		Bounces: Bounces{Secret: Secret{PasswordFile: writeFile(t, "s3cret", 0o640)}}}
	if got, want := c.ExposedSecrets(), []string{"smtp.dkim.key_file", "smtp.password_file"}; !slices.Equal(got, want) {
		t.Errorf("told: %q, want %q", got, want)
	}
	c = &Config{SMTP: SMTP{Secret: Secret{PasswordFile: "nowhere"}}}
	if got := c.ExposedSecrets(); got != nil {
		t.Errorf("told: %q", got)
	}
}
