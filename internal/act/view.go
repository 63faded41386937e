package act

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
)

// sorted returns the measures in one of the states, the newest first; without
// states: all.
func (k *Keeper) sorted(states ...State) []*kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := slices.SortedFunc(maps.Values(k.measures), newest)
	if len(states) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(m *kept) bool { return !slices.Contains(states, m.State) })
}

// maxListed bounds a list.
const maxListed = 1000

// List returns measures, the newest first: those in one of the states, or all
// of the last 90 days without any. At most 1,000.
func (k *Keeper) List(ctx context.Context, who reading.Reader, states ...State) ([]Measure, error) {
	if err := k.cfg.Room.Admit(who, reading.ActMeasures); err != nil {
		return nil, err
	}
	list := k.sorted(states...)
	out := make([]Measure, 0, len(list))
	for _, m := range list[:min(len(list), maxListed)] {
		out = append(out, *k.view(m))
	}
	return out, k.cfg.Room.Looked(ctx, who, reading.ActMeasures, "list-measures", event.Fact{Name: "results", Value: strconv.Itoa(len(out))})
}

// Get returns one measure.
func (k *Keeper) Get(ctx context.Context, who reading.Reader, id string) (*Measure, error) {
	if err := k.cfg.Room.Admit(who, reading.ActMeasures); err != nil {
		return nil, err
	}
	k.mu.Lock()
	m, err := k.find(id)
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return k.view(m), k.cfg.Room.Looked(ctx, who, reading.ActMeasures, "show-measure", event.Fact{Name: factMeasure, Value: m.ID})
}

// view makes m what people see.
func (k *Keeper) view(m *kept) *Measure {
	out := &Measure{
		ID: m.ID, Kind: m.Kind, Subject: m.Text, State: m.State, DryRun: m.DryRun, Wide: m.Wide, Since: m.Since, Until: m.Until, For: m.For,
		Rate: m.Rate, Burst: m.Burst, Rule: m.Rule, Incident: m.Incident, Decision: m.Decision, Answer: m.Answer, Ended: m.Ended, Ending: m.Ending,
		Calls: k.cfg.Live.Load().Calls(m.ID),
	}
	out.By, out.Reason = k.words(m.Decision)
	if m.Proposal != nil && *m.Proposal != m.Decision {
		out.Approved = out.By
		out.By, out.Reason = k.words(*m.Proposal)
	}
	if m.Ending != 0 {
		out.EndedBy, out.Why = k.words(m.Ending)
	}
	if j, err := k.subjectAt(m.Decision); err == nil && !j.IsZero() {
		out.Subject = j.String()
	}
	return out
}

// Off reports whether Gatebook was started without measures.
func (k *Keeper) Off() bool { return k.cfg.Off }

// InForce returns how many measures are in force.
func (k *Keeper) InForce() int { return k.cfg.Live.Load().Len() }
