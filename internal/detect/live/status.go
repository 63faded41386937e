package live

import (
	"context"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// State is what a follower does.
type State string

// The states of a follower.
const (
	Starting State = "starting"
	Reading  State = "reading" // what was recorded before, or again
	Live     State = "live"
	Failing  State = "failing" // it will be tried again
)

// Status is how detection is.
type Status struct {
	State  State
	Detail string // why it fails

	Next       uint64                   // record that is judged next
	Behind     uint64                   // sealed records that were not judged
	Rate       float64                  // records a second, over the last seconds
	Rules      int                      // that make findings
	Inactive   []string                 // rules that cannot find anything here
	Paused     []string                 // rules that rest, because they cost more than the budget
	Failed     uint64                   // expressions (when) that could not be computed for an event
	Costs      map[string]time.Duration // what judging an event takes each rule, as measured; a rule that was not measured yet is missing
	Refused    string                   // what was wrong with the rules that were read last; empty: they run
	Findings   uint64                   // of this epoch
	Keys       int                      // groups that state is kept of
	Dropped    uint64                   // groups and values that were dropped for want of room: a pattern may have been missed
	Late       uint64                   // events that came too late to be put in their place
	NotJudged  uint64                   // events that came so late that they were not judged
	Rewinds    uint64                   // how often the engine was set back since the start
	Unsettled  uint64                   // how often it should have been, and no state was old enough
	Superseded uint64                   // findings that did not hold
	Saved      time.Time                // when the state was last saved

	set *detect.Set
}

// Status returns how detection is. It does not wait.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	if size := f.cfg.Feed.Size(); size > s.Next {
		s.Behind = size - s.Next
	}
	return s
}

// Set returns the rules that run.
func (f *Follower) Set() *detect.Set {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status.set
}

func (f *Follower) setState(state State, detail string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.State, f.status.Detail = state, detail
}

// keepHouse does what is to be done now and then.
func (f *Follower) keepHouse(ctx context.Context) error {
	now := time.Now()
	if err := f.goBack(ctx); err != nil {
		return err
	}
	f.measure(now)
	if err := f.spare(ctx); err != nil {
		return err
	}
	if now.Sub(f.last.watched) >= watchRules {
		f.last.watched = now
		f.watch()
	}
	if now.Sub(f.last.saved) >= max(saveEvery, saveShare*f.last.saveTook) && f.next != f.last.savedNext {
		if err := f.save(); err != nil {
			f.cfg.Log.Error("the state of detection could not be saved; it will be tried again", "error", err)
		}
	}
	if now.Sub(f.last.pruned) >= pruneEvery {
		f.last.pruned = now
		if n, err := f.cfg.Store.prune(ctx, f.cfg.Now().Add(-f.cfg.Retain)); err != nil {
			return err
		} else if n > 0 {
			f.cfg.Log.Info("old findings were deleted", "findings", n)
		}
	}
	return nil
}

// measure renews the status.
func (f *Follower) measure(now time.Time) {
	since := now.Sub(f.last.rate)
	if since < time.Second && f.target > 0 && f.next < f.target {
		f.mu.Lock()
		f.status.Next = f.next
		f.mu.Unlock()
		return
	}
	stats := f.engine.Stats()
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &f.status
	if since >= time.Second {
		s.Rate = float64(f.next-min(f.next, f.last.rateNext)) / since.Seconds()
		f.last.rate, f.last.rateNext = now, f.next
	}
	s.Next, s.Inactive, s.Paused, s.Failed = f.next, f.engine.Inactive(), f.engine.Paused(), stats.Failed
	s.Costs = make(map[string]time.Duration) // a new one: the old one was handed out
	for _, c := range f.engine.Costs() {
		s.Costs[c.Rule] = c.Each
	}
	s.Findings, s.Keys, s.Dropped, s.Late, s.NotJudged = stats.Findings, stats.Keys, stats.Dropped, stats.Late+stats.Old, stats.TooLate
}

// askAgain is how long the engine has to come to the decision that a rule rests.
const askAgain = time.Minute

// spare has it sealed that a rule rests which costs too much. It rests when the
// engine comes to that record, here and in each run over the record.
func (f *Follower) spare(ctx context.Context) error {
	if f.cfg.Pause == nil || f.target > 0 {
		return nil
	}
	for _, p := range f.engine.Over() {
		now := f.cfg.Now()
		if now.Sub(f.asked[p.Rule]) < askAgain {
			continue
		}
		f.asked[p.Rule] = now
		f.cfg.Log.Warn("a rule of detection rests: it costs more than detect.budget", "rule", p.Rule, "cost", p.Cost, "for", p.For)
		if err := f.cfg.Pause(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// watch reads the rules again if a file in their directory has changed.
func (f *Follower) watch() {
	print := f.cfg.Rules.print()
	if print == f.print {
		return
	}
	f.print = print
	if err := f.Swap(f.cfg.Rules); err != nil {
		f.cfg.Log.Error("the rules of detection were not read again; the old ones stay", "error", err)
	}
}

// save writes the state, unless it holds what was erased, or what is to be
// judged again.
func (f *Follower) save() error {
	f.saving.Lock()
	defer f.saving.Unlock()
	if f.stale || f.last.due || !f.last.backBegan.IsZero() {
		return nil
	}
	began := time.Now()
	b, err := f.engine.Snapshot()
	if err == nil {
		err = f.files().write(saved{Epoch: f.epoch, Next: f.next, Found: f.placed, At: f.cfg.Now().UTC()}, b)
	}
	f.last.saved, f.last.saveTook = time.Now(), time.Since(began)
	if err != nil {
		return fmt.Errorf("record %d: %w", f.next, err)
	}
	f.last.savedNext = f.next
	f.mu.Lock()
	f.status.Saved = f.last.saved
	f.mu.Unlock()
	return nil
}

// saveOnly is save, and removes what was saved before.
func (f *Follower) saveOnly() error {
	if err := f.save(); err != nil {
		return err
	}
	f.saving.Lock()
	defer f.saving.Unlock()
	return f.files().keepNewest(1)
}
