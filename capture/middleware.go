package capture

import (
	"net/http"
	"time"
)

// Middleware returns what wraps a handler such that its calls are recorded,
// or an error if c cannot be used.
func Middleware(c Config) (func(http.Handler) http.Handler, error) {
	r, err := New(c)
	if err != nil {
		return nil, err
	}
	return r.Middleware(c.Options), nil
}

// Middleware returns what wraps a handler such that its calls are recorded
// under o. The handler's ResponseWriter is an [Exchange]. If the handler
// hijacks the connection, the call ends when the handler closes it. A call that
// a measure refuses does not reach the handler.
func (r *Recorder) Middleware(o Options) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		o := o
		if mux, ok := next.(*http.ServeMux); ok && o.Pattern == nil {
			o.Pattern = func(r *http.Request) string {
				_, pattern := mux.Handler(r)
				return pattern
			}
		}
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			x := r.Begin(w, req, &o, time.Now())
			inner := new(http.Request)
			*inner = *req
			inner.Body = x.Body()
			defer x.handled()
			if x.Admit() {
				next.ServeHTTP(x, inner)
			}
		})
	}
}

// handled ends the call of a handler that has returned or panicked. It is
// deferred, so that a panic goes on when it has been recorded.
func (x *Exchange) handled() {
	v := recover()
	switch {
	case v == http.ErrAbortHandler:
		x.Abort(ResponseAborted)
	case v != nil:
		x.Abort(HandlerPanic)
	case x.conn != nil:
		return // the handler's goroutines may still use the connection
	default:
		x.checkAnswer()
	}
	abort := x.Finish()
	if v != nil {
		panic(v)
	}
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// checkAnswer finds out whether a handler has said all that it announced.
func (x *Exchange) checkAnswer() {
	x.Fail(x.BodyCode())
	_, out := x.Counts()
	short := x.resLen >= 0 && out < uint64(x.resLen) && !x.bodyless()
	switch {
	case x.r.Context().Err() != nil && (short || x.status == 0):
		x.Fail(ClientAborted)
		x.cut = true
	case short:
		x.Abort(ResponseShort)
	}
}
