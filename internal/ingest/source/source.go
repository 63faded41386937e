// Package source follows a log and records what is written to it.
//
// It promises that each line becomes one event: none is left out when the log is
// rotated, and none is doubled or left out when this program ends, also by a
// crash, as long as the lines are still there when it starts again. What cannot
// be read is counted and said. It never stops the program: while the log cannot
// be read, or nothing can be recorded, it waits and says so.
//
// It keeps its place after the events are durable. After a crash it reads some
// lines again, and knows them by their ids, among the records that were written
// since.
package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/tail"
)

// Parser makes events of lines. It is used by one goroutine.
type Parser interface {
	Detect(first []string) error             // chooses a form, if that is not known
	Known() bool                             // it is known which form the lines have
	Form() string                            // in words
	Parse(line string) (*event.Event, error) // nil, nil: the line is empty
	Memory() []byte                          // what another parser needs to go on here
	Restore(memory []byte) error             // takes that
}

// Record is where events go.
type Record interface {
	// AppendAll returns when events are durable. After an error some may be.
	AppendAll(ctx context.Context, events []*event.Event) error
	// Size returns the number of records.
	Size() uint64
}

// Config is what a [Source] needs to know. All but End and Log are required.
type Config struct {
	Name string // unique, plain: it names the file of the place
	File string // the log
	End  bool   // where nothing was read yet, begin at the end
	// MaxLine bounds a line in bytes; 0: [tail.MaxLine].
	MaxLine int
	Parser  Parser
	Record  Record
	// Imported returns the ids of the source's events among the records from
	// a number on.
	Imported func(ctx context.Context, from uint64) (map[event.ID]bool, error)
	Dir      disk.Disk    // where the place is kept
	Log      *slog.Logger // nil: slog.Default()
}

// Status says how a source is.
type Status struct {
	Form     string
	Events   uint64 // recorded since the start
	Skipped  uint64 // lines since the start that could not be read
	Problems []ingest.Problem
	Behind   int64     // bytes of the log that were not read
	Last     time.Time // when the newest call that was recorded was over; zero: none was
	Read     time.Time // when lines were last recorded; zero: none were
	Problem  string    // why nothing can be read or recorded now; empty: all is well
	Lost     []string  // what could not be read to its end, the newest last
}

// Source is a log that is followed. Make one with [New].
type Source struct {
	cfg Config

	mu     sync.Mutex // guards status
	status Status

	// Owned by Run.
	tail  *tail.Follower
	known map[event.ID]bool // events that are in the record, of lines that may be read again
	since uint64            // size of the record when the last lines were recorded
	dirty bool              // the place was not kept
	kept  time.Time
}

// Times of a source.
const (
	pollEvery = 250 * time.Millisecond
	keepEvery = 500 * time.Millisecond
	longest   = 30 * time.Second // between two tries
)

// batch is how many lines are recorded at once, shown how many problems are
// kept.
const (
	batch = 500
	shown = 5
)

// place is what is kept.
type place struct {
	Version int             `json:"gatebook-source"`
	File    string          `json:"file"`
	Places  []tail.Place    `json:"places"`
	Record  uint64          `json:"record"` // size of the record when it was kept
	Parser  json.RawMessage `json:"parser"`
}

const version = 1

// New returns a source. Nothing is read yet.
func New(cfg Config) *Source {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.Log = cfg.Log.With("source", cfg.Name)
	return &Source{cfg: cfg}
}

// Name returns the source's name, and File the log's.
func (s *Source) Name() string { return s.cfg.Name }

// File returns the name of the log.
func (s *Source) File() string { return s.cfg.File }

// Status returns how the source is.
func (s *Source) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Problems = append([]ingest.Problem(nil), st.Problems...)
	st.Lost = append([]string(nil), st.Lost...)
	return st
}

func (s *Source) set(change func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
}

// Run follows the log until ctx ends.
func (s *Source) Run(ctx context.Context) error {
	wait := pollEvery
	for ctx.Err() == nil {
		more, err := s.step(ctx)
		if ctx.Err() != nil {
			break
		}
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		s.set(func(st *Status) {
			if st.Problem != problem && problem != "" {
				s.cfg.Log.Warn("the log cannot be followed now", "error", problem)
			}
			st.Problem = problem
			if s.tail != nil {
				st.Behind = s.tail.Behind()
			}
		})
		switch {
		case err != nil:
			wait = min(2*wait, longest)
		case more:
			wait = pollEvery
			continue
		default:
			wait = pollEvery
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	if s.tail != nil {
		if err := s.keep(); err != nil {
			s.cfg.Log.Error("the place in the log could not be kept; what was read since is read again", "error", err)
		}
		s.tail.Close()
	}
	return nil
}

// step records some lines. It reports false if there are none now.
func (s *Source) step(ctx context.Context) (more bool, err error) {
	if s.tail == nil {
		if err := s.open(ctx); err != nil {
			return false, err
		}
	}
	lines, err := s.tail.Next(batch)
	for _, lost := range s.tail.Lost() {
		s.cfg.Log.Error("lines of the log may be missing", "reason", lost)
		s.set(func(st *Status) { st.Lost = last(append(st.Lost, lost)) })
	}
	if err == nil && len(lines) > 0 {
		err = s.take(ctx, lines)
	}
	if err != nil {
		s.reopen()
		return false, err
	}
	s.dirty = s.dirty || len(lines) > 0
	if len(lines) == 0 && len(s.known) > 0 { // lines that are not there any more
		s.known = nil
		s.caughtUp()
		s.dirty = true
	}
	if s.dirty && (len(lines) == 0 || time.Since(s.kept) > keepEvery) {
		if err := s.keep(); err != nil {
			return false, fmt.Errorf("keeping the place in the log: %w", err)
		}
	}
	return len(lines) > 0, nil
}

// reopen goes back to the place that was kept: what was read since is not
// recorded, or known by its id.
func (s *Source) reopen() {
	s.tail.Close()
	s.tail = nil
}

// open goes on at the place that was kept.
func (s *Source) open(ctx context.Context) error {
	var p place
	b, err := fs.ReadFile(s.cfg.Dir, s.cfg.Name+".json")
	if err == nil {
		if err = json.Unmarshal(b, &p); err == nil && p.Version != version {
			err = fmt.Errorf("its version is %d, want %d", p.Version, version)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("reading the place in the log: %w", err)
	case p.File != s.cfg.File: // another log, under the name of an old one
		p = place{}
	}
	if p.Version != 0 {
		if err := s.cfg.Parser.Restore(p.Parser); err != nil {
			return fmt.Errorf("reading the place in the log: %w", err)
		}
		if s.known, err = s.cfg.Imported(ctx, p.Record); err != nil {
			return fmt.Errorf("finding what was recorded since the place in the log was kept: %w", err)
		}
	} else {
		p.Record = s.cfg.Record.Size()
	}
	s.since = p.Record
	s.tail, err = tail.Open(tail.Config{Path: s.cfg.File, MaxLine: s.cfg.MaxLine, End: s.cfg.End && p.Version == 0}, p.Places)
	if err == nil && p.Version == 0 {
		err = s.keep() // so that what is written from now on is found after a crash
	}
	return err
}

// take records the events of lines.
func (s *Source) take(ctx context.Context, lines []tail.Line) error {
	p := s.cfg.Parser
	if !p.Known() {
		first := make([]string, len(lines))
		for i, l := range lines {
			first[i] = l.Text
		}
		if err := p.Detect(first); err != nil {
			return err
		}
		s.set(func(st *Status) { st.Form = p.Form() })
		s.cfg.Log.Info("the form of the log is known", "form", p.Form())
	}
	var events []*event.Event
	var skipped ingest.Skipped
	for _, l := range lines {
		e, err := p.Parse(l.Text)
		switch {
		case err != nil:
			skipped.Add(l.Number, err)
		case e == nil:
		case s.known[e.ID]:
			delete(s.known, e.ID)
		default:
			events = append(events, e)
		}
	}
	if len(events) > 0 {
		if err := s.cfg.Record.AppendAll(ctx, events); err != nil {
			return err
		}
	}
	s.caughtUp()
	s.set(func(st *Status) {
		st.Form = p.Form()
		st.Skipped += skipped.Count
		st.Problems = last(append(st.Problems, skipped.Problems...))
		st.Events += uint64(len(events))
		if len(events) > 0 {
			st.Read = time.Now()
		}
		for _, e := range events {
			if end := e.End(); end.After(st.Last) {
				st.Last = end
			}
		}
	})
	return nil
}

// caughtUp notes that all that is recorded of the log lies before the place, as
// soon as that is so: lines that are read again are recorded behind it.
func (s *Source) caughtUp() {
	if len(s.known) == 0 {
		s.known, s.since = nil, s.cfg.Record.Size()
	}
}

// last keeps the newest of a list.
func last[T any](list []T) []T {
	return list[max(0, len(list)-shown):]
}

// keep writes down the place behind the lines that were recorded.
func (s *Source) keep() error {
	b, err := json.Marshal(place{Version: version, File: s.cfg.File, Places: s.tail.Places(), Record: s.since, Parser: s.cfg.Parser.Memory()})
	if err != nil {
		return err
	}
	if err := disk.Replace(s.cfg.Dir, ".", s.cfg.Name+".json", b); err != nil {
		return err
	}
	s.dirty, s.kept = false, time.Now()
	return nil
}
