package objects

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

const (
	batch      = 4096                   // records that are read at a time
	interval   = 200 * time.Millisecond // between two batches that are not full
	idle       = time.Second            // how often Run looks for damage while nothing comes
	retryAfter = 30 * time.Second       // how long Run waits when the ledger could not be read
	maxSpan    = 1 << 20                // records of which none touches anything, until that is noted
	worthSave  = 4096                   // records that are worth a segment when Run ends
)

// Run follows the ledger until ctx ends. Where it cannot read the ledger it
// stays, says so in the log, and tries again: a view that has stopped must not
// stop the record.
func (v *View) Run(ctx context.Context) error {
	merging := make(chan struct{})
	go func() {
		defer close(merging)
		v.runMerge(ctx)
	}()
	for ctx.Err() == nil {
		wait := v.once(ctx)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	<-merging
	v.work.Lock()
	defer v.work.Unlock()
	var err error
	if v.next-v.saved >= worthSave {
		err = v.flush(context.WithoutCancel(ctx))
	}
	return errors.Join(err, v.names.save())
}

// once waits for records and adds some, and returns how long to pause.
func (v *View) once(ctx context.Context) time.Duration {
	select {
	case <-v.bad:
		if err := v.again(); err != nil {
			v.cfg.Log.Error("the damaged view of objects could not be removed; it will be tried again", "error", err)
			v.damaged(ErrDamaged)
			return retryAfter
		}
	default:
	}
	short, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	next := v.Progress().Covered
	size, err := v.cfg.Feed.Wait(short, next)
	switch {
	case short.Err() != nil:
		return 0 // nothing came
	case err != nil:
		return idle
	}
	to := min(size, next+batch)
	if err := v.advance(ctx, to); err != nil {
		if ctx.Err() == nil {
			v.cfg.Log.Error("the view of objects cannot go on; it will be tried again", "record", v.Progress().Covered, "error", err)
		}
		return retryAfter
	}
	if to < size {
		return 0
	}
	return interval
}

// again removes the view, so that it is made again.
func (v *View) again() error {
	v.work.Lock()
	defer v.work.Unlock()
	v.merge.Lock()
	defer v.merge.Unlock()
	v.cfg.Log.Warn("making the view of objects again from the ledger", "reason", ErrDamaged)
	return v.clear()
}

// CatchUp adds what is in the ledger now, if that is at most limit records;
// else it does nothing, and Run goes on.
func (v *View) CatchUp(ctx context.Context, limit uint64) error {
	for {
		p := v.Progress()
		if p.Covered >= p.Sealed || p.Sealed-p.Covered > limit {
			return nil
		}
		if err := v.advance(ctx, min(p.Sealed, p.Covered+batch)); err != nil {
			return err
		}
	}
}

// touch is a call that touched objects, as it is read.
type touch struct {
	number  uint64
	at      int64
	by      string
	objects []posting // their hashes, and in pos whether the request named them
}

// advance adds the records before to that are not there yet.
func (v *View) advance(ctx context.Context, to uint64) error {
	v.work.Lock()
	defer v.work.Unlock()
	from := v.next // changed with work held only
	if from >= to {
		return nil
	}
	if v.cfg.Ledger.Size() < to {
		if err := v.cfg.Ledger.Refresh(); err != nil {
			return err
		}
	}
	var touches []touch
	err := v.cfg.Ledger.ReadRange(from, to, []event.Class{event.ClassWho, event.ClassWhat}, func(n uint64, s *event.Sealed) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		t, err := v.read(n, s)
		if err != nil {
			v.cfg.Log.Warn("an event is left out of the view of objects", "number", n, "error", err)
		} else if t != nil {
			touches = append(touches, *t)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.add(ctx, to, touches)
}

// add adds the touches of the records up to to.
func (v *View) add(ctx context.Context, to uint64, touches []touch) error {
	v.mu.Lock()
	for i := range touches {
		t := &touches[i]
		v.recent.add(t.number, t.at, t.by, t.objects)
	}
	v.next = to
	v.mu.Unlock()
	if r := v.recent; len(r.postings) >= v.cfg.Flush || len(r.calls) >= v.cfg.Flush || to-v.saved >= maxSpan {
		return v.flush(ctx)
	}
	return nil
}

// read returns what a record touched, nil if it touched nothing.
func (v *View) read(n uint64, s *event.Sealed) (*touch, error) {
	h, err := event.DecodeHeader(s.Header)
	if err != nil || h.Kind != event.Access {
		return nil, err
	}
	v.names.see(h, n, s.Envelopes[event.ClassWho])
	env := s.Envelopes[event.ClassWhat]
	if env == nil {
		return nil, nil
	}
	what, err := event.DecodeWhat(env.Data)
	if err != nil || len(what.Objects) == 0 {
		return nil, err
	}
	t := &touch{number: n, at: nanos(h.Arrived), by: byOf(h).encode(), objects: make([]posting, 0, len(what.Objects))}
	var seen map[uint64]int
	if len(what.Objects) > 1 {
		seen = make(map[uint64]int, len(what.Objects))
	}
	for i, o := range what.Objects {
		p := posting{hash: v.hash(o.Type + "/" + o.ID)}
		if uint64(i) < what.Asked {
			p.pos = 1
		}
		if k, ok := seen[p.hash]; ok {
			t.objects[k].pos |= p.pos
			continue
		}
		if seen != nil {
			seen[p.hash] = len(t.objects)
		}
		t.objects = append(t.objects, p)
	}
	return t, nil
}

// Times are kept between these, as in the search index.
var (
	earliest = time.Unix(0, 1)
	latest   = time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)
)

func nanos(t time.Time) int64 {
	if t.Before(earliest) {
		t = earliest
	}
	if t.After(latest) {
		t = latest
	}
	return t.UnixNano()
}

// By is who called, through what, and what kind of call it was, as the header
// says.
type By struct {
	Principal string // pseudonym; empty: nobody is known
	Kind      string // of the principal
	Client    string // the app; empty: none is known
	KeyID     string // public id of the key
	Action    string // what was done
	Data      string // classes of data in the answer, with a space between
}

func byOf(h *event.Header) By {
	var classes strings.Builder
	for i, d := range h.Data {
		if i > 0 {
			classes.WriteByte(' ')
		}
		classes.WriteString(d.Class)
	}
	return By{h.Principal.ID, string(h.Principal.Kind), h.Credential.Client, h.Credential.KeyID, string(h.Operation.Action), classes.String()}
}

// maxField bounds what is kept of each field of a By, in bytes.
const maxField = 4096

func (b *By) fields() [6]*string {
	return [...]*string{&b.Principal, &b.Kind, &b.Client, &b.KeyID, &b.Action, &b.Data}
}

// encode returns b as it is stored: each field after its length.
func (b By) encode() string {
	var stack [512]byte
	out := stack[:0]
	for _, f := range b.fields() {
		text := *f
		if len(text) > maxField {
			text = strings.ToValidUTF8(text[:maxField], "")
		}
		out = append(binary.AppendUvarint(out, uint64(len(text))), text...)
	}
	return string(out)
}

// decodeBy is the inverse of encode.
func decodeBy(s string) (By, error) {
	var b By
	for _, f := range b.fields() {
		size, n := binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen32)]))
		if n <= 0 || size > uint64(len(s)-n) || size > maxField {
			return By{}, fmt.Errorf("%w: a combination cannot be read", ErrDamaged)
		}
		*f, s = s[n:n+int(size)], s[n+int(size):]
	}
	if s != "" {
		return By{}, fmt.Errorf("%w: a combination cannot be read", ErrDamaged)
	}
	return b, nil
}

// flush writes what is recent to a segment. The caller holds work.
func (v *View) flush(ctx context.Context) error {
	r, to := v.recent, v.next
	lastID, err := v.last(to)
	if err != nil {
		return err
	}
	v.commit.Lock()
	defer v.commit.Unlock()
	segments := v.segments
	if len(r.calls) > 0 {
		s, err := v.write(r.content(to))
		if err != nil {
			return err
		}
		segments = append(segments[:len(segments):len(segments)], s)
	}
	if err := v.replace(to, lastID, segments); err != nil {
		return err
	}
	v.mu.Lock()
	v.segments, v.recent, v.saved, v.lastID = segments, newRecent(to), to, lastID
	v.mu.Unlock()
	select {
	case v.full <- struct{}{}:
	default:
	}
	return v.names.saveSometimes()
}

// write writes a segment under a new name, and opens it.
func (v *View) write(c content) (*segment, error) {
	name := fmt.Sprintf("%012d-%06d%s", c.from, v.serial.Add(1), segmentExt)
	if err := writeSegment(v.cfg.Disk, name, c); err != nil {
		return nil, fmt.Errorf("writing the view of objects: %w", err)
	}
	if err := v.cfg.Disk.SyncDir("."); err != nil {
		return nil, err
	}
	return openSegment(v.cfg.Disk, name)
}
