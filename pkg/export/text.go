package export

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// textFile is a CSV or TSV file behind its header.
type textFile struct {
	*scanner
	in     *input
	header []string
	least  int // fields of a row; those that it lacks are null
	spare  int // empty fields that may stand behind those of the header

	table  *rows.Table // of the header
	text   []byte      // of the last row
	values []any
}

var _ rowReader = (*textFile)(nil)

// openText reads the header of a CSV or TSV file. A header with names stands for that of
// a file that has none; it is dropped where the file begins with its first name.
func openText(ctx context.Context, in *input, maxRecord int, header presets.Header) (*textFile, error) {
	separator := byte(',')
	if in.format == tsvFile {
		separator = '\t'
	}
	t := &textFile{scanner: newScanner(in, in.name, separator, maxRecord), in: in}
	defer in.begin(ctx)()
	if err := t.readHeader(header); err != nil {
		return nil, err
	}
	t.table = &rows.Table{}
	for _, name := range t.header {
		t.table.Columns = append(t.table.Columns, rows.Column{Name: name})
	}
	t.values = make([]any, len(t.header))
	return t, nil
}

func (t *textFile) readHeader(header presets.Header) error {
	head, err := t.peek(len(utf8Mark))
	if err != nil {
		return err
	}
	if bytes.HasPrefix(head, []byte(utf8Mark)) {
		t.start += len(utf8Mark)
	}
	if header.Names != nil {
		t.unescaped = header.Advice
		if head, err = t.peek(len(header.Names[0]) + 1); err != nil {
			return err
		}
		if !strings.HasPrefix(strings.TrimPrefix(string(head), `"`), header.Names[0]) {
			t.header, t.least, t.spare = header.Names, header.Least, 1
			return nil
		}
	}
	if err := t.chooseSeparator(); err != nil {
		return err
	}
	if err := t.scan(); errors.Is(err, io.EOF) {
		return errEmpty(t.name)
	} else if err != nil {
		return t.headerError(err)
	}
	for _, field := range t.fields {
		t.header = append(t.header, string(field))
	}
	t.least = len(t.header)
	return cmp.Or(t.checkHeader(), t.checkSeparator())
}

// chooseSeparator takes tabs or semicolons for the separator of a file whose header has such
// and no comma, whatever the name of the file is. Excel writes semicolons where the comma is
// the decimal sign, and takes a first line such as sep=; for what it says.
func (t *textFile) chooseSeparator() error {
	line, from, err := t.firstLine()
	if err != nil {
		return err
	}
	if said := sepLine.FindSubmatch(line); said != nil {
		t.separateBy(said[1][0])
		size := min(from+len(line)+1, t.end-t.start)
		t.below += int64(bytes.Count(t.buf[t.start:t.start+size], []byte{'\n'}))
		t.start += size
		return nil
	}
	if bytes.IndexByte(line, ',') >= 0 {
		return nil
	}
	for _, separator := range []byte("\t;") {
		if bytes.IndexByte(line, separator) >= 0 {
			t.separateBy(separator)
			break
		}
	}
	return nil
}

// sepLine is the line in which Excel looks for the separator.
var sepLine = regexp.MustCompile(`^(?i:sep)=([,;|\t])\r?$`)

// firstLine returns the first line that is not empty, as far as a record may reach, and how
// many bytes are before it.
func (t *textFile) firstLine() (line []byte, from int, err error) {
	for size := 1; ; {
		head, err := t.peek(size)
		if err != nil {
			return nil, 0, err
		}
		trimmed := bytes.TrimLeft(head, "\r\n")
		line, _, ended := bytes.Cut(trimmed, []byte{'\n'})
		if ended || len(head) < size {
			return line, len(head) - len(trimmed), nil
		}
		size = len(head) + 1
	}
}

// headerError returns a better error than err for a file that is not text. A failure to
// read stays what it is.
func (t *textFile) headerError(err error) error {
	if t.readErr != nil && !errors.Is(t.readErr, io.EOF) {
		return err
	}
	return cmp.Or(unknownBinary(t.name, t.buf[t.start:t.end]), err)
}

func errEmpty(name string) error {
	return hint.Wrap(fmt.Errorf("%s: the file is empty", name), "write the export again, with a line of names and then the rows")
}

// checkHeader repeats names of columns only when none looks like data.
func (t *textFile) checkHeader() error {
	for _, name := range t.header {
		if strings.Contains(name, "@") {
			err := fmt.Errorf("%s: line %d: no header: the first line holds an address", t.name, t.line)
			if preset, ok := presets.Headerless(len(t.header)); ok {
				return hint.Wrap(err, "if this is an export of %[1]s, set export.preset: %[1]s", preset)
			}
			return hint.Wrap(err, "put a line with the names of the columns first")
		}
	}
	first := map[string]int{}
	for i, name := range t.header {
		if strings.TrimSpace(name) == "" {
			err := fmt.Errorf("%s: line %d: column %d has no name", t.name, t.line, i+1)
			return hint.Wrap(err, "give it one; a separator at the end of a line begins another column")
		}
		folded := foldASCII(name)
		if earlier, ok := first[folded]; ok {
			err := fmt.Errorf("%s: line %d: columns %d and %d are both named %q", t.name, t.line, earlier+1, i+1, name)
			return hint.Wrap(err, "rename one of them; upper and lower case are the same here")
		}
		first[folded] = i
	}
	return nil
}

// checkSeparator refuses a header whose only column holds what usually separates columns.
func (t *textFile) checkSeparator() error {
	if len(t.header) > 1 {
		return nil
	}
	i := strings.IndexAny(t.header[0], "\t;|,")
	if i < 0 {
		return nil
	}
	separator := t.header[0][i]
	err := fmt.Errorf("%s: line %d: the header is a single column, and the separator seems to be %q", t.name, t.line, separator)
	switch separator {
	case '\t', ';':
		return hint.Wrap(err, "take away the quotes around the whole line, which make one column of it")
	case ',':
		return hint.Wrap(err, ".csv is separated by commas and .tsv by tabs: rename the file to .csv")
	}
	return hint.Wrap(err, "write the export again with commas, as psql --csv does, or convert it: mlr --icsv --ifs '%c' --ocsv cat %s", separator, t.name)
}

// next reads a row: the scanner's line and fields, as many as the header has.
func (t *textFile) next() error {
	if err := t.scan(); err != nil {
		return err
	}
	switch n := len(t.fields); {
	case n == len(t.header), n < len(t.header) && n >= t.least:
		return nil
	case n == len(t.header)+t.spare && len(t.fields[n-1]) == 0:
		t.fields = t.fields[:n-1]
		return nil
	}
	err := fmt.Errorf("%s: line %d: %d fields where the header has %d", t.name, t.line, len(t.fields), len(t.header))
	if len(t.fields) == 1 && len(bytes.Trim(t.fields[0], " \t\x1A")) == 0 { // old programs end a file with Ctrl-Z
		return hint.Wrap(err, "the line is blank: take it out")
	}
	return t.badQuote(err, "a value with a separator or a line end in it must be in quotes")
}

// Unit is part of rowReader.
func (t *textFile) Unit() string { return "line" }

// Next is part of rowReader. All values of a row are parts of one string: one allocation.
func (t *textFile) Next() (rows.Row, error) {
	if err := t.next(); err != nil {
		return rows.Row{}, err
	}
	t.text = t.text[:0]
	for _, field := range t.fields {
		t.text = append(t.text, field...)
	}
	all := string(t.text)
	for i, field := range t.fields {
		t.values[i], all = all[:len(field)], all[len(field):]
	}
	return rows.Row{Table: t.table, Values: t.values[:len(t.fields)], At: t.line}, nil
}

// stream hands on every row of a text file without storing any.
type stream struct {
	file  *textFile
	at    places
	meter *Meter
}

func (s *stream) records(ctx context.Context, yield func(account.Record, error) bool) {
	defer s.file.in.begin(ctx)()
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

func (s *stream) close() error { return s.file.in.close() }
