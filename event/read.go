package event

import (
	"encoding/hex"
	"strconv"
	"time"
)

// reader reads what encoder wrote: the members in their order, in the one
// spelling. It stops at anything else, and says only that it did: a decoder
// that knows every spelling then says what is wrong. It is there for speed:
// every follower of the ledger decodes each header, and this is some ten times
// faster than a decoder that goes by reflection.
//
// That nothing else is accepted is shown by writing what was read again, as for
// the other decoder.
type reader struct {
	b     []byte // what is left
	first bool   // no member of the innermost object was read yet
	bad   bool   // something else came
}

// has reads the key k, if it comes next.
func (r *reader) has(k string) bool {
	b := r.b
	if !r.first {
		if len(b) == 0 || b[0] != ',' {
			return false
		}
		b = b[1:]
	}
	n := len(k)
	if r.bad || len(b) < n+3 || b[0] != '"' || string(b[1:n+1]) != k || b[n+1] != '"' || b[n+2] != ':' {
		return false
	}
	r.b, r.first = b[n+3:], false
	return true
}

// lit reads s.
func (r *reader) lit(c byte) bool {
	if len(r.b) == 0 || r.b[0] != c {
		return false
	}
	r.b = r.b[1:]
	return true
}

func (r *reader) want(c byte) {
	if !r.lit(c) {
		r.bad = true
	}
}

// text reads a string.
func (r *reader) text() string {
	r.want('"')
	if r.bad {
		return ""
	}
	for i, c := range r.b {
		switch {
		case c == '"':
			s := string(r.b[:i])
			r.b = r.b[i+1:]
			return s
		case c == '\\':
			return r.escaped(i)
		}
	}
	r.bad = true
	return ""
}

// escaped reads a string whose first escape is at i.
func (r *reader) escaped(i int) string {
	out := append(make([]byte, 0, len(r.b[:i])+64), r.b[:i]...)
	for b := r.b[i:]; len(b) > 0; {
		switch {
		case b[0] == '"':
			r.b = b[1:]
			return string(out)
		case b[0] != '\\':
			out = append(out, b[0])
			b = b[1:]
		case len(b) >= 2 && (b[1] == '"' || b[1] == '\\'):
			out = append(out, b[1])
			b = b[2:]
		case len(b) >= 6 && string(b[1:4]) == "u00":
			var c [1]byte
			if _, err := hex.Decode(c[:], b[4:6]); err != nil || c[0] >= ' ' {
				r.bad = true
				return ""
			}
			out = append(out, c[0])
			b = b[6:]
		default:
			r.bad = true
			return ""
		}
	}
	r.bad = true
	return ""
}

// digits reads an integer, without a check that it has one spelling.
func (r *reader) digits() string {
	n := 0
	for n < len(r.b) && (r.b[n] >= '0' && r.b[n] <= '9' || n == 0 && r.b[n] == '-') {
		n++
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) unsigned() uint64 {
	n, err := strconv.ParseUint(r.digits(), 10, 64)
	r.bad = r.bad || err != nil
	return n
}

func (r *reader) str(k string, v *string) {
	if r.has(k) {
		*v = r.text()
	}
}

func (r *reader) num(k string, v *uint64) {
	if r.has(k) {
		*v = r.unsigned()
	}
}

func (r *reader) signed(k string, v *int64) {
	if r.has(k) {
		n, err := strconv.ParseInt(r.digits(), 10, 64)
		r.bad = r.bad || err != nil
		*v = n
	}
}

func (r *reader) truth(k string, v *bool) {
	if r.has(k) {
		if len(r.b) < 4 || string(r.b[:4]) != "true" {
			r.bad = true
			return
		}
		*v, r.b = true, r.b[4:]
	}
}

// time reads a time in [TimeLayout].
func (r *reader) time(k string, v *time.Time) {
	if !r.has(k) {
		return
	}
	const size = len(TimeLayout) + 2
	if len(r.b) < size || r.b[0] != '"' || r.b[size-1] != '"' {
		r.bad = true
		return
	}
	s := r.b[1 : size-1]
	r.b = r.b[size:]
	at := func(from, to int) (n int) {
		for _, c := range s[from:to] {
			if c < '0' || c > '9' {
				r.bad = true
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	if s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' || s[29] != 'Z' {
		r.bad = true
		return
	}
	year, month, day, hour, minute, second, nano := at(0, 4), at(5, 7), at(8, 10), at(11, 13), at(14, 16), at(17, 19), at(20, 29)
	if !r.bad {
		*v = time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	}
}

func (r *reader) hash(k string, v *Hash) {
	if !r.has(k) {
		return
	}
	n := 2 * len(v)
	if len(r.b) < n+2 || r.b[0] != '"' || r.b[n+1] != '"' {
		r.bad = true
		return
	}
	if _, err := hex.Decode(v[:], r.b[1:n+1]); err != nil {
		r.bad = true
	}
	r.b = r.b[n+2:]
}

func (r *reader) strs(k string, v *[]string) {
	r.items(k, func() { *v = append(*v, r.text()) })
}

func (r *reader) nums(k string, v *[]uint64) {
	r.items(k, func() { *v = append(*v, r.unsigned()) })
}

// items reads member k as a list, item by item.
func (r *reader) items(k string, item func()) {
	if !r.has(k) {
		return
	}
	r.want('[')
	for !r.bad {
		item()
		if r.lit(']') {
			return
		}
		r.want(',')
	}
}

// obj reads member k as an object.
func (r *reader) obj(k string, members func()) bool {
	if !r.has(k) {
		return false
	}
	r.object(members)
	return true
}

func (r *reader) object(members func()) {
	r.want('{')
	r.first = true
	members()
	r.want('}')
	r.first = false
}

// list reads member k as a list of objects.
func (r *reader) list(k string, members func()) {
	r.items(k, func() { r.object(members) })
}

// whole reports whether b is one object with the members, and nothing else.
func (r *reader) whole(b []byte, members func()) bool {
	r.b = b
	r.object(members)
	return !r.bad && len(r.b) == 0
}
