package report

import (
	"fmt"
	"slices"

	"github.com/gatebook/gatebook/event"
)

// access is the report on an object or a class of data.
type access struct {
	req *Request

	total        stat
	who, ops     tally
	list         list
	byPath       uint64
	erased       uint64 // calls whose objects cannot be known any more
	unclassified uint64 // calls that returned a body in which nothing was found
	found        uint64 // of the class
}

func (a *access) add(n uint64, e *event.Event) {
	if e.Kind != event.Access {
		return
	}
	how, found := a.match(e)
	if how == "" {
		return
	}
	if how == "by path" {
		a.byPath++
	}
	a.found += found
	for _, s := range []*stat{&a.total, a.who.at(whoKey(e), through(e)), a.ops.at(operation(e))} {
		s.add(e)
		s.other(whoKey(e))
		s.Found += found
	}
	a.who.at(whoKey(e), through(e)).Name = whoName(e)
	cells := []string{stamp(e.Arrived), whoName(e), through(e), operation(e), status(e), how}
	if a.req.Class != "" {
		cells = append(cells, number(found))
	}
	a.list.add(n, cells...)
}

// match says how the call touched what was asked for, and how many values of
// the class passed.
func (a *access) match(e *event.Event) (how string, found uint64) {
	if a.req.Class == "" {
		if e.What == nil && !e.Commit.What.IsZero() {
			a.erased++
		}
		return touches(e, a.req.Object), 0
	}
	for _, d := range e.Data {
		if d.Class == a.req.Class {
			how, found = "in the answer", d.Count
		}
	}
	if how == "" && slices.ContainsFunc(e.Received, func(d event.Data) bool { return d.Class == a.req.Class }) {
		how = "in the request"
	}
	if how == "" && len(e.Data) == 0 && len(e.Received) == 0 && e.Response.Bytes > 0 {
		a.unclassified++
	}
	return how, found
}

func (a *access) subject() string {
	if a.req.Class != "" {
		return "data of the class " + a.req.Class
	}
	return a.req.Object.Type + "/" + a.req.Object.ID
}

func (a *access) finish(_ *Builder, d *Document) {
	d.Title = "Who accessed " + a.subject()
	if a.req.Class != "" {
		d.Scope = append(d.Scope, Pair{"Class of data", a.req.Class})
	} else {
		d.Scope = append(d.Scope, Pair{"Object", a.subject()})
	}
	d.Summary = a.summary()
	whoColumns := []Column{{"who", Text, 26}, {"through", Text, 16}, {"calls", Number, 7}, {"refused or failed", Number, 8}, {"not verified", Number, 8}, {"first", Time, 12}, {"last", Time, 12}}
	whoCells := func(s *stat) []string {
		return []string{s.Name, s.Key[len(s.Key)-1], number(s.Calls), number(s.Failed), number(s.Unverified), stamp(s.First), stamp(s.Last)}
	}
	if a.req.Class != "" {
		whoColumns = slices.Insert(whoColumns, 3, Column{a.req.Class, Number, 8})
		plain := whoCells
		whoCells = func(s *stat) []string { return slices.Insert(plain(s), 3, number(s.Found)) }
	}
	people := Table{Title: "By person and app", Columns: whoColumns}
	people.Rows, people.Left = rows(a.who.sorted(), whoCells)
	ops := Table{Title: "By operation", Columns: []Column{{"operation", Text, 40}, {"calls", Number, 8}, {"callers", Number, 8}, {"records returned", Number, 10}, {"bytes returned", Number, 12}}}
	ops.Rows, ops.Left = rows(a.ops.sorted(), func(s *stat) []string {
		return []string{s.Key[0], number(s.Calls), atLeast(s), number(s.Records), number(s.Bytes)}
	})
	d.Tables = append(d.Tables, people, ops)
	columns := []Column{{"time", Time, 12}, {"who", Text, 22}, {"through", Text, 13}, {"operation", Text, 24}, {"status", Text, 7}, {"how", Text, 9}}
	if a.req.Class != "" {
		columns = append(columns, Column{a.req.Class, Number, 7})
	}
	a.list.table(d, "Each access", columns...)
	a.explain(d)
}

// atLeast is the number of different others of a group.
func atLeast(s *stat) string { return number(uint64(len(s.Others))) }

func (a *access) summary() []string {
	if a.total.Calls == 0 {
		return []string{fmt.Sprintf("No access to %s is in the record of the period.", a.subject())}
	}
	people := count(uint64(len(a.total.Others)), "caller", "different callers")
	if a.total.OthersMore {
		people = "more than " + people
	}
	s := []string{fmt.Sprintf("%s touched %s, by %s, from %s to %s.", count(a.total.Calls, "call", "calls"), a.subject(), people, moment(a.total.First), moment(a.total.Last))}
	if a.req.Class != "" {
		s = append(s, fmt.Sprintf("%s of the class were in the answers.", count(a.found, "value", "values")))
	}
	s = append(s, fmt.Sprintf("%s refused or went wrong.", were(a.total.Failed)))
	s = append(s, fmt.Sprintf("%s by callers who were not verified.", were(a.total.Unverified)))
	if a.byPath > 0 {
		s = append(s, fmt.Sprintf("%s found by the path alone, because no objects were recognised in the call.", were(a.byPath)))
	}
	return s
}

// were writes how many calls were something.
func were(n uint64) string {
	switch n {
	case 0:
		return "None of them was"
	case 1:
		return "1 of them was"
	}
	return group(number(n)) + " of them were"
}

func (a *access) explain(d *Document) {
	if a.req.Class != "" {
		d.Method = append(d.Method, "A call counts if Gatebook recognised a value of the class in what passed: in the answer, or in the request. Values are counted as they passed; the same value twice is two.")
		d.Limits = append(d.Limits, fmt.Sprintf("Classes are recognised by rules, which miss some values and take some for what they are not. In %s with a body, no class was recognised at all: where recognition was off, or the body was not text, this says nothing.", count(a.unclassified, "call", "calls")))
		return
	}
	d.Method = append(d.Method, "A call counts if the object is one of those that were recognised in it, in the request (asked for) or in the answer. Where no objects were recognised, it counts if the path has the id in the segment after the type, in singular or plural (by path).")
	d.Limits = append(d.Limits, "Lists and exports name single objects only as far as they were recognised in the answer; a call that returned the object in a list may be missing.")
	if a.erased > 0 {
		d.Limits = append(d.Limits, fmt.Sprintf("%s cannot be told any more, because what they touched was erased.", count(a.erased, "call", "calls")))
	}
}
