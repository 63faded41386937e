package capture

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"sync"
)

// tee sees a body pass: it counts and hashes all of it, and keeps the
// beginning. After take it sees nothing more, so a handler that reads on after
// its call has ended cannot reach a buffer that belongs to another call.
type tee struct {
	limit int

	mu   sync.Mutex // guards what follows
	done bool
	n    uint64
	scr  *scratch // nil until the first byte

	look  func([]byte) // sees what passes, without its coding; nil: nobody does
	coded codings      // what passes
	long  *decoder     // for a coded body that is longer than what is kept
}

// see has look see what passes from now on, of a body with the header h.
func (t *tee) see(look func([]byte), h http.Header) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop()
	t.look, t.coded = look, codingsOf(h)
}

// drop ends the decoding of a body that is not needed any more.
func (t *tee) drop() {
	if t.long != nil {
		t.long.end()
		t.long = nil
	}
}

// scratch is what a tee borrows while bytes pass.
type scratch struct {
	sum hash.Hash
	buf []byte
}

// keepScratch is the capacity above which a buffer is not kept for reuse.
const keepScratch = 128 << 10

var scratches = sync.Pool{New: func() any { return &scratch{sum: sha256.New()} }}

func (t *tee) add(p []byte) {
	if len(p) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return
	}
	if t.scr == nil {
		t.scr = scratches.Get().(*scratch)
	}
	t.n += uint64(len(p))
	t.scr.sum.Write(p)
	before := t.scr.buf
	if room := t.limit - len(t.scr.buf); room > 0 {
		t.scr.buf = append(t.scr.buf, p[:min(room, len(p))]...)
	}
	switch {
	case t.look == nil || t.coded.foreign():
	case len(t.coded) == 0:
		t.look(p)
	case t.long != nil:
		t.long.add(p)
	case t.n > uint64(len(t.scr.buf)):
		t.long = startDecoder(t.coded, t.look)
		t.long.add(before)
		t.long.add(p)
	}
}

// taken is what a tee has seen. Release ends the use of body.
type taken struct {
	n    uint64
	body []byte // the beginning, up to the limit
	sum  string // hex; empty if nothing passed
	scr  *scratch

	look   func([]byte) // is still to be given body, without its coding
	unseen bool         // not all could be looked at
}

func (t *tee) take() taken {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = true
	out := taken{n: t.n, scr: t.scr}
	switch {
	case t.look == nil || len(t.coded) == 0 || t.n == 0:
	case t.coded.foreign():
		out.unseen = true
	case t.long != nil:
		out.unseen = t.long.end()
		t.long = nil
	default:
		out.look = t.look
	}
	if t.scr != nil {
		var sum [sha256.Size]byte
		var text [2 * sha256.Size]byte
		hex.Encode(text[:], t.scr.sum.Sum(sum[:0]))
		out.body, out.sum = t.scr.buf, string(text[:])
	}
	t.scr = nil
	return out
}

func (t *taken) release() {
	if t.scr == nil {
		return
	}
	if cap(t.scr.buf) <= keepScratch {
		t.scr.buf = t.scr.buf[:0]
		t.scr.sum.Reset()
		scratches.Put(t.scr)
	}
	t.scr, t.body = nil, nil
}

// body is a request's body that is recorded while it is read.
type body struct {
	x    *Exchange
	from io.ReadCloser
}

// Read reads from the client. An error other than io.EOF means that the client
// did not send all of it.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.x.req.add(p[:n])
	if err != nil {
		b.x.bodyEnded(err)
	}
	return n, err
}

func (b *body) Close() error { return b.from.Close() }
