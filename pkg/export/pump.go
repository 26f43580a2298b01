package export

import (
	"io"
	"os"
	"sync"
)

const pumpBuffer = 128 << 10

// pump reads in a goroutine of its own what cannot be interrupted, such as a terminal,
// so that nobody has to wait for it. The goroutine ends with what it reads, or after the
// read that is under way when the pump ends.
type pump struct {
	chunks <-chan []byte
	spare  chan<- []byte
	buffer []byte // the last chunk
	rest   []byte // what is not read of it
	err    error  // set before chunks is closed
	ended  chan struct{}
	once   sync.Once
}

var _ source = (*pump)(nil)

func newPump(src io.Reader) *pump {
	chunks, spare := make(chan []byte), make(chan []byte, 2)
	for range cap(spare) {
		spare <- make([]byte, pumpBuffer)
	}
	p := &pump{chunks: chunks, spare: spare, ended: make(chan struct{})}
	go p.run(src, spare, chunks)
	return p
}

func (p *pump) run(src io.Reader, spare <-chan []byte, chunks chan<- []byte) {
	defer close(chunks)
	for p.err == nil {
		var buffer []byte
		select {
		case buffer = <-spare:
		case <-p.ended:
			return
		}
		var n int
		n, p.err = src.Read(buffer)
		select {
		case chunks <- buffer[:n]:
		case <-p.ended:
			return
		}
	}
}

// Read is part of source.
func (p *pump) Read(into []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.buffer != nil {
			p.spare <- p.buffer[:cap(p.buffer)]
			p.buffer = nil
		}
		select {
		case chunk, ok := <-p.chunks:
			if !ok {
				return 0, p.err
			}
			p.buffer, p.rest = chunk, chunk
		case <-p.ended:
			return 0, os.ErrClosed
		}
	}
	n := copy(into, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pump) end() { p.once.Do(func() { close(p.ended) }) }

// Close is part of source. It leaves open what is read.
func (p *pump) Close() error {
	p.end()
	return nil
}
