package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/internal/index"
)

// awaitViews waits a little for the index and the view of objects to have caught
// up, so that a command that opens the data by itself finds what is there.
func (a *App) awaitViews(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for limit.Err() == nil {
		enough := a.recorder.Size() - min(1, a.recorder.Size())
		ready := a.objects.Progress().Covered >= enough
		if a.follower != nil {
			s := a.indexStatus()
			ready = ready && s.Down.IsZero() && !s.Repairing && s.Indexed >= enough
		}
		if ready {
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
