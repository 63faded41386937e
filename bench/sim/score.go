package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// result is what became of the attacks of one name and strength.
type result struct {
	name, strength string
	n, found       int
	events         []int           // of the attack, up to the first alert
	after          []time.Duration // from its first event to the first alert
}

type score struct {
	results []*result
	events  int
	falsely map[string]int // findings of medium level and above, by level and rule
	took    time.Duration
}

func newScore() *score { return &score{falsely: map[string]int{}} }

// judge runs the rules over w. An attack is found by a finding of medium level
// or above that names one of its events.
func (s *score) judge(set *detect.Set, w *world) {
	slices.SortStableFunc(w.events, func(a, b *event.Event) int { return detect.Time(a).Compare(detect.Time(b)) })
	begin := time.Now()
	e := detect.New(detect.Config{Rules: set})
	var found []detect.Finding
	for _, ev := range w.events {
		found = append(found, e.Add(ev, -1)...)
	}
	found = append(found, e.Flush()...)
	s.took += time.Since(begin)
	s.events += len(w.events)
	first := map[*attack]detect.Finding{}
	for _, f := range found {
		if f.Level == "low" || f.Level == "informational" {
			continue
		}
		hit := false
		for _, ref := range f.Events {
			if a := w.attackOf[ref.ID]; a != nil {
				hit = true
				if _, known := first[a]; !known {
					first[a] = f
				}
			}
		}
		if !hit {
			s.falsely[f.Level+" "+f.Rule]++
		}
	}
	for _, a := range w.attacks {
		r := s.result(a.name, a.strength)
		r.n++
		f, ok := first[a]
		if !ok {
			continue
		}
		r.found++
		n := 0
		for _, ev := range w.events {
			if w.attackOf[ev.ID] == a && !detect.Time(ev).After(f.At) {
				n++
			}
		}
		r.events, r.after = append(r.events, n), append(r.after, f.At.Sub(a.begin))
	}
}

func (s *score) result(name, strength string) *result {
	for _, r := range s.results {
		if r.name == name && r.strength == strength {
			return r
		}
	}
	r := &result{name: name, strength: strength}
	s.results = append(s.results, r)
	return r
}

// recall returns the share of the attacks of a strength that were found.
func (s *score) recall(strength string) float64 {
	n, found := 0, 0
	for _, r := range s.results {
		if r.strength == strength {
			n, found = n+r.n, found+r.found
		}
	}
	return float64(found) / float64(max(n, 1))
}

func (s *score) print(out io.Writer) {
	if len(s.results) > 0 {
		fmt.Fprintf(out, "%-26s %-8s %5s %7s %12s\n", "attack", "strength", "found", "events", "after")
	}
	for _, r := range s.results {
		fmt.Fprintf(out, "%-26s %-8s %2d/%-2d %7s %12s\n", r.name, r.strength, r.found, r.n, middle(r.events), middle(r.after))
	}
	for _, x := range strengths {
		if len(s.results) == 0 {
			break
		}
		fmt.Fprintf(out, "recall, %s: %.2f\n", x.name, s.recall(x.name))
	}
	names := make([]string, 0, len(s.falsely))
	for name := range s.falsely {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(out, "false: %s: %d (%.1f in a million events)\n", name, s.falsely[name], float64(s.falsely[name])*1e6/float64(s.events))
	}
	fmt.Fprintf(out, "%d events, %.0f a second\n", s.events, float64(s.events)/s.took.Seconds())
}

// middle is the median, for people.
func middle[T int | time.Duration](list []T) string {
	if len(list) == 0 {
		return "-"
	}
	list = slices.Clone(list)
	slices.Sort(list)
	m := list[len(list)/2]
	if d, ok := any(m).(time.Duration); ok {
		return d.Round(time.Second).String()
	}
	return fmt.Sprint(m)
}
