package act

import (
	"context"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/state"
)

// keepEnded is how long a measure that has ended is listed. The record has it
// longer.
const keepEnded = 90 * 24 * time.Hour

// load opens the view of the measures, and returns them and the number of the
// first record that is not in it.
func (k *Keeper) load(ctx context.Context) (map[string]*kept, uint64, error) {
	v, list, next, err := state.OpenView[kept](ctx, k.cfg.State, state.ViewConfig{Part: "act", Items: "act_measures", Item: "measure"}, k.cfg.Origin)
	if err != nil {
		return nil, 0, err
	}
	for _, m := range list {
		if m.Text == "" {
			continue
		}
		if m.Subject, err = policy.ParseSubject(m.Text); err != nil {
			return nil, 0, fmt.Errorf("measure %s in the state file: %w", m.ID, err)
		}
	}
	k.table = v
	return list, next, nil
}

// save writes the measures that have changed, or all, and how far the record
// was read.
func (k *Keeper) save(ctx context.Context, all bool, changed ...*kept) error {
	list := k.measures
	if !all {
		list = make(map[string]*kept, len(changed))
		for _, m := range changed {
			list[m.ID] = m
		}
	}
	return k.table.Save(ctx, k.next, all, list)
}
