package event

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// TimeLayout is how times are written: UTC, always nine digits of a second.
const TimeLayout = "2006-01-02T15:04:05.000000000Z"

// Seal encodes e. For each envelope it takes the next salt of salts, which
// must be random and used once, and sets the commitment in e's header. It
// fails if e is not a valid event (see docs/FORMAT.md) or if its header is
// longer than [MaxHeader].
func (e *Event) Seal(salts *[Classes]Salt) (*Sealed, error) {
	var s Sealed
	e.Commit = Commit{}
	if e.Who != nil {
		s.Envelopes[ClassWho] = &Envelope{salts[ClassWho], appendWho(make([]byte, 0, 256), e.Who)}
		e.Commit.Who = Commitment(ClassWho, salts[ClassWho], s.Envelopes[ClassWho].Data)
	}
	if e.What != nil {
		s.Envelopes[ClassWhat] = &Envelope{salts[ClassWhat], appendWhat(make([]byte, 0, 128), e.What)}
		e.Commit.What = Commitment(ClassWhat, salts[ClassWhat], s.Envelopes[ClassWhat].Data)
	}
	if e.Payload != nil {
		size := len(e.Payload.Request.Body) + len(e.Payload.Response.Body) + len(e.Payload.Original) + 1024
		s.Envelopes[ClassPayload] = &Envelope{salts[ClassPayload], appendPayload(make([]byte, 0, size+size/8), e.Payload)}
		e.Commit.Payload = Commitment(ClassPayload, salts[ClassPayload], s.Envelopes[ClassPayload].Data)
	}
	e.Version = Version
	if err := e.Header.check(); err != nil {
		return nil, err
	}
	s.Header = appendHeader(make([]byte, 0, 1024), &e.Header)
	if len(s.Header) > MaxHeader {
		return nil, fmt.Errorf("event %s: its header has %d bytes, the limit is %d", e.ID, len(s.Header), MaxHeader)
	}
	return &s, nil
}

// check refuses what could not be read back.
func (h *Header) check() error {
	switch {
	case h.Version < 1:
		return fmt.Errorf("event: v: is missing")
	case h.ID.IsZero():
		return fmt.Errorf("event: id: is missing")
	case h.Kind == "":
		return fmt.Errorf("event %s: kind: is missing", h.ID)
	case h.Arrived.IsZero():
		return fmt.Errorf("event %s: arrived: is missing", h.ID)
	case !slices.IsSorted(h.Objects):
		return fmt.Errorf("event %s: objects: are not sorted", h.ID)
	case h.Trace.ID != "" && !IsTraceID(h.Trace.ID):
		return fmt.Errorf("event %s: trace.id: is not 32 lower-case hex digits, not all 0", h.ID)
	case h.Trace.Parent != "" && (h.Trace.ID == "" || !IsSpanID(h.Trace.Parent)):
		return fmt.Errorf("event %s: trace.parent: is not 16 lower-case hex digits, not all 0, beside trace.id", h.ID)
	case len(h.Counts) != 0 && len(h.Counts) != len(h.Objects):
		return fmt.Errorf("event %s: counts: there are %d for %d types of objects", h.ID, len(h.Counts), len(h.Objects))
	case !slices.IsSortedFunc(h.Operation.Parts, cmpStrict):
		return fmt.Errorf("event %s: operation.parts: are not sorted, or not each once", h.ID)
	case !slices.IsSortedFunc(h.Operation.Scopes, cmpStrict):
		return fmt.Errorf("event %s: operation.scopes: are not sorted, or not each once", h.ID)
	case !slices.IsSortedFunc(h.Received, func(a, b Data) int { return cmpStrict(a.Class, b.Class) }):
		return fmt.Errorf("event %s: received: classes are not sorted", h.ID)
	case !slices.IsSorted(h.Credential.Scopes):
		return fmt.Errorf("event %s: credential.scopes: are not sorted", h.ID)
	case !slices.IsSortedFunc(h.Data, func(a, b Data) int { return cmpStrict(a.Class, b.Class) }):
		return fmt.Errorf("event %s: data: classes are not sorted", h.ID)
	case h.Note != nil && !slices.IsSortedFunc(h.Note.Facts, func(a, b Fact) int { return cmpStrict(a.Name, b.Name) }):
		return fmt.Errorf("event %s: note.facts: names are not sorted", h.ID)
	}
	return nil
}

// newer reports whether h says anything that a header of its version cannot.
func (h *Header) newer() bool {
	if h.Version < 3 && h.Trace != (Trace{}) {
		return true
	}
	o := h.Operation
	o.Protocol, o.Method, o.Host, o.Route, o.Name = "", "", "", "", ""
	return h.Version < 2 && (!reflect.ValueOf(o).IsZero() || h.Counts != nil || h.Received != nil || h.Partial || h.Request.Messages != 0 || h.Response.Messages != 0)
}

// cmpStrict orders strings such that a list with duplicates is not sorted.
func cmpStrict(a, b string) int {
	if a <= b {
		return -1
	}
	return 1
}

// encoder appends JSON with fixed order and one spelling: no space, members
// with zero values left out.
type encoder struct {
	b     []byte
	first bool // no member of the innermost object is written yet
}

func (e *encoder) key(k string) {
	if !e.first {
		e.b = append(e.b, ',')
	}
	e.first = false
	e.b = append(e.b, '"')
	e.b = append(e.b, k...)
	e.b = append(e.b, '"', ':')
}

func (e *encoder) str(k, v string) {
	if v != "" {
		e.key(k)
		e.b = appendString(e.b, v)
	}
}

func (e *encoder) num(k string, v uint64) {
	if v != 0 {
		e.key(k)
		e.b = strconv.AppendUint(e.b, v, 10)
	}
}

func (e *encoder) signed(k string, v int64) {
	if v != 0 {
		e.key(k)
		e.b = strconv.AppendInt(e.b, v, 10)
	}
}

func (e *encoder) truth(k string, v bool) {
	if v {
		e.key(k)
		e.b = append(e.b, "true"...)
	}
}

func (e *encoder) time(k string, t time.Time) {
	if !t.IsZero() {
		e.key(k)
		e.b = append(e.b, '"')
		e.b = AppendTime(e.b, t)
		e.b = append(e.b, '"')
	}
}

func (e *encoder) hash(k string, h Hash) {
	if !h.IsZero() {
		e.key(k)
		e.b = append(e.b, '"')
		e.b = appendHex(e.b, h[:])
		e.b = append(e.b, '"')
	}
}

func (e *encoder) strs(k string, v []string) {
	if len(v) == 0 {
		return
	}
	e.key(k)
	for i, s := range v {
		e.b = append(e.b, "[,"[min(i, 1)])
		e.b = appendString(e.b, s)
	}
	e.b = append(e.b, ']')
}

func (e *encoder) nums(k string, v []uint64) {
	if len(v) == 0 {
		return
	}
	e.key(k)
	for i, n := range v {
		e.b = append(e.b, "[,"[min(i, 1)])
		e.b = strconv.AppendUint(e.b, n, 10)
	}
	e.b = append(e.b, ']')
}

// obj writes member k as the object that f writes, or nothing if f wrote none.
func (e *encoder) obj(k string, f func()) {
	start, first := len(e.b), e.first
	e.key(k)
	e.b, e.first = append(e.b, '{'), true
	f()
	if e.first {
		e.b, e.first = e.b[:start], first
		return
	}
	e.b = append(e.b, '}')
}

// list writes member k as an array of n objects.
func (e *encoder) list(k string, n int, f func(i int)) {
	if n == 0 {
		return
	}
	e.key(k)
	for i := range n {
		e.b = append(e.b, "[,"[min(i, 1)], '{')
		e.first = true
		f(i)
		e.b = append(e.b, '}')
	}
	e.b, e.first = append(e.b, ']'), false
}

// AppendTime appends t in [TimeLayout].
func AppendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, TimeLayout)
	}
	hour, minute, second := t.Clock()
	b = append(appendDigits(b, year, 4), '-')
	b = append(appendDigits(b, int(month), 2), '-')
	b = append(appendDigits(b, day, 2), 'T')
	b = append(appendDigits(b, hour, 2), ':')
	b = append(appendDigits(b, minute, 2), ':')
	b = append(appendDigits(b, second, 2), '.')
	return append(appendDigits(b, t.Nanosecond(), 9), 'Z')
}

// appendDigits appends n with leading zeros.
func appendDigits(b []byte, n, digits int) []byte {
	end := len(b) + digits
	b = append(b, "000000000"[:digits]...)
	for i := end - 1; n > 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

const hexDigits = "0123456789abcdef"

func appendHex(b, src []byte) []byte {
	for _, c := range src {
		b = append(b, hexDigits[c>>4], hexDigits[c&15])
	}
	return b
}

// appendString writes s with the fewest escapes that JSON allows: quotation
// mark, backslash, and the controls below U+0020 as \u00xx. What is not UTF-8
// becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			if c == '"' || c == '\\' {
				b = append(b, '\\', c)
			} else {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, s[start:i]...)
			b = append(b, "\uFFFD"...)
			i++
			start = i
			continue
		}
		i += n
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// Text returns data as the body of a message: as it is, with an empty
// encoding, if it is UTF-8, else in base64.
func Text(data []byte) (body, encoding string) {
	if utf8.Valid(data) {
		return string(data), ""
	}
	return base64.StdEncoding.EncodeToString(data), "base64"
}
