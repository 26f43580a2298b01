package campaign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/hint"
)

const (
	maxPassword    = 4096
	commandTimeout = 30 * time.Second
	// commandGrace is how long a killed command may hold its output open.
	commandGrace = time.Second
)

// Errors of Secret.Password. None of its errors holds any part of a password.
var (
	// ErrNoPassword says that the place where the password should be is empty.
	ErrNoPassword = errors.New("there is no password")
)

// Secret says where a password is. At most one of its keys is given.
type Secret struct {
	PasswordEnv     string `yaml:"password_env"`     // the name of a variable of the environment
	PasswordFile    string `yaml:"password_file"`    // a file; see Config.ExposedSecrets
	PasswordCommand string `yaml:"password_command"` // for sh -c, in the folder of the configuration

	section string // of the configuration, for errors: smtp
	env     func(string) (string, bool)
	dir     string
}

// resolve tells s in which section of which configuration it is.
func (s *Secret) resolve(section string, c *Config, env func(string) (string, bool)) {
	s.section, s.dir, s.env = section, c.dir, env
	s.PasswordFile = c.path(s.PasswordFile)
}

// passwordKeys lists the keys under which a password is given.
func (s Secret) passwordKeys() []string {
	var given []string
	for _, key := range []struct{ name, value string }{
		{"password_env", s.PasswordEnv},
		{"password_file", s.PasswordFile},
		{"password_command", s.PasswordCommand},
	} {
		if key.value != "" {
			given = append(given, key.name)
		}
	}
	return given
}

// Password fetches the password from where the configuration says, without
// the line end behind it. It is empty where none is configured. A command runs for
// at most half a minute. Password returns ErrNoPassword for one that is empty or
// not there, and the errors of reading the file or running the command.
func (s Secret) Password(ctx context.Context) (string, error) {
	var secret []byte
	var err error
	key := strings.Join(s.passwordKeys(), ", ")
	switch {
	case key == "":
		return "", nil
	case s.PasswordEnv != "":
		secret, err = s.passwordFromEnv()
	case s.PasswordFile != "":
		secret, err = s.passwordFromFile()
	default:
		secret, err = s.passwordFromCommand(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("get the password of %s.%s: %w", s.section, key, err)
	}
	password, err := oneLine(secret)
	if err != nil {
		return "", fmt.Errorf("get the password of %s.%s: %w", s.section, key, err)
	}
	return password, nil
}

// ExposedSecrets returns the keys of the configuration whose file holds a secret that
// everybody on this machine may read or write. Whoever mounts secrets into a container
// often has no choice of mode, so that this is to be told and not refused.
func (c *Config) ExposedSecrets() []string {
	files := map[string]string{"smtp.password_file": c.SMTP.PasswordFile, "bounces.password_file": c.Bounces.PasswordFile}
	if c.SMTP.DKIM != nil {
		files["smtp.dkim.key_file"] = c.SMTP.DKIM.KeyFile
	}
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if files[key] == "" {
			continue
		}
		if info, err := os.Stat(files[key]); err == nil && info.Mode().Perm()&0o007 != 0 { // whoever reads the file tells the error
			keys = append(keys, key)
		}
	}
	return keys
}

// oneLine takes one line end off. What is left must be a password that AUTH can
// carry.
func oneLine(secret []byte) (string, error) {
	line := strings.TrimSuffix(strings.TrimSuffix(string(secret), "\n"), "\r")
	switch {
	case line == "":
		return "", ErrNoPassword
	case len(line) > maxPassword:
		return "", fmt.Errorf("the password is longer than %d octets", maxPassword)
	case strings.ContainsAny(line, "\x00\r\n"):
		return "", errors.New("the password has more than one line")
	}
	return line, nil
}

func (s Secret) passwordFromEnv() ([]byte, error) {
	if s.env != nil {
		if value, ok := s.env(s.PasswordEnv); ok {
			return []byte(value), nil
		}
	}
	return nil, hint.Wrap(ErrNoPassword, "set %s in the environment", s.PasswordEnv)
}

func (s Secret) passwordFromFile() ([]byte, error) {
	file, err := os.Open(s.PasswordFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	}
	return io.ReadAll(io.LimitReader(file, maxPassword+2))
}

func (s Secret) passwordFromCommand(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	var output boundedBuffer
	command := exec.CommandContext(ctx, "sh", "-c", s.PasswordCommand)
	command.Dir, command.Stdout, command.WaitDelay = s.dir, &output, commandGrace
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, hint.Wrap(err, "run the command by hand to see what it says")
	}
	return output.Bytes(), nil
}

// boundedBuffer keeps just more than a password and drops the rest, so that a
// command that never stops talking fills nothing.
type boundedBuffer struct{ bytes.Buffer }

func (b *boundedBuffer) Write(p []byte) (int, error) {
	room := max(maxPassword+2-b.Len(), 0)
	b.Buffer.Write(p[:min(room, len(p))])
	return len(p), nil
}
