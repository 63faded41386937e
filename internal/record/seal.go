package record

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// runSealer seals finished journal segments until ctx ends.
func (r *Recorder) runSealer(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var old oldFiles
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if r.failure() != nil {
			continue
		}
		if err := r.sealFinished(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("sealing a journal segment; it will be tried again", "error", err)
		}
		if err := r.encryptOld(ctx, &old); err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("encrypting what was sealed in clear; it will be tried again", "error", err)
		}
	}
}

// sealFinished seals all complete blocks of the journal segments but the last,
// and removes the segments of which all records are sealed.
func (r *Recorder) sealFinished(ctx context.Context) error {
	r.sealMu.Lock()
	defer r.sealMu.Unlock()
	l, err := ledger.OpenWithKeys(r.cfg.Disk, r.cfg.ledgerKeys())
	if err != nil {
		return err
	}
	from, journals := l.Segments()
	if len(journals) < 2 {
		return nil
	}
	// Nothing is sealed before a published checkpoint covers it, so that a
	// checkpoint that is older than what is sealed is known for a replaced one.
	published, _, err := l.Checkpoint()
	if err != nil {
		return err
	}
	to := min(journals[len(journals)-1], published.Size) / ledger.BlockRecords * ledger.BlockRecords
	if to > from {
		if err := r.sealRange(ctx, l, from, to, len(journals) <= maxUnsealed); err != nil {
			return err
		}
		r.stats.sealedSegments.Add(1)
	}
	return r.removeSealed(journals, max(from, to))
}

// removeSealed removes the journal segments that end before record sealed.
func (r *Recorder) removeSealed(journals []uint64, sealed uint64) error {
	removed := false
	for i := 0; i+1 < len(journals) && journals[i+1] <= sealed; i++ {
		if err := r.cfg.Disk.Remove(ledger.JournalName(journals[i])); err != nil {
			return fmt.Errorf("removing a sealed journal segment: %w", err)
		}
		removed = true
	}
	if !removed {
		return nil
	}
	if err := r.cfg.Disk.SyncDir(ledger.JournalDir); err != nil {
		return err
	}
	for i := 0; i+1 < len(journals) && journals[i+1] <= sealed; i++ {
		if err := r.cfg.retire(ledger.JournalName(journals[i])); err != nil {
			return err
		}
	}
	return nil
}

// maxUnsealed is the number of journal segments up to which sealing gives way
// to the calls; with more it must keep up.
const maxUnsealed = 4

// sealRange writes the records [from, to) as a sealed segment. If gentle, it
// rests after every 64 records for twice as long as that took, so that calls do not
// queue for a processor behind the compressor. The envelopes
// are made durable first, then the tree, and last the segment, whose name
// makes all of it count.
func (r *Recorder) sealRange(ctx context.Context, l *ledger.Ledger, from, to uint64, gentle bool) error {
	s := &sealing{cfg: &r.cfg, first: from, envelopes: make(map[string]*envelopeFile)}
	defer s.drop()
	var err error
	if s.entries, err = s.create(ledger.SealedName(from)); err != nil {
		return err
	}
	if s.headers, err = ledger.NewBlockWriter(s.entries); err != nil {
		return err
	}
	s.entries.blocks = s.headers
	began := time.Now()
	err = l.Range(from, to, func(n uint64, rec *event.Sealed) error {
		if gentle && n%64 == 0 {
			select {
			case <-time.After(2 * time.Since(began)):
			case <-ctx.Done():
			}
			began = time.Now()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return s.add(n, rec)
	})
	if err != nil {
		return err
	}
	return s.finish()
}

// sealing is a sealed segment in the making.
type sealing struct {
	cfg       *Config
	first     uint64
	entries   *blockFile
	headers   *ledger.BlockWriter
	items     []byte
	count     int
	envelopes map[string]*envelopeFile // by name
}

// blockFile is a block file in the making, under a temporary name.
type blockFile struct {
	name   string
	file   File
	offset int64
	blocks interface{ Close() error } // writes the index
}

// envelopeFile collects the envelopes of one class and day.
type envelopeFile struct {
	*blockFile
	writer *ledger.EnvelopeWriter
	key    *ledger.DataKey // nil: it is in clear
}

// Write implements io.Writer at the end of the file.
func (b *blockFile) Write(p []byte) (int, error) {
	n, err := b.file.WriteAt(p, b.offset)
	b.offset += int64(n)
	return n, err
}

func (s *sealing) create(name string) (*blockFile, error) {
	if err := s.cfg.Disk.MakeDir(path.Dir(name)); err != nil {
		return nil, err
	}
	f, err := s.cfg.Disk.OpenFile(name + tempExt)
	if err != nil {
		return nil, err
	}
	b := &blockFile{name: name, file: f}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return b, nil
}

func (s *sealing) add(n uint64, rec *event.Sealed) error {
	s.items = ledger.AppendEntry(s.items, rec.Header)
	s.count++
	if s.count == ledger.BlockRecords {
		if err := s.headers.Block(n+1-ledger.BlockRecords, s.count, s.items); err != nil {
			return err
		}
		s.items, s.count = s.items[:0], 0
	}
	day := ledger.DayOf(rec.Header)
	for c, env := range rec.Envelopes {
		if env == nil {
			continue
		}
		if err := s.addEnvelope(ledger.EnvelopeName(event.Class(c), day, s.first), n, env); err != nil {
			return err
		}
	}
	return nil
}

func (s *sealing) addEnvelope(name string, n uint64, env *event.Envelope) error {
	f := s.envelopes[name]
	if f == nil {
		b, err := s.create(name)
		if err != nil {
			return err
		}
		f = &envelopeFile{blockFile: b}
		s.envelopes[name] = f
		if f.key, err = s.cfg.newKey(name); err != nil {
			return err
		}
		if f.writer, err = ledger.NewEnvelopeWriter(b, f.key); err != nil {
			return err
		}
		b.blocks = f.writer
	}
	return f.writer.Add(n, env)
}

// finish makes all files durable and gives them their names.
func (s *sealing) finish() error {
	dirs := []string{ledger.EnvelopeDir}
	for _, name := range sortedKeys(s.envelopes) {
		if err := s.keep(s.envelopes[name].blockFile); err != nil {
			return err
		}
		dirs = append(dirs, path.Dir(name), path.Dir(path.Dir(name)))
	}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := s.cfg.Disk.SyncDir(dir); err != nil {
			return err
		}
	}
	if err := syncTiles(s.cfg.Disk); err != nil {
		return err
	}
	if err := s.keep(s.entries); err != nil {
		return err
	}
	if err := s.cfg.Disk.SyncDir(ledger.SealedDir); err != nil {
		return err
	}
	// Keys of an earlier attempt, that a crash interrupted.
	for _, name := range sortedKeys(s.envelopes) {
		if key := s.envelopes[name].key; key != nil {
			if err := s.cfg.retire(name, key.ID()); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep closes a file and gives it its name.
func (s *sealing) keep(b *blockFile) error {
	err := b.blocks.Close()
	if err == nil {
		err = b.file.Sync()
	}
	if err = errors.Join(err, b.file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", b.name, err)
	}
	b.file = nil
	return s.cfg.Disk.Rename(b.name+tempExt, b.name)
}

// drop removes what was not finished, and its keys, so that attempts that fail
// again and again leave nothing. What cannot be removed is at the next start.
func (s *sealing) drop() {
	files := []*blockFile{s.entries}
	for _, name := range sortedKeys(s.envelopes) {
		f := s.envelopes[name]
		files = append(files, f.blockFile)
		if f.file != nil {
			if err := s.cfg.retireUnfinished(name); err != nil {
				s.cfg.Log.Warn("destroying the key of a file that was not finished", "error", err)
			}
		}
	}
	for _, b := range files {
		if b != nil && b.file != nil {
			b.file.Close()
			s.cfg.Disk.Remove(b.name + tempExt)
		}
	}
}

// syncTiles makes the tree's files durable; the commit may be writing to them.
func syncTiles(d Disk) error {
	for level := 0; ; level++ {
		f, err := d.Open(ledger.TileName(level))
		if err != nil {
			break
		}
		f.Close()
		w, err := d.OpenFile(ledger.TileName(level))
		if err != nil {
			return err
		}
		if err := errors.Join(w.Sync(), w.Close()); err != nil {
			return fmt.Errorf("syncing the tree: %w", err)
		}
	}
	return d.SyncDir(ledger.TileDir)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
