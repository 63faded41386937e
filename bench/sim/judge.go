package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// levels in their order.
var levels = []string{"informational", "low", "medium", "high", "critical"}

// openFor is how long an incident stays open after its last finding: later
// ones about the same entity join it.
const openFor = 24 * time.Hour

// incident is what a person would be told of, once: all that was found about
// one entity. It opens at a finding of medium level or above, or when the risk
// of the entity comes to 100 points.
type incident struct {
	entity string
	level  int
	rules  []string
	last   time.Time
	open   bool
	c      *campaign // that it shows; nil: none, and so it is false
	first  detect.Finding
	alike  string // the look-alike that it comes from, if it is false
}

// run is what became of one world.
type run struct {
	seed      uint64
	events    int
	actorDays int
	took      time.Duration
	sum       string // of all findings
	findings  int
	campaigns []*campaign
	found     map[*campaign]detect.Finding // the first that shows it
	incidents []*incident
	delays    []float64            // seconds from an event to the finding that it completed, through a gateway
	now       map[string]*incident // by entity, those that are open
	of        map[event.ID]*campaign
	w         *world
	hash      hash.Hash
}

func newRun(w *world) *run {
	return &run{seed: w.seed, w: w, campaigns: w.campaigns, found: map[*campaign]detect.Finding{}, now: map[string]*incident{}, of: map[event.ID]*campaign{}, hash: sha256.New()}
}

// judge runs the rules over w. How the events come to the engine is up to
// feed; leaks are measured on the way.
func judge(w *world, set *detect.Set, feed feeder, leaks *leaks) *run {
	r := newRun(w)
	feed.start(set)
	w.each(func(items []item) {
		actors := map[string]bool{}
		for _, it := range items {
			if it.c != nil {
				r.of[it.e.ID] = it.c
			} else {
				r.events++
				actors[actorOf(it.e)] = true
			}
			if leaks != nil {
				leaks.add(w.seed, it)
			}
		}
		r.actorDays += len(actors)
		begin := cpuTime()
		found := feed.add(items)
		r.took += cpuTime() - begin
		r.take(found)
	})
	r.take(feed.end())
	for _, i := range r.incidents {
		i.alike = r.alike(i)
	}
	r.sum = fmt.Sprintf("%x", r.hash.Sum(nil))
	return r
}

// cpuTime is what this process has used: the machine may do other things.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func actorOf(e *event.Event) string {
	if e.Principal.ID != "" {
		return e.Principal.ID
	}
	return e.Who.Address
}

func (r *run) take(found []detect.Finding) {
	for _, f := range found {
		r.findings++
		b, err := json.Marshal(f)
		if err != nil {
			panic(err) // a finding is plain data
		}
		r.hash.Write(append(b, '\n'))
		r.join(f)
	}
}

// join puts a finding into the incident of its entity.
func (r *run) join(f detect.Finding) {
	level := slices.Index(levels, f.Level)
	if level < 2 && f.Risk.Total < 100 {
		return
	}
	level = max(level, 2)
	key := entityOf(f)
	i := r.now[key]
	if i == nil || f.At.Sub(i.last) > openFor {
		i = &incident{entity: key, first: f}
		r.now[key] = i
		r.incidents = append(r.incidents, i)
	}
	i.last = f.At
	c := r.shows(f)
	if c != nil {
		if len(i.rules) == 0 {
			i.c = c
		}
		if _, known := r.found[c]; !known {
			r.found[c] = f
		}
	}
	if c == nil || i.c != nil { // one that is false is not made worse by an attack that comes later
		i.level = max(i.level, level)
	}
	if !slices.Contains(i.rules, f.Rule) {
		i.rules = append(i.rules, f.Rule)
	}
}

func entityOf(f detect.Finding) string {
	var b strings.Builder
	for _, v := range f.Entity {
		b.WriteString(v.Field + "=" + v.Value + " ")
	}
	return b.String()
}

// shows returns the campaign that a finding is about: that of the event which
// completed it, or that of at least a quarter of its events.
func (r *run) shows(f detect.Finding) *campaign {
	n := map[*campaign]int{}
	for _, ref := range f.Events {
		if c := r.of[ref.ID]; c != nil {
			n[c]++
		}
	}
	last := f.Events[len(f.Events)-1].ID
	if c := r.of[last]; c != nil {
		return c
	}
	for _, c := range r.campaigns {
		if n[c]*4 >= len(f.Events) && n[c] > 0 {
			return c
		}
	}
	return nil
}

// alike is the look-alike that a false incident comes from.
func (r *run) alike(i *incident) string {
	n := map[string]int{}
	best := ""
	for _, ref := range i.first.Events {
		a := r.w.alikeOf(ref.ID)
		if n[a]++; n[a] > n[best] {
			best = a
		}
	}
	if best == "" {
		return "ordinary traffic"
	}
	return best
}

// lost is what a campaign had by a time.
func (c *campaign) lost(at time.Time) (events int, records, bytes, all uint64) {
	for _, t := range c.trace {
		all += t.bytes
		if !t.at.After(at) {
			events, records, bytes = events+1, records+t.records, bytes+t.bytes
		}
	}
	return events, records, bytes, all
}

// start is when a campaign began, with its warm-up.
func (c *campaign) start() time.Time {
	first := c.trace[0].at
	for _, t := range c.trace {
		if t.at.Before(first) {
			first = t.at
		}
	}
	return first
}

// feeder gives events to an engine.
type feeder interface {
	start(*detect.Set)
	add([]item) []detect.Finding
	end() []detect.Finding
}

// plain gives them in order, each once, and says what time it is, as a live
// system does.
type plain struct{ e *detect.Engine }

func (p *plain) start(set *detect.Set) { p.e = detect.New(detect.Config{Rules: set}) }
func (p *plain) end() []detect.Finding { return p.e.Flush() }
func (p *plain) add(items []item) (found []detect.Finding) {
	for _, it := range items {
		found = append(found, p.e.Advance(detect.Time(it.e))...)
		found = append(found, p.e.Add(it.e, -1)...)
	}
	return found
}
