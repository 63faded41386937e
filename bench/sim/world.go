package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// begin is when dense traffic begins: a Monday. Before it there is only the
// thin history of a few keys.
var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// The days of a world: those in which nothing is attacked, so that the rules
// can learn, and all of them.
const (
	quietDays = 10
	days      = 21
	day       = 24 * time.Hour
)

// item is an event of the stream, and what it is in truth.
type item struct {
	at    time.Time
	e     *event.Event
	c     *campaign // of which it is; nil: of nobody who attacks
	alike string    // the look-alike that it is of
}

// world makes the events of one seed, in order of time, a day after the other.
// The same seed makes the same.
type world struct {
	seed      uint64
	r         *rand.Rand // of the background
	quota     int        // events of the background in a day of work
	size      float64    // of the population: 1 has ten thousand actors
	customers []*actor
	staff     []*actor
	apps      []*actor
	sites     []site
	weights   map[string]*weights
	net       *internet
	campaigns []*campaign
	ahead     map[int64][]item // by day
	labels    map[string]uint16
	names     []string
	seq       uint64
	shape     *shape      // nil: not measured
	stop      func() bool // nil, or whether to leave it unfinished
}

// newWorld returns a world of about n events of background.
func newWorld(seed uint64, n int) *world {
	w := &world{
		seed: seed, r: rand.New(rand.NewPCG(seed, 0x5157)), size: max(float64(n)/1e6, 0.02),
		quota: int(float64(n) / (days - 6*0.45)), ahead: map[int64][]item{}, labels: map[string]uint16{"": 0}, names: []string{""}, weights: map[string]*weights{},
	}
	w.net = newInternet(w.r)
	w.populate()
	return w
}

// random returns numbers of their own for a part of the world, so that the
// others do not change when it is left out.
func (w *world) random(part string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, b := range []byte(part) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(w.seed, h))
}

// add puts an event into the stream. It is of c, or of nobody who attacks.
func (w *world) add(c *campaign, alike string, at time.Time, e *event.Event) {
	w.seq++
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], (w.seq*0x9e3779b97f4a7c15)<<16>>2)
	binary.BigEndian.PutUint16(b[6:], w.label(alike))
	e.Kind, e.Arrived, e.ID = event.Access, at, event.NewID(at, b)
	if e.Completed.IsZero() {
		e.Completed = at
	}
	if c != nil {
		c.note(e)
	}
	d := int64(detect.Time(e).Sub(begin) / day)
	if detect.Time(e).Before(begin) {
		d = -1
	}
	w.ahead[d] = append(w.ahead[d], item{at, e, c, alike})
}

// label numbers look-alikes: the last two bytes of an event's id, which no
// rule reads, say which it is of, so that findings can be traced without a
// memory of all events.
func (w *world) label(alike string) uint16 {
	n, ok := w.labels[alike]
	if !ok {
		n = uint16(len(w.names))
		w.labels[alike], w.names = n, append(w.names, alike)
	}
	return n
}

func (w *world) alikeOf(id event.ID) string {
	if n := binary.BigEndian.Uint16(id[14:]); int(n) < len(w.names) {
		return w.names[n]
	}
	return ""
}

// each calls yield for the events of each day, in the order of their times.
func (w *world) each(yield func([]item)) {
	w.history()
	for d := int64(-1); d < days || len(w.ahead) > 0; d++ {
		if w.stop != nil && w.stop() {
			return
		}
		if d >= 0 && d < days {
			w.background(int(d))
		}
		items := w.ahead[d]
		delete(w.ahead, d)
		slices.SortStableFunc(items, func(a, b item) int {
			if c := detect.Time(a.e).Compare(detect.Time(b.e)); c != 0 {
				return c
			}
			return slices.Compare(a.e.ID[:], b.e.ID[:])
		})
		if w.shape != nil && d >= 0 && d < days {
			w.shape.add(items)
		}
		yield(items)
	}
}

// site is an API of one tenant.
type site struct {
	tenant string
	host   string
}

// internet is where addresses come from. A provider has several networks of 16
// bits.
type internet struct {
	homes, phones, hosts []provider
}

type provider struct{ nets [][2]int }

func newInternet(r *rand.Rand) *internet {
	var n internet
	make := func(list *[]provider, count, nets int) {
		for range count {
			var p provider
			for range nets {
				p.nets = append(p.nets, [2]int{11 + r.IntN(180), r.IntN(256)})
			}
			*list = append(*list, p)
		}
	}
	make(&n.homes, 40, 5)
	make(&n.phones, 6, 3)
	make(&n.hosts, 14, 6)
	return &n
}

func (p provider) address(r *rand.Rand) string {
	n := p.nets[r.IntN(len(p.nets))]
	return fmt.Sprintf("%d.%d.%d.%d", n[0], n[1], r.IntN(256), 1+r.IntN(254))
}

func one[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// pareto has a heavy tail: variances do not exist.
func pareto(r *rand.Rand, index, most float64) float64 {
	return min(math.Pow(1-r.Float64(), -1/index), most)
}

func gap(r *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(r.ExpFloat64() * float64(mean))
}

// weights picks by weight.
type weights struct{ sums []float64 }

func (w *world) pick(name string, list []*actor, r *rand.Rand) *actor {
	ws := w.weights[name]
	if ws == nil {
		ws = &weights{}
		total := 0.0
		for _, a := range list {
			total += a.rate
			ws.sums = append(ws.sums, total)
		}
		w.weights[name] = ws
	}
	x := r.Float64() * ws.sums[len(ws.sums)-1]
	i, _ := slices.BinarySearch(ws.sums, x)
	return list[min(i, len(list)-1)]
}
