package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gatebook/gatebook/event"
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

// Follower keeps a catalog in step with a ledger.
type Follower struct {
	catalog *Catalog
	feed    Feed
	ledger  *ledger.Ledger
	path    string
	origin  string
	log     *slog.Logger
	saved   uint64
}

// FollowerConfig says what to follow.
type FollowerConfig struct {
	Catalog *Catalog
	Feed    Feed
	Ledger  *ledger.Ledger
	Path    string // of the snapshot; its folder is made
	Origin  string // of the ledger
	Log     *slog.Logger
}

// NewFollower takes up the snapshot, if there is one that fits. One that does
// not is left out, and the catalog is made again from the ledger.
func NewFollower(cfg FollowerConfig) (*Follower, error) {
	f := &Follower{cfg.Catalog, cfg.Feed, cfg.Ledger, cfg.Path, cfg.Origin, cfg.Log, 0}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the catalog: %w", err)
	}
	err = f.catalog.Load(b, f.origin)
	if err == nil && f.catalog.Next() > f.feed.Size() {
		err = fmt.Errorf("%w: it is of a longer ledger", ErrSnapshot)
		f.catalog.reset()
	}
	if err != nil {
		f.log.Warn("making the catalog again from the ledger", "reason", err)
	}
	f.saved = f.catalog.Next()
	return f, nil
}

const (
	batch     = 4096             // records that are read at a time
	saveEvery = 60 * time.Second // how often a catalog that changed is saved
)

// retryAfter is how long a follower waits that could not read the ledger.
const retryAfter = 30 * time.Second

// Run follows the ledger until ctx ends, and saves the catalog now and then and
// at the end. Where it cannot read the ledger it stays, says so in the log, and
// tries again: a view that has stopped must not stop the record.
func (f *Follower) Run(ctx context.Context) error {
	last := time.Now()
	for {
		next := f.catalog.Next()
		size, err := f.feed.Wait(ctx, next)
		if err != nil {
			return errors.Join(f.save(), ignoreEnd(ctx, err))
		}
		if err := f.advance(ctx, next, min(size, next+batch)); err != nil {
			if ctx.Err() == nil {
				f.log.Error("the catalog cannot go on; it will be tried again", "record", f.catalog.Next(), "error", err)
			}
			select {
			case <-time.After(retryAfter):
			case <-ctx.Done():
				return f.save()
			}
		}
		if time.Since(last) >= saveEvery {
			if err := f.save(); err != nil {
				f.log.Error("the catalog could not be saved; it will be tried again", "error", err)
			}
			last = time.Now()
		}
	}
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// advance adds the records [from, to). One that cannot be decoded is left out:
// whoever shows it says what is wrong with it.
func (f *Follower) advance(ctx context.Context, from, to uint64) error {
	if f.ledger.Size() < to {
		if err := f.ledger.Refresh(); err != nil {
			return err
		}
	}
	return f.ledger.Headers(from, to, func(n uint64, header []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := event.DecodeHeader(header)
		if err != nil {
			f.log.Warn("an event is left out of the catalog", "number", n, "error", err)
			h = new(event.Header)
		}
		f.catalog.Add(n, h)
		return nil
	})
}

// CatchUp adds what is in the ledger now.
func (f *Follower) CatchUp(ctx context.Context) error {
	for {
		next, size := f.catalog.Next(), f.feed.Size()
		if next >= size {
			return nil
		}
		if err := f.advance(ctx, next, min(size, next+batch)); err != nil {
			return err
		}
	}
}

// save writes the snapshot, if there is anything new in it.
func (f *Follower) save() error {
	next := f.catalog.Next()
	if next == f.saved {
		return nil
	}
	b, err := f.catalog.Save(f.origin)
	if err != nil {
		return err
	}
	if err := os.WriteFile(f.path+".tmp", b, 0o600); err != nil {
		return fmt.Errorf("saving the catalog: %w", err)
	}
	if err := os.Rename(f.path+".tmp", f.path); err != nil {
		return fmt.Errorf("saving the catalog: %w", err)
	}
	f.saved = next
	return nil
}
