// Package state keeps the small things that change: accounts, sessions,
// incidents, silences, deliveries, measures. They are in one SQLite file.
//
// None of it is evidence: what was decided is sealed in the ledger before it
// is written here.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// DB is the file. Reading goes through the methods of [sql.DB], writing through
// [DB.Write]. It is safe for concurrent use.
type DB struct {
	*sql.DB         // for reading; a write through it fails
	writer  *sql.DB // one connection, so that writers queue here and not in SQLite
}

// Open opens the file, and makes it, readable by its owner only, if it is not
// there. A file that is damaged is an error that says so.
func Open(name string) (*DB, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	writer, err := connect(name, "rwc", 1)
	if err != nil {
		return nil, err
	}
	reader, err := connect(name, "ro", 4)
	if err != nil {
		writer.Close()
		return nil, err
	}
	db := &DB{reader, writer}
	if err := db.check(); err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return db, nil
}

func connect(name, mode string, connections int) (*sql.DB, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)",
		"journal_mode(wal)",
		"synchronous(full)",   // a committed change survives a power cut
		"secure_delete(on)",   // what is deleted is overwritten
		"foreign_keys(on)",    //
		"trusted_schema(off)", // a file made by others runs nothing
	}}
	if mode == "ro" {
		q["_pragma"] = []string{"busy_timeout(5000)", "query_only(on)", "trusted_schema(off)"}
		q.Del("_txlock")
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: name, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// check reads the whole file once: it is small, and an error now is better than
// one in the middle of something.
func (db *DB) check() error {
	var result string
	if err := db.writer.QueryRow("PRAGMA quick_check(1)").Scan(&result); err != nil {
		return fmt.Errorf("it cannot be read (%w): move it away to start with an empty one; accounts, incidents and deliveries in it are lost, evidence is not", err)
	}
	if result != "ok" {
		return fmt.Errorf("it is damaged (%s): move it away to start with an empty one; accounts, incidents and deliveries in it are lost, evidence is not", result)
	}
	_, err := db.writer.Exec("CREATE TABLE IF NOT EXISTS parts (name TEXT PRIMARY KEY, steps INTEGER NOT NULL) STRICT")
	return err
}

// ErrNewer is the error of a file that a newer Gatebook has written.
var ErrNewer = errors.New("the state was written by a newer Gatebook")

// Migrate runs those of the steps of a part, each SQL that may hold several
// statements, that did not run before, in their order and in one transaction.
// Steps are only ever added at the end.
func (db *DB) Migrate(ctx context.Context, part string, steps ...string) error {
	err := db.Write(ctx, func(tx *sql.Tx) error {
		done := 0
		err := tx.QueryRow("SELECT steps FROM parts WHERE name = ?", part).Scan(&done)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if done > len(steps) {
			return fmt.Errorf("%w: it is at step %d, and this one knows %d", ErrNewer, done, len(steps))
		}
		for i, step := range steps[done:] {
			if _, err := tx.Exec(step); err != nil {
				return fmt.Errorf("step %d: %w", done+i+1, err)
			}
		}
		_, err = tx.Exec("INSERT INTO parts (name, steps) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET steps = excluded.steps", part, len(steps))
		return err
	})
	if err != nil {
		return fmt.Errorf("state of %s: %w", part, err)
	}
	return nil
}

// Write runs change in a transaction, which is committed, and on the disk,
// when Write returns nil. After an error or a panic of change nothing has
// changed. Changes run one after the other: keep them short, and call neither
// Write nor anything slow in them.
func (db *DB) Write(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := db.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := change(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Purge makes sure that what was deleted is in no file any more: deleted rows
// are overwritten, but older pages stay in the write-ahead log for a while.
func (db *DB) Purge(ctx context.Context) error {
	var busy, logged, moved int
	if err := db.writer.QueryRowContext(ctx, "PRAGMA wal_checkpoint(truncate)").Scan(&busy, &logged, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("the state's log is in use: try again")
	}
	return nil
}

// Close closes the file.
func (db *DB) Close() error { return errors.Join(db.DB.Close(), db.writer.Close()) }
