package accesslog

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
)

// detectLines and detectBytes bound what the format is told by.
const (
	detectLines = 64
	detectBytes = 256 << 10
)

// Reader reads a file. Make one with [NewReader].
type Reader struct {
	p       *Parser
	in      *bufio.Reader
	first   []string // lines that were read to detect the format
	ended   error    // of the file, once first has been taken
	line    uint64   // number of the last line, from 1
	skipped ingest.Skipped
}

var _ ingest.Skipper = (*Reader)(nil)

// NewReader returns a reader of one file, which may be compressed with gzip. It
// reads the first lines, to detect the format if it is not given.
func NewReader(in io.Reader, cfg Config) (*Reader, error) {
	p, err := NewParser(cfg)
	if err != nil {
		return nil, err
	}
	b, err := ingest.Unpack(in, MaxLine+2)
	if err != nil {
		return nil, err
	}
	r := &Reader{p: p, in: b}
	if p.format != nil {
		return r, nil
	}
	size := 0
	for len(r.first) < detectLines && size < detectBytes && r.ended == nil {
		var line string
		if line, r.ended = r.read(); r.ended == nil {
			r.first = append(r.first, line)
			size += len(line)
		}
	}
	if len(r.first) == 0 {
		return r, nil
	}
	return r, p.Detect(r.first)
}

// Form says in words which form the lines have; empty: there are none.
func (r *Reader) Form() string { return r.p.Form() }

// Skipped implements [ingest.Skipper].
func (r *Reader) Skipped() ingest.Skipped { return r.skipped }

// Next returns the next line that can be read as an event, and [io.EOF] after
// the last. Lines that cannot be read are skipped, and counted.
func (r *Reader) Next() (*event.Event, error) {
	for {
		var line string
		switch {
		case len(r.first) > 0:
			line, r.first = r.first[0], r.first[1:]
		case r.ended != nil:
			return nil, r.ended
		default:
			if line, r.ended = r.read(); r.ended != nil {
				continue
			}
		}
		r.line++
		e, err := r.p.Parse(line)
		if err != nil {
			r.skipped.Add(r.line, err)
			continue
		}
		if e != nil {
			return e, nil
		}
	}
}

// read reads a line, of which no more is kept than can be read as one.
func (r *Reader) read() (string, error) {
	b, err := r.in.ReadSlice('\n')
	line := string(b)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.in.ReadSlice('\n')
	}
	switch {
	case err == nil, errors.Is(err, io.EOF) && line != "":
		return line, nil
	case errors.Is(err, io.EOF):
		return "", io.EOF
	}
	return "", fmt.Errorf("after line %d: %w", r.line, err)
}
