package report

import (
	"fmt"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Builder makes one report. It is not safe for concurrent use. Use [New].
type Builder struct {
	req  Request
	part part

	// Of the period.
	events, calls      uint64
	noWhat, noWho      uint64 // envelopes that were erased, of calls
	noObjects, noRoute uint64 // calls with nothing recognised
	partial            uint64 // calls of which not all was looked at
	imported           uint64
	lost               uint64 // calls that gap events stand for
	bad                uint64
	problems           []string
}

// part is what differs from report to report.
type part interface {
	// add takes an event of the period, or any if [Request.Whole].
	add(n uint64, e *event.Event)
	// finish writes title, scope, summary, tables, and what is particular of
	// method, limits and terms.
	finish(b *Builder, d *Document)
}

// New returns a builder for the request. The error wraps [ErrRequest].
func New(req Request) (*Builder, error) {
	if err := req.check(); err != nil {
		return nil, err
	}
	b := &Builder{req: req}
	switch req.Name {
	case Access:
		b.part = &access{req: &b.req}
	case Person:
		b.part = &person{req: &b.req}
	case Dormant:
		b.part = newDormant(&b.req)
	case Privileged:
		p, err := newPrivileged(&b.req)
		if err != nil {
			return nil, err
		}
		b.part = p
	case Unverified:
		b.part = &unverified{}
	case Integrity:
		b.part = &integrity{req: &b.req}
	}
	return b, nil
}

// Request returns the request, completed.
func (b *Builder) Request() Request { return b.req }

// Add takes record n. It does not keep e.
func (b *Builder) Add(n uint64, e *event.Event) {
	inside := !e.Arrived.Before(b.req.From) && e.Arrived.Before(b.req.To)
	if inside {
		b.note(e)
	}
	if inside || b.req.Whole() {
		b.part.add(n, e)
	}
}

// note counts what the limits of every report are made of.
func (b *Builder) note(e *event.Event) {
	b.events++
	switch {
	case e.Kind == event.Gap && e.Lost != nil:
		b.lost += e.Lost.Count
	case e.Kind != event.Access:
		return
	}
	if e.Kind != event.Access {
		return
	}
	b.calls++
	if e.Who == nil && !e.Commit.Who.IsZero() {
		b.noWho++
	}
	if e.What == nil && !e.Commit.What.IsZero() {
		b.noWhat++
	}
	if len(e.Objects) == 0 && (e.What == nil || len(e.What.Objects) == 0) {
		b.noObjects++
	}
	if e.Operation.Route == "" && e.Operation.Name == "" {
		b.noRoute++
	}
	if e.Partial {
		b.partial++
	}
	if e.Capture.Method == "import" {
		b.imported++
	}
}

// AddBad notes that record n could not be read, or is not what was sealed.
func (b *Builder) AddBad(n uint64, why string) {
	const most = 20
	b.bad++
	if len(b.problems) < most {
		b.problems = append(b.problems, fmt.Sprintf("record %d: %s", n, why))
	}
}

// Finish returns the report. made is when it was made, and l what it rests on.
func (b *Builder) Finish(made time.Time, l Ledger) *Document {
	l.Bad, l.Problems = b.bad, b.problems
	d := &Document{Name: b.req.Name, Made: made.UTC(), Ledger: l}
	d.Scope = []Pair{{"Period", fmt.Sprintf("%s to %s", moment(b.req.From), moment(b.req.To))}}
	b.part.finish(b, d)
	d.Summary = append(d.Summary, b.wholeness()...)
	read := fmt.Sprintf("Each record from number %s on was read from the ledger, %s, and compared with the tree and with the commitments of its header.", group(number(l.First)), count(l.Records, "record", "records"))
	if l.Records == 0 {
		read = "The ledger has no records that could be of the period."
	}
	d.Method = append([]string{
		read + " No figure in this report comes from the search index.",
		fmt.Sprintf("All of them are under the signed checkpoint of %s that is printed at the end.", count(l.Size, "record", "records")),
		"A call belongs to the period in which it arrived. Times are UTC, from the clock of the machine that recorded them.",
	}, d.Method...)
	if l.First > 0 {
		d.Method = append(d.Method, fmt.Sprintf("Reading began an hour before the period, at record %s, found by bisection over the times of the records. A call that is recorded with a clock that was set back by more than an hour may lie before it.", group(number(l.First))))
	}
	d.Limits = append(d.Limits, b.limits()...)
	d.Terms = append(d.Terms, terms(d.Name)...)
	return d
}

// wholeness are the sentences on what stands between the report and the truth.
func (b *Builder) wholeness() []string {
	var s []string
	if b.bad > 0 {
		s = append(s, fmt.Sprintf("%s could not be read or not be shown to be genuine, and are not in the figures. The evidence does not hold: run gatebook verify.", count(b.bad, "record", "records")))
	}
	if b.lost > 0 && b.req.Name != Integrity {
		s = append(s, fmt.Sprintf("%s of the period were served and not recorded; the record itself says so. See the report integrity.", count(b.lost, "call", "calls")))
	}
	return s
}

func (b *Builder) limits() []string {
	s := []string{"It says what passed through Gatebook. Access to the data on other ways, such as directly to the database or past the gateway, is not in it."}
	add := func(n uint64, text string) {
		if n > 0 {
			s = append(s, fmt.Sprintf("Of the %s of the period, %s", count(b.calls, "call", "calls"), fmt.Sprintf(text, group(number(n)))))
		}
	}
	add(b.noWho, "%s have no names and addresses any more: they were erased. Their pseudonyms remain.")
	add(b.noWhat, "%s have no path and no object ids any more: they were erased. They are left out where the path or the object decides.")
	if b.req.Name == Access || b.req.Name == Person {
		add(b.noObjects, "%s have no objects that were recognised; for these the path is all there is.")
	}
	if b.req.Name == Access && b.req.Class != "" || b.req.Name == Unverified {
		add(b.partial, "%s were not looked at as a whole for classes of data, so that their counts may be too low.")
	}
	add(b.imported, "%s were imported from other logs, and are as true as these.")
	return s
}

// list is a list of single records, up to a bound.
type list struct {
	rows [][]string
	left uint64
	nums []uint64
}

// add adds record n.
func (l *list) add(n uint64, cells ...string) {
	if len(l.rows) == Listed {
		l.left++
		return
	}
	l.rows, l.nums = append(l.rows, append([]string{number(n)}, cells...)), append(l.nums, n)
}

// table puts the list into the document.
func (l *list) table(d *Document, title string, columns ...Column) {
	t := Table{Title: title, Columns: append([]Column{{"record", Number, 6}}, columns...), Rows: l.rows, Left: l.left}
	t.Note = "The number is that in the ledger: gatebook show NUMBER shows the record, gatebook prove NUMBER proves it."
	d.Tables = append(d.Tables, t)
	d.Records = append(d.Records, l.nums...)
}
