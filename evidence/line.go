package evidence

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/gatebook/gatebook/event"
)

// Record is one record of a pack.
type Record struct {
	Number uint64 // in the ledger, from 0
	Header []byte // byte for byte as sealed
	// Envelopes are those that are disclosed, nil for the others.
	Envelopes [event.Classes]*event.Envelope
	Erased    []event.Class // those that would be disclosed, and are gone; ascending
}

// line is the JSON of a [Record]. Header and envelopes are texts, not objects:
// so every JSON parser gives their bytes as they were sealed.
type line struct {
	Number  uint64   `json:"number"`
	Header  string   `json:"header"`
	Who     *sealed  `json:"who,omitempty"`
	What    *sealed  `json:"what,omitempty"`
	Payload *sealed  `json:"payload,omitempty"`
	Erased  []string `json:"erased,omitempty"`
}

type sealed struct {
	Salt string `json:"salt"` // hex
	Data string `json:"data"`
}

// appendLine appends the record's line, with its line feed.
func appendLine(b []byte, r *Record) ([]byte, error) {
	l := line{Number: r.Number, Header: string(r.Header)}
	if !utf8.Valid(r.Header) {
		return nil, fmt.Errorf("record %d: its header is not UTF-8", r.Number)
	}
	for c, dst := range []**sealed{&l.Who, &l.What, &l.Payload} {
		if env := r.Envelopes[c]; env != nil {
			if !utf8.Valid(env.Data) {
				return nil, fmt.Errorf("record %d: its %s envelope is not UTF-8", r.Number, event.Class(c))
			}
			*dst = &sealed{hex.EncodeToString(env.Salt[:]), string(env.Data)}
		}
	}
	for _, c := range r.Erased {
		l.Erased = append(l.Erased, c.String())
	}
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&l); err != nil {
		return nil, err
	}
	if n := buf.Len() - len(b); n > maxLine {
		return nil, fmt.Errorf("record %d takes %d bytes of a pack, the limit is %d: do not disclose its payload", r.Number, n, maxLine)
	}
	return buf.Bytes(), nil
}

// parseLine is the inverse of appendLine; b ends with the line feed.
func parseLine(b []byte) (*Record, error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, faultf("it is not the line of a record")
	}
	r := &Record{Number: l.Number, Header: []byte(l.Header)}
	for c, s := range []*sealed{l.Who, l.What, l.Payload} {
		if s == nil {
			continue
		}
		env := &event.Envelope{Data: []byte(s.Data)}
		if n, err := hex.Decode(env.Salt[:], clipBytes(s.Salt, 2*event.SaltSize)); err != nil || n != event.SaltSize {
			return nil, faultf("its %s envelope has no salt", event.Class(c))
		}
		r.Envelopes[c] = env
	}
	for _, name := range l.Erased {
		c, err := event.ParseClass(name)
		if err != nil || r.Envelopes[c] != nil || len(r.Erased) > 0 && r.Erased[len(r.Erased)-1] >= c {
			return nil, faultf("its list of erased envelopes makes no sense")
		}
		r.Erased = append(r.Erased, c)
	}
	again, err := appendLine(make([]byte, 0, len(b)), r)
	if err != nil || !bytes.Equal(again, b) {
		return nil, faultf("it is spelt differently from how Gatebook writes it")
	}
	return r, nil
}

func clipBytes(s string, n int) []byte { return []byte(s[:min(n, len(s))]) }

func clip(s string, n int) string { return string(bytes.ToValidUTF8(clipBytes(s, n), []byte("?"))) }
