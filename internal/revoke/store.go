package revoke

import (
	"context"
	"time"

	"github.com/gatebook/gatebook/internal/state"
)

// keepEnded is how long a revocation that has ended is listed. The record has
// it longer.
const keepEnded = 90 * 24 * time.Hour

// load opens the view of the revocations, and returns them and the number of
// the first record that is not in it.
func (d *Desk) load(ctx context.Context) (list map[string]*kept, next uint64, err error) {
	d.table, list, next, err = state.OpenView[kept](ctx, d.cfg.State, state.ViewConfig{Part: "revoke", Items: "revoke_jobs", Item: "job"}, d.cfg.Origin)
	return list, next, err
}

// save writes revocations that have changed, or all, and how far the record was
// read.
func (d *Desk) save(ctx context.Context, all bool, changed ...*kept) error {
	list := d.jobs
	if !all {
		list = make(map[string]*kept, len(changed))
		for _, k := range changed {
			list[k.ID] = k
		}
	}
	return d.table.Save(ctx, d.next, all, list)
}

// write saves, with mu held. After an error the next write saves all: the record
// has what is lost.
func (d *Desk) write(ctx context.Context, changed ...*kept) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := d.save(ctx, d.behind, changed...)
	if d.behind = err != nil; err != nil {
		d.cfg.Log.Error("the state file could not be written; revocations go on, and the record has them", "error", err)
	}
}
