package live

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/state"
)

// steps are the tables of findings, in the file of internal/state.
//
// place is the count of findings of the engine of an epoch with this one: what
// is found again has the same. It is null while nothing is known of it: the
// engine was set back to before it, and has not found it again.
var steps = []string{`
CREATE TABLE findings (
	id       TEXT PRIMARY KEY,
	epoch    INTEGER NOT NULL,
	place    INTEGER,
	rule     TEXT NOT NULL,
	level    INTEGER NOT NULL, -- index in detect.Levels
	at       INTEGER NOT NULL, -- of the event that completed it, nanoseconds
	first    INTEGER NOT NULL, -- lowest number of an event of it, -1: of none in the ledger
	last     INTEGER NOT NULL, -- highest
	found    INTEGER NOT NULL, -- when, nanoseconds
	status   TEXT NOT NULL,    -- see Status
	body     TEXT NOT NULL     -- detect.Finding
) STRICT;
CREATE UNIQUE INDEX findings_order ON findings (epoch, place);
CREATE INDEX findings_rule ON findings (rule, at);
CREATE INDEX findings_at ON findings (at);
CREATE TABLE detection (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
`}

// Standing says what a finding is worth.
type Standing string

// The standings.
const (
	Current    Standing = "current"    // it holds
	Superseded Standing = "superseded" // it was made early, and is not found in the right order
	Erased     Standing = "erased"     // it holds; what was personal in it was erased
)

// Found is a finding with what is known of it.
type Found struct {
	Finding detect.Finding
	Seen    time.Time // when the event that completed it was seen to be sealed; zero: before this process started
	Found   time.Time // when it was found first
	History bool      // it was found in what was recorded before detection began
}

// Kept is a finding as it is kept.
type Kept struct {
	Place    uint64    `json:"place,omitempty"` // in the order of the epoch; 0: it has none now
	Epoch    uint64    `json:"epoch"`           // grows when detection begins anew
	Standing Standing  `json:"standing"`
	Found    time.Time `json:"found"`
	Finding  Line      `json:"finding"` // as a run over the ledger writes it
}

// Line is a [detect.Finding] as JSON.
type Line []byte

// MarshalJSON returns the bytes themselves.
func (l Line) MarshalJSON() ([]byte, error) { return l, nil }

// UnmarshalJSON keeps a copy of the bytes.
func (l *Line) UnmarshalJSON(b []byte) error {
	*l = append(Line{}, b...)
	return nil
}

// Of returns the type that is encoded.
func (l Line) Of() reflect.Type { return reflect.TypeFor[detect.Finding]() }

// Store keeps findings. It is safe for concurrent use; one follower writes.
type Store struct{ db *state.DB }

// OpenStore makes the tables if they are not there.
func OpenStore(ctx context.Context, db *state.DB) (*Store, error) {
	if err := db.Migrate(ctx, "findings", steps...); err != nil {
		return nil, err
	}
	return &Store{db}, nil
}

// value returns a number that is kept by name; 0: there is none.
func (s *Store) value(ctx context.Context, name string) (v int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT value FROM detection WHERE name = ?", name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

func setValue(tx *sql.Tx, name string, v int64) error {
	_, err := tx.Exec("INSERT INTO detection (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, v)
	return err
}

// encode writes a finding as gatebook rules run does.
func encode(f *detect.Finding) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(f); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// placed is a finding with its place.
type placed struct {
	Found
	place uint64
	body  string
}

// unknown returns those that were not found before.
func (s *Store) unknown(ctx context.Context, list []placed) ([]placed, error) {
	var out []placed
	for _, p := range list {
		var n int
		if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM findings WHERE id = ?", p.Finding.ID).Scan(&n); err != nil {
			return nil, err
		}
		if n == 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// put keeps findings at their places. One that was found before keeps what was
// erased in it, and when it was found.
func put(tx *sql.Tx, epoch uint64, list []placed) error {
	for _, p := range list {
		// Whatever is there was found before the engine was set back.
		if _, err := tx.Exec("UPDATE findings SET place = NULL WHERE epoch = ? AND place = ? AND id <> ?", epoch, p.place, p.Finding.ID); err != nil {
			return err
		}
		first, last := numbers(&p.Finding)
		_, err := tx.Exec(`INSERT INTO findings (id, epoch, place, rule, level, at, first, last, found, status, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, place = excluded.place,
			status = CASE status WHEN 'erased' THEN status ELSE excluded.status END, body = CASE status WHEN 'erased' THEN body ELSE excluded.body END`,
			p.Finding.ID, epoch, p.place, p.Finding.Rule, slices.Index(detect.Levels, p.Finding.Level), p.Finding.At.UnixNano(), first, last, p.Found.Found.UnixNano(), string(Current), p.body)
		if err != nil {
			return fmt.Errorf("keeping a finding: %w", err)
		}
	}
	return nil
}

// Keeps returns what keeps a finding that no follower made: a [Batch].Keep.
func (s *Store) Keeps(f detect.Finding, at time.Time) (func(*sql.Tx) error, error) {
	body, err := encode(&f)
	if err != nil {
		return nil, err
	}
	list := []placed{{Found{Finding: f, Found: at}, 1, body}}
	return func(tx *sql.Tx) error { return put(tx, 1, list) }, nil
}

func numbers(f *detect.Finding) (first, last int64) {
	first, last = -1, -1
	for _, r := range f.Events {
		if r.Number >= 0 && (first < 0 || r.Number < first) {
			first = r.Number
		}
		last = max(last, r.Number)
	}
	return first, last
}

// setBack forgets the places above one: the engine is set back to there.
func setBack(tx *sql.Tx, epoch, place uint64) error {
	_, err := tx.Exec("UPDATE findings SET place = NULL WHERE epoch = ? AND place > ?", epoch, place)
	return err
}

// supersede marks what was not found again.
func supersede(tx *sql.Tx, epoch uint64) error {
	_, err := tx.Exec("UPDATE findings SET status = ? WHERE epoch = ? AND place IS NULL", string(Superseded), epoch)
	return err
}

// Selection says which findings are wanted. Zero values do not restrict.
type Selection struct {
	Rule     string
	Level    string // this one or a higher one
	From, To time.Time
	About    []string // about one of these: values of the entity, but of none that comes from a payload
	All      bool     // also those that were superseded
	Newest   bool     // the newest first
	Epoch    uint64
	Place    uint64 // only those that come after this place in this epoch, in the order that is asked for; not with All
	Limit    int    // 0: 1,000
}

// List returns findings in the order in which they were found.
func (s *Store) List(ctx context.Context, sel Selection) ([]Kept, error) {
	where, args := []string{"1"}, []any{}
	add := func(cond string, v ...any) { where, args = append(where, cond), append(args, v...) }
	if sel.Rule != "" {
		add("rule = ?", sel.Rule)
	}
	if i := slices.Index(detect.Levels, sel.Level); i > 0 {
		add("level >= ?", i)
	}
	if !sel.From.IsZero() {
		add("at >= ?", sel.From.UnixNano())
	}
	if !sel.To.IsZero() {
		add("at < ?", sel.To.UnixNano())
	}
	if len(sel.About) > 0 {
		names, err := json.Marshal(sel.About)
		if err != nil {
			return nil, err
		}
		add("EXISTS (SELECT 1 FROM json_each(body, '$.entity') WHERE value ->> 'value' IN (SELECT value FROM json_each(?)) AND value ->> 'field' NOT LIKE 'payload.%')", string(names))
	}
	if !sel.All {
		add("place IS NOT NULL")
	}
	if sel.Epoch > 0 && sel.Newest {
		add("(epoch, place) < (?, ?)", sel.Epoch, sel.Place)
	} else if sel.Epoch > 0 {
		add("(epoch, place) > (?, ?)", sel.Epoch, sel.Place)
	}
	order := "epoch, place, at"
	if sel.Newest {
		order = "epoch DESC, place DESC, at DESC"
	}
	rows, err := s.db.QueryContext(ctx, "SELECT epoch, place, status, found, body FROM findings WHERE "+strings.Join(where, " AND ")+" ORDER BY "+order+" LIMIT ?", append(args, cmp.Or(sel.Limit, 1000))...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Kept{}
	for rows.Next() {
		var k Kept
		var place sql.NullInt64
		var found int64
		var body string
		if err := rows.Scan(&k.Epoch, &place, &k.Standing, &found, &body); err != nil {
			return nil, err
		}
		k.Place, k.Found, k.Finding = uint64(place.Int64), time.Unix(0, found).UTC(), Line(body)
		list = append(list, k)
	}
	return list, rows.Err()
}

// Get returns a finding by its id, or by the beginning of it if there is only
// one; [sql.ErrNoRows] if there is none.
func (s *Store) Get(ctx context.Context, id string) (*Kept, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT epoch, place, status, found, body FROM findings WHERE id >= ? AND id < ? LIMIT 2", id, id+"g")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Kept
	for rows.Next() {
		var k Kept
		var place sql.NullInt64
		var found int64
		var body string
		if err := rows.Scan(&k.Epoch, &place, &k.Standing, &found, &body); err != nil {
			return nil, err
		}
		k.Place, k.Found, k.Finding = uint64(place.Int64), time.Unix(0, found).UTC(), Line(body)
		list = append(list, k)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, sql.ErrNoRows
	}
	return &list[0], nil
}

// Tally is what is kept of a rule.
type Tally struct {
	Count uint64
	Last  time.Time // of the event that completed the newest
}

// Tallies counts the findings of each rule that are kept.
func (s *Store) Tallies(ctx context.Context) (map[string]Tally, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT rule, count(*), max(at) FROM findings WHERE place IS NOT NULL GROUP BY rule")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]Tally{}
	for rows.Next() {
		var rule string
		var n, at int64
		if err := rows.Scan(&rule, &n, &at); err != nil {
			return nil, err
		}
		out[rule] = Tally{uint64(n), time.Unix(0, at).UTC()}
	}
	return out, rows.Err()
}

// Redact changes the findings that match, and marks them as erased. It returns
// how many.
func (s *Store) Redact(ctx context.Context, match func(*detect.Finding) (bool, error), change func(*detect.Finding)) (int, error) {
	type row struct{ id, body string }
	var list []row
	rows, err := s.db.QueryContext(ctx, "SELECT id, body FROM findings WHERE status <> ?", string(Erased))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.body); err != nil {
			return 0, err
		}
		var f detect.Finding
		if err := json.Unmarshal([]byte(r.body), &f); err != nil {
			return 0, fmt.Errorf("finding %s: %w", r.id, err)
		}
		ok, err := match(&f)
		if err != nil {
			return 0, err
		}
		if !ok {
			continue
		}
		change(&f)
		if r.body, err = encode(&f); err != nil {
			return 0, err
		}
		list = append(list, r)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	rows.Close()
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		for _, r := range list {
			if _, err := tx.ExecContext(ctx, "UPDATE findings SET status = ?, body = ? WHERE id = ?", string(Erased), r.body, r.id); err != nil {
				return err
			}
		}
		return nil
	})
	return len(list), err
}

// Bounds of what is kept.
const (
	maxFindings = 200_000
	pruneBatch  = 1000
)

// prune deletes findings of before a time, and the oldest of the lowest level
// where there are too many. It returns how many it deleted, in steps, so that
// other writers are not kept waiting.
func (s *Store) prune(ctx context.Context, before time.Time) (deleted int64, err error) {
	for {
		var n int64
		err := s.db.Write(ctx, func(tx *sql.Tx) error {
			res, err := tx.Exec("DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE at < ? LIMIT ?)", before.UnixNano(), pruneBatch)
			if err != nil {
				return err
			}
			if n, err = res.RowsAffected(); err != nil || n > 0 {
				return err
			}
			var count int64
			if err := tx.QueryRow("SELECT count(*) FROM findings").Scan(&count); err != nil || count <= maxFindings {
				return err
			}
			res, err = tx.Exec("DELETE FROM findings WHERE id IN (SELECT id FROM findings ORDER BY level, at LIMIT ?)", min(pruneBatch, count-maxFindings))
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		deleted += n
		if err != nil || n == 0 {
			return deleted, err
		}
	}
}
