package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/ledger"
)

// openWriter opens the ledger at its end: it makes a new ledger, or recovers
// the one that is there.
func openWriter(cfg *Config) (*writer, error) {
	w := &writer{cfg: cfg, disk: cfg.Disk, tree: new(ledger.Tree), tiles: tiles{disk: cfg.Disk}, known: make(map[ledger.KeyID]bool)}
	if err := w.prepare(); err != nil {
		return nil, err
	}
	if err := w.recover(); err != nil {
		w.abandon()
		return nil, err
	}
	return w, nil
}

// prepare makes the folders and the format file, or checks that the ledger is
// the signer's.
func (w *writer) prepare() error {
	want := ledger.Format{Origin: w.cfg.Signer.Name(), Key: w.cfg.Key}
	have, err := ledger.ReadFormat(w.disk)
	if err == nil {
		if have != want {
			return fmt.Errorf("the ledger belongs to the key %s, the signing key is %s: give the key that the ledger was made with, or another data directory", have.Key, want.Key)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, dir := range []string{ledger.JournalDir, ledger.SealedDir, ledger.EnvelopeDir, ledger.TileDir} {
		if err := w.disk.MakeDir(dir); err != nil {
			return fmt.Errorf("making the ledger's folders: %w", err)
		}
	}
	if have == want {
		return nil
	}
	if old, err := fs.ReadDir(w.disk, ledger.SealedDir); err != nil || len(old) > 0 {
		return fmt.Errorf("there are sealed segments, but no format file: the ledger was damaged; restore %s", ledger.FormatFile)
	}
	if err := disk.Replace(w.disk, ".", ledger.FormatFile, []byte(want.Text())); err != nil {
		return fmt.Errorf("making the ledger: %w", err)
	}
	return nil
}

// recover brings the tree to the last complete frame, cuts what follows it, and
// compares the result with the newest checkpoints.
func (w *writer) recover() error {
	l, err := ledger.Open(w.disk)
	if err != nil {
		return err
	}
	sealed, journals := l.Segments()
	if err := w.restoreTree(l, sealed); err != nil {
		return err
	}
	if err := w.checkSealed(sealed); err != nil {
		return err
	}
	next := sealed
	for i, first := range journals {
		last := i == len(journals)-1
		if first > next {
			return &ledger.EvidenceError{File: ledger.JournalName(first), Reason: fmt.Sprintf("it begins with record %d, but the records from %d on are missing before it", first, next)}
		}
		end, offset, err := w.replay(first, last)
		if err != nil {
			return err
		}
		next = max(next, end)
		w.first, w.offset = first, offset
	}
	if len(journals) == 0 {
		w.first = w.tree.Size()
	}
	if err := w.tiles.flush(w.tree.Size()); err != nil {
		return err
	}
	// Nothing is cut before it is known that no checkpoint covers it.
	if err := w.compare(); err != nil {
		return err
	}
	if err := w.tiles.trim(w.tree.Size()); err != nil {
		return fmt.Errorf("writing the tree: %w", err)
	}
	if err := w.collect(sealed, journals); err != nil {
		return fmt.Errorf("after a crash: %w", err)
	}
	return w.openActive()
}

// restoreTree brings the tree to the sealed records. If the tile files are not
// complete, they are made again from the records.
func (w *writer) restoreTree(l *ledger.Ledger, sealed uint64) error {
	tree, err := ledger.RestoreTree(w.disk, sealed)
	if err == nil {
		w.tree = tree
		return nil
	}
	var evidence *ledger.EvidenceError
	if !errors.As(err, &evidence) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w.cfg.Log.Warn("making the tree again from the sealed records", "records", sealed)
	return l.SealedHeaders(func(n uint64, header []byte) error {
		w.tree.Add(ledger.RecordHash(header), w.tiles.add)
		if n%(64*ledger.BlockRecords) == 0 {
			return w.tiles.flush(w.tree.Size())
		}
		return nil
	})
}

// replay adds the records of a journal segment to the tree. It returns the
// number after its last record, and the offset after its last frame.
func (w *writer) replay(first uint64, last bool) (end uint64, offset int64, err error) {
	name := ledger.JournalName(first)
	f, err := w.disk.OpenFile(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return 0, 0, err
	}
	end = first
	clear(w.known) // of this segment
	w.since = time.Time{}
	scan := ledger.NewFrames(f, size, first)
	for {
		frame, err := scan.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			if !last || !scan.Tail() {
				return 0, 0, &ledger.EvidenceError{File: name, Where: fmt.Sprintf("frame at byte %d", scan.Offset()), Reason: err.Error()}
			}
			break
		}
		if err := w.replayFrame(name, frame, scan.Offset()-int64(frame.Size)); err != nil {
			return 0, 0, err
		}
		if w.since.IsZero() {
			w.since = w.began(frame)
		}
		end = frame.First + uint64(len(frame.Records))
	}
	return end, scan.Offset(), nil
}

// began returns when a segment got its first frame, as its first record says:
// a segment does not grow young by a restart.
func (w *writer) began(frame *ledger.Frame) time.Time {
	now := w.cfg.Now()
	h, err := event.DecodeHeader(frame.Records[0].Header)
	if err != nil || h.End().IsZero() || h.End().After(now) {
		return now
	}
	return h.End()
}

func (w *writer) replayFrame(name string, frame *ledger.Frame, offset int64) error {
	if _, seen := w.known[frame.Key]; !seen && !frame.Key.IsZero() {
		w.known[frame.Key] = false
	}
	if frame.First+uint64(len(frame.Records)) <= w.tree.Size() {
		return nil // sealed
	}
	for i := range frame.Records {
		if n := frame.First + uint64(i); n >= w.tree.Size() {
			w.tree.Add(ledger.RecordHash(frame.Records[i].Header), w.tiles.add)
		}
	}
	if w.tree.Root() != frame.Root {
		return &ledger.EvidenceError{File: name, Where: fmt.Sprintf("frame at byte %d", offset), Reason: "its root is not that of the records before it: something in the ledger was changed; run gatebook verify"}
	}
	w.checkpoint = bytes.Clone(frame.Checkpoint)
	return w.unlockable(frame.Key)
}

// cutTail removes what follows the last complete frame, if there is anything
// but zeros.
func (w *writer) cutTail(f File, size int64) error {
	dirty, err := ledger.NonZero(f, w.offset, size)
	if err != nil || dirty < 0 {
		return err
	}
	w.cut = dirty + 1 - w.offset
	if err := errors.Join(f.Truncate(w.offset), f.Sync()); err != nil {
		return fmt.Errorf("cutting the torn tail: %w", err)
	}
	w.cfg.Log.Warn("cut a frame that was not written completely", "segment", ledger.JournalName(w.first), "offset", w.offset, "bytes", w.cut)
	return nil
}

// compare holds what was recovered against the published checkpoint and the
// anchor: neither may know of more, or of another history.
func (w *writer) compare() error {
	key, err := note.NewVerifier(w.cfg.Key)
	if err != nil {
		return fmt.Errorf("the signing key's public part: %w", err)
	}
	b, err := fs.ReadFile(w.disk, ledger.CheckpointFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if b != nil {
		if err := w.contains(b, key, "the file "+ledger.CheckpointFile); err != nil {
			return err
		}
		w.published = b
	}
	switch {
	case w.checkpoint != nil: // of the last frame
	case b != nil:
		w.checkpoint = b // all records are sealed
	default:
		// From its first moment a ledger has a checkpoint, so that a missing
		// one is noticed.
		if w.checkpoint, err = w.sign(); err != nil {
			return err
		}
		if err := w.publishFile(); err != nil {
			return err
		}
	}
	if w.cfg.Anchor == nil {
		return nil
	}
	b, err = w.cfg.Anchor.Load()
	if err != nil {
		return fmt.Errorf("reading the anchor: %w", err)
	}
	if b != nil {
		if err := w.contains(b, key, "the anchor"); err != nil {
			return err
		}
	}
	w.anchored = b
	return nil
}

// contains checks that the ledger begins with what the checkpoint b says.
func (w *writer) contains(b []byte, key note.Verifier, where string) error {
	c, err := ledger.ParseCheckpoint(b, key)
	if err != nil {
		return &ledger.EvidenceError{File: ledger.CheckpointFile, Where: where, Reason: err.Error()}
	}
	if c.Size > w.tree.Size() {
		return fmt.Errorf("%w: %s has %d records, the ledger only %d: it was cut, or restored from a backup", ErrRollback, where, c.Size, w.tree.Size())
	}
	t, err := ledger.RestoreTree(w.disk, c.Size)
	if err != nil {
		return err
	}
	if t.Root() != c.Root {
		return fmt.Errorf("%w: its first %d records are not the ones of %s", ErrRollback, c.Size, where)
	}
	return nil
}

// openActive cuts the torn tail of the journal segment that is written next,
// and extends it.
func (w *writer) openActive() error {
	f, err := w.disk.OpenFile(ledger.JournalName(w.first))
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	w.active = f
	size, err := f.Size()
	if err == nil {
		err = w.cutTail(f, size)
	}
	if err == nil {
		size, err = f.Size()
	}
	if err != nil {
		return err
	}
	if size < w.cfg.SegmentSize {
		// Ahead of the first call, so it holds nobody up. On a full disk the
		// segment grows as far as it can.
		if err := zero(f, max(size, w.offset), w.cfg.SegmentSize); err != nil {
			w.cfg.Log.Warn("the journal could not be extended ahead of its use", "error", err)
			if err := f.Truncate(w.offset); err != nil {
				return fmt.Errorf("extending the journal: %w", err)
			}
		}
	}
	if err := w.disk.SyncDir(ledger.JournalDir); err != nil {
		return err
	}
	return w.openKey()
}

// openKey makes a new key for what is added to the segment from now on, and
// destroys those that were made for it and never used.
func (w *writer) openKey() error {
	name := ledger.JournalName(w.first)
	var err error
	if w.key, err = w.cfg.newKey(name); err != nil || w.key == nil {
		return err
	}
	keep := []ledger.KeyID{w.key.ID()}
	for id := range w.known {
		keep = append(keep, id)
	}
	return w.cfg.retire(name, keep...)
}
