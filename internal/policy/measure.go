package policy

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// Kind says what a measure does to a call. The zero Kind does nothing.
type Kind string

// The kinds, the strictest first.
const (
	Block          Kind = "block"          // it is refused
	Reauthenticate Kind = "reauthenticate" // it is refused unless its credential is newer than the measure
	Throttle       Kind = "throttle"       // it is refused if there were too many before it
)

// Kinds lists the kinds.
var Kinds = []Kind{Block, Reauthenticate, Throttle}

// Measure is one measure, as it is in force.
type Measure struct {
	ID      string    // names it in events and answers; never empty
	Kind    Kind      // what it does
	Subject Subject   // to whose calls; never zero
	DryRun  bool      // say what it would do, and do nothing
	Since   time.Time // when it was decided; for Reauthenticate: credentials must be newer
	Until   time.Time // when it ends; zero: it does not end by itself

	// For Throttle:

	Rate  float64 // calls a second, above 0
	Burst int     // calls that may come at once, at least 1
}

// check returns what is wrong with m.
func (m *Measure) check() error {
	switch {
	case m.ID == "":
		return fmt.Errorf("policy: a measure has no id")
	case m.Subject.IsZero():
		return fmt.Errorf("policy: measure %s: its subject is empty", m.ID)
	case m.Kind != Block && m.Kind != Reauthenticate && m.Kind != Throttle:
		return fmt.Errorf("policy: measure %s: there is no kind %q", m.ID, m.Kind)
	case m.Kind == Throttle && (m.Rate < MinRate || m.Rate > MaxRate || math.IsNaN(m.Rate) || m.Burst < 1 || m.Burst > MaxBurst):
		return fmt.Errorf("policy: measure %s: rate %g and burst %d: want %g to %g calls a second, and 1 to %d at once", m.ID, m.Rate, m.Burst, MinRate, float64(MaxRate), MaxBurst)
	}
	return nil
}

// Bounds of a throttle.
const (
	MinRate  = 1.0 / 3600 // one call an hour
	MaxRate  = 100_000
	MaxBurst = 100_000
)

// inForce reports whether m's time is not over.
func (m *Measure) inForce(now time.Time) bool { return m.Until.IsZero() || now.Before(m.Until) }

// state is what changes about a measure while it is in force.
type state struct {
	bucket bucket        // Throttle
	calls  atomic.Uint64 // that it refused, or would have
}

// bucket lets calls through at a rate: the generic cell rate algorithm (ITU-T
// I.371), which needs one number, the time at which the bucket would be full
// again.
type bucket struct{ full atomic.Int64 } // Unix time in nanoseconds

// take takes one call out of the bucket, or returns for how long there is none.
func (b *bucket) take(m *Measure, now time.Time) (wait time.Duration) {
	each := int64(float64(time.Second) / m.Rate)
	room := each * int64(m.Burst)
	at := now.UnixNano()
	for {
		old := b.full.Load()
		next := max(old, at) + each
		if over := next - at - room; over > 0 {
			return time.Duration(over)
		}
		if b.full.CompareAndSwap(old, next) {
			return 0
		}
	}
}
