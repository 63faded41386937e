package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// View is what a part keeps of the record's decisions: items by id, each as
// JSON, and how far the record was read for them. It is no evidence: what is
// lost is read from the record again. Its methods are safe for concurrent use.
type View[T any] struct {
	db     *DB
	cfg    ViewConfig
	origin string
}

// ViewConfig says where a view is in the file. All of it is required, and is
// part of the program: none of it comes from outside.
type ViewConfig struct {
	Part  string // name of the part; how far was read is in the table PART_read
	Items string // table of the items
	Item  string // its column with an item
}

// OpenView makes the tables of a view if they are not there, and returns what
// it holds: the items, and the number of the first record that is not in them.
// Nothing is an empty view, or that of another ledger than origin.
func OpenView[T any](ctx context.Context, db *DB, cfg ViewConfig, origin string) (*View[T], map[string]*T, uint64, error) {
	err := db.Migrate(ctx, cfg.Part, fmt.Sprintf(`
CREATE TABLE %s_read (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, next INTEGER NOT NULL) STRICT;
CREATE TABLE %s (id TEXT PRIMARY KEY, %s TEXT NOT NULL) STRICT;
`, cfg.Part, cfg.Items, cfg.Item))
	if err != nil {
		return nil, nil, 0, err
	}
	v := &View[T]{db, cfg, origin}
	items, next, err := v.load(ctx)
	return v, items, next, err
}

func (v *View[T]) load(ctx context.Context) (map[string]*T, uint64, error) {
	items := make(map[string]*T)
	var origin string
	var next int64
	err := v.db.QueryRowContext(ctx, fmt.Sprintf("SELECT origin, next FROM %s_read", v.cfg.Part)).Scan(&origin, &next)
	if errors.Is(err, sql.ErrNoRows) || err == nil && origin != v.origin {
		return items, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	rows, err := v.db.QueryContext(ctx, fmt.Sprintf("SELECT id, %s FROM %s", v.cfg.Item, v.cfg.Items))
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, 0, err
		}
		item := new(T)
		if err := json.Unmarshal([]byte(text), item); err != nil {
			return nil, 0, fmt.Errorf("state of %s: %s: %w", v.cfg.Part, id, err)
		}
		items[id] = item
	}
	return items, uint64(next), rows.Err()
}

// Save writes items that have changed, by id, and how far the record was read;
// all means that they are all there are, and others go.
func (v *View[T]) Save(ctx context.Context, next uint64, all bool, items map[string]*T) error {
	put := fmt.Sprintf("INSERT INTO %s (id, %s) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET %[2]s = excluded.%[2]s", v.cfg.Items, v.cfg.Item)
	return v.db.Write(ctx, func(tx *sql.Tx) error {
		if all {
			if _, err := tx.Exec("DELETE FROM " + v.cfg.Items); err != nil {
				return err
			}
		}
		for id, item := range items {
			b, err := json.Marshal(item)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(put, id, string(b)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(fmt.Sprintf("INSERT INTO %s_read (one, origin, next) VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET origin = excluded.origin, next = excluded.next", v.cfg.Part), v.origin, int64(next))
		return err
	})
}
