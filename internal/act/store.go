package act

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatebook/gatebook/internal/policy"
)

// schema is the part "act" of the state file.
var schema = []string{`
CREATE TABLE act_read (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, next INTEGER NOT NULL) STRICT;
CREATE TABLE act_measures (id TEXT PRIMARY KEY, measure TEXT NOT NULL) STRICT;
`}

// keepEnded is how long a measure that has ended is listed. The record has it
// longer.
const keepEnded = 90 * 24 * time.Hour

// load returns what the state file holds: the measures, and the number of the
// first record that is not in them. Nothing is an empty file, or that of
// another ledger.
func (k *Keeper) load(ctx context.Context) (map[string]*kept, uint64, error) {
	list := make(map[string]*kept)
	if err := k.cfg.State.Migrate(ctx, "act", schema...); err != nil {
		return nil, 0, err
	}
	var origin string
	var next int64
	err := k.cfg.State.QueryRowContext(ctx, "SELECT origin, next FROM act_read").Scan(&origin, &next)
	if errors.Is(err, sql.ErrNoRows) || err == nil && origin != k.cfg.Origin {
		return list, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	rows, err := k.cfg.State.QueryContext(ctx, "SELECT measure FROM act_measures")
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, 0, err
		}
		m := new(kept)
		if err := json.Unmarshal([]byte(text), m); err != nil {
			return nil, 0, fmt.Errorf("a measure in the state file: %w", err)
		}
		if m.Text != "" {
			if m.Subject, err = policy.ParseSubject(m.Text); err != nil {
				return nil, 0, fmt.Errorf("measure %s in the state file: %w", m.ID, err)
			}
		}
		list[m.ID] = m
	}
	return list, uint64(next), rows.Err()
}

// save writes the measures that have changed, or all, and how far the record
// was read.
func (k *Keeper) save(ctx context.Context, all bool, changed ...*kept) error {
	if all {
		changed = slices.Collect(maps.Values(k.measures))
	}
	return k.cfg.State.Write(ctx, func(tx *sql.Tx) error {
		if all {
			if _, err := tx.Exec("DELETE FROM act_measures"); err != nil {
				return err
			}
		}
		for _, m := range changed {
			b, err := json.Marshal(m)
			if err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO act_measures (id, measure) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET measure = excluded.measure", m.ID, string(b)); err != nil {
				return err
			}
		}
		_, err := tx.Exec("INSERT INTO act_read (one, origin, next) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET origin = excluded.origin, next = excluded.next", k.cfg.Origin, int64(k.next))
		return err
	})
}
