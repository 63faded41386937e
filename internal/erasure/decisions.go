package erasure

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// The names of this package's events, beside those of [ledger.Removal].
const (
	noteHold     = "hold"          // decision: a legal hold begins
	noteReleased = "hold-released" // decision: it ends
	noteRemoved  = "removed"       // system: a removal was carried out, everywhere
	factHold     = "hold"          // the hold's id
	factDecision = "decision"      // number of the removal that was carried out
)

// follow reads the records that came since, and notes what was decided.
func (k *Keeper) follow(ctx context.Context) error {
	k.mu.Lock()
	from := k.read
	k.mu.Unlock()
	size, err := k.size()
	if err != nil || from >= size {
		return err
	}
	return k.cfg.Ledger.Headers(from, size, func(n uint64, header []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := k.take(n, header); err != nil {
			return err
		}
		k.mu.Lock()
		k.read = n + 1
		k.mu.Unlock()
		return nil
	})
}

// size returns the number of records that can be read and are durable.
func (k *Keeper) size() (uint64, error) {
	size := k.cfg.Recorder.Size()
	if k.cfg.Ledger.Size() < size {
		if err := k.cfg.Ledger.Refresh(); err != nil {
			return 0, err
		}
	}
	return min(size, k.cfg.Ledger.Size()), nil
}

// take notes what a header decides, if anything.
func (k *Keeper) take(n uint64, header []byte) error {
	head := header[:min(len(header), 96)]
	if !bytes.Contains(head, []byte(`,"kind":"decision"`)) && !bytes.Contains(head, []byte(`,"kind":"system"`)) {
		return nil
	}
	h, err := event.DecodeHeader(header)
	if err != nil || h.Note == nil || h.Capture.Method != "self" {
		return nil // the verifier tells of it
	}
	fact := func(name string) string {
		for _, f := range h.Note.Facts {
			if f.Name == name {
				return f.Value
			}
		}
		return ""
	}
	switch name := h.Note.Name; {
	case h.Kind == event.System && name == noteRemoved:
		if d, err := strconv.ParseUint(fact(factDecision), 10, 64); err == nil {
			k.finished(d)
		}
	case h.Kind != event.Decision:
	case name == noteHold:
		hold, err := k.readHold(n, fact(factHold), h)
		if err != nil {
			return err
		}
		k.mu.Lock()
		k.holds = append(k.holds, hold)
		k.mu.Unlock()
	case name == noteReleased:
		k.mu.Lock()
		k.holds = slices.DeleteFunc(k.holds, func(x *Hold) bool { return x.ID == fact(factHold) })
		k.mu.Unlock()
	default:
		r, err := ledger.ParseRemoval(n, header)
		if errors.Is(err, ledger.ErrNoRemoval) {
			return nil
		}
		if err != nil {
			k.cfg.Log.Error("a decision about envelopes is not understood and not carried out", "record", n, "error", err)
			return nil
		}
		k.mu.Lock()
		k.removals = append(k.removals, r)
		k.open[n] = true
		k.mu.Unlock()
	}
	return nil
}

// finished notes that a removal was carried out.
func (k *Keeper) finished(n uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.open, n)
}

// unfinished returns the removals that were not carried out, in order.
func (k *Keeper) unfinished() []uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []uint64
	for n := range k.open {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

func (k *Keeper) removalsOf(decisions []uint64) []*ledger.Removal {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []*ledger.Removal
	for _, r := range k.removals {
		if slices.Contains(decisions, r.Number) {
			list = append(list, r)
		}
	}
	return list
}

// Removal returns the first decision by which the envelope of class c of record
// n may be missing, as far as decisions were read; nil: there is none.
func (k *Keeper) Removal(c event.Class, n uint64, day, route string) *ledger.Removal {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.removals {
		if r.Covers(c, n, day, route) {
			return r
		}
	}
	return nil
}

// Pending reports whether something that was decided is not yet carried out.
func (k *Keeper) Pending() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.open) > 0
}
