package revoke

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// schema is the part "revoke" of the state file.
var schema = []string{`
CREATE TABLE revoke_read (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, next INTEGER NOT NULL) STRICT;
CREATE TABLE revoke_jobs (id TEXT PRIMARY KEY, job TEXT NOT NULL) STRICT;
`}

// keepEnded is how long a revocation that has ended is listed. The record has
// it longer.
const keepEnded = 90 * 24 * time.Hour

// load returns what the state file holds: the revocations, and the number of
// the first record that is not in them. Nothing is an empty file, or that of
// another ledger.
func (d *Desk) load(ctx context.Context) (map[string]*kept, uint64, error) {
	list := make(map[string]*kept)
	if err := d.cfg.State.Migrate(ctx, "revoke", schema...); err != nil {
		return nil, 0, err
	}
	var origin string
	var next int64
	err := d.cfg.State.QueryRowContext(ctx, "SELECT origin, next FROM revoke_read").Scan(&origin, &next)
	if errors.Is(err, sql.ErrNoRows) || err == nil && origin != d.cfg.Origin {
		return list, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	rows, err := d.cfg.State.QueryContext(ctx, "SELECT job FROM revoke_jobs")
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, 0, err
		}
		k := new(kept)
		if err := json.Unmarshal([]byte(text), k); err != nil {
			return nil, 0, fmt.Errorf("a revocation in the state file: %w", err)
		}
		list[k.ID] = k
	}
	return list, uint64(next), rows.Err()
}

// save writes revocations that have changed, or all, and how far the record was
// read.
func (d *Desk) save(ctx context.Context, all bool, changed ...*kept) error {
	if all {
		changed = slices.Collect(maps.Values(d.jobs))
	}
	return d.cfg.State.Write(ctx, func(tx *sql.Tx) error {
		if all {
			if _, err := tx.Exec("DELETE FROM revoke_jobs"); err != nil {
				return err
			}
		}
		for _, k := range changed {
			b, err := json.Marshal(k)
			if err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO revoke_jobs (id, job) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET job = excluded.job", k.ID, string(b)); err != nil {
				return err
			}
		}
		_, err := tx.Exec("INSERT INTO revoke_read (one, origin, next) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET origin = excluded.origin, next = excluded.next", d.cfg.Origin, int64(d.next))
		return err
	})
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
