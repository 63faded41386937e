package reading

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Format names the form of an export.
type Format string

// The formats.
const (
	JSONL Format = "jsonl" // one [Record] a line
	CSV   Format = "csv"   // one line an event, after a line of names
)

// DefaultColumns are the columns of an export that names none.
var DefaultColumns = []string{
	"number", "id", "kind", "arrived", "principal.kind", "principal.id", "principal.level", "who.subject", "credential.method",
	"operation.method", "operation.host", "operation.route", "what.path", "outcome.status", "duration", "request.bytes", "response.bytes",
}

// Export is what to write.
type Export struct {
	Query
	Format  Format   // empty: [JSONL]
	Columns []string // of a CSV: names of fields, or "number"; empty: [DefaultColumns]
	Limit   uint64   // events; 0: all
}

// Exported says what was written.
type Exported struct {
	Events   uint64    `json:"events"`
	Problems []Problem `json:"problems"` // records that were found and could not be written
	Complete bool      `json:"complete"` // everything that matches was written
	Note     string    `json:"note,omitempty"`
}

// maxProblems bounds the problems that an export names.
const maxProblems = 100

// Export writes all matching events that are sealed when it begins, oldest
// first, to w. It holds a page of them in memory. Where nothing but a time is
// asked for, it reads the ledger from one end to the other, and the events are
// in the order of their numbers: in that of time but for what was sealed
// together. The look is recorded before
// the first is written, and another, "exported", at the end, also if it broke
// off, with the number of events, the hash of what was written, and the numbers
// of the records; where these do not fit into one event, looks "exported-part"
// hold the others. If one cannot be recorded, the error says so.
//
// A cell of a CSV that a spreadsheet would take for a formula begins with an
// apostrophe that is not in the record.
func (r *Room) Export(ctx context.Context, who Reader, x Export, w io.Writer) (*Exported, error) {
	if x.Format == "" {
		x.Format = JSONL
	}
	if len(x.Columns) == 0 {
		x.Columns = DefaultColumns
	}
	sum := newDigest()
	write, err := x.writer(io.MultiWriter(w, sum))
	if err != nil {
		return nil, err
	}
	p, who, err := r.open(who, ActExport, x.Query)
	if err != nil {
		return nil, err
	}
	if p.text.pipes != "" {
		return nil, &QueryError{x.LogsQL, len(x.LogsQL) - len(p.text.pipes), "an export has no pipes: it holds events"}
	}
	facts := append(x.bounds(), event.Fact{Name: "format", Value: string(x.Format)})
	if x.Format == CSV {
		facts = append(facts, event.Fact{Name: "columns", Value: strings.Join(x.Columns, ",")})
	}
	// The first page shows that the query is right, before anything is recorded.
	s := Search{Query: x.Query, Limit: 500, Oldest: true}
	m, err := r.meta()
	if err != nil {
		return nil, err
	}
	res := &Result{Meta: m}
	if !p.whole() {
		if err := r.hits(ctx, who, p, s, nil, res); err != nil {
			return nil, err
		}
	}
	if err := r.look(ctx, who, ActExport, x.LogsQL, nil, slices.Clone(facts)...); err != nil {
		return nil, err
	}
	var seen shown
	note := func(rec *Record) error {
		if rec != nil && seen.add(rec.Number) {
			if err := r.look(ctx, who, "exported-part", x.LogsQL, nil, seen.facts()...); err != nil {
				return err
			}
			seen = shown{}
		}
		return write(rec)
	}
	var out *Exported
	if p.whole() {
		out, err = r.exportScan(ctx, who, p, x.Limit, m.Sealed, note)
	} else {
		out, err = r.exportPages(ctx, who, p, s, x.Limit, res, m.Sealed, note)
	}
	facts = append(append(facts, seen.facts()...), event.Fact{Name: "results", Value: strconv.FormatUint(out.Events, 10)})
	if err == nil {
		facts = append(facts, sum.fact())
	} else {
		facts = append(facts, event.Fact{Name: "broken_off", Value: "true"})
	}
	return out, errors.Join(err, r.look(context.WithoutCancel(ctx), who, "exported", x.LogsQL, nil, facts...))
}

func (r *Room) exportPages(ctx context.Context, who Reader, p *plan, s Search, limit uint64, res *Result, sealed uint64, write func(*Record) error) (*Exported, error) {
	out := &Exported{Problems: []Problem{}, Complete: true}
	for {
		for i := range res.Hits {
			if limit > 0 && out.Events == limit {
				out.Complete, out.Note = false, "the limit was reached"
				return out, write(nil)
			}
			if res.Hits[i].Number >= sealed {
				continue // sealed after the export began
			}
			if who.NoPayload {
				res.Hits[i].leaveOutPayload()
			}
			if err := write(&res.Hits[i]); err != nil {
				return out, err
			}
			out.Events++
		}
		out.Problems = append(out.Problems, res.Problems...)
		out.Complete = out.Complete && len(out.Problems) == 0
		out.Problems = out.Problems[:min(len(out.Problems), maxProblems)]
		if res.Next == "" {
			if !res.Meta.Complete {
				out.Complete, out.Note = false, res.Meta.Note
			}
			return out, write(nil)
		}
		after, err := parseCursor(res.Next)
		if err != nil {
			return out, err
		}
		m, err := r.meta()
		if err != nil {
			return out, err
		}
		m.Sealed = sealed
		m.Indexed = min(m.Indexed, sealed)
		*res = Result{Meta: m}
		if err := r.hits(ctx, who, p, s, after, res); err != nil {
			return out, err
		}
	}
}

// writer returns a function that writes records in the export's format; nil
// means the end.
func (x *Export) writer(w io.Writer) (func(*Record) error, error) {
	switch x.Format {
	case JSONL:
		var line []byte
		return func(rec *Record) (err error) {
			if rec == nil {
				return nil
			}
			if line, err = rec.appendLine(line[:0]); err == nil {
				_, err = w.Write(line)
			}
			return err
		}, nil
	case CSV:
		for _, c := range x.Columns {
			if c != "number" && event.Lookup(c) == nil {
				return nil, fmt.Errorf("%w: there is no column %q%s", ErrArgument, clip(c, 60), suggest(c))
			}
		}
		return x.csv(csv.NewWriter(w)), nil
	}
	return nil, fmt.Errorf("%w: format %q: want jsonl or csv", ErrArgument, clip(string(x.Format), 20))
}

func (x *Export) csv(w *csv.Writer) func(*Record) error {
	begun := false
	return func(rec *Record) error {
		if !begun {
			begun = true
			if err := w.Write(slices.Clone(x.Columns)); err != nil {
				return err
			}
		}
		if rec == nil {
			w.Flush()
			return w.Error()
		}
		e, err := rec.Event()
		if err != nil {
			return err
		}
		line := make([]string, len(x.Columns))
		for i, c := range x.Columns {
			line[i] = strconv.FormatUint(rec.Number, 10)
			if c != "number" {
				line[i] = cell(event.Lookup(c), e)
			}
		}
		return w.Write(line)
	}
}

// cell returns the field's text, such that no spreadsheet runs it.
func cell(f *event.Field, e *event.Event) string {
	s := f.Text(e)
	if f.Type == event.TypeString || f.Type == event.TypeText {
		if s != "" && bytes.IndexByte([]byte("=+-@\t\r"), s[0]) >= 0 {
			return "'" + s
		}
	}
	return s
}
