package detect

import (
	"math"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/event"
)

// metric is one number of an adaptive correlation.
type metric struct {
	name     string
	f        *field // nil: the number of events
	distinct bool   // the number of different values of f, and not their sum
	floor    float64
}

func (m *metric) of(e *event.Event) float64 {
	if m.f == nil {
		return 1
	}
	n, _ := m.f.num(e)
	return float64(min(n, 1<<50))
}

// The bounds of an adaptive correlation.
const (
	maxMetrics = 4
	peerLeast  = 30 // timespans of all groups before they say anything
	selfLeast  = 3  // timespans of its own before they say anything
)

// adaptiveRule is what a rule says.
type adaptiveRule struct {
	span    time.Duration
	metrics []metric
	score   float64 // from which on a number is far out
	need    int     // metrics that must be far out at once
	learn   uint64  // timespans of its own after which they weigh as much as its peers; until then its own limit is doubled
	mature  uint64  // timespans of its own before which only cold holds; 0: its peers stand in
	cold    float64 // floors that are enough while there is no past at all; 0: never enough
	among   uint64  // timespans of all groups before which cold does not hold: nothing can be said of the first
}

// adaptive reads a correlation of numbers against the past.
func (r *reader) adaptive(c *correlation, n, cond *node) {
	const path = "correlation.condition"
	r.known(cond, path, "score", "metrics", "learn", "cold", "among", "mature")
	a := adaptiveRule{span: c.span, score: 5, need: 1, learn: 20, cold: 20}
	if cond.get("score") != nil {
		a.score = r.decimal(cond, path, "score")
	}
	if cond.get("learn") != nil {
		a.learn = r.count(cond, path, "learn", 1, maxCount)
	}
	if cond.get("mature") != nil {
		a.mature = r.count(cond, path, "mature", 1, maxCount)
	}
	if cond.get("cold") != nil {
		a.cold = r.decimal(cond, path, "cold")
	}
	if cond.get("among") != nil {
		a.among = r.count(cond, path, "among", 1, maxCount)
	}
	metrics := n.get("metrics")
	if metrics == nil || metrics.shape != list || len(metrics.items) == 0 || len(metrics.items) > maxMetrics {
		r.at(orNode(metrics, n), "correlation.metrics", "is not a list of 1 to %d numbers, write - field: and floor: below it", maxMetrics)
		return
	}
	for i, item := range metrics.items {
		if m, ok := r.metric(item, "correlation.metrics["+strconv.Itoa(i)+"]"); ok {
			a.metrics = append(a.metrics, m)
		}
	}
	if cond.get("metrics") != nil {
		a.need = int(r.count(cond, path, "metrics", 1, uint64(len(metrics.items))))
	}
	c.start = func(limit int, _ Config) correlator {
		worth := func(s *profile, now int64) float64 { return float64(s.N) + recent(s.Last) }
		return &adaptiveState{table: newTable(limit, worth), adaptiveRule: a, Peers: make([]baseline, len(a.metrics))}
	}
}

func (r *reader) metric(n *node, path string) (metric, bool) {
	if !r.known(n, path, "field", "distinct", "floor") {
		return metric{}, false
	}
	m := metric{name: r.str(n, path, "field")}
	f := &field{name: m.name, typ: event.TypeNumber}
	switch {
	case n.get("distinct") != nil:
		if n.get("field") != nil {
			r.at(n, path, "has field and distinct, keep one: the sum of a number, or how many different values there are")
		}
		name := r.str(n, path, "distinct")
		if m.f = r.field(n.get("distinct"), path+".distinct", name); m.f == nil {
			return m, false
		}
		m.name, m.distinct = "different values of "+name, true
	case m.name != "events":
		if f = r.field(orNode(n.get("field"), n), path+".field", m.name); f == nil {
			return m, false
		}
		if f.num == nil {
			r.at(n.get("field"), path+".field", "%s is no number; events stands for the number of events", m.name)
			return m, false
		}
		m.f = f
	}
	v := n.get("floor")
	if v == nil || v.shape != scalar {
		r.at(n, path+".floor", "is missing, say below which number nothing is found, however unusual")
		return m, false
	}
	floor, ok := r.number(f, v, path+".floor")
	m.floor = float64(floor)
	return m, ok
}

type nothing struct{}

// profile is what a group did, timespan by timespan.
type profile struct {
	Slot int64               `json:"slot"` // number of the timespan that has begun
	Sum  [maxMetrics]float64 `json:"sum"`  // in it
	Refs counted             `json:"refs"` // the newest events in it

	Different *[maxMetrics]smallMap[nothing] `json:"different,omitempty"` // values in it of the metrics that count them, up to maxCount; nil: none counts them
	In        uint64                         `json:"in"`                  // events in it
	N         uint64                         `json:"n"`                   // timespans with events before it
	Last      int64                          `json:"last"`
	Self      []baseline                     `json:"self,omitempty"` // of each metric; none before the first timespan has ended
}

// adaptiveState compares what a group does in a timespan with its own past and
// with that of all groups, by streaming peaks over threshold (after Siffer et
// al., Anomaly Detection in Streams with Extreme Value Theory, KDD 2017, with
// an exponential tail). The score of x is (x-u)/(b+0.05u): u is the 99 %
// quantile of what was, b the mean of what was above it; a score s happens
// about once in 100*e^s timespans. A group's own past has the weight
// n/(n+learn) after n timespans, its peers have the rest; but a group is never
// found for what its own past holds.
//
// Timespans follow each other without overlap. What is learned from a
// timespan is cut at the value of the score, so that an attack, or one who
// warms up for one, raises the baseline slowly.
type adaptiveState struct {
	*table[profile]
	adaptiveRule
	Peers []baseline
}

func (a *adaptiveState) observe(o *observation, _ int, k *group) func() verdict {
	p := a.get(k, o.at)
	slot := o.at / int64(a.span)
	if p.In == 0 && p.N == 0 {
		p.Slot = slot
	}
	if slot != p.Slot {
		a.close(p, slot)
	}
	for i := range a.metrics {
		if m := &a.metrics[i]; m.distinct {
			p.Sum[i] = p.differ(i, o.hashes(m.f))
			continue
		}
		p.Sum[i] += a.metrics[i].of(o.e)
	}
	p.In, p.Last = p.In+1, o.at
	p.Refs.add(o.at, o.ref, maxRefs, 0)
	far := 0
	for i := range a.metrics {
		if a.far(p, i) {
			far++
		}
	}
	if far < a.need {
		return nil
	}
	return func() verdict { return a.explain(p) }
}

// close ends the group's timespan and learns from it.
func (a *adaptiveState) close(p *profile, slot int64) {
	if p.Self == nil {
		p.Self = make([]baseline, len(a.metrics))
	}
	for i := range a.metrics {
		x := p.Sum[i]
		if limit, ok := a.limit(p, i); ok {
			x = min(x, max(limit, a.metrics[i].floor))
		}
		p.Self[i].learn(x)
		a.Peers[i].learn(x)
	}
	p.N++
	p.Slot, p.Sum, p.Refs, p.In, p.Different = slot, [maxMetrics]float64{}, counted{}, 0, nil
}

// differ adds values of metric i, and returns how many different ones there
// were. From maxCount on it stands still.
func (p *profile) differ(i int, values []uint64) float64 {
	if p.Different == nil {
		p.Different = new([maxMetrics]smallMap[nothing])
	}
	d := &p.Different[i]
	for _, h := range values {
		if d.len() < maxCount {
			d.set(h, nothing{})
		}
	}
	return float64(d.len())
}

// limit returns the value from which on metric i is far out for the group, but
// for the floor; false: there is not enough past.
func (a *adaptiveState) limit(p *profile, i int) (float64, bool) {
	peers := a.Peers[i].N >= peerLeast
	switch {
	case p.N < a.mature:
		return 0, false
	case p.N < selfLeast && !peers:
		return 0, false
	case !peers:
		return a.own(p, i), true
	case p.N == 0:
		return a.Peers[i].limit(a.score), true
	}
	w := a.weight(p, i)
	limit := w*p.Self[i].limit(a.score) + (1-w)*a.Peers[i].limit(a.score)
	if p.N >= selfLeast {
		limit = max(limit, a.own(p, i)) // being larger than others is not new
	}
	return limit, true
}

// own is the limit by the group's own past: doubled while that is short.
func (a *adaptiveState) own(p *profile, i int) float64 {
	limit := p.Self[i].limit(a.score)
	if p.N < a.learn {
		limit *= 2
	}
	return limit
}

// weight is that of the group's own past.
func (a *adaptiveState) weight(p *profile, i int) float64 {
	if a.Peers[i].N < peerLeast {
		return 1
	}
	return float64(p.N) / float64(p.N+a.learn)
}

// unknown is the value from which on metric i of a group without enough past
// is far out: so many times the floor, and what is far out among its peers.
func (a *adaptiveState) unknown(i int) float64 {
	least := a.cold * a.metrics[i].floor
	if a.Peers[i].N >= peerLeast {
		least = max(least, a.Peers[i].limit(a.score))
	}
	return least
}

func (a *adaptiveState) far(p *profile, i int) bool {
	x, floor := p.Sum[i], a.metrics[i].floor
	if x < floor {
		return false
	}
	limit, ok := a.limit(p, i)
	if !ok {
		return a.cold > 0 && a.Peers[i].N >= a.among && x >= a.unknown(i)
	}
	return x >= limit
}

func (a *adaptiveState) explain(p *profile) verdict {
	v := verdict{count: p.In, from: p.Refs.first()}
	v.events = p.Refs.before()
	for i, m := range a.metrics {
		want := max(m.floor, 0)
		limit, ok := a.limit(p, i)
		switch {
		case ok:
			want = max(want, limit)
		default:
			want = a.unknown(i)
		}
		v.terms = append(v.terms, Term{m.name + " in " + spanText(a.span), number(p.Sum[i]), ">= " + number(want)})
		if ok {
			v.terms = append(v.terms,
				Term{m.name + ": 99 % of its own timespans are below", number(p.high(i)), ""},
				Term{m.name + ": 99 % of all groups' timespans are below", number(a.Peers[i].high()), ""},
				Term{m.name + ": weight of its own past", decimalText(a.weight(p, i)), ""})
		} else {
			v.terms = append(v.terms, Term{m.name + ": there is no past to compare with, so many times the floor", number(p.Sum[i] / m.floor), ">= " + number(a.unknown(i)/m.floor)})
		}
	}
	v.terms = append(v.terms, Term{"numbers that must be far out", strconv.Itoa(a.need), "of " + strconv.Itoa(len(a.metrics))})
	return v
}

// high is the 99 % quantile of metric i of the group's own past; 0: it has none.
func (p *profile) high(i int) float64 {
	if p.Self == nil {
		return 0
	}
	return p.Self[i].high()
}

func number(f float64) string { return strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64) }

func (a *adaptiveState) MarshalJSON() ([]byte, error) { return marshalWith(a.table, a.Peers) }
func (a *adaptiveState) UnmarshalJSON(b []byte) error { return unmarshalWith(b, a.table, &a.Peers) }

// bins of a baseline are half octaves: bin i holds values below 2^(i/2).
const bins = 104

// baseline is a distribution of numbers in bounded memory.
type baseline struct {
	N    uint64   `json:"n"`    // numbers learned, ever
	Bins []uint16 `json:"bins"` // as many as are used; halved when they hold 4096
	In   uint32   `json:"in"`   // what the bins hold
	Tail float64  `json:"tail"` // mean of what was above the quantile
	Tops uint64   `json:"tops"` // how many were above it

	quantile float64 // 99 %; 0: it is to be computed
}

func (b *baseline) learn(x float64) {
	if u := b.high(); b.N >= peerLeast && x > u {
		b.Tops++
		b.Tail += (x - u - b.Tail) / float64(min(b.Tops, 200))
	}
	i := 0
	if x >= 1 {
		i = min(int(math.Log2(x)*2)+1, bins-1)
	}
	for len(b.Bins) <= i {
		b.Bins = append(b.Bins, 0)
	}
	b.Bins[i]++
	b.In++
	b.N++
	b.quantile = 0
	if b.In >= 4096 {
		b.In = 0
		for i := range b.Bins {
			b.Bins[i] = (b.Bins[i] + 1) / 2
			b.In += uint32(b.Bins[i])
		}
	}
}

// high returns the 99 % quantile, from above: the upper edge of its bin.
func (b *baseline) high() float64 {
	if b.quantile == 0 {
		b.quantile = b.findHigh()
	}
	return b.quantile
}

func (b *baseline) findHigh() float64 {
	below := uint32(0)
	for i, n := range b.Bins {
		if below += uint32(n); float64(below) >= 0.99*float64(b.In) {
			return math.Exp2(float64(i) / 2)
		}
	}
	return 0
}

// limit returns the number whose score is s.
func (b *baseline) limit(s float64) float64 {
	u := b.high()
	tail := b.Tail
	if b.Tops == 0 {
		tail = u / 4 // nothing was above it yet: a tail like that of its bin
	}
	return u + s*(tail+0.05*u)
}
