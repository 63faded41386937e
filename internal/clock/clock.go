// Package clock watches the clock that events get their times from: who holds
// it to the time of others, how far it may be off, and whether it jumps.
//
// A [Watcher] decides what of that is worth a "clock" event in the record: the
// first state, one an hour, and each change. It promises that a jump, and the
// loss of the source, is told within one look (ten seconds).
//
// The package does not set the clock, and does not ask anybody on the network
// for the time: that is for chrony, ntpd or systemd-timesyncd.
package clock

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Sources of a [Reading].
const (
	Unknown = "unknown" // nothing could be read
	Kernel  = "kernel"  // adjtimex: whoever disciplines the clock told the kernel
	Chrony  = "chrony"  // chronyd on this machine
)

// Reading is what is known of the clock at a moment.
type Reading struct {
	Source       string
	Synchronized bool          // something holds it to the time of others
	Offset       time.Duration // what is still to be corrected; positive: the clock is behind
	Bound        time.Duration // it is off by at most this, says the source
}

// Facts returns the facts of the reading, for the record.
func (r Reading) Facts() []event.Fact {
	if r.Source == Unknown || r.Source == "" {
		return []event.Fact{{Name: "source", Value: Unknown}}
	}
	return []event.Fact{
		{Name: "error_bound_ns", Value: strconv.FormatInt(int64(r.Bound), 10)},
		{Name: "offset_ns", Value: strconv.FormatInt(int64(r.Offset), 10)},
		{Name: "source", Value: r.Source},
		{Name: "synchronized", Value: strconv.FormatBool(r.Synchronized)},
	}
}

// What makes a state worth telling.
const (
	Every      = time.Hour              // it is told this often if nothing changes
	Look       = 10 * time.Second       // between two looks
	MaxStep    = 100 * time.Millisecond // more is a jump
	loudBound  = time.Second            // a bound above this is told when it is passed
	quietBound = loudBound / 2          // and again when it is well below
)

// Watcher decides which states are told. The zero value has seen nothing. It
// has no clock of its own and is for one goroutine.
type Watcher struct {
	last    Reading
	loud    bool // the bound was told to be large
	seen    bool
	wall    time.Time
	elapsed time.Duration
	told    time.Duration // elapsed when it was told last
}

// See looks at the clock: wall is what it says, elapsed what a clock that nobody
// sets counts. It returns the facts to record, or nil. [Watcher.Told] says that
// they were; what was not is returned again.
func (w *Watcher) See(wall time.Time, elapsed time.Duration, r Reading) []event.Fact {
	step := time.Duration(0)
	if w.seen {
		step = wall.Round(0).Sub(w.wall.Round(0)) - (elapsed - w.elapsed)
	}
	if step.Abs() > MaxStep {
		return append(r.Facts(), event.Fact{Name: "step_ns", Value: strconv.FormatInt(int64(step), 10)})
	}
	w.wall, w.elapsed = wall, elapsed
	changed := !w.seen || r.Source != w.last.Source || r.Synchronized != w.last.Synchronized || w.isLoud(r) != w.loud
	if !changed && elapsed-w.told < Every {
		return nil
	}
	return r.Facts()
}

func (w *Watcher) isLoud(r Reading) bool {
	return r.Bound > loudBound || w.loud && r.Bound > quietBound
}

// Told says that what [Watcher.See] returned for these is recorded.
func (w *Watcher) Told(wall time.Time, elapsed time.Duration, r Reading) {
	w.loud = w.isLoud(r)
	w.last, w.seen = r, true
	w.wall, w.elapsed, w.told = wall, elapsed, elapsed
}

// Config says how to watch. Zero values mean those of this machine.
type Config struct {
	Read    func() Reading       // [System]
	Now     func() time.Time     // time.Now
	Elapsed func() time.Duration // what counts on, also while the machine sleeps
	Look    time.Duration        // [Look]
	// Seal records the facts. Required.
	Seal func(ctx context.Context, facts []event.Fact) error
	Log  *slog.Logger
}

// Watch watches the clock until ctx ends.
func Watch(ctx context.Context, cfg Config) error {
	if cfg.Read == nil {
		cfg.Read = System
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Elapsed == nil {
		cfg.Elapsed = sinceBoot
	}
	if cfg.Look == 0 {
		cfg.Look = Look
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	tick := time.NewTicker(cfg.Look)
	defer tick.Stop()
	var w Watcher
	for {
		r := cfg.Read() // may take a moment
		wall, elapsed := cfg.Now(), cfg.Elapsed()
		if facts := w.See(wall, elapsed, r); facts != nil {
			if err := cfg.Seal(ctx, facts); err == nil {
				w.Told(wall, elapsed, r)
			} else if ctx.Err() == nil {
				cfg.Log.Warn("the state of the clock could not be recorded; it will be tried again", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
