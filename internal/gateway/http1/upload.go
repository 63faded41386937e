package http1

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// upload sends a request's body while its answer is read.
type upload struct {
	c     *conn
	r     *Request
	begun bool // owned by the goroutine of the exchange

	consumed atomic.Bool // the body has been read to its end

	mu       sync.Mutex
	answered bool // guarded by mu: the answer's header has come

	done chan struct{} // closed at the end
	err  error         // to be read after done
}

// start begins to send, unless it has begun.
func (u *upload) start() {
	if !u.begun {
		u.begun = true
		go u.run()
	}
}

// end waits until the body is not read any more. Unless all of it has been,
// the connection is given up for that.
func (u *upload) end() error {
	if !u.begun {
		u.begun = true
		u.err = errNotAsked
		close(u.done)
	}
	if !u.consumed.Load() {
		u.c.Conn.Close()
		if u.r.Interrupt != nil {
			u.r.Interrupt()
		}
	}
	<-u.done
	return u.err
}

var errNotAsked = errors.New("the request's body was not asked for")

// answer notes that the answer's header has come.
func (u *upload) answer() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answered = true
	u.c.Conn.SetReadDeadline(time.Time{})
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// chunkRoom is what a chunk's size may take in front of it, and what its end
// takes behind.
const chunkRoom, chunkEnd = 10, 2

func (u *upload) run() {
	defer close(u.done)
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	if u.r.Length >= 0 {
		u.err = u.plain(*buf)
	} else {
		u.err = u.chunked(*buf)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.answered:
	case u.err == nil && u.r.HeaderTimeout > 0:
		u.c.Conn.SetReadDeadline(time.Now().Add(u.r.HeaderTimeout))
	case errors.Is(u.err, ErrBody):
		u.c.Conn.Close() // there will be no answer
	}
	// After an error of the connection an answer may still be on its way: the
	// other side has the last word.
}

func (u *upload) plain(buf []byte) error {
	left := u.r.Length
	for left > 0 {
		n, err := u.r.Body.Read(buf[:min(int64(len(buf)), left)])
		left -= int64(n)
		if err == io.EOF && left == 0 {
			u.consumed.Store(true)
		}
		if n > 0 {
			if _, err := u.c.Conn.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil && left > 0 {
			return fmt.Errorf("%w: %w", ErrBody, unexpected(err))
		}
	}
	if u.consumed.Load() {
		return nil
	}
	err := atEnd(u.r.Body)
	u.consumed.Store(err == nil)
	return err
}

func (u *upload) chunked(buf []byte) error {
	for {
		n, err := u.r.Body.Read(buf[chunkRoom : len(buf)-chunkEnd])
		if n > 0 {
			var size [chunkRoom]byte
			head := append(strconv.AppendInt(size[:0], int64(n), 16), '\r', '\n')
			at := chunkRoom - len(head)
			copy(buf[at:], head)
			copy(buf[chunkRoom+n:], "\r\n")
			if _, err := u.c.Conn.Write(buf[at : chunkRoom+n+chunkEnd]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBody, err)
		}
	}
	u.consumed.Store(true)
	end := []byte("0\r\n")
	if u.r.Trailer != nil {
		var err error
		if end, err = appendTrailer(end, u.r.Trailer()); err != nil {
			return err
		}
	}
	_, err := u.c.Conn.Write(append(end, '\r', '\n'))
	return err
}

func appendTrailer(b []byte, t http.Header) ([]byte, error) {
	var err error
	for name, values := range t {
		if framing(name) {
			continue
		}
		for _, v := range values {
			if b, err = appendField(b, name, v); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}
