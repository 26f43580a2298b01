package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// kind is a format of packed files.
type kind struct {
	name    string
	command string // unpacks %s by hand
	is      func(head []byte) bool
	open    func(*bufio.Reader) (stream, error)
}

// longestMagic is that of bzip2 with the beginning of its first block.
const longestMagic = 10

var kinds = []kind{
	// RFC 1952, section 2.3.1: the method is always 8.
	{"gzip", "gzip -dc %s", begins("\x1F\x8B\x08"), openGzip},
	{"zstd", "zstd -dc --long=31 %s", isZstd, openZstd},
	// The block size is a digit; a block begins with pi, and the end of an empty file
	// with the root of pi.
	{"bzip2", "bzip2 -dc %s", isBzip2, openBzip2},
	// The .xz file format 1.2.1, section 2.1.1.1.
	{"xz", "xz -dc %s", begins("\xFD7zXZ\x00"), openXZ},
}

// kindOf looks at what comes next; nil: it is packed in nothing that is known.
func kindOf(in *bufio.Reader) (*kind, error) {
	head, err := in.Peek(longestMagic)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for i := range kinds {
		if kinds[i].is(head) {
			return &kinds[i], nil
		}
	}
	return nil, nil
}

func begins(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

// isZstd knows frames and skippable frames (RFC 8878, sections 3.1.1 and 3.1.2).
func isZstd(head []byte) bool {
	if len(head) < 4 {
		return false
	}
	magic := binary.LittleEndian.Uint32(head)
	return magic == 0xFD2FB528 || magic&0xFFFFFFF0 == 0x184D2A50
}

func isBzip2(head []byte) bool {
	if len(head) < longestMagic || !bytes.HasPrefix(head, []byte("BZh")) || head[3] < '1' || head[3] > '9' {
		return false
	}
	return string(head[4:]) == "1AY&SY" || string(head[4:]) == "\x17\x72\x45\x38\x50\x90"
}

// gzipStream reads member after member, so that what is no member is told from the end.
type gzipStream struct {
	in *bufio.Reader
	*gzip.Reader
}

func openGzip(in *bufio.Reader) (stream, error) {
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	r.Multistream(false)
	return &gzipStream{in, r}, nil
}

func (s *gzipStream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	head, err := s.in.Peek(3)
	switch {
	case len(head) == 0:
		return n, err
	case !kinds[0].is(head):
		return n, errTrailing
	}
	if err := s.Reader.Reset(s.in); err != nil {
		return n, err
	}
	s.Reader.Multistream(false)
	return n, nil
}

func (*gzipStream) close() {}

type zstdStream struct{ *zstd.Decoder }

func openZstd(in *bufio.Reader) (stream, error) {
	d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return &zstdStream{d}, nil
}

func (s *zstdStream) Read(p []byte) (int, error) {
	n, err := s.Decoder.Read(p)
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch):
		err = errTrailing // the first magic was looked at
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		err = errWindow
	}
	return n, err
}

func (s *zstdStream) close() { s.Decoder.Close() }

type plainStream struct{ io.Reader }

func (plainStream) close() {}

func openBzip2(in *bufio.Reader) (stream, error) { return plainStream{bzip2.NewReader(in)}, nil }

func openXZ(in *bufio.Reader) (stream, error) {
	head, err := in.Peek(xzPeeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if size, known := xzDictionary(head); known && size > maxWindow {
		return nil, errWindow
	}
	last := &lastBytes{in: in}
	r, err := xz.NewReader(last)
	if err != nil {
		return nil, err
	}
	return &xzStream{r, last}, nil
}

// xzStream holds the end of an xz file against the footer, since the library takes a
// file that is cut off before a block for one that ends.
type xzStream struct {
	*xz.Reader
	last *lastBytes
}

func (s *xzStream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if errors.Is(err, io.EOF) && string(s.last.two[:]) != xzFooter {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (*xzStream) close() {}

// xzFooter ends a stream (the .xz file format 1.2.1, section 2.1.2.4). Zeros may follow.
const xzFooter = "YZ"

// lastBytes remembers the last two bytes that are not zero.
type lastBytes struct {
	in  *bufio.Reader
	two [2]byte
}

func (l *lastBytes) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	seen := bytes.TrimRight(p[:n], "\x00")
	for _, c := range seen[max(0, len(seen)-2):] {
		l.add(c)
	}
	return n, err
}

// ReadByte keeps the library from a buffer of its own.
func (l *lastBytes) ReadByte() (byte, error) {
	c, err := l.in.ReadByte()
	if err == nil {
		l.add(c)
	}
	return c, err
}

func (l *lastBytes) add(c byte) {
	if c != 0 {
		l.two = [2]byte{l.two[1], c}
	}
}

// xzPeeked is the size of a stream header and of a block header that has both sizes and
// one filter.
const xzPeeked = 12 + 2 + 9 + 9 + 3

// xzDictionary reads the size of the dictionary from the header of the first block (the
// .xz file format 1.2.1, sections 3.1 and 5.3.1), where LZMA2 is its only filter.
func xzDictionary(head []byte) (size uint64, known bool) {
	const filterLZMA2, hasPacked, hasUnpacked, filters = 0x21, 0x40, 0x80, 0x03
	if len(head) < 14 || head[13]&filters != 0 {
		return 0, false
	}
	rest := head[14:]
	for _, flag := range []byte{hasPacked, hasUnpacked} {
		if head[13]&flag == 0 {
			continue
		}
		_, n := binary.Uvarint(rest)
		if n <= 0 {
			return 0, false
		}
		rest = rest[n:]
	}
	if len(rest) < 3 || rest[0] != filterLZMA2 || rest[1] != 1 || rest[2] > 40 {
		return 0, false
	}
	if rest[2] == 40 {
		return 1<<32 - 1, true
	}
	return (2 | uint64(rest[2])&1) << (rest[2]/2 + 11), true
}
