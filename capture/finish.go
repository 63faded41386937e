package capture

import (
	"net/http"
	"time"
)

// Finish ends the call and hands its event to the sink. It returns true if
// the answer must not look complete to the client; the handler must then panic
// with http.ErrAbortHandler. A hijacked connection is closed by it.
func (x *Exchange) Finish() (abort bool) {
	if x.conn != nil {
		x.conn.Close()
		return false
	}
	if x.status == 0 && !x.cut {
		x.WriteHeader(http.StatusOK)
	}
	if x.hold == nil {
		x.handOn()
	}
	if now := time.Now(); x.writeErr == nil && !x.cut {
		x.completed = now
	} else {
		x.ended = now
	}
	if x.hold != nil {
		return x.finishRecorded()
	}
	x.rec.sink.Put(x.event())
	return x.cut
}

// handOn sends an answer that is complete before its event is made, where that
// costs no more than sending it afterwards.
func (x *Exchange) handOn() {
	if x.r.ProtoMajor != 1 || x.cut || x.resLen <= 0 || x.bodyless() {
		return
	}
	x.res.mu.Lock()
	whole := x.res.n == uint64(x.resLen)
	x.res.mu.Unlock()
	if whole {
		x.flush()
	}
}
