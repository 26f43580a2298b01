package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// textFile is a CSV or TSV file behind its header.
type textFile struct {
	*scanner
	reader *meteredReader
	header []string
}

// openText opens a text file and reads its header.
func openText(ctx context.Context, path string, f format, maxRecord int, m *meter) (*textFile, error) {
	file, err := openFile(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open the export: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open the export: %w", err)
	}
	m.total.Add(info.Size())
	separator := byte(',')
	if f == tsvFile {
		separator = '\t'
	}
	reader := &meteredReader{file: file, done: &m.done}
	t := &textFile{scanner: newScanner(reader, path, separator, maxRecord), reader: reader}
	defer reader.begin(ctx)()
	if err := t.readHeader(); err != nil {
		file.Close()
		return nil, err
	}
	return t, nil
}

func (t *textFile) close() error { return t.reader.file.Close() }

func (t *textFile) readHeader() error {
	if err := t.skipMark(); err != nil {
		return err
	}
	if err := t.scan(); errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the file is empty", t.name)
	} else if err != nil {
		return err
	}
	for _, field := range t.fields {
		t.header = append(t.header, string(field))
	}
	return t.checkHeader()
}

// checkHeader repeats names of columns only when none looks like data.
func (t *textFile) checkHeader() error {
	for _, name := range t.header {
		if strings.Contains(name, "@") {
			err := fmt.Errorf("%s: line %d: no header: the first line holds an address", t.name, t.line)
			return hint.Wrap(err, "put a line with the names of the columns first")
		}
	}
	first := map[string]int{}
	for i, name := range t.header {
		if strings.TrimSpace(name) == "" {
			return fmt.Errorf("%s: line %d: column %d has no name", t.name, t.line, i+1)
		}
		folded := foldASCII(name)
		if earlier, ok := first[folded]; ok {
			return fmt.Errorf("%s: line %d: columns %d and %d are both named %q", t.name, t.line, earlier+1, i+1, name)
		}
		first[folded] = i
	}
	return nil
}

// next reads a row: the scanner's line and fields, as many as the header has.
func (t *textFile) next() error {
	if err := t.scan(); err != nil {
		return err
	}
	if len(t.fields) == len(t.header) {
		return nil
	}
	err := fmt.Errorf("%s: line %d: %d fields where the header has %d", t.name, t.line, len(t.fields), len(t.header))
	return hint.Wrap(err, "a value with a separator or a line end in it must be in quotes")
}

// columns is part of rowSource.
func (t *textFile) columns() []string { return t.header }

// read is part of rowSource.
func (t *textFile) read(row []any) (int64, error) {
	if err := t.next(); err != nil {
		return 0, err
	}
	for i, field := range t.fields {
		row[i] = string(field)
	}
	return t.line, nil
}

// stream hands on every row of a text file without storing any.
type stream struct {
	file  *textFile
	at    places
	meter *meter
}

func (s *stream) records(ctx context.Context, yield func(account.Record, error) bool) {
	defer s.file.reader.begin(ctx)()
	var row []byte
	for {
		err := s.file.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			s.meter.read.Add(1)
			err = ctx.Err()
		}
		if err != nil {
			yield(account.Record{}, err)
			return
		}
		var rec account.Record
		rec, row = s.record(row[:0])
		if !yield(rec, nil) {
			return
		}
	}
}

// record copies the fields of the row into one string of which all are parts: one
// allocation a record.
func (s *stream) record(row []byte) (account.Record, []byte) {
	for _, i := range s.at {
		if i >= 0 {
			row = append(row, s.file.fields[i]...)
		}
	}
	all := string(row)
	var values [fieldCount]string
	for field, i := range s.at {
		if i >= 0 {
			size := len(s.file.fields[i])
			values[field], all = all[:size], all[size:]
		}
	}
	return record(s.file.line, values), row
}

func (s *stream) place(line int64) string { return fmt.Sprintf("%s: line %d", s.file.name, line) }

func (s *stream) close() error { return s.file.close() }
