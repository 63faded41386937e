package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Carried says what [Recorder.CarryOut] did.
type Carried struct {
	Envelopes uint64 // removed now; one that was both in the journal and sealed counts twice
	Files     int    // envelope files that were deleted or written anew
	Journals  int    // journal segments that were written anew
}

// CarryOut removes from the ledger's files all envelopes that the decisions
// with the given numbers cover. Each is read from the ledger and checked there,
// so that nothing is removed that was not decided, sealed and durable before;
// see [ledger.Removal]. What was removed already is no error, so that after a
// crash it can be called again.
//
// Files that hold other envelopes too are written anew beside the old ones and
// take their places in one step; the newest journal segment is finished first.
// Calls are recorded meanwhile. Run must be running. What a reader of the
// ledger has in memory is his: call [ledger.Ledger.Forget].
func (r *Recorder) CarryOut(ctx context.Context, decisions ...uint64) (Carried, error) {
	return r.carryOut(ctx, decisions, func() error {
		done := make(chan error, 1)
		select {
		case r.rolls <- done:
		case <-r.ended:
			return fmt.Errorf("%w: Gatebook is stopping", ErrStopped)
		case <-ctx.Done():
			return ctx.Err()
		}
		return <-done
	})
}

// rollNow finishes the active segment, if anything is in it, and begins the
// next.
func (r *Recorder) rollNow() error {
	switch {
	case r.w == nil:
		return r.failure()
	case r.w.offset == 0:
		return nil
	}
	err := r.w.roll()
	if err == nil || errors.Is(err, errNoSpace) {
		return err
	}
	return r.fail(err)
}

func (r *Recorder) carryOut(ctx context.Context, decisions []uint64, roll func() error) (Carried, error) {
	r.removing.Lock()
	defer r.removing.Unlock()
	m := &removing{ctx: ctx, r: r, disk: r.cfg.Disk}
	if err := m.read(decisions); err != nil {
		return Carried{}, fmt.Errorf("reading what was decided: %w", err)
	}
	in, err := m.inActive()
	if err == nil && in {
		if err = roll(); err != nil {
			err = fmt.Errorf("finishing the newest journal segment: %w", err)
		}
	}
	if err == nil {
		err = m.locked(m.journals)
	}
	if err == nil {
		err = m.sealed()
	}
	if err != nil {
		err = fmt.Errorf("removing envelopes; it is taken up again at the next start: %w", err)
	}
	return m.did, err
}

// removing is one removal under way.
type removing struct {
	ctx    context.Context
	r      *Recorder
	disk   Disk
	ledger *ledger.Ledger
	list   []*ledger.Removal
	did    Carried
}

// read reads the decisions from the ledger.
func (m *removing) read(decisions []uint64) (err error) {
	if m.ledger, err = ledger.OpenWithKeys(m.disk, m.r.cfg.ledgerKeys()); err != nil {
		return err
	}
	for _, n := range decisions {
		s, err := m.ledger.Record(n)
		if err != nil {
			return err
		}
		d, err := ledger.ParseRemoval(n, s.Header)
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		m.list = append(m.list, d)
	}
	return nil
}

// locked does something while no segment is sealed, with the ledger as it is
// then.
func (m *removing) locked(do func() error) (err error) {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	m.r.sealMu.Lock()
	defer m.r.sealMu.Unlock()
	if m.ledger, err = ledger.OpenWithKeys(m.disk, m.r.cfg.ledgerKeys()); err != nil {
		return err
	}
	return do()
}

// covers reports whether a decision covers the envelope.
func (m *removing) covers(c event.Class, n uint64, day, route string) bool {
	for _, d := range m.list {
		if d.Covers(c, n, day, route) {
			return true
		}
	}
	return false
}

// touches reports whether a decision may cover an envelope of the records
// [from, to), of any class.
func (m *removing) touches(from, to uint64) bool {
	for _, d := range m.list {
		for c := range event.Class(event.Classes) {
			if d.Touches(c, from, to, "") {
				return true
			}
		}
	}
	return false
}

// gone is covers, for [ledger.Frame.Strip].
func (m *removing) gone(n uint64, c event.Class, header []byte) bool {
	return m.touches(n, n+1) && m.covers(c, n, ledger.DayOf(header), ledger.RouteOf(header))
}

// inActive reports whether the newest journal segment has anything to remove.
func (m *removing) inActive() (bool, error) {
	_, journals := m.ledger.Segments()
	if len(journals) == 0 || !m.touches(journals[len(journals)-1], m.ledger.Size()) {
		return false, nil
	}
	first := journals[len(journals)-1]
	f, err := m.disk.OpenFile(ledger.JournalName(first))
	if err != nil {
		return false, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return false, err
	}
	var b []byte
	for frames := ledger.NewFrames(f, size, first); m.ctx.Err() == nil; {
		frame, err := frames.Next()
		var disk *fs.PathError
		if errors.As(err, &disk) {
			return false, err
		}
		if err != nil {
			return false, nil // the end: what is being written now is not covered
		}
		var n uint64
		if b, n = frame.Strip(b[:0], m.gone); n > 0 {
			return true, nil
		}
	}
	return false, m.ctx.Err()
}

// journals writes the finished journal segments anew that hold anything to
// remove, and removes what interrupted writes have left.
func (m *removing) journals() error {
	if err := m.sweep(); err != nil {
		return err
	}
	_, journals := m.ledger.Segments()
	for i := 0; i+1 < len(journals); i++ {
		if !m.touches(journals[i], journals[i+1]) {
			continue
		}
		if err := m.journal(journals[i]); err != nil {
			return err
		}
	}
	return nil
}

// journal writes one journal segment anew, if it holds anything to remove.
func (m *removing) journal(first uint64) error {
	name := ledger.JournalName(first)
	old, err := m.disk.OpenFile(name)
	if err != nil {
		return err
	}
	defer old.Close()
	size, err := old.Size()
	if err != nil {
		return err
	}
	file, err := m.disk.OpenFile(name + tempExt)
	if err != nil {
		return err
	}
	kept := false
	defer func() {
		if !kept {
			file.Close()
			m.disk.Remove(name + tempExt)
		}
	}()
	if err := file.Truncate(0); err != nil {
		return err
	}
	key, err := m.r.cfg.newKey(name)
	if err != nil {
		return err
	}
	from := &frameCopy{frames: ledger.NewFrames(old, size, first), name: name, key: key, keys: m.r.cfg.ledgerKeys()}
	gone, err := from.to(file, m.gone)
	if err != nil || gone == 0 {
		return errors.Join(err, m.r.cfg.retire(name, from.old...))
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	kept = true
	if err := m.disk.Rename(name+tempExt, name); err != nil {
		return err
	}
	m.did.Journals++
	m.did.Envelopes += gone
	if err := m.disk.SyncDir(ledger.JournalDir); err != nil || key == nil {
		return err
	}
	return m.r.cfg.retire(name, key.ID())
}

// frameCopy writes the frames of a journal segment anew.
type frameCopy struct {
	frames *ledger.Frames
	name   string
	key    *ledger.DataKey // that the copy is encrypted with; nil: nothing is
	keys   ledger.Keys
	build  ledger.FrameBuilder

	old []ledger.KeyID // that the segment is encrypted with, each at least once
}

// to writes all frames to file, without the envelopes for which covered says
// so, and returns how many these are.
func (c *frameCopy) to(file File, covered func(uint64, event.Class, []byte) bool) (gone uint64, err error) {
	var b []byte
	var at int64
	for {
		frame, err := c.frames.Next()
		if err == io.EOF {
			return gone, nil
		}
		if err != nil {
			return gone, &ledger.EvidenceError{File: c.name, Where: fmt.Sprintf("frame at byte %d", c.frames.Offset()), Reason: err.Error()}
		}
		if !frame.Key.IsZero() {
			c.old = append(c.old, frame.Key)
		}
		var n uint64
		b, n = frame.Strip(b[:0], covered)
		gone += n
		out := b
		if c.key != nil {
			if out, err = c.encrypt(b); err != nil {
				return gone, fmt.Errorf("writing %s: %w", c.name, err)
			}
		}
		if _, err := file.WriteAt(out, at); err != nil {
			return gone, fmt.Errorf("writing %s: %w", c.name, err)
		}
		at += int64(len(out))
	}
}

// encrypt returns a frame under the copy's key, so that the old key can be
// destroyed: with it goes what the disk kept of the old segment.
func (c *frameCopy) encrypt(b []byte) ([]byte, error) {
	frame, err := ledger.ParseFrame(b)
	if err == nil {
		err = frame.Unlock(c.keys)
	}
	if err != nil {
		return nil, err
	}
	c.build.Reset(frame.First, c.key)
	for i := range frame.Records {
		c.build.Add(&frame.Records[i])
	}
	return c.build.Finish(frame.Root, frame.Checkpoint), nil
}

// sweep removes files that an interrupted sealing or removal has left: they
// may hold what is to be removed.
func (m *removing) sweep() error {
	dirs := []string{ledger.JournalDir, ledger.SealedDir}
	files, err := m.ledger.EnvelopeFiles()
	if err != nil {
		return err
	}
	sealed, _ := m.ledger.Segments()
	for _, f := range files {
		if f.End == 0 && f.Segment == sealed {
			if err := m.remove(f.Name); err != nil {
				return err
			}
		}
	}
	for c := range event.Class(event.Classes) {
		days, err := fs.ReadDir(m.disk, path.Join(ledger.EnvelopeDir, c.String()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, day := range days {
			dirs = append(dirs, path.Join(ledger.EnvelopeDir, c.String(), day.Name()))
		}
	}
	for _, dir := range dirs {
		entries, err := fs.ReadDir(m.disk, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), tempExt) {
				if err := m.remove(path.Join(dir, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// remove deletes a file for good.
func (m *removing) remove(name string) error {
	if err := m.disk.Remove(name); err != nil {
		return fmt.Errorf("removing %s: %w", name, err)
	}
	return m.disk.SyncDir(path.Dir(name))
}

// sealed removes from the envelope files of sealed segments. What is sealed
// meanwhile comes from journals that have nothing to remove any more.
func (m *removing) sealed() error {
	var files []ledger.EnvelopeFile
	err := m.locked(func() (err error) {
		files, err = m.ledger.EnvelopeFiles()
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		began := time.Now()
		in := false
		for _, d := range m.list {
			in = in || f.End > 0 && d.Touches(f.Class, f.Segment, f.End, f.Day)
		}
		if !in {
			continue
		}
		if err := m.locked(func() error { return m.file(f) }); err != nil {
			return err
		}
		// Calls do not queue for a processor behind this.
		select {
		case <-time.After(time.Since(began)):
		case <-m.ctx.Done():
		}
	}
	return nil
}

// file removes what is covered from one envelope file.
func (m *removing) file(f ledger.EnvelopeFile) error {
	for _, d := range m.list {
		if d.CoversAll(f.Class, f.Segment, f.End, f.Day) {
			n, err := m.ledger.CountEnvelopes(f.Name)
			if err != nil {
				return err
			}
			m.did.Files++
			m.did.Envelopes += n
			return m.removeWithKeys(f.Name)
		}
	}
	route, err := m.routes(f)
	if err != nil {
		return err
	}
	s := &sealing{cfg: &m.r.cfg, first: f.Segment, envelopes: make(map[string]*envelopeFile)}
	defer s.drop()
	var gone uint64
	err = m.ledger.Envelopes(f.Name, func(n uint64, env *event.Envelope) error {
		if m.covers(f.Class, n, f.Day, route(n)) {
			gone++
			return nil
		}
		return s.addEnvelope(f.Name, n, env)
	})
	if errors.Is(err, ledger.ErrKeyDestroyed) {
		return m.remove(f.Name) // a removal was interrupted between key and file
	}
	if err != nil || gone == 0 {
		return err
	}
	m.did.Files++
	m.did.Envelopes += gone
	rest := s.envelopes[f.Name]
	if rest == nil {
		return m.removeWithKeys(f.Name)
	}
	if err := s.keep(rest.blockFile); err != nil {
		return err
	}
	if err := m.disk.SyncDir(path.Dir(f.Name)); err != nil || rest.key == nil {
		return err
	}
	return m.r.cfg.retire(f.Name, rest.key.ID())
}

// removeWithKeys deletes a file for good. Its keys go first: with them goes what
// the disk, and any backup, kept of it. A file without its key, which a crash
// can leave, is deleted when the removal is taken up again.
func (m *removing) removeWithKeys(name string) error {
	if err := m.r.cfg.retire(name); err != nil {
		return err
	}
	return m.remove(name)
}

// routes returns the routes of the records of a segment, if a decision asks.
func (m *removing) routes(f ledger.EnvelopeFile) (func(n uint64) string, error) {
	ask := false
	for _, d := range m.list {
		ask = ask || d.Touches(f.Class, f.Segment, f.End, f.Day) && (len(d.Routes) > 0 || len(d.RoutesExcept) > 0)
	}
	if !ask {
		return func(uint64) string { return "" }, nil
	}
	list := make([]string, 0, f.End-f.Segment)
	err := m.ledger.Headers(f.Segment, f.End, func(_ uint64, header []byte) error {
		list = append(list, ledger.RouteOf(header))
		return nil
	})
	return func(n uint64) string { return list[n-f.Segment] }, err
}
