package gateway

import (
	"context"
	"io"
	"net/http"

	"github.com/gatebook/gatebook/internal/gateway/http1"
)

// carrier takes calls to one API. It is safe for concurrent use.
type carrier interface {
	// carry sends r, and reads the header of the answer into header, which is
	// empty. The end of ctx ends the exchange, and the reading of its body.
	// Errors wrap those of package http1 where they apply.
	carry(ctx context.Context, r *http1.Request, header http.Header) (answer, error)
	// close ends what is idle. Calls in flight go on.
	close()
}

// answer is what an API answers. It must be closed.
type answer interface {
	// code is the status; length that of the body, -1 if it is not known.
	code() (status int, length int64)
	// Next returns the next piece of the body, until io.EOF. It is valid until
	// the next call. Buffered says that Next will not wait.
	Next() ([]byte, error)
	Buffered() bool
	// trailer is complete after io.EOF.
	trailer() http.Header
	// Consumed says that the request's body has been read to its end.
	Consumed() bool
	// stream returns the connection after a 101, instead of the body.
	stream() io.ReadWriteCloser
	Close() error
}

// plain carries cleartext HTTP/1.1.
type plain struct{ pool http1.Pool }

func (p *plain) carry(ctx context.Context, r *http1.Request, header http.Header) (answer, error) {
	res, err := p.pool.Do(ctx, r, header)
	if err != nil {
		return nil, err
	}
	return plainAnswer{res}, nil
}

func (p *plain) close() { p.pool.Close() }

type plainAnswer struct{ *http1.Response }

func (a plainAnswer) code() (int, int64)         { return a.Status, a.Length }
func (a plainAnswer) trailer() http.Header       { return a.Trailer }
func (a plainAnswer) stream() io.ReadWriteCloser { return a.Switch() }
