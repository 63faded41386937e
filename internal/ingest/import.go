// Package ingest takes in what others have logged.
//
// What is imported is marked as such: capture.method is "import",
// capture.source the format. An event that was imported before, from this file
// or another, is not imported again.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Reader reads the records of one format. Next returns [io.EOF] after the last;
// after any other error nothing more can be read.
type Reader interface {
	Next() (*event.Event, error)
}

// Skipper is a [Reader] of a format whose records stand by themselves: one that
// cannot be read is left out, and said.
type Skipper interface {
	Reader
	// Form says in words which form the records have.
	Form() string
	// Skipped says what was left out so far.
	Skipped() Skipped
}

// Skipped says which records were left out.
type Skipped struct {
	Count    uint64
	Problems []Problem // of the first ones
}

// Problem is why a record was left out.
type Problem struct {
	Line   uint64 `json:"line"`   // its number in the file, from 1
	Reason string `json:"reason"` // the field, and what is wrong with it
}

// maxProblems is how many problems are told.
const maxProblems = 5

// Add notes a record that was left out.
func (s *Skipped) Add(line uint64, why error) {
	s.Count++
	if len(s.Problems) < maxProblems {
		s.Problems = append(s.Problems, Problem{line, why.Error()})
	}
}

// Config is what [Import] needs. Record is required.
type Config struct {
	// Record makes events durable, in their order.
	Record func(ctx context.Context, events []*event.Event) error
	// Known returns which of these are in the ledger already. nil: that cannot
	// be told, and whoever imports twice has events twice.
	Known func(ctx context.Context, ids []event.ID) (map[event.ID]bool, error)
}

// Result says what an import did. After an error it counts what was done
// before.
type Result struct {
	Events  uint64    `json:"events"`         // recorded
	Known   uint64    `json:"known"`          // not recorded, because they were before
	First   time.Time `json:"first,omitzero"` // time of the earliest event that was read
	Last    time.Time `json:"last,omitzero"`  // and of the latest
	Checked bool      `json:"checked"`        // it was looked whether events are known; else only within this import

	// Of formats whose records stand by themselves.
	Form     string    `json:"form,omitempty"`     // which form they have, in words
	Skipped  uint64    `json:"skipped,omitempty"`  // records that could not be read, and were left out
	Problems []Problem `json:"problems,omitempty"` // why, for the first of them
}

// batch is how many events are recorded at once.
const batch = 500

// Import records what r reads. An error names the record; those before it are
// recorded, so that the file can be mended and imported again.
func Import(ctx context.Context, cfg Config, r Reader) (Result, error) {
	res, err := importAll(ctx, cfg, r)
	if s, ok := r.(Skipper); ok {
		skipped := s.Skipped()
		res.Form, res.Skipped, res.Problems = s.Form(), skipped.Count, skipped.Problems
	}
	return res, err
}

func importAll(ctx context.Context, cfg Config, r Reader) (Result, error) {
	res := Result{Checked: cfg.Known != nil}
	seen := make(map[event.ID]struct{})
	for {
		var events []*event.Event
		var err error
		for len(events) < batch {
			var e *event.Event
			if e, err = r.Next(); err != nil {
				break
			}
			at := e.Arrived
			if res.First.IsZero() || at.Before(res.First) {
				res.First = at
			}
			if at.After(res.Last) {
				res.Last = at
			}
			if _, ok := seen[e.ID]; ok {
				res.Known++
				continue
			}
			seen[e.ID] = struct{}{}
			events = append(events, e)
		}
		if recorded := cfg.record(ctx, events, &res); recorded != nil {
			return res, recorded
		}
		if errors.Is(err, io.EOF) {
			return res, nil
		}
		if err != nil {
			return res, &readError{err}
		}
	}
}

// ErrRead is wrapped by errors of what is imported, as opposed to those of the
// record.
var ErrRead = errors.New("it cannot be read")

// readError is an error of a reader.
type readError struct{ error }

func (e *readError) Unwrap() error        { return e.error }
func (e *readError) Is(target error) bool { return target == ErrRead }

// record records those of a batch that are not known.
func (cfg *Config) record(ctx context.Context, events []*event.Event, res *Result) error {
	if len(events) == 0 {
		return ctx.Err()
	}
	if cfg.Known != nil {
		ids := make([]event.ID, len(events))
		for i, e := range events {
			ids[i] = e.ID
		}
		known, err := cfg.Known(ctx, ids)
		if err != nil {
			return fmt.Errorf("it cannot be told which events are known: %w", err)
		}
		fresh := events[:0]
		for _, e := range events {
			if known[e.ID] {
				res.Known++
				continue
			}
			fresh = append(fresh, e)
		}
		events = fresh
	}
	if len(events) == 0 {
		return nil
	}
	if err := cfg.Record(ctx, events); err != nil {
		return err
	}
	res.Events += uint64(len(events))
	return nil
}
