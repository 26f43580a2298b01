package campaign

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// maxCorrection bounds a line of a file of corrections, in octets: an id and an address.
const maxCorrection = 64 << 10

// ReadCorrections reads a CSV file (RFC 4180) with the header id,email, in either order:
// the address that each account has in truth, for Resend. An account that is there twice
// with one address counts once, with two it is an error. The errors name lines, never
// addresses.
func (c *Config) ReadCorrections(path string) (map[string]account.Address, error) {
	sendable, err := c.Sendable()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("read the corrections: %w", err), "look at --corrections")
	}
	defer file.Close()
	corrections, err := readCorrections(file, func(to account.Address) error {
		exclusion, reason := sendable.unless(to)
		if exclusion == "" {
			return nil
		}
		return fmt.Errorf("%s: %s", exclusion, reason)
	})
	if err != nil {
		err = fmt.Errorf("read the corrections: %s: %w", path, err)
		return nil, hint.Otherwise(err, "it is CSV with the header id,email and a line an account")
	}
	return corrections, nil
}

func readCorrections(r io.Reader, check func(account.Address) error) (map[string]account.Address, error) {
	lines := csv.NewReader(withoutMark(r))
	lines.ReuseRecord = true
	lines.FieldsPerRecord = 2
	id, email, err := correctionColumns(lines)
	if err != nil {
		return nil, err
	}
	corrections := map[string]account.Address{}
	for {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := lines.FieldPos(0)
		if err := addCorrection(corrections, strings.Clone(record[id]), record[email], check); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if len(corrections) == 0 {
		return nil, errors.New("it holds no correction")
	}
	return corrections, nil
}

func addCorrection(corrections map[string]account.Address, id, email string, check func(account.Address) error) error {
	if len(id)+len(email) > maxCorrection {
		return fmt.Errorf("it is longer than %d bytes", maxCorrection)
	}
	if account.IsNull(id) {
		return errors.New("the id is empty")
	}
	to, err := account.ParseAddress(email)
	if err == nil {
		err = check(to)
	}
	if err != nil {
		return err
	}
	if before, ok := corrections[id]; ok && before != to {
		return hint.Wrap(errors.New("the account has another address further up"), "leave one line for each account")
	}
	corrections[id] = to
	return nil
}

// correctionColumns reads the header and says where id and email are.
func correctionColumns(lines *csv.Reader) (id, email int, err error) {
	header, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return 0, 0, errors.New("the file is empty: want the header id,email")
	}
	if err == nil {
		switch strings.ToLower(strings.TrimSpace(header[0]) + "," + strings.TrimSpace(header[1])) {
		case "id,email":
			return 0, 1, nil
		case "email,id":
			return 1, 0, nil
		}
	}
	return 0, 0, hint.Wrap(errors.New("line 1: want the header id,email"), "one account a line below it: its id in the export and its right address")
}

// csvError says what is wrong without the field itself.
func csvError(err error) error {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return fmt.Errorf("line %d: %w", syntax.Line, syntax.Err)
	}
	return err
}

// withoutMark passes over a byte order mark.
func withoutMark(r io.Reader) io.Reader {
	buffered := bufio.NewReader(r)
	const mark = "\ufeff"
	if head, err := buffered.Peek(len(mark)); err == nil && string(head) == mark {
		_, _ = buffered.Discard(len(mark)) // what was peeked at is there
	}
	return buffered
}
