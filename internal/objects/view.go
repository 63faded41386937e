package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/ledger"
)

// Feed tells of new records. The recorder is one.
type Feed interface {
	// Size returns the number of durable records.
	Size() uint64
	// Wait returns when there are more than size records, with their number,
	// or when ctx ends, with its error.
	Wait(ctx context.Context, size uint64) (uint64, error)
}

// Config is what a View is made of. All but Log and Flush is required.
type Config struct {
	Disk   disk.Disk      // the folder of the view, which belongs to it
	Feed   Feed           //
	Ledger *ledger.Ledger // that the feed is of
	Origin string         // of the ledger
	Key    []byte         // of the hashes: a secret of this installation
	Log    *slog.Logger   // nil: nothing is logged
	Flush  int            // postings that are in memory before they are written to a segment; 262,144
}

// View is the view. It is safe for concurrent use.
type View struct {
	cfg   Config
	names names

	last func(n uint64) (id string, err error) // of the record before n

	work   sync.Mutex // held by whoever adds records or takes some away
	merge  sync.Mutex // held by whoever writes segments anew; after work
	commit sync.Mutex // held by whoever replaces the manifest; after work and merge
	full   chan struct{}
	bad    chan struct{} // something was found damaged

	mu       sync.RWMutex // guards what follows; changed with work held
	next     uint64       // number of the next record
	recent   *recent
	segments []*segment // in order; changed with commit held
	saved    uint64     // the segments hold the records before this number; changed with commit held, too
	lastID   string     // of the record before saved; empty: not known; as saved

	serial atomic.Uint64 // of the newest segment's name
}

// manifest is the file, version 1.
type manifest struct {
	Version  int      `json:"version"`
	Origin   string   `json:"origin"`   // of the ledger
	Key      string   `json:"key"`      // what the key makes of nothing: tells another one
	Next     uint64   `json:"next"`     // the segments hold the records before this number
	LastID   string   `json:"last_id"`  // of the record before it; empty: there is none
	Serial   uint64   `json:"serial"`   // of the newest segment's name
	Segments []string `json:"segments"` // in order
}

const (
	version      = 1
	manifestName = "manifest"
	segmentExt   = ".objects"
)

// Open takes up the view where it was left. One that does not fit is left out,
// and made again from the ledger; the log says why.
func Open(cfg Config) (*View, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Flush == 0 {
		cfg.Flush = 1 << 18
	}
	v := &View{cfg: cfg, recent: newRecent(0), full: make(chan struct{}, 1), bad: make(chan struct{}, 1)}
	v.names.view, v.last = v, v.idBefore
	if err := cfg.Disk.MakeDir("."); err != nil {
		return nil, err
	}
	err := v.load()
	if err == nil {
		v.names.load()
		return v, v.sweep()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		cfg.Log.Warn("making the view of objects again from the ledger", "reason", err)
	}
	return v, v.clear()
}

// load reads the manifest and opens the segments.
func (v *View) load() error {
	b, err := fs.ReadFile(v.cfg.Disk, manifestName)
	if err != nil {
		return err
	}
	var m manifest
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	sum := sha256.Sum256(rest)
	if string(line) != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("%w: the sum of %s does not fit", ErrDamaged, manifestName)
	}
	if err := json.Unmarshal(rest, &m); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, manifestName, err)
	}
	if m.Version != version || m.Origin != v.cfg.Origin || m.Key != v.keyName() {
		return fmt.Errorf("it is version %d, or of another ledger or key", m.Version)
	}
	if m.Next > v.cfg.Feed.Size() {
		return errors.New("it is of a longer ledger")
	}
	if id, err := v.last(m.Next); err != nil || id != m.LastID {
		return errors.Join(errors.New("it is of another ledger"), err)
	}
	var from uint64
	for _, name := range m.Segments {
		s, err := openSegment(v.cfg.Disk, name)
		if err == nil && s.foot.From < from {
			s.file.Close()
			err = fmt.Errorf("%w: %s begins with record %d, and the one before ends at %d", ErrDamaged, name, s.foot.From, from)
		}
		if err != nil {
			v.letGo()
			return err
		}
		v.segments = append(v.segments, s)
		from = s.foot.To
	}
	if from > m.Next {
		v.letGo()
		return fmt.Errorf("%w: its segments end at %d, and it at %d", ErrDamaged, from, m.Next)
	}
	v.next, v.saved, v.lastID, v.recent = m.Next, m.Next, m.LastID, newRecent(m.Next)
	v.serial.Store(m.Serial)
	return nil
}

// idBefore returns the id of the record before n.
func (v *View) idBefore(n uint64) (string, error) {
	if n == 0 {
		return "", nil
	}
	if err := v.cfg.Ledger.Refresh(); err != nil {
		return "", err
	}
	s, err := v.cfg.Ledger.Read(n - 1)
	if err != nil {
		return "", err
	}
	h, err := event.DecodeHeader(s.Header)
	if err != nil {
		return "", nil // whoever shows it says what is wrong with it
	}
	return h.ID.String(), nil
}

func (v *View) letGo() {
	for _, s := range v.segments {
		s.file.Close()
	}
	v.segments = nil
}

// replace writes a manifest: the segments hold the records before next, of
// which the last one has the id. The caller holds commit.
func (v *View) replace(next uint64, lastID string, segments []*segment) error {
	m := manifest{version, v.cfg.Origin, v.keyName(), next, lastID, v.serial.Load(), []string{}}
	for _, s := range segments {
		m.Segments = append(m.Segments, s.name)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	if err := disk.Replace(v.cfg.Disk, ".", manifestName, append([]byte(hex.EncodeToString(sum[:])+"\n"), b...)); err != nil {
		return fmt.Errorf("saving the view of objects: %w", err)
	}
	return nil
}

// clear removes everything, so that the ledger is followed from its beginning.
func (v *View) clear() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.cfg.Disk.Remove(manifestName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, s := range v.segments {
		s.release()
	}
	v.segments, v.recent, v.next, v.saved, v.lastID = nil, newRecent(0), 0, 0, ""
	v.names.clear()
	return v.sweepLocked()
}

// sweep removes files that are none of the view's: of a crash, or of before it
// was cleared.
func (v *View) sweep() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sweepLocked()
}

func (v *View) sweepLocked() error {
	have := map[string]bool{manifestName: true, namesName: true}
	for _, s := range v.segments {
		have[s.name] = true
	}
	entries, err := fs.ReadDir(v.cfg.Disk, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !have[e.Name()] && !e.IsDir() && (strings.HasSuffix(e.Name(), segmentExt) || strings.HasSuffix(e.Name(), disk.TempExt)) {
			if err := v.cfg.Disk.Remove(e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return v.cfg.Disk.SyncDir(".")
}

// damaged makes Run make the view again, if err says that it is damaged.
func (v *View) damaged(err error) error {
	if errors.Is(err, ErrDamaged) {
		select {
		case v.bad <- struct{}{}:
		default:
		}
	}
	return err
}

// Progress says how far the view has come.
type Progress struct {
	Sealed  uint64 // records in the ledger
	Covered uint64 // the view knows the records before this number
}

// Progress returns how far the view has come.
func (v *View) Progress() Progress {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return Progress{max(v.cfg.Feed.Size(), v.next), v.next}
}

// hash is a hash of an object's name, for those who have the key: SHA-256 of the
// key and the name, of which 64 bits are kept.
func (v *View) hash(name string) uint64 {
	var stack [256]byte
	sum := sha256.Sum256(append(append(stack[:0], v.cfg.Key...), name...))
	return be64(sum[:])
}

func (v *View) keyName() string { return fmt.Sprintf("%016x", v.hash("")) }
