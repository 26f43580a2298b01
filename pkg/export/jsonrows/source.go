package jsonrows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// errTooLong is what a source says at its limit.
var errTooLong = errors.New("larger than the limit")

const (
	sourceBuffer = 128 << 10
	utf8Mark     = "\xef\xbb\xbf"
)

// source hands out the bytes of a file up to a limit that moves on with the records, so
// that the decoder above it never holds more than one. It drops a byte order mark.
type source struct {
	file    *bufio.Reader
	started bool
	mark    int64 // size of the byte order mark
	offset  int64 // of the next byte, behind the mark
	limit   int64 // the offset at which it ends for now
	failed  error // what the file said other than io.EOF

	keeping bool   // whether what is handed out is kept
	kept    []byte // to be handed out again by rewind
}

func newSource(file io.Reader) *source {
	return &source{file: bufio.NewReaderSize(file, sourceBuffer), keeping: true}
}

// Read is part of io.Reader. Its errors are those of the file, and errTooLong.
func (s *source) Read(p []byte) (int, error) {
	if !s.started {
		s.started = true
		if err := s.dropMark(); err != nil {
			return 0, err
		}
	}
	room := s.limit - s.offset
	if room <= 0 {
		return 0, errTooLong
	}
	n, err := s.file.Read(p[:min(int64(len(p)), room)])
	s.offset += int64(n)
	if err != nil && err != io.EOF {
		s.fail(err)
	}
	if s.keeping {
		s.kept = append(s.kept, p[:n]...)
	}
	return n, err
}

func (s *source) dropMark() error {
	head, err := s.file.Peek(len(utf8Mark))
	if string(head) == utf8Mark {
		s.mark = int64(len(utf8Mark))
		_, err = s.file.Discard(len(utf8Mark))
	}
	if err == io.EOF { // Read says it again behind what there is
		return nil
	}
	if err != nil {
		s.fail(err)
	}
	return err
}

// fail keeps a failure. One that is about an io.EOF is none itself: nobody who reads on
// may take it for the end of the file.
func (s *source) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %v", io.ErrUnexpectedEOF, err)
	}
	s.failed = err
}

// rewind begins again with the first byte, and keeps no more.
func (s *source) rewind() {
	kept := s.kept
	s.keeping, s.kept, s.offset = false, nil, 0
	if len(kept) > 0 {
		s.file = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(kept), s.file), sourceBuffer)
	}
}

// complete returns b, with what comes next where b ends within a character.
func (s *source) complete(b []byte) []byte {
	if utf8.FullRune(b) {
		return b
	}
	next, _ := s.file.Peek(utf8.UTFMax) // without it the character is not whole, and that is the error
	return slices.Concat(b, next)
}
