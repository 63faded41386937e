package capture

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Header returns the header of the answer, as http.ResponseWriter says.
func (x *Exchange) Header() http.Header { return x.w.Header() }

// WriteHeader sends, or for a recorded route holds, the header. Statuses below
// 200 are passed on at once and are not the answer.
func (x *Exchange) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		if x.status == 0 {
			x.w.WriteHeader(status)
		}
		return
	}
	if x.status != 0 {
		return
	}
	x.note(status, x.w.Header())
	if x.hold != nil {
		x.hold.freeze(x.w.Header())
		return
	}
	x.w.WriteHeader(status)
}

// note keeps what the event says of the answer's header.
func (x *Exchange) note(status int, h http.Header) {
	x.status = status
	x.resType = mediaType(h["Content-Type"])
	x.resLen = contentLength(h)
	x.trailers = nil
	for _, line := range h["Trailer"] {
		for _, name := range strings.Split(line, ",") {
			x.trailers = append(x.trailers, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	x.resLines = headerLines(h, "")
	if len(x.trailers) > 0 {
		kept := x.resLines[:0]
		for _, l := range x.resLines {
			if !contains(x.trailers, l.Name) {
				kept = append(kept, l)
			}
		}
		x.resLines = kept
	}
	x.answered(status, h)
}

func contentLength(h http.Header) int64 {
	v := h["Content-Length"]
	if len(v) != 1 {
		return -1
	}
	n, err := strconv.ParseInt(v[0], 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// bodyless reports whether the answer has no body whatever its handler writes.
func (x *Exchange) bodyless() bool {
	return x.r.Method == http.MethodHead || x.status == http.StatusNoContent || x.status == http.StatusNotModified
}

// Write sends, or for a recorded route holds, a piece of the body.
func (x *Exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.hold != nil {
		return x.holdWrite(p)
	}
	n, err := x.w.Write(p)
	if !x.bodyless() {
		x.res.add(p[:n])
	}
	if err != nil {
		x.writeFailed(err)
	}
	return n, err
}

// Flush sends what is buffered. On a recorded route it ends the holding of
// the answer: see the package comment.
func (x *Exchange) Flush() {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.hold != nil && !x.holdFlush() {
		return
	}
	x.flush()
}

// FlushError is Flush, as http.ResponseController looks for it.
func (x *Exchange) FlushError() error {
	x.Flush()
	return x.writeErr
}

func (x *Exchange) flush() {
	switch f := x.w.(type) {
	case interface{ FlushError() error }:
		x.writeFailed(f.FlushError())
	case http.Flusher:
		f.Flush()
	}
}

// SetReadDeadline is for http.ResponseController.
func (x *Exchange) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(x.w).SetReadDeadline(t)
}

// SetWriteDeadline is for http.ResponseController.
func (x *Exchange) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(x.w).SetWriteDeadline(t)
}

// EnableFullDuplex is for http.ResponseController.
func (x *Exchange) EnableFullDuplex() error {
	return http.NewResponseController(x.w).EnableFullDuplex()
}

// Reset drops an answer of which nothing was sent, so that another can be
// given. It reports whether it could.
func (x *Exchange) Reset() bool {
	if x.conn != nil || x.status != 0 && (x.hold == nil || x.hold.sent) {
		return false
	}
	clear(x.w.Header())
	x.status, x.resLen, x.resType, x.resLines, x.trailers = 0, -1, "", nil, nil
	if x.hold != nil {
		x.hold.drop()
	}
	taken := x.res.take()
	taken.release()
	x.res.mu.Lock()
	x.res.n, x.res.done, x.res.look = 0, false, nil
	x.res.mu.Unlock()
	return true
}

// Problem answers with a problem document (RFC 9457), or with gRPC's way to say
// the same. Header has more fields of the answer: name, value, and so on. It
// does nothing if an answer has been sent.
func (x *Exchange) Problem(status int, code, detail string, header ...string) {
	if !x.Reset() {
		return
	}
	if x.isRPC() {
		setRPCError(x.w.Header(), rpcCodeFor(status), code+": "+detail)
		x.WriteHeader(http.StatusOK)
		return
	}
	p := problem(status, code, detail)
	h := x.w.Header()
	h["Content-Type"] = []string{"application/problem+json"}
	h["Content-Length"] = []string{strconv.Itoa(len(p))}
	h["Cache-Control"] = []string{"no-store"}
	for i := 0; i+1 < len(header); i += 2 {
		h[header[i]] = []string{header[i+1]}
	}
	x.WriteHeader(status)
	x.Write(p)
}

func problem(status int, code, detail string) []byte {
	b := []byte(`{"type":"about:blank","title":`)
	b = strconv.AppendQuote(b, http.StatusText(status))
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"code":`...)
	b = strconv.AppendQuote(b, code)
	b = append(b, `,"detail":`...)
	b = strconv.AppendQuote(b, detail)
	return append(b, '}', '\n')
}

// isRPC reports whether the call is gRPC, by its own account.
func (x *Exchange) isRPC() bool { return x.r.ProtoMajor == 2 && isRPCType(x.r.Header["Content-Type"]) }

func isRPCType(v []string) bool {
	if len(v) == 0 {
		return false
	}
	rest, ok := strings.CutPrefix(v[0], "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// setRPCError makes h that of an answer without messages.
func setRPCError(h http.Header, code, message string) {
	h["Content-Type"] = []string{"application/grpc"}
	h["Grpc-Status"] = []string{code}
	h["Grpc-Message"] = []string{message}
}

// rpcCodeFor is the mapping of gRPC's "HTTP to gRPC status code mapping",
// where what is not there is UNKNOWN.
func rpcCodeFor(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "13"
	case http.StatusUnauthorized:
		return "16"
	case http.StatusForbidden:
		return "7"
	case http.StatusNotFound:
		return "12"
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "14"
	}
	return "2"
}
