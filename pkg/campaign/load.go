package campaign

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"

	"breachnotify/pkg/hint"
)

// Options are what a configuration needs from around it.
type Options struct {
	Name string                      // of the file, for errors; empty: notify.yaml
	Dir  string                      // what relative paths are relative to; empty: the current folder
	Env  func(string) (string, bool) // the environment; nil: an empty one
}

// Load reads a configuration, substitutes ${NAME}, resolves paths and validates
// the result. All mistakes that can be told at once are joined in one error, each a
// *ConfigError: first what is not well formed, and once nothing is left of that,
// what Config.Validate finds. Beside these last ones the Config is returned, for
// looking at; it is never to be sent from.
func Load(text []byte, o Options) (*Config, error) {
	c, err := loadStrictly(text, o)
	return c, hint.Otherwise(err, "notify init DIR writes a notify.yaml that explains every key")
}

func loadStrictly(text []byte, o Options) (*Config, error) {
	if o.Name == "" {
		o.Name = "notify.yaml"
	}
	if o.Env == nil {
		o.Env = func(string) (string, bool) { return "", false }
	}
	src, root, err := parseDocument(o.Name, text)
	if err != nil {
		return nil, err
	}
	c := defaults()
	d := decoder{source: src, env: o.Env}
	d.section("", root, reflect.ValueOf(c).Elem())
	if len(d.errs) > 0 {
		return nil, errors.Join(d.errs...)
	}
	c.source = src
	c.resolve(o)
	return c, c.Validate()
}

// ReadFile loads the configuration at path. Its folder is what relative paths are
// relative to, and path is what errors name; env is as in Options. Beyond the
// errors of Load it returns those of opening and reading the file.
func ReadFile(path string, env func(string) (string, bool)) (*Config, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Wrap(fmt.Errorf("read the configuration: %w", err),
			"go to the folder of the campaign, or name its file with -c; notify init DIR makes one to start from")
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if errors.Is(err, syscall.EISDIR) {
		return nil, hint.Wrap(fmt.Errorf("read the configuration: %w", err), "name the file in it: -c %s", filepath.Join(path, "notify.yaml"))
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return Load(text, Options{Name: path, Dir: filepath.Dir(path), Env: env})
}

// resolve settles the defaults that depend on other keys, and makes paths of the
// file's folder into paths of the process.
func (c *Config) resolve(o Options) {
	c.dir = o.Dir
	c.SMTP.Secret.resolve("smtp", c, o.Env)
	c.Bounces.Secret.resolve("bounces", c, o.Env)
	c.SMTP.defaultPort()
	if _, given := c.source.places["throttle.canary"]; !given {
		c.Throttle.Canary = max(min(c.Throttle.Canary, c.Throttle.Batch), 0)
	}
	if !isURL(c.Export.Source) {
		c.Export.Source = c.path(c.Export.Source)
	}
	for name, file := range c.Export.Tables {
		c.Export.Tables[name] = c.path(file)
	}
	c.Notice.Templates = c.path(c.Notice.Templates)
	c.Suppress = c.path(c.Suppress)
	c.SMTP.CAFile = c.path(c.SMTP.CAFile)
	c.Bounces.CAFile = c.path(c.Bounces.CAFile)
	c.Halt.Probe.resolve(c)
	if c.SMTP.DKIM != nil {
		c.SMTP.DKIM.KeyFile = c.path(c.SMTP.DKIM.KeyFile)
	}
}

func (c *Config) path(written string) string {
	if written == "" || written == standardInput || filepath.IsAbs(written) {
		return written
	}
	return filepath.Join(c.dir, written)
}

// standardInput is the path that stands for it.
const standardInput = "-"

// isURL tells a database's address from a path.
func isURL(source string) bool { return strings.Contains(source, "://") }
