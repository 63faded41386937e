package ledger

import (
	"bytes"
	"time"
)

// prefix is what a verifier reads of every header: when, from whom, and in
// what order. It is found without decoding, since headers have one spelling.
type prefix struct {
	kind, edge, method []byte
	arrived, ended     int64 // Unix nanoseconds; ended: complete or not; 0: not there
	seq                uint64
}

// readPrefix reads the first members of a header. It is false for one that is
// not spelt as [event.Header.Encode] spells it, as far as it reads.
func readPrefix(h []byte) (p prefix, ok bool) {
	rest, ok := bytes.CutPrefix(h, []byte(`{"v":`))
	if !ok {
		return p, false
	}
	_, rest, ok = digitsOf(rest)
	if !ok {
		return p, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"id":"`)); !ok || len(rest) < 37 || rest[36] != '"' {
		return p, false
	}
	rest = rest[37:]
	if p.kind, rest, ok = stringMember(rest, `,"kind":"`); !ok {
		return p, false
	}
	if p.arrived, rest, ok = timeMember(rest, `,"arrived":"`); !ok {
		return p, false
	}
	for _, key := range []string{`,"completed":"`, `,"ended":"`} {
		var ns int64
		if ns, rest, ok = timeMember(rest, key); ok && p.ended == 0 {
			p.ended = ns
		}
	}
	if after, has := bytes.CutPrefix(rest, []byte(`,"upstream":{`)); has {
		end := bytes.IndexByte(after, '}') // an object of numbers
		if end < 0 {
			return p, false
		}
		rest = after[end+1:]
	}
	p.edge, rest, _ = stringMember(rest, `,"edge":"`)
	if after, has := bytes.CutPrefix(rest, []byte(`,"seq":`)); has {
		if p.seq, rest, ok = digitsOf(after); !ok {
			return p, false
		}
	}
	p.method, _, _ = stringMember(rest, `,"capture":{"method":"`)
	return p, true
}

// stringMember reads a member that begins with key, which ends in the opening
// quote. The string is as it is spelt. Without the member, rest is b.
func stringMember(b []byte, key string) (s, rest []byte, ok bool) {
	after, ok := bytes.CutPrefix(b, []byte(key))
	if !ok {
		return nil, b, false
	}
	for i := 0; i < len(after); i++ {
		switch after[i] {
		case '\\':
			i++
		case '"':
			return after[:i], after[i+1:], true
		}
	}
	return nil, b, false
}

// timeMember reads a member that is a time.
func timeMember(b []byte, key string) (ns int64, rest []byte, ok bool) {
	const layout = "2006-01-02T15:04:05.000000000Z"
	after, ok := bytes.CutPrefix(b, []byte(key))
	if !ok || len(after) <= len(layout) || after[len(layout)] != '"' {
		return 0, b, false
	}
	var n [7]int // year, month, day, hour, minute, second, nanosecond
	part := 0
	for i := range len(layout) {
		c := after[i]
		switch l := layout[i]; {
		case l < '0' || l > '9':
			if c != l {
				return 0, b, false
			}
			part++
		case c < '0' || c > '9':
			return 0, b, false
		default:
			n[part] = 10*n[part] + int(c-'0')
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6], time.UTC)
	return t.UnixNano(), after[len(layout)+1:], true
}

// digitsOf reads a decimal number.
func digitsOf(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && i < 20 && b[i] >= '0' && b[i] <= '9'; i++ {
		n = 10*n + uint64(b[i]-'0')
	}
	return n, b[i:], i > 0
}
