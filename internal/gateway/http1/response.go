package http1

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Response is an answer whose header has been read. It must be closed, also
// after an error of Next.
type Response struct {
	Status  int
	Header  http.Header // as sent, with hop-by-hop fields
	Trailer http.Header // after the end of a chunked body; nil: none
	Length  int64       // of the body; -1: not known

	pool *Pool
	conn *conn
	up   *upload
	stop func() bool // ends the watch for the end of the context
	idle time.Duration

	end   ending
	left  int64 // of the body, or of the chunk
	chunk bool  // within a chunked body: the line before the next chunk has been read
	begun bool  // a chunk came before
	keep  bool  // the connection may be used again
	done  bool  // the body is complete
	taken bool  // the connection belongs to someone else
	err   error
}

// Next returns the next piece of the body, or io.EOF after its end. The piece
// is valid until the next call. A body that ends early is an error that wraps
// io.ErrUnexpectedEOF or the network's.
func (r *Response) Next() ([]byte, error) {
	if r.err != nil {
		return nil, r.err
	}
	b, err := r.next()
	if err != nil {
		r.err = err
		if err == io.EOF {
			r.done = true
		}
	}
	return b, err
}

func (r *Response) next() ([]byte, error) {
	switch r.end {
	case endLength:
		if r.left == 0 {
			return nil, io.EOF
		}
		return r.piece()
	case endChunked:
		return r.nextOfChunk()
	case endClose:
		r.left = 1 << 62
		b, err := r.piece()
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return b, err
	}
	return nil, io.EOF
}

// piece returns what there is, up to left.
func (r *Response) piece() ([]byte, error) {
	c := r.conn
	if c.r == c.w {
		if r.left >= 64<<10 {
			c.widen()
		}
		c.patience(r.idle)
		if err := c.fill(); err != nil {
			return nil, unexpected(err)
		}
	}
	n := min(int64(c.w-c.r), r.left)
	b := c.buf[c.r : c.r+int(n)]
	c.r += int(n)
	r.left -= n
	return b, nil
}

func (r *Response) nextOfChunk() ([]byte, error) {
	c := r.conn
	if c.r == c.w {
		c.patience(r.idle)
	}
	if !r.chunk {
		if r.begun {
			if line, err := c.line(); err != nil {
				return nil, err
			} else if len(line) != 0 {
				return nil, fmt.Errorf("%w: a chunk is longer than it says", ErrMalformed)
			}
		}
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if r.left, err = chunkSize(line); err != nil {
			return nil, err
		}
		if r.left == 0 {
			return nil, r.trailers()
		}
		r.chunk, r.begun = true, true
	}
	b, err := r.piece()
	r.chunk = r.left > 0
	return b, err
}

// chunkSize reads a chunk's size, and drops what extends it.
func chunkSize(line []byte) (int64, error) {
	var n int64
	i := 0
	for ; i < len(line); i++ {
		d := hexDigit(line[i])
		if d < 0 {
			break
		}
		if n >= 1<<58 {
			return 0, fmt.Errorf("%w: the size of a chunk is out of range", ErrMalformed)
		}
		n = n<<4 | int64(d)
	}
	ext := line[i:]
	for len(ext) > 0 && (ext[0] == ' ' || ext[0] == '\t') {
		ext = ext[1:]
	}
	if i == 0 || i > 16 || len(ext) > 0 && ext[0] != ';' || !fieldValue(string(ext)) {
		return 0, fmt.Errorf("%w: the size of a chunk is not a number", ErrMalformed)
	}
	return n, nil
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// trailers reads what follows the last chunk, and returns io.EOF.
func (r *Response) trailers() error {
	c := r.conn
	var text strings.Builder
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if text.Len()+len(line) > maxHead {
			return ErrTooLarge
		}
		text.Write(line)
		text.WriteString("\r\n")
	}
	if text.Len() > 0 {
		r.Trailer = make(http.Header)
		if err := parseFields(text.String(), r.Trailer); err != nil {
			return err
		}
		for name := range r.Trailer {
			if framing(name) || name == "Trailer" {
				return fmt.Errorf("%w: a trailer changes the framing", ErrMalformed)
			}
		}
	}
	return io.EOF
}

// Buffered reports whether Next has something, or the end, without waiting for
// the network.
func (r *Response) Buffered() bool {
	switch {
	case r.end == endNone, r.end == endLength && r.left == 0:
		return true
	case r.end != endChunked || r.chunk:
		return r.conn.r < r.conn.w
	}
	rest := r.conn.buf[r.conn.r:r.conn.w]
	if r.begun {
		rest = rest[min(2, len(rest)):] // the end of the chunk before
	}
	line := bytes.IndexByte(rest, '\n')
	return line >= 0 && line+1 < len(rest) // and something follows it
}

// Close ends the exchange. The connection is used again if both sides have
// said all that they had to. If the request's body is still being read, that
// is interrupted.
func (r *Response) Close() error {
	if r.taken {
		return nil
	}
	r.taken = true
	if r.end == endNone || r.end == endLength && r.left == 0 {
		r.done = true
	}
	clean := r.done && r.keep && r.conn.r == r.conn.w
	if !clean {
		r.conn.Conn.Close()
	}
	if r.up != nil && r.up.end() != nil {
		clean = false
	}
	r.conn.narrow()
	if !r.stop() || !clean {
		return r.conn.Conn.Close()
	}
	r.pool.put(r.conn)
	return nil
}

// Consumed reports whether the request's body has been read to its end, or
// there was none.
func (r *Response) Consumed() bool { return r.up == nil || r.up.consumed.Load() }

// Switch returns the connection after a 101 answer. What was read ahead is
// read from it first. The response is closed thereby.
func (r *Response) Switch() net.Conn {
	r.taken = true
	r.stop()
	r.conn.patience(0)
	return &switched{Conn: r.conn.Conn, ahead: r.conn.buf[r.conn.r:r.conn.w]}
}

type switched struct {
	net.Conn
	ahead []byte
}

func (s *switched) Read(p []byte) (int, error) {
	if len(s.ahead) > 0 {
		n := copy(p, s.ahead)
		s.ahead = s.ahead[n:]
		return n, nil
	}
	return s.Conn.Read(p)
}

// CloseWrite ends the direction towards the API.
func (s *switched) CloseWrite() error {
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return s.Conn.Close()
}
