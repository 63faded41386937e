package detect

import (
	"slices"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/event"
)

// PauseName is the name of the decision by which a rule rests for a while,
// because it costs too much. The decision is an event of the record like any
// other, and an engine obeys it when it comes to it: a run over the record
// rests the same rule at the same place, however fast its machine is.
const PauseName = "rule-paused"

// pauseLeast is how long a rule rests the first time, and pauseMost the last:
// each time it rests twice as long as the time before.
const (
	pauseLeast = time.Hour
	pauseMost  = 24 * time.Hour
)

// pauseFacts are the names of the decision's facts.
const (
	pauseRule = "rule"    // the rule's UUID
	pauseSum  = "sha256"  // of its text: another text is another rule
	pauseFor  = "for"     // how long
	pauseCost = "cost_ns" // what it was measured to cost an event
)

// Pause says that a rule should rest.
type Pause struct {
	Rule string        // its name
	Cost time.Duration // mean for an event, as measured
	For  time.Duration // how long it is to rest, by the time of events

	id, sum string
}

// Facts are the facts of the decision that says so.
func (p *Pause) Facts() []event.Fact {
	return []event.Fact{
		{Name: pauseCost, Value: strconv.FormatInt(int64(p.Cost), 10)}, {Name: pauseFor, Value: spanText(p.For)},
		{Name: pauseRule, Value: p.id}, {Name: pauseSum, Value: p.sum},
	}
}

// Over returns the rules that were measured to cost more than the budget and do
// not rest, the dearest first. The engine goes on to ask them: they rest when it
// comes to the decision, which somebody has to seal.
func (e *Engine) Over() []Pause {
	var list []Pause
	for _, c := range e.Costs() {
		if e.cfg.Budget <= 0 || c.Paused || c.Events < sampleLeast || c.Each <= e.cfg.Budget {
			continue
		}
		i := slices.IndexFunc(e.rules, func(a *active) bool { return a.Name == c.Rule })
		a := e.rules[i]
		list = append(list, Pause{a.Name, c.Each, min(pauseLeast<<min(a.rests, 10), pauseMost), a.Rule.ID, a.sum})
	}
	return list
}

// pauses reports whether an event is the decision that a rule rests. Nobody but
// the program itself makes such an event.
func pauses(e *event.Event) bool {
	return e.Kind == event.Decision && e.Capture.Method == "self" && e.Note != nil && e.Note.Name == PauseName
}

// obey has the rule rest that a decision names, from the event after it on.
func (e *Engine) obey(o *observation) {
	if e.cfg.Tireless {
		return
	}
	facts := map[string]string{}
	for _, f := range o.e.Note.Facts {
		facts[f.Name] = f.Value
	}
	d, err := parseSpan(facts[pauseFor])
	if err != nil {
		return
	}
	for _, a := range e.rules {
		if a.Rule.ID == facts[pauseRule] && a.sum == facts[pauseSum] {
			a.until = o.at + int64(min(d, pauseMost))
			a.rests++
			a.meter = meter{}
		}
	}
}

// restsAt reports whether a rule is not asked about an event of a time.
func (a *active) restsAt(at int64) bool { return a.rests > 0 && a.until > at }
