package mailbox

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"

	"breachnotify/pkg/bounce/internal/source"
)

var fromLine = []byte("From ")

// maxFromLine bounds a From_ line together with the name of the field below it.
const maxFromLine = 1024

var (
	// asctime is the date as almost every mbox has it (RFC 4155, appendix A), with or
	// without seconds, and with a time zone before or behind the year.
	asctime = regexp.MustCompile(`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:[0-9]{1,2} +)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) .*[0-9]:[0-9]{2}`)
	// clock and year are what a date in any other form has.
	clock = regexp.MustCompile(`[0-9]{1,2}:[0-9]{2}`)
	year  = regexp.MustCompile(`(?:^|[^0-9])(?:19|20)[0-9]{2}`)
)

// scanner reads the messages of an mbox one after another: next goes to a message, Read
// reads it. It keeps a block in memory, however long a line is.
type scanner struct {
	r       *bufio.Reader
	inLine  bool   // the next byte is not the first of its line
	blank   bool   // the line before is empty
	ended   bool   // the message is read to its end
	held    []byte // an empty line, which belongs to the mbox if a From_ line or the end follows
	chunk   []byte // read, but not asked for yet; valid until the next read of r
	heldBuf [2]byte
	err     error // of the mbox; sticky
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, source.Window), ended: true, blank: true}
}

// next goes to the next message and reports whether there is one. The one before must
// have been read to its end.
func (s *scanner) next() bool {
	if s.err != nil || !s.ended || !startsFrom(s.r) {
		return false
	}
	s.err = dropLine(s.r)
	s.ended, s.inLine, s.blank, s.held, s.chunk = false, false, false, nil, nil
	return true
}

// Read reads the message up to the next From_ line.
func (s *scanner) Read(p []byte) (int, error) {
	for len(s.chunk) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if s.err == nil {
			s.err = s.fill()
		}
		if s.err != nil {
			return 0, s.err
		}
	}
	n := copy(p, s.chunk)
	s.chunk = s.chunk[n:]
	return n, nil
}

// fill reads the next line, or as much of it as fits into the buffer.
func (s *scanner) fill() error {
	if !s.inLine {
		_, err := s.r.Peek(1)
		if errors.Is(err, io.EOF) || err == nil && s.separator() {
			s.ended, s.held = true, nil
			return nil
		}
		if err != nil {
			return err
		}
		if s.held != nil {
			s.chunk, s.held = s.held, nil
			return nil
		}
	}
	line, err := s.r.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !(errors.Is(err, io.EOF) && len(line) > 0) {
		return err
	}
	first := !s.inLine
	s.inLine = !bytes.HasSuffix(line, []byte{'\n'})
	s.blank = first && len(bytes.TrimRight(line, "\r\n")) == 0 && len(line) <= len(s.heldBuf)
	switch {
	case s.blank && !s.inLine:
		s.held = s.heldBuf[:copy(s.heldBuf[:], line)]
	case first && quotedFrom(line):
		s.chunk = line[1:]
	default:
		s.chunk = line
	}
	return nil
}

// quotedFrom reports whether a line is >From_, with any number of >.
func quotedFrom(line []byte) bool {
	rest := bytes.TrimLeft(line, ">")
	return len(rest) < len(line) && bytes.HasPrefix(rest, fromLine)
}

// separator reports whether a message begins with the line that comes. Behind an empty
// line any date is good enough, elsewhere it must be that of an mbox: too few messages
// would be a loss, but a text that quotes another mbox must not be torn apart.
func (s *scanner) separator() bool {
	if !startsFrom(s.r) {
		return false
	}
	ahead, _ := s.r.Peek(maxFromLine)
	line, below, ok := bytes.Cut(ahead, []byte{'\n'})
	if !ok {
		return false
	}
	dated := asctime.Match(line) || s.blank && clock.Match(line) && year.Match(line)
	if !dated {
		return false
	}
	_, field := fieldName(below)
	return field || quotedFrom(below)
}

func startsFrom(r *bufio.Reader) bool {
	start, _ := r.Peek(len(fromLine)) // an error comes again with the read
	return bytes.Equal(start, fromLine)
}

// dropLine reads to the end of a line.
func dropLine(r *bufio.Reader) error {
	for {
		_, err := r.ReadSlice('\n')
		switch {
		case err == nil || errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
