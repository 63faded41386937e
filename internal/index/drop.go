package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// drop is a request to delete data of the index.
type drop struct {
	match func(day string) bool // days to delete; nil: everything, for good
	done  chan error
}

// Drop deletes all data of the index and starts an empty engine. It needs Run.
func (s *Supervisor) Drop(ctx context.Context) error { return s.request(ctx, nil) }

// DropDays deletes the data of all days (YYYYMMDD, UTC) for which match says
// so, also what was put aside of them, and notes them as damaged, so that they
// are filled again from the ledger. It needs Run. The engine is restarted, if
// there is anything to delete.
func (s *Supervisor) DropDays(ctx context.Context, match func(day string) bool) error {
	return s.request(ctx, match)
}

func (s *Supervisor) request(ctx context.Context, match func(day string) bool) error {
	d := drop{match, make(chan error, 1)}
	select {
	case s.drops <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-d.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Supervisor) partitions() string { return filepath.Join(s.storage(), "partitions") }

// days returns the names in a directory that begin with a day that is meant.
func (d *drop) days(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if day, _, _ := strings.Cut(e.Name(), "-"); len(day) == len("20060102") && d.match(day) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// needed reports whether there may be anything to delete.
func (d *drop) needed(s *Supervisor) bool {
	if d.match == nil {
		return true
	}
	for _, dir := range []string{s.partitions(), filepath.Join(s.cfg.Dir, quarantineDir)} {
		if names, err := d.days(dir); err != nil || len(names) > 0 {
			return true
		}
	}
	return false
}

// do deletes. The engine does not run.
func (d *drop) do(s *Supervisor) error {
	if d.match == nil {
		return s.dropAll()
	}
	days, err := d.days(s.partitions())
	if err != nil {
		return fmt.Errorf("deleting days of the index: %w", err)
	}
	// First written down, so that they are filled again even if we are killed
	// in between.
	s.mu.Lock()
	for _, day := range days {
		err = errors.Join(err, s.damaged.add(day))
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, dir := range []string{s.partitions(), filepath.Join(s.cfg.Dir, quarantineDir)} {
		names, err := d.days(dir)
		for _, name := range names {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
		}
		if err == nil && len(names) > 0 {
			err = syncDir(dir)
		}
		if err != nil {
			return fmt.Errorf("deleting days of the index: %w", err)
		}
	}
	s.log.Info("days of the index were deleted; they are filled again from the ledger", "days", days)
	return nil
}

func (s *Supervisor) dropAll() error {
	for _, dir := range []string{s.storage(), filepath.Join(s.cfg.Dir, quarantineDir)} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("deleting the index: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.damaged.remove(s.damaged.days())
}

func syncDir(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// ErrRemote is the error of what cannot be done with an index that Gatebook
// does not run itself.
var ErrRemote = errors.New("the search index is a remote one, of which nothing can be deleted from here")

// Forget makes the index forget what was erased from the ledger: it deletes
// the days (2006-01-02, UTC) for which match says so, and has them added again
// as the ledger has them now. Call it when the ledger's source gives the
// erased no more. When it returns, nothing that was read from the ledger
// before is in the index, or on its way to it; what is not erased is found
// again little by little, while [Progress].Repairing is true. Run must be
// running. With a remote index the error is [ErrRemote].
func (f *Follower) Forget(ctx context.Context, match func(day string) bool) error {
	if f.cfg.Engine == nil {
		return ErrRemote
	}
	f.work.Lock()
	defer f.work.Unlock()
	if stop := f.interrupt.Load(); stop != nil {
		(*stop)()
	}
	f.repairs.Lock()
	defer f.repairs.Unlock()
	return f.cfg.Engine.DropDays(ctx, dashed(match))
}

// dashed makes a match of days as the engine writes them of one of days as
// people do.
func dashed(match func(day string) bool) func(day string) bool {
	return func(day string) bool { return match(day[:4] + "-" + day[4:6] + "-" + day[6:]) }
}

// ForgetFiles deletes days from the files of an index in dir that nobody runs;
// should one be run again, they are filled again. Nothing is done if there is
// none.
func ForgetFiles(dir string, match func(day string) bool) error {
	s := &Supervisor{cfg: SupervisorConfig{Dir: dir}, log: slog.New(slog.DiscardHandler)}
	d := drop{match: dashed(match)}
	if !d.needed(s) {
		return nil
	}
	var err error
	if s.damaged, err = openDamage(dir); err != nil {
		return err
	}
	return d.do(s)
}
