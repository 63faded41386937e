package ledger

import (
	"bytes"
	"errors"

	"github.com/gatebook/gatebook/event"
)

// What the ledger reads from an encoded header without decoding it: the
// commitments, which are its last member, and the day of arrival. Inside a
// JSON string the quotation marks of their keys would be escaped.

var commitKey = []byte(`,"commit":{`)

// errCommit is the error of a header whose last member is not what
// commitments are written as.
var errCommit = errors.New("its commitments are damaged")

// commitOf reads the commitments from an encoded header. It gives the answer
// of [event.DecodeHeader] for each header that this accepts, and an error for
// commitments that are not spelt as the encoder spells them.
func commitOf(header []byte) (event.Commit, error) {
	c, ok := commitAtEnd(header)
	if !ok && bytes.Contains(header, commitKey) {
		return event.Commit{}, errCommit
	}
	return c, nil
}

// commitMember is the size of a hash as it is written, with its quotation
// marks and the colon before it.
const commitMember = len(`:""`) + 2*len(event.Hash{})

// commitAtEnd reads the commitments from the end of a header backwards, which
// needs no search. It returns none, and false, if there are none, or not as
// the encoder spells them.
func commitAtEnd(header []byte) (c event.Commit, ok bool) {
	rest, ok := bytes.CutSuffix(header, []byte("}}"))
	for class := event.Classes - 1; ok && class >= 0; class-- {
		n := len(rest) - commitMember
		if n < 0 {
			break
		}
		key, value := rest[:n], rest[n:]
		if key, ok = bytes.CutSuffix(key, commitKeys[class]); !ok {
			ok = true
			continue
		}
		hash := commitHash(&c, event.Class(class))
		if value[0] != ':' || value[1] != '"' || value[commitMember-1] != '"' || !readHash(hash, value[2:]) {
			break
		}
		if bytes.HasSuffix(key, commitKey) {
			return c, true
		}
		rest, ok = bytes.CutSuffix(key, []byte(","))
	}
	return event.Commit{}, false
}

var commitKeys = [event.Classes][]byte{[]byte(`"who"`), []byte(`"what"`), []byte(`"payload"`)}

func commitHash(c *event.Commit, class event.Class) *event.Hash {
	return [event.Classes]*event.Hash{&c.Who, &c.What, &c.Payload}[class]
}

// readHash reads a hash that is not zero from the 64 lower-case hex digits
// that digits begins with.
func readHash(h *event.Hash, digits []byte) bool {
	var bad byte
	for i := range h {
		hi, lo := hexValue[digits[2*i]], hexValue[digits[2*i+1]]
		bad |= hi | lo
		h[i] = hi<<4 | lo&15
	}
	return bad < 16 && !h.IsZero()
}

// hexValue is the value of each lower-case hex digit, and 255 of anything else.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	return t
}()

// DayOf reads the day of arrival from an encoded header without decoding it,
// which is the day whose envelope files hold its envelopes. It is empty if the
// header is not one.
func DayOf(header []byte) string { return string(dayOf(header)) }

// dayOf is [DayOf] without a copy.
func dayOf(header []byte) []byte {
	const key = `,"arrived":"`
	i := bytes.Index(header, []byte(key))
	if i < 0 || len(header) < i+len(key)+len("2006-01-02") {
		return nil
	}
	return header[i+len(key):][:len("2006-01-02")]
}
