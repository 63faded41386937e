package reading

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// exportScan writes the records below sealed that a plan of nothing but a time
// wants, as the ledger has them: each block of it is read once, and of the
// envelopes those that are shown.
func (r *Room) exportScan(ctx context.Context, who Reader, p *plan, limit, sealed uint64, write func(*Record) error) (*Exported, error) {
	out := &Exported{Problems: []Problem{}, Complete: true}
	n := uint64(0)
	if !p.From.IsZero() {
		var err error
		if n, err = r.position(p.From.Add(-disorder)); err != nil {
			return out, err
		}
	}
	var classes []event.Class
	for c := range event.Class(event.Classes) {
		if who.sees(c) && (c != event.ClassPayload || !who.NoPayload) {
			classes = append(classes, c)
		}
	}
	bad := func(n uint64, err error) {
		out.Complete = false
		if len(out.Problems) < maxProblems {
			out.Problems = append(out.Problems, *problem(n, err))
		}
	}
	for n < sealed {
		err := r.cfg.Ledger.ReadRange(n, sealed, classes, func(i uint64, s *event.Sealed) error {
			n = i + 1
			h, err := event.DecodeHeader(s.Header)
			if err != nil {
				bad(i, err)
				return stopped{ctx.Err()}.orNil()
			}
			if !p.wants(&event.Event{Header: *h}) {
				return stopped{ctx.Err()}.orNil()
			}
			if limit > 0 && out.Events == limit {
				out.Complete, out.Note = false, "the limit was reached"
				n = sealed
				return stopped{errLimit}
			}
			rec := showOf(who, i, s, h)
			r.explain(rec)
			out.Events++
			return stopped{cmp.Or(ctx.Err(), write(rec))}.orNil()
		})
		var stop stopped
		switch {
		case errors.As(err, &stop):
			if stop.error != errLimit {
				return out, stop.error
			}
		case errors.Is(err, ledger.ErrNotFound):
			return out, err
		case err != nil: // as in each: a whole block may be unreadable
			if err := ctx.Err(); err != nil {
				return out, err
			}
			bad(n, err)
			n++
		}
	}
	return out, write(nil)
}

// errLimit ends a scan.
var errLimit = errors.New("the limit was reached")

// showOf is show for a record of which only envelopes that are shown were read.
// They are not decoded: their commitments hold.
func showOf(who Reader, n uint64, s *event.Sealed, h *event.Header) *Record {
	rec := &Record{Number: n, Header: s.Header}
	for c := range event.Class(event.Classes) {
		env := s.Envelopes[c]
		switch {
		case h.Commit.Of(c).IsZero():
		case !who.sees(c):
			rec.Withheld = append(rec.Withheld, c.String())
		case c == event.ClassPayload && who.NoPayload:
			rec.LeftOut = append(rec.LeftOut, c.String())
		case env == nil:
			rec.Erased = append(rec.Erased, c.String())
		case c == event.ClassWho:
			rec.Who = env.Data
		case c == event.ClassWhat:
			rec.What = env.Data
		case c == event.ClassPayload:
			rec.Payload = env.Data
		}
	}
	return rec
}

// appendLine appends the record as JSON on a line. The bytes that were sealed
// are canonical JSON: they are copied as they are.
func (r *Record) appendLine(b []byte) ([]byte, error) {
	b = append(append(strconv.AppendUint(append(b, `{"number":`...), r.Number, 10), `,"header":`...), r.Header...)
	for _, x := range []struct {
		name string
		data []byte
	}{{`,"who":`, r.Who}, {`,"what":`, r.What}, {`,"payload":`, r.Payload}} {
		if x.data != nil {
			b = append(append(b, x.name...), x.data...)
		}
	}
	if len(r.Erased)+len(r.Removals)+len(r.Withheld)+len(r.LeftOut) > 0 {
		var more bytes.Buffer
		enc := json.NewEncoder(&more)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(struct {
			Erased   []string  `json:"erased,omitempty"`
			Removals []Removal `json:"removals,omitempty"`
			Withheld []string  `json:"withheld,omitempty"`
			LeftOut  []string  `json:"left_out,omitempty"`
		}{r.Erased, r.Removals, r.Withheld, r.LeftOut}); err != nil {
			return nil, err
		}
		b = append(append(b, ','), bytes.TrimSuffix(more.Bytes()[1:], []byte("}\n"))...)
	}
	return append(b, "}\n"...), nil
}
