package detect

import (
	"math"
	"strconv"
	"time"
)

// timing reads a correlation of the times between events.
func (r *reader) timing(c *correlation, cond *node) {
	const path = "correlation.condition"
	r.known(cond, path, "events", "variation", "awake", "pause")
	t := timingRule{events: 50, variation: 0.15, pause: int64(4 * time.Hour)}
	if cond.get("events") != nil {
		t.events = r.count(cond, path, "events", 10, maxCount)
	}
	if cond.get("variation") != nil {
		t.variation = r.decimal(cond, path, "variation")
	}
	if cond.get("pause") != nil {
		t.pause = int64(r.span(cond, path, "pause"))
	}
	if cond.get("awake") != nil {
		t.awake = int64(r.span(cond, path, "awake"))
		if cond.get("variation") == nil {
			t.variation = 0
		}
	}
	c.start = func(limit int, _ Config) correlator {
		worth := func(s *gaps, now int64) float64 {
			if s.Last < now-t.pause {
				return -1
			}
			return float64(s.N) + recent(s.Last)
		}
		return &timingState{table: newTable(limit, worth), timingRule: t}
	}
}

// timingRule is what a rule says.
type timingRule struct {
	events    uint64  // gaps that must have been seen
	variation float64 // coefficient of variation below which gaps are a machine's; 0: they are not looked at
	awake     int64   // how long somebody must have gone on without a pause; 0: it is not looked at
	pause     int64   // how long a pause is
}

// together is how near each other calls are that a program makes for one act
// of its user.
const together = int64(250 * time.Millisecond)

// gaps is how regular a group's events come: mean and variance of the gaps by
// Welford's method, of the logarithm so that one long gap does not hide a
// thousand equal ones.
type gaps struct {
	First int64   `json:"first"` // since the last pause
	Last  int64   `json:"last"`
	N     uint64  `json:"n"`
	Mean  float64 `json:"mean"`
	M2    float64 `json:"m2"`
	Refs  counted `json:"refs"` // the newest
}

type timingState struct {
	*table[gaps]
	timingRule
}

func (t *timingState) observe(o *observation, _ int, k *group) func() verdict {
	s := t.get(k, o.at)
	gap := o.at - s.Last
	switch {
	case s.Last == 0 || gap >= t.pause:
		*s = gaps{First: o.at, Last: o.at}
		s.Refs.add(o.at, o.ref, maxRefs, 0)
		return nil
	case gap < together:
		return nil
	}
	s.Last = o.at
	s.Refs.add(o.at, o.ref, maxRefs, 0)
	if s.N++; s.N > 4*t.events { // what was long ago weighs less
		s.N /= 2
		s.M2 /= 2
	}
	x := math.Log(float64(gap))
	d := x - s.Mean
	s.Mean += d / float64(s.N)
	s.M2 += d * (x - s.Mean)
	if s.N < t.events {
		return nil
	}
	cv := s.variation()
	regular := t.variation > 0 && cv < t.variation
	awake := t.awake > 0 && o.at-s.First >= t.awake
	if !regular && !awake {
		return nil
	}
	return func() verdict {
		v := verdict{count: s.N + 1, from: s.First}
		v.events = s.Refs.before()
		v.terms = []Term{{"events that did not come together", strconv.FormatUint(s.N+1, 10), "> " + strconv.FormatUint(t.events, 10)},
			{"usual time between two", time.Duration(math.Exp(s.Mean)).Round(time.Millisecond).String(), ""}}
		want := ""
		if t.variation > 0 {
			want = "< " + decimalText(t.variation)
		}
		v.terms = append(v.terms, Term{"variation of that time, as a part of it", decimalText(cv), want})
		if t.awake > 0 {
			v.terms = append(v.terms, Term{"time without a pause of " + spanText(time.Duration(t.pause)), time.Duration(o.at - s.First).Round(time.Minute).String(), ">= " + spanText(time.Duration(t.awake))})
		}
		return v
	}
}

// variation is the coefficient of variation: that of a log-normal distribution
// whose logarithm has the variance that was seen.
func (s *gaps) variation() float64 { return math.Sqrt(math.Expm1(s.M2 / float64(s.N))) }
