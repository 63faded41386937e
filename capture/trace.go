package capture

import (
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// fillTrace sets the trace that the call says it is part of, from the request's
// lines as they were redacted. The header of an event is never erased, so an id
// that is a secret of the call is left out, wherever in the call it was found.
func fillTrace(e *event.Event, call *redact.Call) {
	t := traceOf(e.Payload.Request.Headers)
	if t.ID != "" && call.Value("", t.ID) == t.ID && call.Value("", t.Parent) == t.Parent {
		e.Trace = t
	}
}

// traceOf returns the trace in the lines of a request: that of traceparent (W3C
// Trace Context), else that of B3's b3, else that of B3's X-B3-TraceId. A header
// that is malformed, or there more than once, counts as not there.
func traceOf(lines []event.HeaderLine) event.Trace {
	var w3c, single, id, span sole
	for i := range lines {
		switch l := &lines[i]; l.Name {
		case "Traceparent":
			w3c.add(l.Value)
		case "B3":
			single.add(l.Value)
		case "X-B3-Traceid":
			id.add(l.Value)
		case "X-B3-Spanid":
			span.add(l.Value)
		}
	}
	if t := parseTraceParent(w3c.value); t.ID != "" {
		return t
	}
	if t := parseB3(single.value); t.ID != "" {
		return t
	}
	return b3Trace(id.value, span.value)
}

// sole is the value of a header that may come once.
type sole struct {
	value string // empty: none came, or several
	seen  bool
}

func (s *sole) add(v string) {
	if s.seen {
		v = ""
	}
	s.value, s.seen = v, true
}

// parseTraceParent reads a traceparent: version, trace id, parent id and flags.
// What a later version puts behind the flags is not looked at. The zero Trace
// means that it is malformed.
func parseTraceParent(v string) event.Trace {
	const size = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if len(v) < size || v[2] != '-' || v[35] != '-' || v[52] != '-' {
		return event.Trace{}
	}
	if version := v[:2]; !hexByte(version) || version == "ff" || !hexByte(v[53:size]) {
		return event.Trace{}
	}
	if len(v) > size && (v[:2] == "00" || v[size] != '-') {
		return event.Trace{}
	}
	return validTrace(v[3:35], v[36:52])
}

// parseB3 reads a b3: trace id and span id, and if it likes the sampling state
// and the span before. The zero Trace means that it is malformed, or names no
// trace.
func parseB3(v string) event.Trace {
	id, rest, _ := strings.Cut(v, "-")
	span, rest, sampled := strings.Cut(rest, "-")
	state, before, more := strings.Cut(rest, "-")
	if sampled && state != "0" && state != "1" && state != "d" || more && !event.IsSpanID(before) {
		return event.Trace{}
	}
	return b3Trace(id, span)
}

// b3Trace returns the trace of a trace id and a span id of B3. A trace id of 64
// bits is written as one of 128, as W3C Trace Context advises, so that a trace
// has one id whichever header named it.
func b3Trace(id, span string) event.Trace {
	if len(id) == 16 {
		id = "0000000000000000" + id
	}
	return validTrace(id, span)
}

func validTrace(id, span string) event.Trace {
	if !event.IsTraceID(id) || !event.IsSpanID(span) {
		return event.Trace{}
	}
	return event.Trace{ID: id, Parent: span}
}

// hexByte reports whether s is two lower-case hex digits.
func hexByte(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 2
}
