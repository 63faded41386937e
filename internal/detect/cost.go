package detect

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxCost bounds what the tests of a rule can cost an event, by estimate: a
// rule above it is refused. At a thousand events a second it would take a
// tenth of a core.
const maxCost = 100 * time.Microsecond

// estimate is about how long the test of one value of f takes, measured on a
// core of 2.5 GHz, where the field is as long as it often is.
func estimate(f *field, op string) time.Duration {
	long := 20.0 // bytes
	switch {
	case strings.HasPrefix(f.name, "payload.") && strings.HasSuffix(f.name, ".body"), f.name == "payload.original":
		long = 4000
	case strings.HasPrefix(f.name, "payload."):
		long = 800
	case f.name == "who.user_agent", f.name == "what.path", f.name == "what.query", f.list:
		long = 100
	}
	ns := 15.0
	if f.number < 0 {
		ns = 4000 // a path into a record of 2 KB; the values of one test look once each
	}
	switch op {
	case "re":
		ns += 5 * long // where the text that it needs is not there; else ten times as long
	case "contains", "glob":
		ns += 2 * long
	case "cidr":
		ns += 60
	}
	return time.Duration(ns)
}

// Cost is what a rule was measured to cost.
type Cost struct {
	Rule   string        `json:"rule"`
	Events uint64        `json:"events"` // that were measured
	Each   time.Duration `json:"each"`   // mean of them
	Paused bool          `json:"paused"` // it rests: see [Pause]
}

// Of the events one in sampleEvery is measured. A rule is over the budget by the
// mean of the newest sampleLeast or more, in each of which no more counts than
// so many times the budget: the machine pauses, too, and that is not the rule's
// fault.
const (
	sampleEvery = 64
	sampleLeast = 256
	sampleKeep  = 2048
	sampleMost  = 16
)

// meter measures one rule.
type meter struct {
	events uint64
	spent  time.Duration
}

func (m *meter) add(d, budget time.Duration) {
	if m.events >= sampleKeep {
		m.events, m.spent = m.events/2, m.spent/2
	}
	if budget > 0 {
		d = min(d, sampleMost*budget)
	}
	m.events++
	m.spent += d
}

// Costs returns what each rule was measured to cost, the dearest first; nil
// if [Config.Clock] is nil.
func (e *Engine) Costs() []Cost {
	var list []Cost
	for _, a := range e.rules {
		if a.meter.events > 0 {
			list = append(list, Cost{a.Name, a.meter.events, a.meter.spent / time.Duration(a.meter.events), a.restsAt(e.judged.At)})
		}
	}
	slices.SortStableFunc(list, func(a, b Cost) int { return cmp.Compare(b.Each, a.Each) })
	return list
}

// Paused returns the names of the rules that rest.
func (e *Engine) Paused() []string {
	var names []string
	for _, a := range e.rules {
		if a.restsAt(e.judged.At) {
			names = append(names, a.Name)
		}
	}
	return names
}

// measured ends the measurement of an event.
func (e *Engine) measured() {
	for _, a := range e.rules {
		if !a.restsAt(e.now.at) {
			a.meter.add(a.spent, e.cfg.Budget)
		}
		a.spent = 0
	}
}

// timed does f for a rule, and measures it.
func (e *Engine) timed(a *active, f func()) {
	begin := e.cfg.Clock()
	f()
	a.spent += e.cfg.Clock() - begin
}
