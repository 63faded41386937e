package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Config says what to measure.
type Config struct {
	Data   string // the data directory
	Ledger *ledger.Ledger
	// Keep returns how long the envelopes of each class are kept, zero is for
	// ever, and whether a hold is in force.
	Keep func() (keep [event.Classes]time.Duration, held bool)
	// Every is the time between two measurements. Zero means five minutes.
	Every time.Duration
	Now   func() time.Time // nil: time.Now
}

// Watcher measures the data directory now and then. Run it once; Usage may be
// called at any time.
type Watcher struct {
	cfg Config

	mu   sync.Mutex // guards last
	last *Usage

	measuring sync.Mutex           // guards starts
	starts    map[uint64]time.Time // when the first records of sealed segments arrived
}

// New returns a watcher that does not run yet.
func New(cfg Config) *Watcher {
	if cfg.Every <= 0 {
		cfg.Every = 5 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Watcher{cfg: cfg, starts: map[uint64]time.Time{}}
}

// Run measures until ctx ends, then returns nil.
func (w *Watcher) Run(ctx context.Context) error {
	tick := time.NewTicker(w.cfg.Every)
	defer tick.Stop()
	for {
		w.Measure()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Usage returns the last measurement, nil before the first, with the free space
// of now.
func (w *Watcher) Usage() *Usage {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		return nil
	}
	u := *w.last
	if total, free, err := room(w.cfg.Data); err == nil && total > 0 {
		u.Total, u.Free = total, free
		u.Low = u.Low || float64(free) < lowShare*float64(total)
	}
	return &u
}

// Measure measures now.
func (w *Watcher) Measure() *Usage {
	w.measuring.Lock()
	defer w.measuring.Unlock()
	u := &Usage{At: w.cfg.Now().UTC(), Parts: []Part{}}
	h := &history{today: u.At.Truncate(24 * time.Hour), days: map[time.Time]*day{}}
	h.keep, h.held = w.cfg.Keep()
	total, free, err := room(w.cfg.Data)
	u.Total, u.Free = total, free
	bytes, walkErr := w.walk(h)
	for _, name := range []string{"headers", "envelopes", "journal", "index", "objects", "detection", "other"} {
		u.Parts = append(u.Parts, Part{name, bytes[name]})
	}
	err = errors.Join(err, walkErr, w.past(h, bytes))
	if err != nil {
		u.Problem = err.Error()
	}
	u.forecast(h)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = u
	return u
}

// partOf names the part that a file belongs to; its path is relative to the data
// directory and has slashes.
func partOf(name string) string {
	for _, p := range []struct{ prefix, part string }{
		{"ledger/" + ledger.EnvelopeDir + "/", "envelopes"}, {"ledger/" + ledger.JournalDir + "/", "journal"}, {"ledger/", "headers"},
		{"index/", "index"}, {"objects/", "objects"}, {"detect/", "detection"},
	} {
		if strings.HasPrefix(name, p.prefix) {
			return p.part
		}
	}
	return "other"
}

// walk adds up the files of the data directory by part, and those of the index by
// day. A file that is removed meanwhile does not count.
func (w *Watcher) walk(h *history) (map[string]int64, error) {
	bytes := map[string]int64{}
	err := filepath.WalkDir(w.cfg.Data, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(w.cfg.Data, path)
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		name := filepath.ToSlash(rel)
		bytes[partOf(name)] += info.Size()
		if rest, ok := strings.CutPrefix(name, "index/engine/partitions/"); ok {
			of, _, _ := strings.Cut(rest, "/")
			if at, err := time.Parse("20060102", of); err == nil {
				h.of(at).index += float64(info.Size())
			}
		}
		return nil
	})
	return bytes, err
}

// of returns the day of a time.
func (h *history) of(at time.Time) *day {
	at = at.UTC().Truncate(24 * time.Hour)
	if h.days[at] == nil {
		h.days[at] = new(day)
	}
	return h.days[at]
}

// past adds what the sealed segments of the last days say.
func (w *Watcher) past(h *history, bytes map[string]int64) error {
	if err := w.cfg.Ledger.Refresh(); err != nil {
		return err
	}
	files, err := w.cfg.Ledger.EnvelopeFiles()
	if err != nil {
		return fmt.Errorf("listing the envelopes: %w", err)
	}
	for _, f := range files {
		if at, err := time.Parse(time.DateOnly, f.Day); err == nil {
			h.of(at).classes[f.Class] += float64(f.Size)
		}
	}
	segments := w.cfg.Ledger.SealedSegments()
	if len(segments) == 0 {
		return nil
	}
	first, err := w.start(segments[0].First)
	if err != nil {
		return err
	}
	h.since = first.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	var headers int64
	for _, s := range segments {
		headers += s.Size
	}
	// The tree and the view of objects grow as the headers do.
	grows := float64(bytes["headers"]+bytes["objects"]) / float64(max(headers, 1))
	end := h.today.AddDate(0, 0, 1)
	for i := len(segments) - 1; i >= 0; i-- {
		begin, err := w.start(segments[i].First)
		if err != nil {
			return err
		}
		h.spread(begin, end, grows*float64(segments[i].Size))
		if begin.Before(h.today.AddDate(0, 0, -window)) {
			break
		}
		end = begin
	}
	return nil
}

// start returns when the first record of a segment arrived.
func (w *Watcher) start(first uint64) (time.Time, error) {
	if at, ok := w.starts[first]; ok {
		return at, nil
	}
	var at time.Time
	err := w.cfg.Ledger.Headers(first, first+1, func(_ uint64, header []byte) error {
		h, err := event.DecodeHeader(header)
		if err == nil {
			at = h.Arrived.UTC()
		}
		return err
	})
	if err != nil {
		return at, fmt.Errorf("reading when a segment begins: %w", err)
	}
	w.starts[first] = at
	return at, nil
}

// spread adds the headers of a segment that took from begin to end to its days.
func (h *history) spread(begin, end time.Time, bytes float64) {
	whole := end.Sub(begin)
	if whole <= 0 || whole > 366*24*time.Hour { // a clock was wrong, or old calls were imported
		h.of(begin).headers += bytes
		return
	}
	for at := begin; at.Before(end); {
		next := at.Truncate(24*time.Hour).AddDate(0, 0, 1)
		if next.After(end) {
			next = end
		}
		h.of(at).headers += bytes * float64(next.Sub(at)) / float64(whole)
		at = next
	}
}
