package capture

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
	"sync"
)

// coding is how a body is coded.
type coding uint8

const (
	plain coding = iota
	zipped
	deflated
	foreign // cannot be undone here
)

// codingOf returns the coding that h announces.
func codingOf(h http.Header) coding {
	c := plain
	for _, line := range h["Content-Encoding"] {
		for name := range strings.SplitSeq(line, ",") {
			next := foreign
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "identity", "":
				continue
			case "gzip", "x-gzip":
				next = zipped
			case "deflate":
				next = deflated
			}
			if c != plain {
				return foreign // coded twice
			}
			c = next
		}
	}
	return c
}

// open returns a reader of what r has when its coding is undone.
func (c coding) open(r io.Reader) (io.Reader, error) {
	switch c {
	case zipped:
		return gzip.NewReader(r)
	case deflated:
		// RFC 9110 says zlib, and many send bare deflate. A zlib header is a
		// multiple of 31 and begins with the method 8.
		var head [2]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, err
		}
		r = io.MultiReader(bytes.NewReader(head[:]), r)
		if head[0]&15 == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			return zlib.NewReader(r)
		}
		return flate.NewReader(r), nil
	}
	return r, nil
}

// Bounds of the decoding of one body for an observer.
const (
	maxQueued  = 1 << 20   // bytes of a body that wait to be decoded; when there are more, the rest is not looked at
	maxDecoded = 256 << 20 // bytes of what is decoded: a bomb is not looked at to its end
)

// decoder undoes the coding of a body that is too long to be kept, beside the
// call. What it cannot follow it leaves out, and says so.
type decoder struct {
	done chan struct{} // closed when the goroutine has ended
	rest []byte        // what the goroutine has taken and not read

	mu     sync.Mutex // guards what follows
	wake   sync.Cond  // there is more, or the end
	queue  []byte
	ended  bool // there will be no more
	behind bool // not all was handed over
	over   bool // the goroutine takes no more
	cut    bool // not all was decoded
}

func startDecoder(c coding, see func([]byte)) *decoder {
	d := &decoder{done: make(chan struct{})}
	d.wake.L = &d.mu
	go d.run(c, see)
	return d
}

func (d *decoder) run(c coding, see func([]byte)) {
	defer close(d.done)
	r, err := c.open(d)
	if err == nil {
		buf := make([]byte, 16<<10)
		total := 0
		for err == nil && total < maxDecoded {
			var n int
			n, err = r.Read(buf)
			if n > 0 {
				see(buf[:n])
			}
			total += n
		}
	}
	d.mu.Lock()
	d.cut, d.over, d.queue = err != io.EOF, true, nil
	d.mu.Unlock()
}

// Read reads what was handed over, for the goroutine of run.
func (d *decoder) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		d.mu.Lock()
		for len(d.queue) == 0 && !d.ended {
			d.wake.Wait()
		}
		d.rest, d.queue = d.queue, nil
		d.mu.Unlock()
		if len(d.rest) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// add hands over a copy of p. It never waits for the decoding.
func (d *decoder) add(p []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over || d.behind {
		return
	}
	if len(d.queue)+len(p) > maxQueued {
		d.behind = true // and what came before stays a beginning
		return
	}
	d.queue = append(d.queue, p...)
	d.wake.Signal()
}

// end waits until what was handed over has been seen, and reports whether that
// was not all.
func (d *decoder) end() (cut bool) {
	d.mu.Lock()
	behind := d.behind
	d.ended = true
	d.wake.Signal()
	d.mu.Unlock()
	<-d.done
	d.mu.Lock()
	defer d.mu.Unlock()
	return behind || d.cut
}
