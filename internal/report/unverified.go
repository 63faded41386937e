package report

import (
	"fmt"

	"github.com/gatebook/gatebook/event"
)

// unverified is the report on calls below level 3.
type unverified struct {
	calls          uint64
	total          stat
	anonymous      stat
	levels         tally
	who, ops, apps tally
	list           list
}

var levelNames = map[event.Level]string{
	event.LevelNone: "0 no evidence", event.LevelClaimed: "1 claimed, not verified", event.LevelAsserted: "2 asserted over a trusted hop",
}

func (u *unverified) add(n uint64, e *event.Event) {
	if e.Kind != event.Access {
		return
	}
	u.calls++
	if e.Principal.Level >= event.LevelVerified {
		return
	}
	u.total.add(e)
	if e.Principal.Kind == event.Anonymous {
		u.anonymous.add(e)
	}
	u.levels.at(levelNames[e.Principal.Level], string(e.Principal.Kind), e.Principal.Reason).add(e)
	w := u.who.at(whoKey(e))
	w.add(e)
	w.Name = whoName(e)
	op := u.ops.at(operation(e))
	op.add(e)
	op.other(whoKey(e))
	if !failed(e) && len(e.Data) > 0 {
		u.list.add(n, stamp(e.Arrived), whoName(e), operation(e), status(e), dataOf(e))
	}
}

func (u *unverified) finish(_ *Builder, d *Document) {
	d.Title = "Calls by callers who were not verified"
	switch {
	case u.calls == 0:
		d.Summary = []string{"No call is in the record of the period."}
	case u.total.Calls == 0:
		d.Summary = []string{fmt.Sprintf("None of the %s of the period was by a caller below level 3.", count(u.calls, "call", "calls"))}
	default:
		answered := u.total.Calls - u.total.Failed
		d.Summary = []string{
			fmt.Sprintf("%s of the %s of the period (%s) were by callers who were not verified (below level 3).", group(number(u.total.Calls)), count(u.calls, "call", "calls"), percent(u.total.Calls, u.calls)),
			fmt.Sprintf("%s of these showed no credential at all.", group(number(u.anonymous.Calls))),
			fmt.Sprintf("%s of the %s were answered with success, the others were refused or went wrong.", group(number(answered)), group(number(u.total.Calls))),
		}
		if list := u.who.sorted(); len(list) > 0 {
			d.Summary = append(d.Summary, fmt.Sprintf("The largest is %s, with %s.", list[0].Name, count(list[0].Calls, "call", "calls")))
		}
		if c := u.total.classes(); c != "" {
			d.Summary = append(d.Summary, "Values of these classes of data were in the answers: "+c+".")
		}
	}
	levels := Table{Title: "By level and reason", Columns: []Column{{"level", Text, 20}, {"kind", Text, 12}, {"reason", Text, 22}, {"calls", Number, 8}, {"share of all", Text, 8}, {"refused or failed", Number, 8}}}
	levels.Rows, levels.Left = rows(u.levels.sorted(), func(s *stat) []string {
		return []string{s.Key[0], s.Key[1], s.Key[2], number(s.Calls), percent(s.Calls, u.calls), number(s.Failed)}
	})
	who := Table{Title: "The largest", Note: "By credential where one was shown, else by address.", Columns: []Column{{"who", Text, 34}, {"calls", Number, 8}, {"refused or failed", Number, 8}, {"data returned", Text, 18}, {"first", Time, 12}, {"last", Time, 12}}}
	who.Rows, who.Left = rows(u.who.sorted(), func(s *stat) []string {
		return []string{s.Name, number(s.Calls), number(s.Failed), s.classes(), stamp(s.First), stamp(s.Last)}
	})
	ops := Table{Title: "By operation", Columns: []Column{{"operation", Text, 40}, {"calls", Number, 8}, {"callers", Number, 8}, {"refused or failed", Number, 8}, {"data returned", Text, 18}}}
	ops.Rows, ops.Left = rows(u.ops.sorted(), func(s *stat) []string {
		return []string{s.Key[0], number(s.Calls), atLeast(s), number(s.Failed), s.classes()}
	})
	for _, t := range []Table{levels, who, ops} {
		if len(t.Rows) > 0 {
			d.Tables = append(d.Tables, t)
		}
	}
	if len(u.list.rows) > 0 {
		u.list.table(d, "Answered, with sensitive data", Column{"time", Time, 12}, Column{"who", Text, 24}, Column{"operation", Text, 26}, Column{"status", Text, 7}, Column{"data returned", Text, 18})
	}
	d.Method = append(d.Method, "A caller is verified from level 3 on: a signature, an introspection or a key was checked. Level 2 is what a trusted proxy said.")
	d.Limits = append(d.Limits, "That a call needs no verification, such as one for a health check or a public page, is not known to Gatebook: it is counted like any other.")
}
