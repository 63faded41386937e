package capture

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/gatebook/gatebook/event"
)

// hold keeps back what a client may not have before the call is recorded.
type hold struct {
	limit  int
	header http.Header // as it was at WriteHeader
	buf    []byte      // the body, while nothing was sent
	sent   bool        // the header has gone out
	last   []byte      // the last byte of the body, once sent; none or one
	one    [1]byte
}

func (h *hold) freeze(header http.Header) { h.header = header.Clone() }

func (h *hold) drop() { h.header, h.buf = nil, h.buf[:0] }

// thaw makes header what it was at WriteHeader, but for trailers that have
// been set since.
func (h *hold) thaw(header http.Header, trailers []string) {
	for name := range header {
		if _, ok := h.header[name]; !ok && !strings.HasPrefix(name, http.TrailerPrefix) && !contains(trailers, name) {
			delete(header, name)
		}
	}
	for name, values := range h.header {
		if !contains(trailers, name) {
			header[name] = values
		}
	}
}

func (x *Exchange) holdWrite(p []byte) (int, error) {
	h := x.hold
	if x.bodyless() {
		return len(p), nil
	}
	x.res.add(p)
	if !h.sent {
		if len(h.buf)+len(p) <= h.limit {
			h.buf = append(h.buf, p...)
			return len(p), nil
		}
		x.start()
	}
	return x.stream(p)
}

// start sends the header and what is held of the body, but for its last byte.
func (x *Exchange) start() {
	h := x.hold
	h.sent = true
	h.thaw(x.w.Header(), x.trailers)
	x.w.WriteHeader(x.status)
	x.stream(h.buf)
	h.buf = nil
}

// stream sends the byte that was kept back and p, and keeps back p's last.
func (x *Exchange) stream(p []byte) (int, error) {
	h := x.hold
	if len(p) == 0 {
		return 0, x.writeErr
	}
	x.sendLast()
	n, err := x.w.Write(p[:len(p)-1])
	x.writeFailed(err)
	if err != nil {
		return n, err
	}
	h.one[0] = p[len(p)-1]
	h.last = h.one[:]
	return len(p), nil
}

func (x *Exchange) sendLast() {
	if len(x.hold.last) > 0 {
		_, err := x.w.Write(x.hold.last)
		x.writeFailed(err)
		x.hold.last = nil
	}
}

// holdFlush starts the answer, and reports whether there is anything to flush.
// Where the body's end is told apart from its bytes, all bytes go.
func (x *Exchange) holdFlush() bool {
	if x.bodyless() {
		return false
	}
	if !x.hold.sent {
		x.start()
	}
	if x.resLen < 0 && x.r.ProtoAtLeast(1, 1) {
		x.sendLast()
	}
	return true
}

// append makes the call's event durable.
func (x *Exchange) append(e *event.Event) (Receipt, error) {
	// The record does not depend on whether the client still waits for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.r.Context()), x.rec.wait)
	defer cancel()
	return x.rec.sink.Append(ctx, e)
}

// finishRecorded records the call, and then lets the answer end.
func (x *Exchange) finishRecorded() (abort bool) {
	h := x.hold
	receipt, err := x.append(x.event())
	switch {
	case x.cut:
		return true
	case err == nil && h.sent:
		x.sendLast()
		return false
	case err == nil:
		x.release(receipt)
		return false
	case !h.sent:
		x.refuse(err)
		return false
	case x.isRPC():
		x.failTrailers(err)
		return false
	}
	return true
}

// release sends an answer that was held as a whole.
func (x *Exchange) release(receipt Receipt) {
	h, header := x.hold, x.w.Header()
	h.sent = true
	h.thaw(header, x.trailers)
	if x.o.Receipt && len(receipt.Checkpoint) > 0 {
		text := append(strconv.AppendUint(nil, receipt.Number, 10), '\n')
		header[ReceiptHeader] = []string{base64.StdEncoding.EncodeToString(append(text, receipt.Checkpoint...))}
	}
	if x.resLen < 0 && !x.bodyless() && !x.isRPC() && !x.hasTrailers(header) {
		header["Content-Length"] = []string{strconv.Itoa(len(h.buf))}
	}
	x.w.WriteHeader(x.status)
	if len(h.buf) > 0 {
		_, err := x.w.Write(h.buf)
		x.writeFailed(err)
	}
	h.buf = nil
}

func (x *Exchange) hasTrailers(header http.Header) bool {
	if len(x.trailers) > 0 {
		return true
	}
	for name := range header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// refuse answers that the call could not be recorded.
func (x *Exchange) refuse(err error) {
	header := x.w.Header()
	clear(header)
	detail := fmt.Sprintf("This route gives no answer without a record, and the call could not be recorded (%s). The API may have acted on it.", refusal(err))
	if x.isRPC() {
		setRPCError(header, "14", detail)
		x.w.WriteHeader(http.StatusOK)
		return
	}
	p := problem(http.StatusServiceUnavailable, NotRecorded, detail)
	header["Content-Type"] = []string{"application/problem+json"}
	header["Content-Length"] = []string{strconv.Itoa(len(p))}
	header["Cache-Control"] = []string{"no-store"}
	x.w.WriteHeader(http.StatusServiceUnavailable)
	if x.r.Method != http.MethodHead {
		x.w.Write(p)
	}
}

// failTrailers makes a gRPC answer end with an error.
func (x *Exchange) failTrailers(err error) {
	header := x.w.Header()
	for name := range header {
		if strings.HasPrefix(name, http.TrailerPrefix) || contains(x.trailers, name) {
			delete(header, name)
		}
	}
	header[http.TrailerPrefix+"Grpc-Status"] = []string{"14"}
	header[http.TrailerPrefix+"Grpc-Message"] = []string{NotRecorded + ": " + refusal(err)}
}

// refusal returns why err keeps a call from being recorded, in words that may
// be shown to a client: no paths, no addresses.
func refusal(err error) string {
	var coded interface{ Reason() string }
	switch {
	case errors.As(err, &coded):
		return coded.Reason()
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "disk-full"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "recorder-slow"
	}
	return "recorder-failed"
}
