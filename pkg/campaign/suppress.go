package campaign

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// ReadSuppressed reads the file of `suppress`; without one the set is empty. The
// file holds one address a line; blank lines and lines that begin with # say
// nothing. An address counts for its mailbox: the case of the local part does not
// matter. The errors name lines, never addresses.
func (c *Config) ReadSuppressed() (Suppression, error) {
	if c.Suppress == "" {
		return nil, nil
	}
	file, err := os.Open(c.Suppress)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("read the file of suppress: %w", err), "look at suppress in notify.yaml; a relative path starts at that file")
	}
	defer file.Close()
	suppressed, err := readSuppressed(file)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("read the file of suppress: %w", err), "it is text with one address a line; lines that begin with # are comments")
	}
	return suppressed, nil
}

func readSuppressed(r io.Reader) (Suppression, error) {
	suppressed := Suppression{}
	lines := bufio.NewScanner(r)
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		address, err := account.ParseAddress(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		suppressed.Add(address)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d is too long for an address", number+1)
	}
	return suppressed, lines.Err()
}
