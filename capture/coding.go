package capture

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// coding is one content coding of a body.
type coding uint8

const (
	foreign coding = iota // cannot be undone here
	zipped
	deflated
	brotlied
	zstandard
)

// codings are how a body is coded, in the order in which that was done. Empty:
// it is plain.
type codings []coding

// maxCodings is the number of codings of a body that are undone. Nobody has a
// use for more, but who wants to keep others busy.
const maxCodings = 3

var foreignCodings = codings{foreign}

// codingsOf returns the codings that h announces.
func codingsOf(h http.Header) (list codings) {
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
			case "br":
				next = brotlied
			case "zstd":
				next = zstandard
			}
			if next == foreign || len(list) == maxCodings {
				return foreignCodings
			}
			list = append(list, next)
		}
	}
	return list
}

func (list codings) foreign() bool { return len(list) > 0 && list[0] == foreign }

// wide reports whether to undo it takes the memory of a window that the sender
// chooses, up to maxWindow.
func (list codings) wide() bool {
	for _, c := range list {
		if c == brotlied || c == zstandard {
			return true
		}
	}
	return false
}

// maxWindow bounds the window that a body of br or zstd may ask for. It is what
// RFC 9659 allows for zstd, and more than what servers use for br, which could
// go to 16 MiB.
const maxWindow = 8 << 20

var (
	errForeign = errors.New("a coding that cannot be undone")
	errWindow  = errors.New("it asks for a larger window than is allowed")
	errPanic   = errors.New("the decoder panicked")
)

// layers are the readers that undo the codings of a body, the one that reads
// the body first, and the one that has its text last.
type layers struct {
	readers []io.Reader
	done    []func()
}

// open opens the layers of what r has. They must be closed, also after an
// error.
func (list codings) open(r io.Reader) (l layers, err error) {
	defer func() {
		if recover() != nil {
			l, err = layers{}, errPanic
		}
	}()
	for i := len(list) - 1; i >= 0; i-- {
		plain, done, err := list[i].open(r)
		if done != nil {
			l.done = append(l.done, done)
		}
		if err != nil {
			return l, err
		}
		r = plain
		l.readers = append(l.readers, r)
	}
	return l, nil
}

// read reads the text. The error io.EOF means that each layer has come to its
// end: a decoder does not tell one that was cut from one that ended.
func (l *layers) read(p []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			n, err, l.done = 0, errPanic, nil // the state of the readers is nobody's to use again
		}
	}()
	last := len(l.readers) - 1
	n, err = l.readers[last].Read(p)
	if err != io.EOF {
		return n, err
	}
	var one [1]byte
	for _, r := range l.readers[:last] {
		if more, end := r.Read(one[:]); more > 0 || end != io.EOF {
			return n, io.ErrUnexpectedEOF
		}
	}
	return n, io.EOF
}

func (l *layers) close() {
	for _, done := range l.done {
		done()
	}
}

// open undoes one coding; done is nil where nothing is to be given back.
func (c coding) open(r io.Reader) (plain io.Reader, done func(), err error) {
	switch c {
	case zipped:
		plain, err = gzip.NewReader(r)
	case deflated:
		plain, err = openDeflate(r)
	case brotlied:
		return openBrotli(r)
	case zstandard:
		return openZstd(r)
	default:
		err = errForeign
	}
	return plain, nil, err
}

// openDeflate reads zlib, as RFC 9110 says, or bare deflate, as many send. A
// zlib header is a multiple of 31 and begins with the method 8.
func openDeflate(r io.Reader) (io.Reader, error) {
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

// brotlis and zstds are readers to be used again, with their windows.
var (
	brotlis = sync.Pool{New: func() any { return brotli.NewReader(nil) }}
	zstds   = sync.Pool{New: func() any {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(maxDecoded))
		if err != nil {
			panic("capture: the options of the decoder are not valid: " + err.Error())
		}
		return d
	}}
)

// openBrotli reads RFC 7932. The first byte says how large the window is; one
// of 24 bits, and the large windows of RFC 9841, are more than we allow.
func openBrotli(r io.Reader) (io.Reader, func(), error) {
	var head [1]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, nil, err
	}
	if head[0]&0x0f == 0x0f {
		return nil, nil, errWindow
	}
	d := brotlis.Get().(*brotli.Reader)
	d.Reset(io.MultiReader(bytes.NewReader(head[:]), r)) // its error is always nil
	return d, func() {
		d.Reset(nil)
		brotlis.Put(d)
	}, nil
}

// openZstd reads RFC 8878.
func openZstd(r io.Reader) (io.Reader, func(), error) {
	d := zstds.Get().(*zstd.Decoder)
	done := func() {
		if d.Reset(nil) == nil {
			zstds.Put(d)
		}
	}
	if err := d.Reset(r); err != nil {
		return nil, done, err
	}
	return d, done, nil
}

// Wide windows in use at the same time are bounded, whoever asks for them.
// What was kept of a body is decoded at once, so it waits for its turn; a long
// body is decoded as long as it lasts, so where there is no place it is not.
var (
	shortWindows = make(chan struct{}, runtime.GOMAXPROCS(0))
	longWindows  = make(chan struct{}, 64)
)

// undo returns b without its codings, at most limit bytes, and whether that is
// not all.
func (list codings) undo(b []byte, limit int) (text []byte, short bool) {
	if list.foreign() {
		return nil, true
	}
	if list.wide() {
		shortWindows <- struct{}{}
		defer func() { <-shortWindows }()
	}
	var out bytes.Buffer
	err := list.each(bytes.NewReader(b), limit+1, func(p []byte) { out.Write(p) })
	if out.Len() > limit {
		return out.Bytes()[:limit], true
	}
	return out.Bytes(), err != io.EOF
}

// each gives what r has without its codings to see, piece by piece, until there
// are limit bytes or more. The error is io.EOF if that was all. A decoder that
// panics on what a stranger has sent ends like one that fails.
func (list codings) each(r io.Reader, limit int, see func([]byte)) error {
	l, err := list.open(r)
	defer func() { l.close() }()
	buf := make([]byte, 16<<10)
	for total := 0; err == nil && total < limit; {
		var n int
		n, err = l.read(buf)
		if n > 0 {
			see(buf[:n])
		}
		total += n
	}
	return err
}
