package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// integrity is the statement on the record of the period. It looks at the whole
// record.
type integrity struct {
	req *Request

	kinds          tally // of the period
	looks, refused tally
	gaps, notes    list
	gapCount       uint64
	erased         [event.Classes]uint64
	starts, stops  uint64
	clocks         uint64
	decisions      uint64

	stopped   map[string]string // facts of the newest stop of a server; nil: none since the newest start
	stoppedAt time.Time
	changed   []string // what was changed while nothing ran
}

// states are the facts of starts and stops that hash what decides who is
// believed and who may read, with what people call it.
var states = []struct{ fact, name string }{
	{"config_sha256", "the configuration"}, {"api_keys_sha256", "the API keys"}, {"readers_sha256", "the readers"}, {"operator_token", "the administrator's token"},
}

func (i *integrity) add(n uint64, e *event.Event) {
	if e.Kind == event.System && e.Note != nil && e.Note.Name == "stop" && factOf(e, "version") != localVersion {
		i.stopped, i.stoppedAt = map[string]string{}, e.Arrived
		for _, s := range states {
			i.stopped[s.fact] = factOf(e, s.fact)
		}
	}
	if e.Arrived.Before(i.req.From) || !e.Arrived.Before(i.req.To) {
		return
	}
	i.kinds.at(string(e.Kind)).add(e)
	for c := range event.Class(event.Classes) {
		there := [...]bool{e.Who != nil, e.What != nil, e.Payload != nil}[c]
		if !e.Commit.Of(c).IsZero() && !there {
			i.erased[c]++
		}
	}
	switch {
	case e.Kind == event.Gap && e.Lost != nil:
		i.gapCount++
		i.gaps.add(n, stamp(e.Lost.From), stamp(e.Lost.To), number(e.Lost.Count), e.Lost.Reason)
	case e.Note == nil:
	case e.Kind == event.Look && e.Note.Name == "refused":
		why := ""
		for _, f := range e.Note.Facts {
			if f.Name == "reason" {
				why = f.Value
			}
			if strings.HasPrefix(f.Name, "counted_") {
				why = strings.TrimSpace(why + " and " + f.Value + " counted")
			}
		}
		i.refused.at(whoName(e), why).add(e)
	case e.Kind == event.Look:
		i.looks.at(whoName(e), e.Note.Name).add(e)
	case e.Kind == event.Decision:
		i.decisions++
		i.notes.add(n, stamp(e.Arrived), whoName(e), e.Note.Name, about(e))
	case e.Kind == event.System:
		i.system(n, e)
	}
}

func (i *integrity) system(n uint64, e *event.Event) {
	what := about(e)
	switch e.Note.Name {
	case "start":
		i.starts++
		i.compare(n, e)
		what = "configuration " + factOf(e, "config_sha256") + ", " + factOf(e, "config_keys") + " keys that are not the default; version " + factOf(e, "version")
	case "stop":
		i.stops++
		what = ""
	case "clock":
		// Most say that nothing changed.
		i.clocks++
		if factOf(e, "step_ns") == "" && factOf(e, "synchronized") != "false" {
			return
		}
	}
	i.notes.add(n, stamp(e.Arrived), "Gatebook", e.Note.Name, what)
}

// localVersion is the version of a process that serves nothing and runs for one
// command; its configuration is the default.
const localVersion = "local"

// compare notes what differs between a stop and the start after it.
func (i *integrity) compare(n uint64, start *event.Event) {
	if i.stopped == nil || factOf(start, "version") == localVersion {
		return
	}
	var names []string
	for _, s := range states {
		before, after := i.stopped[s.fact], factOf(start, s.fact)
		if before != "" && after != "" && before != after {
			names = append(names, s.name)
		}
	}
	if len(names) > 0 {
		i.changed = append(i.changed, fmt.Sprintf("Between the stop at %s and the start at %s (record %s) this was changed: %s.", moment(i.stoppedAt), moment(start.Arrived), group(number(n)), strings.Join(names, ", ")))
	}
	i.stopped = nil
}

func factOf(e *event.Event, name string) string {
	for _, f := range e.Note.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func (i *integrity) finish(b *Builder, d *Document) {
	d.Title = "Integrity of the record"
	v := i.req.Verified
	switch {
	case v == nil:
		d.Summary = append(d.Summary, "The ledger was not verified as a whole for this report.")
	case v.OK():
		d.Summary = append(d.Summary, fmt.Sprintf("The evidence holds: all %s of the ledger are the ones that were sealed, in their order, and none is missing up to the signed checkpoint. %s were compared with their commitments.", count(v.Size, "record", "records"), count(v.Envelopes, "envelope", "envelopes")))
	default:
		d.Summary = append(d.Summary, fmt.Sprintf("THE EVIDENCE DOES NOT HOLD: verification found %s and %s. See the table Verification.", count(uint64(len(v.Problems)), "problem", "problems"), count(uint64(len(v.Unreadable)), "unreadable place", "unreadable places")))
	}
	d.Summary = append(d.Summary, fmt.Sprintf("%s of the period are in the record, among them %s.", count(b.events, "record", "records"), count(b.calls, "call", "calls")))
	if b.lost == 0 {
		d.Summary = append(d.Summary, "No call of the period is known to have been served and not recorded.")
	} else {
		d.Summary = append(d.Summary, fmt.Sprintf("%s were served and not recorded, in %s that the record itself tells of.", count(b.lost, "call", "calls"), count(i.gapCount, "gap", "gaps")))
	}
	if i.starts > i.stops+1 {
		d.Summary = append(d.Summary, fmt.Sprintf("Gatebook was started %s and stopped in order %s in the period: it ended without a word %s.", times(i.starts), times(i.stops), times(i.starts-i.stops-1)))
	}
	d.Summary = append(d.Summary, i.changed[:min(len(i.changed), 20)]...)
	for c := range event.Class(event.Classes) {
		if n := i.erased[c]; n > 0 {
			d.Summary = append(d.Summary, fmt.Sprintf("%s of the class %s are not there any more: they were erased or their retention ended. Their records and hashes remain.", count(n, "envelope", "envelopes"), c))
		}
	}
	looks := uint64(0)
	for _, s := range i.looks.sorted() {
		looks += s.Calls
	}
	d.Summary = append(d.Summary, fmt.Sprintf("%s at the record by readers, and %s of operators.", count(looks, "look", "looks"), count(i.decisions, "decision", "decisions")))
	i.tables(d)
	i.explain(d)
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return group(number(n)) + " times"
}

func (i *integrity) tables(d *Document) {
	if v := i.req.Verified; v != nil {
		t := Table{Title: "Verification", Columns: []Column{{"what", Text, 20}, {"where", Text, 24}, {"finding", Text, 46}}}
		for _, p := range v.Problems {
			t.Rows = append(t.Rows, []string{"problem", strings.TrimSpace(p.File + " " + p.Where), p.What})
		}
		for _, p := range v.Unreadable {
			t.Rows = append(t.Rows, []string{"unreadable", strings.TrimSpace(p.File + " " + p.Where), p.What})
		}
		for _, l := range v.Losses {
			t.Rows = append(t.Rows, []string{"loss", l.Edge, fmt.Sprintf("%s; %s; %s to %s", l.Reason, lossCount(l.Count), orNever(l.From), orNever(l.To))})
		}
		for _, c := range v.Clock {
			t.Rows = append(t.Rows, []string{"clock", "record " + number(c.Record), fmt.Sprintf("%s; from %s to %s", c.What, orNever(c.From), orNever(c.To))})
		}
		if v.Vouched.Size > 0 {
			t.Rows = append(t.Rows, []string{"witnesses", "", fmt.Sprintf("the wanted number of witnesses cosigned the first %s by %s", count(v.Vouched.Size, "record", "records"), moment(v.Vouched.At))})
		}
		for _, n := range v.Notes {
			t.Rows = append(t.Rows, []string{"note", "", n})
		}
		if len(t.Rows) == 0 {
			t.Rows = [][]string{{"result", "the whole ledger", "no problem was found"}}
		}
		if len(t.Rows) > maxRows {
			t.Left, t.Rows = uint64(len(t.Rows)-maxRows), t.Rows[:maxRows]
		}
		t.Note = "Of the whole ledger, not only of the period."
		d.Tables = append(d.Tables, t)
	}
	kinds := Table{Title: "Records of the period", Columns: []Column{{"kind", Text, 30}, {"records", Number, 10}, {"first", Time, 14}, {"last", Time, 14}}}
	kinds.Rows, kinds.Left = rows(i.kinds.sorted(), func(s *stat) []string {
		return []string{s.Key[0], number(s.Calls), stamp(s.First), stamp(s.Last)}
	})
	d.Tables = append(d.Tables, kinds)
	if len(i.gaps.rows) > 0 {
		i.gaps.table(d, "Gaps", Column{"from", Time, 14}, Column{"to", Time, 14}, Column{"calls", Number, 10}, Column{"reason", Text, 24})
	}
	looks := Table{Title: "Looks at the record", Columns: []Column{{"reader", Text, 34}, {"what", Text, 20}, {"times", Number, 10}, {"first", Time, 14}, {"last", Time, 14}}}
	looks.Rows, looks.Left = rows(i.looks.sorted(), func(s *stat) []string {
		return []string{s.Key[0], s.Key[len(s.Key)-1], number(s.Calls), stamp(s.First), stamp(s.Last)}
	})
	refused := Table{Title: "Refused looks", Note: "Those that were only counted are in the text of the reason.", Columns: []Column{{"reader", Text, 34}, {"reason", Text, 28}, {"records", Number, 10}, {"first", Time, 14}, {"last", Time, 14}}}
	refused.Rows, refused.Left = rows(i.refused.sorted(), func(s *stat) []string {
		return []string{s.Key[0], s.Key[len(s.Key)-1], number(s.Calls), stamp(s.First), stamp(s.Last)}
	})
	for _, t := range []Table{looks, refused} {
		if len(t.Rows) > 0 {
			d.Tables = append(d.Tables, t)
		}
	}
	if len(i.notes.rows) > 0 {
		i.notes.table(d, "Decisions, configuration, starts and stops", Column{"time", Time, 12}, Column{"who", Text, 20}, Column{"what", Text, 14}, Column{"about", Text, 44})
	}
}

func lossCount(n uint64) string {
	if n == 0 {
		return "how many is not known"
	}
	return count(n, "call", "calls")
}

func orNever(t time.Time) string {
	if t.IsZero() {
		return "(not known)"
	}
	return moment(t)
}

func (i *integrity) explain(d *Document) {
	d.Method = append(d.Method, "The verification recomputed the hash of each record, the whole tree, and the signature of the checkpoint, and compared the envelopes that are there with the commitments in the headers; the same is done, without a server, by gatebook-verify.")
	d.Limits = append(d.Limits,
		"Verification shows that the records are those that were sealed. Whether each was true when it was sealed rests on Gatebook and the machine it ran on.",
		"Somebody who has the signing key and all files can make a new ledger that is whole in itself. It is noticed by whoever holds an earlier checkpoint, or by a witness: compare this report's checkpoint with those.",
		"Records after the newest checkpoint are not in this report.")
}
