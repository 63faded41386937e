package live

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// sumOf is a number that other rules, or other places, have another of.
func sumOf(set *detect.Set, places string) uint64 {
	b, err := hex.DecodeString(set.Sum())
	if err != nil {
		panic("live: the sum of a set is not hexadecimal")
	}
	if places != "" {
		sum := sha256.Sum256([]byte(set.Sum() + " " + places))
		b = sum[:]
	}
	return binary.BigEndian.Uint64(b)
}

// loud returns the rules that make findings.
func loud(set *detect.Set) []*detect.Rule {
	var list []*detect.Rule
	for _, r := range set.Rules {
		if !r.Quiet {
			list = append(list, r)
		}
	}
	return list
}

// begin takes up the newest saved state that is not skipped, or begins without
// one.
func (f *Follower) begin(ctx context.Context) error {
	epoch, err := f.cfg.Store.value(ctx, "epoch")
	if err != nil {
		return err
	}
	live, err := f.cfg.Store.value(ctx, "live")
	if err != nil {
		return err
	}
	f.epoch, f.live, f.quiet, f.side = uint64(epoch), uint64(live), 0, nil
	if err := f.refresh(); err != nil {
		return err
	}
	if f.restore() {
		return f.setBack(ctx)
	}
	return f.beginAnew(ctx)
}

// refresh makes sure that the ledger's reader knows what the feed has told.
func (f *Follower) refresh() error {
	if f.cfg.Ledger.Size() < f.cfg.Feed.Size() {
		return f.cfg.Ledger.Refresh()
	}
	return nil
}

// restore takes up a saved state, and reports whether there was one.
func (f *Follower) restore() bool {
	files := f.files()
	names, err := files.names()
	if err != nil {
		f.cfg.Log.Error("the states of detection cannot be read", "error", err)
		return false
	}
	for _, name := range names[min(f.skip, len(names)):] {
		m, snapshot, err := files.read(name)
		if err != nil {
			f.cfg.Log.Warn("a state of detection is left out", "error", err)
			continue
		}
		if m.Epoch != f.epoch || m.Next > f.cfg.Feed.Size() {
			f.cfg.Log.Warn("a state of detection is left out: it is of another time or of a longer ledger", "file", name)
			continue
		}
		e, fresh, err := detect.Restore(f.engineConfig(), snapshot)
		if err != nil {
			f.cfg.Log.Warn("a state of detection is left out", "file", name, "error", err)
			continue
		}
		if len(fresh) > 0 {
			f.cfg.Log.Info("rules of detection begin without state: they are new, or their files were changed", "rules", len(fresh))
		}
		f.engine, f.next, f.placed = e, m.Next, m.Found
		return true
	}
	return false
}

func (f *Follower) files() states { return states{f.cfg.Dir, f.cfg.Origin} }

// setBack forgets the places of what will be found again.
func (f *Follower) setBack(ctx context.Context) error {
	f.target, f.reached = max(f.cfg.Feed.Size(), 1), time.Time{}
	f.last.overtaken = f.engine.Stats().Overtaken
	f.last.rateNext, f.last.rate = f.next, time.Now()
	f.setState(Reading, "")
	return f.cfg.Store.db.Write(ctx, func(tx *sql.Tx) error { return setBack(tx, f.epoch, f.placed) })
}

// beginAnew begins without a state: where the epoch began, or with a new epoch
// if that is too long ago, or if what was erased since would make a
// difference.
func (f *Follower) beginAnew(ctx context.Context) error {
	start, err := f.cfg.Store.value(ctx, "start")
	if err != nil {
		return err
	}
	erased, err := f.cfg.Store.value(ctx, "erased")
	if err != nil {
		return err
	}
	size := f.cfg.Feed.Size()
	first := uint64(start)
	if anew := f.epoch == 0 || erased > 0 || first > size || size-first > f.cfg.History; anew {
		f.epoch++
		first = size - min(size, f.cfg.History)
		if erased > 0 {
			f.quiet = size
		}
		if f.epoch == 1 {
			f.live = f.began
		}
		err := f.cfg.Store.db.Write(ctx, func(tx *sql.Tx) error {
			return errors.Join(f.noteEpoch(tx, first), setValue(tx, "live", int64(f.live)))
		})
		if err != nil {
			return err
		}
	}
	f.engine, f.next, f.placed = detect.New(f.engineConfig()), first, 0
	if n := size - first; n > 0 {
		f.cfg.Log.Info("detection reads what was recorded before", "records", n)
	}
	return f.setBack(ctx)
}

func (f *Follower) noteEpoch(tx *sql.Tx, start uint64) error {
	for name, v := range map[string]uint64{"epoch": f.epoch, "start": start, "erased": 0} {
		if err := setValue(tx, name, int64(v)); err != nil {
			return err
		}
	}
	return nil
}

// settle marks what was not found again.
func (f *Follower) settle(ctx context.Context) error {
	f.target, f.skip = 0, 0
	if !f.last.backBegan.IsZero() {
		f.last.back, f.last.backTook = time.Now(), time.Since(f.last.backBegan)
		f.last.backBegan = time.Time{}
	}
	f.setState(Live, "")
	var wrong int
	err := f.cfg.Store.db.QueryRowContext(ctx, "SELECT count(*) FROM findings WHERE epoch = ? AND place IS NULL AND status <> ?", f.epoch, string(Superseded)).Scan(&wrong)
	if err != nil || wrong == 0 {
		return err
	}
	b := Batch{}
	rows, err := f.cfg.Store.db.QueryContext(ctx, "SELECT id FROM findings WHERE epoch = ? AND place IS NULL AND status <> ?", f.epoch, string(Superseded))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		b.Superseded = append(b.Superseded, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	epoch := f.epoch
	b.Keep = func(tx *sql.Tx) error { return supersede(tx, epoch) }
	f.mu.Lock()
	f.status.Superseded += uint64(len(b.Superseded))
	f.mu.Unlock()
	f.cfg.Log.Warn("findings were superseded: in the order of the ledger they are not found", "findings", len(b.Superseded))
	return f.cfg.Take(ctx, b)
}

// overtaken notes that an event came that belongs before what was judged, so
// that going back is due.
func (f *Follower) overtaken() {
	n := f.engine.Stats().Overtaken
	if n == f.last.overtaken {
		return
	}
	f.last.overtaken = n
	switch {
	case f.last.backBegan.IsZero():
		f.last.due = true
	default: // also on the way back: the state was too new
		f.skip++
		f.last.due = true
	}
}

// goBack takes up a saved state, to judge again in the right order, as often
// as that costs a small part of the time only.
func (f *Follower) goBack(ctx context.Context) error {
	if !f.last.due || time.Since(f.last.back) < max(backPause, backShare*f.last.backTook) && f.skip == 0 {
		return nil
	}
	f.last.due = false
	if f.skip > generations {
		// Nothing is old enough. It stays as it was found, and is counted.
		f.skip = 0
		f.mu.Lock()
		f.status.Unsettled++
		f.mu.Unlock()
		return nil
	}
	f.mu.Lock()
	f.status.Rewinds++
	f.mu.Unlock()
	f.last.backBegan = time.Now()
	if f.restore() {
		return f.setBack(ctx)
	}
	start, err := f.cfg.Store.value(ctx, "start")
	if err != nil {
		return err
	}
	if f.next-uint64(start) > f.cfg.History || f.quiet > 0 {
		f.skip = generations + 1
		f.last.due, f.last.backBegan = true, time.Time{}
		return nil
	}
	f.engine, f.next, f.placed = detect.New(f.engineConfig()), uint64(start), 0
	return f.setBack(ctx)
}

// side is a state that is made anew, beside the one that judges, after
// something was erased that may be in it.
type side struct {
	engine *detect.Engine
	start  uint64
	next   uint64
}

// Forget removes the saved states, at once, and has the state made anew from
// what is left in the ledger. It is called after something was erased.
func (f *Follower) Forget(ctx context.Context) error {
	f.saving.Lock()
	defer f.saving.Unlock()
	f.stale = true
	err := f.cfg.Store.db.Write(ctx, func(tx *sql.Tx) error { return setValue(tx, "erased", 1) })
	if err != nil {
		return err
	}
	if err := f.files().remove(); err != nil {
		return err
	}
	f.rebuild.Store(true)
	f.hurry()
	return nil
}

// Forget is [Follower.Forget] where no follower runs: it removes the states in
// a directory, so that the next one begins without.
func (s *Store) Forget(ctx context.Context, dir string) error {
	if epoch, err := s.value(ctx, "epoch"); err != nil || epoch == 0 {
		return err // detection never ran
	}
	if err := s.db.Write(ctx, func(tx *sql.Tx) error { return setValue(tx, "erased", 1) }); err != nil {
		return err
	}
	return states{dir: dir}.remove()
}

func (f *Follower) beginSide(context.Context) error {
	start := f.next - min(f.next, f.cfg.History)
	f.side = &side{detect.New(f.engineConfig()), start, start}
	f.cfg.Log.Info("the state of detection is made anew, since something was erased", "records", f.next-start)
	return nil
}

// sideStep judges a few records beside, and puts the new state in place of the
// old one when it is as far.
func (f *Follower) sideStep(ctx context.Context) error {
	s := f.side
	if s == nil || f.target > 0 {
		return nil
	}
	if s.next < f.next {
		to := min(f.next, s.next+batch)
		err := f.read(ctx, s.next, to, func(n uint64, e *event.Event) { s.engine.Add(e, int64(n)) })
		s.next = to
		return err
	}
	// Both have had the same records: both judge the same of them.
	now := f.cfg.Now().Add(f.cfg.Lateness - f.cfg.Patience)
	if err := f.keep(ctx, f.engine.Advance(now)); err != nil {
		return err
	}
	s.engine.Advance(now)
	f.epoch++
	if err := f.cfg.Store.db.Write(ctx, func(tx *sql.Tx) error { return f.noteEpoch(tx, s.start) }); err != nil {
		f.epoch--
		return err
	}
	f.engine, f.placed, f.side = s.engine, s.engine.Stats().Findings, nil
	f.last.overtaken = f.engine.Stats().Overtaken
	f.saving.Lock()
	f.stale = f.rebuild.Load() // asked for again meanwhile
	f.saving.Unlock()
	return f.save()
}
