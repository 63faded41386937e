package detect

import (
	"math"
	"math/bits"
	"strconv"
	"time"
)

// flow reads a correlation of the steps of a business flow.
func (r *reader) flow(c *correlation, cond *node) {
	const path = "correlation.condition"
	r.known(cond, path, "gte", "share", "learn")
	f := flowRule{span: c.span, steps: len(c.refs), least: 3, share: 0.01, learn: 500, names: c.names}
	if len(c.refs) < 2 || len(c.refs) > 8 {
		r.at(cond, "correlation.rules", "want 2 to 8 rules for flow, the first step first and the last last")
		return
	}
	if cond.get("gte") != nil {
		f.least = int(r.count(cond, path, "gte", 1, 1000))
	}
	if cond.get("share") != nil {
		f.share = r.decimal(cond, path, "share")
	}
	if cond.get("learn") != nil {
		f.learn = r.count(cond, path, "learn", 20, 1_000_000)
	}
	c.start = func(limit int, _ Config) correlator {
		worth := func(s *walk, now int64) float64 {
			if s.Last < now-int64(f.span) {
				return -1
			}
			return float64(s.Odd.len()) + recent(s.Last)
		}
		return &flowState{table: newTable(limit, worth), flowRule: f}
	}
}

// flowRule is what a rule says.
type flowRule struct {
	span  time.Duration // within which a flow is walked, and within which its odd walks are counted
	steps int
	least int           // odd walks that are found
	share float64       // of all walks that must be as fast, or as short of steps, at most
	learn uint64        // walks that must have been seen
	names func() string // of the steps
}

// walk is how far a group is in the flow.
type walk struct {
	Begin  int64   `json:"begin"` // time of the first step; 0: not taken
	Steps  uint8   `json:"steps"` // bits of the steps that were taken since
	Last   int64   `json:"last"`
	Odd    counted `json:"odd"`    // walks that were too fast, or short of steps
	Short  int     `json:"short"`  // of them, those that were short of steps
	Taught int64   `json:"taught"` // number of the timespan in which it taught last
	Times  int     `json:"times"`  // how often in it
}

// maxTaught is how many walks of a group in a timespan are learned from, so
// that a machine does not make its own pace the usual one.
const maxTaught = 3

// flowState finds walks through a flow that are faster than nearly all, or
// that leave out steps which nearly all take.
type flowState struct {
	*table[walk]
	flowRule
	usual
}

// usual is how all groups walk.
type usual struct {
	Walks uint64   `json:"walks"`
	Whole uint64   `json:"whole"` // those that left out no step
	Paces []uint64 `json:"paces"` // whole walks by time: bin i holds those below 2^(i/4) ms
}

const maxPaces = 160

func pace(d int64) int {
	ms := float64(d) / 1e6
	if ms < 1 {
		return 0
	}
	return min(int(math.Log2(ms)*4)+1, maxPaces-1)
}

// fasterShare is the share of whole walks that took as long as d, or less.
func (u *usual) fasterShare(d int64) float64 {
	var n uint64
	for i, k := range u.Paces {
		if i <= pace(d) {
			n += k
		}
	}
	return (float64(n) + 1) / (float64(u.Whole) + 1)
}

func (u *usual) shortShare() float64 { return (float64(u.Walks-u.Whole) + 1) / (float64(u.Walks) + 1) }

func (f *flowState) observe(o *observation, i int, k *group) func() verdict {
	s := f.get(k, o.at)
	s.Last = o.at
	if i < f.steps-1 {
		if i == 0 {
			s.Begin, s.Steps = o.at, 1
		}
		s.Steps |= 1 << i
		return nil
	}
	whole := s.Steps == 1<<(f.steps-1)-1 && o.at-s.Begin <= int64(f.span)
	taken, took := bits.OnesCount8(s.Steps), o.at-s.Begin
	share := f.shortShare()
	if whole {
		share = f.fasterShare(took)
	}
	odd := f.Walks >= f.learn && share <= f.share
	f.teach(s, o.at, whole, took)
	s.Begin, s.Steps = 0, 0
	if !odd {
		return nil
	}
	if !whole {
		s.Short++
	}
	s.Odd.add(o.at, o.ref, f.least, o.at-int64(f.span))
	if s.Odd.len() < f.least {
		return nil
	}
	return func() verdict {
		v := verdict{count: uint64(s.Odd.len()), from: s.Odd.first()}
		v.events = s.Odd.before()
		v.terms = []Term{{"flows in " + spanText(f.span) + " that nearly nobody walks so", strconv.Itoa(s.Odd.len()), ">= " + strconv.Itoa(f.least)},
			{"its steps", f.names(), ""}, {"steps before the last that were taken, the last time", strconv.Itoa(taken), "of " + strconv.Itoa(f.steps-1)}}
		if whole {
			v.terms = append(v.terms, Term{"time from the first step to the last, the last time", time.Duration(took).Round(time.Millisecond).String(), ""})
		}
		v.terms = append(v.terms, Term{"share of the " + strconv.FormatUint(f.Walks, 10) + " flows of all that were so", strconv.FormatFloat(share, 'f', 4, 64), "<= " + strconv.FormatFloat(f.share, 'f', -1, 64)})
		return v
	}
}

// teach learns from a walk, unless the group has taught enough.
func (f *flowState) teach(s *walk, at int64, whole bool, took int64) {
	if slot := at / int64(f.span); slot != s.Taught {
		s.Taught, s.Times = slot, 0
	}
	if s.Times++; s.Times > maxTaught {
		return
	}
	f.Walks++
	if !whole {
		return
	}
	f.Whole++
	for len(f.Paces) <= pace(took) {
		f.Paces = append(f.Paces, 0)
	}
	f.Paces[pace(took)]++
}

func (f *flowState) MarshalJSON() ([]byte, error) { return marshalWith(f.table, &f.usual) }
func (f *flowState) UnmarshalJSON(b []byte) error { return unmarshalWith(b, f.table, &f.usual) }
