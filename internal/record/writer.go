package record

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/ledger"
)

const (
	tempExt  = ledger.TempExt
	hashSize = sha256.Size
)

// writer is the open end of a ledger: the active journal segment, the right
// edge of the tree and the tile files. It belongs to one goroutine. After any
// error of it but [errNoSpace] it must be dropped, and made anew from what is
// on the disk.
type writer struct {
	cfg   *Config
	disk  Disk
	tree  *ledger.Tree
	frame ledger.FrameBuilder
	tiles tiles

	key   *ledger.DataKey       // encrypts the frames; nil: they are in clear
	known map[ledger.KeyID]bool // while the ledger is opened: keys of the segment; true: it can be had

	active File
	first  uint64    // of the active segment
	offset int64     // where the next frame goes
	since  time.Time // when the segment got its first frame; zero: it has none

	checkpoint []byte // newest, signed; nil: the ledger is empty
	published  []byte // what the checkpoint file says
	anchored   []byte // what the anchor says
	publishAt  time.Time
	cut        int64 // bytes of torn tail that were cut when the ledger was opened
}

// errNoSpace says that a new journal segment could not be made; nothing was
// written.
var errNoSpace = errors.New("a new journal segment cannot be made")

// commit makes the items durable as one frame. The frame's bytes were added to
// w.frame already.
func (w *writer) commit(leaves []ledger.Hash) error {
	for _, leaf := range leaves {
		w.tree.Add(leaf, w.tiles.add)
	}
	signed, err := w.sign()
	if err != nil {
		return err
	}
	b := w.frame.Finish(w.tree.Root(), signed)
	if _, err := w.active.WriteAt(b, w.offset); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	if err := w.active.Sync(); err != nil {
		return fmt.Errorf("syncing the journal: %w", err)
	}
	if w.since.IsZero() {
		w.since = w.cfg.Now()
	}
	w.offset += int64(len(b))
	w.checkpoint = signed
	return w.tiles.flush(w.tree.Size())
}

// room makes sure that a frame of n bytes fits into the active segment.
func (w *writer) room(n int) error {
	if w.offset == 0 || w.offset+int64(n) <= w.cfg.SegmentSize {
		return nil
	}
	return w.roll()
}

// old reports whether the active segment has reached the age at which it is
// finished, and sealing it would come to something: records are sealed in
// complete blocks, so a segment that completes none would only become one more
// small file. It waits for the block.
func (w *writer) old() bool {
	complete := w.tree.Size() / ledger.BlockRecords * ledger.BlockRecords
	return complete > w.first && !w.since.IsZero() && w.cfg.Now().Sub(w.since) >= w.cfg.SealAfter
}

// roll finishes the active segment and begins the next.
func (w *writer) roll() error {
	first := w.tree.Size()
	next, key, err := w.newSegment(first)
	if err != nil {
		return err
	}
	old := w.active
	w.active, w.key = next, key
	err = errors.Join(old.Truncate(w.offset), old.Sync(), old.Close())
	w.first, w.offset, w.since = first, 0, time.Time{}
	if err != nil {
		return fmt.Errorf("finishing a journal segment: %w", err)
	}
	return nil
}

// newSegment begins a journal segment. It grows as it is written: to fill it
// with zeros ahead of its use would save some of each sync, but costs 7 % of
// the processor under load, and its writes stand before the commit's.
//
// An error but [errNoSpace] may leave an empty segment that nothing may be
// written before.
func (w *writer) newSegment(first uint64) (File, *ledger.DataKey, error) {
	name := ledger.JournalName(first)
	key, err := w.cfg.newKey(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoSpace, err)
	}
	f, err := w.disk.OpenFile(name)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoSpace, errors.Join(err, w.cfg.retire(name)))
	}
	if err := w.disk.SyncDir(ledger.JournalDir); err != nil {
		return nil, nil, fmt.Errorf("beginning a journal segment: %w", errors.Join(err, f.Close()))
	}
	return f, key, nil
}

// zero writes zeros from offset from up to size.
func zero(f File, from, size int64) error {
	zeros := make([]byte, 512<<10)
	for from < size {
		n := min(int64(len(zeros)), size-from)
		if _, err := f.WriteAt(zeros[:n], from); err != nil {
			return err
		}
		from += n
	}
	return f.Sync()
}

// publish writes the newest checkpoint to its file and to the anchor, unless
// that was done.
func (w *writer) publish() error {
	if w.checkpoint == nil {
		return nil
	}
	w.publishAt = w.cfg.Now()
	if err := w.publishFile(); err != nil {
		return err
	}
	if w.cfg.Anchor != nil && string(w.anchored) != string(w.checkpoint) {
		if err := w.cfg.Anchor.Store(w.anchored, w.checkpoint); err != nil {
			return fmt.Errorf("storing the checkpoint at the anchor: %w", err)
		}
		w.anchored = w.checkpoint
	}
	return nil
}

func (w *writer) publishFile() error {
	if string(w.published) == string(w.checkpoint) {
		return nil
	}
	// What a published checkpoint covers can be verified without opening the
	// ledger first, also after a loss of power.
	if err := w.tiles.sync(); err != nil {
		return fmt.Errorf("syncing the tree: %w", err)
	}
	if err := disk.Replace(w.disk, ".", ledger.CheckpointFile, w.checkpoint); err != nil {
		return fmt.Errorf("publishing the checkpoint: %w", err)
	}
	w.published = w.checkpoint
	return nil
}

// sign returns the signed checkpoint of the tree as it is.
func (w *writer) sign() ([]byte, error) {
	cp := ledger.Checkpoint{Origin: w.cfg.Signer.Name(), Size: w.tree.Size(), Root: w.tree.Root()}
	signed, err := cp.Sign(w.cfg.Signer)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint: %w", err)
	}
	return signed, nil
}

// close finishes the ledger such that nothing is left to recover.
func (w *writer) close() error {
	err := w.publish()
	if w.active != nil {
		err = errors.Join(err, w.active.Truncate(w.offset), w.active.Sync(), w.active.Close())
	}
	return errors.Join(err, w.tiles.sync(), w.tiles.close())
}

// abandon lets go of the files without writing.
func (w *writer) abandon() {
	if w.active != nil {
		w.active.Close()
	}
	w.tiles.close()
}

// tiles writes the flat files of the tree's hashes. They are not synced at
// each commit, since the journal has all that they are made from.
type tiles struct {
	disk    Disk
	files   []File
	pending [][]byte // by level, hashes not yet written
	dirty   []bool   // by level, written and not synced
	grown   bool     // a file was made since the last sync
}

func (t *tiles) add(level int, h ledger.Hash) {
	for len(t.pending) <= level {
		t.pending = append(t.pending, nil)
	}
	t.pending[level] = append(t.pending[level], h[:]...)
}

// flush writes what was added, as the end of a tree of the given size.
func (t *tiles) flush(size uint64) error {
	for level, b := range t.pending {
		if len(b) == 0 {
			continue
		}
		f, err := t.file(level)
		if err != nil {
			return fmt.Errorf("opening the tree's file: %w", err)
		}
		end := int64(size>>(8*level)) * hashSize
		if _, err := f.WriteAt(b, end-int64(len(b))); err != nil {
			return fmt.Errorf("writing the tree: %w", err)
		}
		t.pending[level] = b[:0]
		t.dirty[level] = true
	}
	return nil
}

func (t *tiles) file(level int) (File, error) {
	for len(t.files) <= level {
		f, err := t.disk.OpenFile(ledger.TileName(len(t.files)))
		if err != nil {
			return nil, err
		}
		t.files, t.dirty, t.grown = append(t.files, f), append(t.dirty, true), true
	}
	return t.files[level], nil
}

// trim cuts from each file what is more than a tree of the given size has.
func (t *tiles) trim(size uint64) error {
	for level := 0; level == 0 || size>>(8*level) > 0 || level < len(t.files); level++ {
		f, err := t.file(level)
		if err != nil {
			return err
		}
		if err := f.Truncate(int64(size>>(8*level)) * hashSize); err != nil {
			return err
		}
	}
	return nil
}

func (t *tiles) sync() error {
	for level, f := range t.files {
		if !t.dirty[level] {
			continue
		}
		if err := f.Sync(); err != nil {
			return err
		}
		t.dirty[level] = false
	}
	if !t.grown {
		return nil
	}
	t.grown = false
	return t.disk.SyncDir(ledger.TileDir)
}

func (t *tiles) close() error {
	var err error
	for _, f := range t.files {
		err = errors.Join(err, f.Close())
	}
	return err
}
