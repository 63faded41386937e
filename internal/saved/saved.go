// Package saved keeps the searches that people saved: the query, its span of
// time and its columns, under a name.
//
// A search is its owner's alone, or shared with everyone who may search. It is
// no evidence. A query can name persons, so that searches are few, end when
// nobody used them for [Keep], and are found by the names in them for an
// erasure.
package saved

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/state"
)

// Search is what is saved. Empty members are as in a search that does not give
// them.
type Search struct {
	Name    string   `json:"name"`              // as its owner calls it; one search of a name for each owner, and one that is shared
	Query   string   `json:"query"`             // LogsQL
	From    string   `json:"from,omitempty"`    // as a search takes it: 24h, or RFC 3339; empty: the beginning
	To      string   `json:"to,omitempty"`      // the same; empty: now
	Order   string   `json:"order,omitempty"`   // newest or oldest; empty: newest
	Columns []string `json:"columns,omitempty"` // names of fields; empty: the usual ones
	Shared  bool     `json:"shared"`            // others may use it, too
}

// Entry is a search that is kept.
type Entry struct {
	ID string `json:"id"`
	Search
	Owner   string    `json:"owner"`         // who saved it
	Changed time.Time `json:"changed"`       // when it was saved or changed last
	Used    time.Time `json:"used,omitzero"` // the day on which it was used last; absent: never
}

// What is kept at most.
const (
	MaxOwn     = 200                  // for each owner
	MaxShared  = 500                  // by all owners
	MaxName    = 80                   // characters
	MaxQuery   = 8192                 // bytes
	MaxColumns = 60                   //
	Keep       = 365 * 24 * time.Hour // without use
)

// Errors of what cannot be done. What wraps [ErrInvalid] says what is wrong.
var (
	ErrNotFound = errors.New("there is no such saved search")
	ErrInvalid  = errors.New("the search cannot be saved")
	ErrExists   = errors.New("there is a saved search of this name")
)

// Store keeps the searches in a state. It is safe for concurrent use.
type Store struct {
	db  *state.DB
	now func() time.Time
}

var steps = []string{`
CREATE TABLE saved_searches (
	id      TEXT PRIMARY KEY,
	owner   TEXT NOT NULL,
	name    TEXT NOT NULL,
	shared  INTEGER NOT NULL,  -- 0 or 1
	changed INTEGER NOT NULL,  -- milliseconds since 1970
	used    INTEGER NOT NULL,
	body    TEXT NOT NULL,     -- Search
	UNIQUE (owner, name)
) STRICT;
CREATE UNIQUE INDEX saved_shared ON saved_searches (name) WHERE shared = 1;
`}

// Open opens the searches of a state. A nil now is time.Now.
func Open(ctx context.Context, db *state.DB, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	if err := db.Migrate(ctx, "saved", steps...); err != nil {
		return nil, err
	}
	s := &Store{db, now}
	return s, s.sweep(ctx)
}

// sweep deletes what nobody used for long.
func (s *Store) sweep(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM saved_searches WHERE max(changed, used) < ?", s.now().Add(-Keep).UnixMilli())
		return err
	})
}

// List returns the searches of an owner and those that are shared, by name.
func (s *Store) List(ctx context.Context, owner string) ([]Entry, error) {
	if err := s.sweep(ctx); err != nil {
		return nil, err
	}
	return s.query(ctx, "WHERE owner = ? OR shared = 1 ORDER BY name, owner", owner)
}

// Find returns the search with an id or a name that the owner may use. Their
// own comes before one that is shared.
func (s *Store) Find(ctx context.Context, owner, ref string) (*Entry, error) {
	list, err := s.query(ctx, "WHERE (id = ? OR name = ?) AND (owner = ? OR shared = 1) ORDER BY id = ? DESC, owner = ? DESC LIMIT 1", ref, ref, owner, ref, owner)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// Use notes that a search is used, once a day.
func (s *Store) Use(ctx context.Context, id string) error {
	day := s.now().UTC().Truncate(24 * time.Hour).UnixMilli()
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE saved_searches SET used = ? WHERE id = ? AND used < ?", day, id, day)
		return err
	})
}

// Check returns nil if a search can be saved as it is, and what is wrong with
// it otherwise.
func Check(x *Search) error {
	switch {
	case strings.TrimSpace(x.Name) != x.Name || x.Name == "" || utf8.RuneCountInString(x.Name) > MaxName || strings.ContainsFunc(x.Name, func(c rune) bool { return !unicode.IsPrint(c) }):
		return fmt.Errorf("%w: name: give it one of 1 to %d characters", ErrInvalid, MaxName)
	case len(x.Query) > MaxQuery:
		return fmt.Errorf("%w: query: it has %d bytes, the limit is %d", ErrInvalid, len(x.Query), MaxQuery)
	case len(x.From) > 40 || len(x.To) > 40:
		return fmt.Errorf("%w: from and to: give times, or durations before now", ErrInvalid)
	case x.Order != "" && x.Order != "newest" && x.Order != "oldest":
		return fmt.Errorf("%w: order: it is newest or oldest", ErrInvalid)
	case len(x.Columns) > MaxColumns || slices.ContainsFunc(x.Columns, func(c string) bool { return len(c) > 100 }):
		return fmt.Errorf("%w: columns: at most %d names of fields", ErrInvalid, MaxColumns)
	}
	return nil
}

// Add keeps a search of an owner. The error can be [ErrExists] or wrap
// [ErrInvalid].
func (s *Store) Add(ctx context.Context, owner string, x Search) (*Entry, error) {
	if err := Check(&x); err != nil {
		return nil, err
	}
	var random [6]byte
	rand.Read(random[:])
	e := &Entry{ID: "sea_" + hex.EncodeToString(random[:]), Search: x, Owner: owner, Changed: s.now().UTC().Truncate(time.Millisecond)}
	return e, s.put(ctx, e)
}

// Change replaces a search by another of the same owner.
func (s *Store) Change(ctx context.Context, e Entry, x Search) (*Entry, error) {
	if err := Check(&x); err != nil {
		return nil, err
	}
	e.Search, e.Changed = x, s.now().UTC().Truncate(time.Millisecond)
	return &e, s.put(ctx, &e)
}

func (s *Store) put(ctx context.Context, e *Entry) error {
	body, err := json.Marshal(e.Search)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		var same, own, shared int
		err := tx.QueryRowContext(ctx, `SELECT
			count(*) FILTER (WHERE name = ? AND (owner = ? OR (? AND shared = 1))), count(*) FILTER (WHERE owner = ?), count(*) FILTER (WHERE shared = 1)
			FROM saved_searches WHERE id <> ?`, e.Name, e.Owner, e.Shared, e.Owner, e.ID).Scan(&same, &own, &shared)
		switch {
		case err != nil:
			return err
		case same > 0:
			return ErrExists
		case own >= MaxOwn:
			return fmt.Errorf("%w: you have %d: delete some first", ErrInvalid, own)
		case e.Shared && shared >= MaxShared:
			return fmt.Errorf("%w: %d are shared: delete some first", ErrInvalid, shared)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO saved_searches (id, owner, name, shared, changed, used, body) VALUES (?, ?, ?, ?, ?, 0, ?)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, shared = excluded.shared, changed = excluded.changed, body = excluded.body`,
			e.ID, e.Owner, e.Name, e.Shared, e.Changed.UnixMilli(), string(body))
		return err
	})
}

// Remove deletes a search.
func (s *Store) Remove(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM saved_searches WHERE id = ?", id)
		return err
	})
}

// Naming returns how many searches, of whomever, have one of the names in their
// name or query, without regard to case; and removes them if that is asked for.
func (s *Store) Naming(ctx context.Context, names []string, remove bool) (int, error) {
	list, err := s.query(ctx, "")
	if err != nil {
		return 0, err
	}
	var ids []string
	for _, e := range list {
		text := strings.ToLower(e.Name + "\n" + e.Query)
		if slices.ContainsFunc(names, func(n string) bool { return n != "" && strings.Contains(text, strings.ToLower(n)) }) {
			ids = append(ids, e.ID)
		}
	}
	if !remove || len(ids) == 0 {
		return len(ids), nil
	}
	for _, id := range ids {
		if err := s.Remove(ctx, id); err != nil {
			return 0, err
		}
	}
	return len(ids), s.db.Purge(ctx)
}

func (s *Store) query(ctx context.Context, where string, args ...any) ([]Entry, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, owner, changed, used, body FROM saved_searches "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Entry{}
	for rows.Next() {
		var e Entry
		var changed, used int64
		var body string
		if err := rows.Scan(&e.ID, &e.Owner, &changed, &used, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &e.Search); err != nil {
			return nil, fmt.Errorf("saved search %s: %w", e.ID, err)
		}
		e.Changed = time.UnixMilli(changed).UTC()
		if used > 0 {
			e.Used = time.UnixMilli(used).UTC()
		}
		list = append(list, e)
	}
	return list, rows.Err()
}
