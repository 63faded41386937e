package deliver

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
)

// steps make the tables, for [state.DB.Migrate]. Times are milliseconds of
// Unix time.
var steps = []string{`
CREATE TABLE deliveries (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	receiver TEXT NOT NULL,
	key      TEXT NOT NULL,    -- Message.ID
	incident TEXT NOT NULL,    -- empty: a digest or summary
	change   TEXT NOT NULL,    -- of the notice, or the kind of message
	severity TEXT NOT NULL,
	state    TEXT NOT NULL,    -- pending, delivered, dead
	folded   INTEGER,          -- the delivery that carries this one
	created  INTEGER NOT NULL,
	since    INTEGER NOT NULL, -- from when on it counts as failing for too long
	due      INTEGER NOT NULL, -- when it is tried next
	attempts INTEGER NOT NULL,
	ended    INTEGER NOT NULL, -- when it was delivered or became dead; 0: neither
	error    TEXT NOT NULL,    -- of the last attempt
	body     BLOB,             -- the Message as JSON; NULL once it is delivered
	UNIQUE (receiver, key)
) STRICT;
CREATE INDEX deliveries_pending ON deliveries (receiver, id) WHERE state = 'pending';
CREATE INDEX deliveries_order ON deliveries (receiver, incident, id) WHERE state = 'pending';
CREATE INDEX deliveries_folded ON deliveries (folded) WHERE folded IS NOT NULL;
CREATE INDEX deliveries_ended ON deliveries (state, ended);
CREATE INDEX deliveries_incident ON deliveries (incident);
CREATE TABLE firing (
	receiver TEXT NOT NULL,
	incident TEXT NOT NULL,
	since    INTEGER NOT NULL,
	body     BLOB NOT NULL, -- the newest Message as JSON
	PRIMARY KEY (receiver, incident)
) STRICT;
`}

// State is how far a delivery is.
type State string

// The states.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Dead      State = "dead"
)

// Bounds of what is kept.
const (
	keepDelivered = 7 * 24 * time.Hour  // without content; until then a notice is known if it comes again
	keepDead      = 30 * 24 * time.Hour // with content
	keepFiring    = 30 * 24 * time.Hour
	maxDead       = 10_000 // of all receivers
	maxFiring     = 5_000  // of one receiver
	maxFold       = 5_000  // deliveries in one message
)

func ms(t time.Time) int64 { return t.UnixMilli() }

func fromMS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// insert adds a pending delivery, unless the receiver has one with this key.
func insert(tx *sql.Tx, receiver string, m *Message, now, due time.Time) (id int64, added bool, err error) {
	body, err := json.Marshal(m)
	if err != nil {
		return 0, false, err
	}
	incident, change := "", string(m.Kind)
	if n := m.Single(); n != nil {
		incident, change = n.Incident, string(n.Change)
	}
	res, err := tx.Exec(`INSERT INTO deliveries (receiver, key, incident, change, severity, state, created, since, due, attempts, ended, error, body)
		VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, ?, 0, 0, '', ?) ON CONFLICT (receiver, key) DO NOTHING`,
		receiver, m.ID, incident, change, m.Severity(), ms(now), ms(now), ms(due), body)
	if err != nil {
		return 0, false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return 0, false, err
	}
	id, err = res.LastInsertId()
	return id, true, err
}

// errFull is what a delivery says that became dead because others came after
// it.
const errFull = "too many deliveries were waiting for this receiver"

// trim makes the oldest pending deliveries dead while there are more than most.
func trim(tx *sql.Tx, receiver string, most int, now time.Time) error {
	var last int64
	err := tx.QueryRow("SELECT id FROM deliveries WHERE receiver = ? AND state = 'pending' ORDER BY id DESC LIMIT 1 OFFSET ?", receiver, most).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE deliveries SET state = 'dead', folded = NULL, ended = ?, error = ? WHERE receiver = ? AND state = 'pending' AND id <= ?", ms(now), errFull, receiver, last)
	return err
}

// job is a delivery on its way.
type job struct {
	id       int64
	incident string
	attempts int
	since    time.Time
	m        *Message
}

// due returns at most limit deliveries that may be sent now, oldest first, and
// never one of an incident of which an earlier one is pending.
func (o *Outbox) due(ctx context.Context, receiver string, now time.Time, limit int) ([]job, error) {
	rows, err := o.cfg.DB.QueryContext(ctx, `SELECT id, incident, attempts, since, body FROM deliveries AS d
		WHERE receiver = ? AND state = 'pending' AND folded IS NULL AND due <= ? AND (incident = '' OR NOT EXISTS
			(SELECT 1 FROM deliveries AS e WHERE e.receiver = d.receiver AND e.incident = d.incident AND e.state = 'pending' AND e.id < d.id))
		ORDER BY id LIMIT ?`, receiver, ms(now), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []job
	for rows.Next() {
		var j job
		var since int64
		var body []byte
		if err := rows.Scan(&j.id, &j.incident, &j.attempts, &since, &body); err != nil {
			return nil, err
		}
		j.since, j.m = fromMS(since), new(Message)
		if err := json.Unmarshal(body, j.m); err != nil {
			return nil, fmt.Errorf("delivery %d: %w", j.id, err)
		}
		list = append(list, j)
	}
	return list, rows.Err()
}

// waiting says how many deliveries of a receiver are pending and in no other,
// and when the next of them becomes due; zero: all that are not on their way
// are due.
func (o *Outbox) waiting(ctx context.Context, receiver string, now time.Time) (n int, due time.Time, err error) {
	var next sql.NullInt64
	err = o.cfg.DB.QueryRowContext(ctx, "SELECT count(*), min(due) FILTER (WHERE due > ?) FROM deliveries WHERE receiver = ? AND state = 'pending' AND folded IS NULL", ms(now), receiver).Scan(&n, &next)
	return n, fromMS(next.Int64), err
}

// ripe reports whether several notices of a receiver wait, and the first of them
// is due.
func (o *Outbox) ripe(ctx context.Context, receiver string, now time.Time) (bool, error) {
	var n int
	var due sql.NullInt64
	err := o.cfg.DB.QueryRowContext(ctx, "SELECT count(*), min(due) FROM deliveries WHERE receiver = ? AND state = 'pending' AND folded IS NULL AND incident <> ''", receiver).Scan(&n, &due)
	return n > 1 && due.Int64 <= ms(now), err
}

// settled writes that the receiver accepted j, and what it carried.
func settled(tx *sql.Tx, receiver string, firer bool, j *job, now time.Time) error {
	_, err := tx.Exec("UPDATE deliveries SET state = 'delivered', ended = ?, attempts = attempts + 1, error = '', body = NULL WHERE id = ? AND state = 'pending'", ms(now), j.id)
	if err == nil {
		_, err = tx.Exec("UPDATE deliveries SET state = 'delivered', ended = ?, error = '', body = NULL WHERE folded = ? AND state = 'pending'", ms(now), j.id)
	}
	n := j.m.Single()
	if err != nil || !firer || n == nil || n.Test {
		return err
	}
	if n.State.Over() {
		_, err = tx.Exec("DELETE FROM firing WHERE receiver = ? AND incident = ?", receiver, n.Incident)
		return err
	}
	body, err := json.Marshal(j.m)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO firing (receiver, incident, since, body) VALUES (?, ?, ?, ?) ON CONFLICT (receiver, incident) DO UPDATE SET body = excluded.body, since = excluded.since",
		receiver, n.Incident, ms(now), body)
	if err == nil {
		_, err = tx.Exec("DELETE FROM firing WHERE receiver = ? AND incident IN (SELECT incident FROM firing WHERE receiver = ? ORDER BY since DESC LIMIT -1 OFFSET ?)", receiver, receiver, maxFiring)
	}
	return err
}

// failed writes that an attempt failed. A zero due means that it is dead.
func failed(tx *sql.Tx, id int64, reason string, due, now time.Time) error {
	if due.IsZero() {
		_, err := tx.Exec("UPDATE deliveries SET state = 'dead', ended = ?, attempts = attempts + 1, error = ? WHERE id = ? AND state = 'pending'", ms(now), reason, id)
		if err == nil {
			_, err = tx.Exec("UPDATE deliveries SET state = 'dead', ended = ?, error = ? WHERE folded = ? AND state = 'pending'", ms(now), reason, id)
		}
		return err
	}
	_, err := tx.Exec("UPDATE deliveries SET due = ?, attempts = attempts + 1, error = ? WHERE id = ? AND state = 'pending'", ms(due), reason, id)
	return err
}

// foldPending puts the pending deliveries of a receiver into one, and returns
// how many there were. One alone is left as it is. In one of a receiver with a
// lifecycle, the ends of incidents stay out: it would keep these open.
func foldPending(tx *sql.Tx, r *Receiver, kind Kind, now time.Time) (int, error) {
	where := "receiver = ? AND state = 'pending' AND folded IS NULL AND incident <> ''"
	if r.Lifecycle {
		where += fmt.Sprintf(" AND change NOT IN ('%s', '%s')", alert.Taken, alert.Closed)
	}
	rows, err := tx.Query("SELECT id, body FROM deliveries WHERE "+where+" ORDER BY id LIMIT ?", r.Name, maxFold)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var members []*Message
	var last int64
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&last, &body); err != nil {
			return 0, err
		}
		m := new(Message)
		if err := json.Unmarshal(body, m); err != nil {
			return 0, fmt.Errorf("delivery %d: %w", last, err)
		}
		for i := range m.Notices { // what the list does not show need not be held
			n := &m.Notices[i]
			n.Findings, n.More = nil, n.More+len(n.Findings)
		}
		members = append(members, m)
	}
	if err := rows.Err(); err != nil || len(members) < 2 {
		return len(members), err
	}
	rows.Close()
	id, added, err := insert(tx, r.Name, fold(kind, members, now), now, now)
	if err == nil && !added {
		err = errors.New("the same deliveries were folded before")
	}
	if err == nil {
		_, err = tx.Exec("UPDATE deliveries SET folded = ? WHERE "+where+" AND id <= ?", id, r.Name, last)
	}
	return len(members), err
}

// firing returns the newest message of each incident that a receiver is to be
// told of until it is over.
func (o *Outbox) firing(ctx context.Context, receiver string) ([]*Message, error) {
	rows, err := o.cfg.DB.QueryContext(ctx, "SELECT body FROM firing WHERE receiver = ? ORDER BY since, incident", receiver)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []*Message
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		m := new(Message)
		if err := json.Unmarshal(body, m); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// prune deletes what was kept for long enough.
func (o *Outbox) prune(ctx context.Context, now time.Time) error {
	return o.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM deliveries WHERE state = 'delivered' AND ended < ?", ms(now.Add(-keepDelivered)))
		if err == nil {
			_, err = tx.Exec("DELETE FROM deliveries WHERE state = 'dead' AND (ended < ? OR id <= (SELECT id FROM deliveries WHERE state = 'dead' ORDER BY id DESC LIMIT 1 OFFSET ?))", ms(now.Add(-keepDead)), maxDead)
		}
		if err == nil {
			_, err = tx.Exec("DELETE FROM firing WHERE since < ?", ms(now.Add(-keepFiring)))
		}
		return err
	})
}

// forget deletes all deliveries of the incidents, and takes them out of those
// that carry several.
func forget(tx *sql.Tx, incidents []string) error {
	for _, x := range incidents {
		if _, err := tx.Exec("DELETE FROM deliveries WHERE incident = ?", x); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM firing WHERE incident = ?", x); err != nil {
			return err
		}
	}
	rows, err := tx.Query("SELECT id, body FROM deliveries WHERE incident = '' AND body IS NOT NULL")
	if err != nil {
		return err
	}
	defer rows.Close()
	changed := make(map[int64][]byte)
	for rows.Next() {
		var id int64
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return err
		}
		var m Message
		if err := json.Unmarshal(body, &m); err != nil {
			return fmt.Errorf("delivery %d: %w", id, err)
		}
		before := len(m.Notices)
		m.Notices = slices.DeleteFunc(m.Notices, func(n alert.Notice) bool { return slices.Contains(incidents, n.Incident) })
		if len(m.Notices) == before {
			continue
		}
		if changed[id], err = json.Marshal(&m); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	for id, body := range changed {
		if _, err := tx.Exec("UPDATE deliveries SET body = ? WHERE id = ?", body, id); err != nil {
			return err
		}
	}
	return nil
}

// minimise takes what is personal out of all content that is kept, and returns
// of how many rows.
func minimise(tx *sql.Tx, pseudonym func(field, value string) string) (n int, err error) {
	for _, table := range []string{"deliveries", "firing"} {
		rows, err := tx.Query("SELECT rowid, body FROM " + table + " WHERE body IS NOT NULL")
		if err != nil {
			return n, err
		}
		defer rows.Close()
		changed := make(map[int64][]byte)
		for rows.Next() {
			var id int64
			var body []byte
			if err := rows.Scan(&id, &body); err != nil {
				return n, err
			}
			var m Message
			if err := json.Unmarshal(body, &m); err != nil {
				return n, fmt.Errorf("%s, row %d: %w", table, id, err)
			}
			for i, x := range m.Notices {
				m.Notices[i] = reduce(x, pseudonym)
			}
			after, err := json.Marshal(&m)
			if err != nil {
				return n, err
			}
			if !bytes.Equal(after, body) {
				changed[id] = after
			}
		}
		if err := rows.Err(); err != nil {
			return n, err
		}
		rows.Close()
		for id, body := range changed {
			if _, err := tx.Exec("UPDATE "+table+" SET body = ? WHERE rowid = ?", body, id); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
