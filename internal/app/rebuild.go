package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/internal/index"
)

// awaitIndex waits a little for the index to have caught up, so that a command
// that opens the data by itself finds what is there.
func (a *App) awaitIndex(ctx context.Context) {
	if a.follower == nil {
		return
	}
	limit, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for limit.Err() == nil {
		s := a.indexStatus()
		if s.Down.IsZero() && !s.Repairing && s.Indexed >= a.recorder.Size()-min(1, a.recorder.Size()) {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-limit.Done():
		}
	}
}

// RebuildIndex deletes the search index of a data directory on which no server
// runs, and makes it again from the ledger.
func RebuildIndex(ctx context.Context, data string, progress func(done, total uint64)) error {
	a, err := openLocal(data)
	if err != nil {
		return err
	}
	if a.supervisor == nil {
		return errors.New("this Gatebook runs no index of its own: delete the tenant of the remote one, and index/remote-cursor.json in the data directory")
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(run) }()
	for a.supervisor.Status().State != index.Ready && ctx.Err() == nil {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	err = a.follower.Rebuild(ctx, progress)
	cancel()
	if err = errors.Join(err, <-ended); err != nil {
		return fmt.Errorf("rebuilding the search index: %w", err)
	}
	return nil
}
