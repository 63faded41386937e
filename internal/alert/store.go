package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// steps are the tables of incidents, in the file of internal/state. Bodies are
// JSON: what is searched by stands beside them.
var steps = []string{`
CREATE TABLE incidents (
	id       TEXT PRIMARY KEY,
	subject  TEXT NOT NULL,    -- see keyOf
	state    TEXT NOT NULL,
	severity INTEGER NOT NULL, -- index in detect.Levels
	changed  INTEGER NOT NULL, -- nanoseconds
	body     TEXT NOT NULL     -- Incident
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (subject) WHERE state IN ('open', 'acknowledged');
CREATE INDEX incidents_changed ON incidents (changed);
CREATE TABLE incident_findings (
	finding  TEXT PRIMARY KEY,
	incident TEXT NOT NULL,    -- empty: it is in none yet
	subject  TEXT NOT NULL,
	at       INTEGER NOT NULL,
	standing TEXT NOT NULL,    -- live.Standing
	body     TEXT NOT NULL     -- detect.Finding
) STRICT;
CREATE INDEX incident_findings_incident ON incident_findings (incident, at);
CREATE INDEX incident_findings_subject ON incident_findings (subject, at);
CREATE TABLE incident_log (
	id       INTEGER PRIMARY KEY,
	incident TEXT NOT NULL,
	body     TEXT NOT NULL     -- Entry
) STRICT;
CREATE INDEX incident_log_incident ON incident_log (incident);
CREATE TABLE silences (
	id    TEXT PRIMARY KEY,
	until INTEGER NOT NULL,
	body  TEXT NOT NULL        -- Silence
) STRICT;
`}

// Entry is what happened to an incident.
type Entry struct {
	At       time.Time `json:"at"`
	What     string    `json:"what"`               // a [Change], "assigned", "note", "superseded"
	By       string    `json:"by,omitempty"`       // empty: Gatebook itself
	Text     string    `json:"text,omitempty"`     // reason or note, in their words
	Decision uint64    `json:"decision,omitempty"` // record by which it was decided; 0: it is no decision
	Findings []string  `json:"findings,omitempty"` // ids
	Severity string    `json:"severity,omitempty"` // after it
	Assignee string    `json:"assignee,omitempty"` // after it
	State    State     `json:"state,omitempty"`    // after it
	Erased   bool      `json:"erased,omitempty"`   // the text was erased
}

// querier is a [sql.DB] or a [sql.Tx].
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// bodies decodes the first column of all rows.
func bodies[T any](ctx context.Context, q querier, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		var v T
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return nil, fmt.Errorf("state of incidents: %w", err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// openOf returns the open incident of a subject, or nil.
func openOf(ctx context.Context, q querier, subject string) (*Incident, error) {
	list, err := bodies[Incident](ctx, q, "SELECT body FROM incidents WHERE subject = ? AND state IN ('open', 'acknowledged')", subject)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// errNoIncident is the error of an incident that is not there.
var errNoIncident = errors.New("there is no such incident")

// incident returns an incident by its id, or by the beginning of it if there
// is only one, with the key of its subject.
func incident(ctx context.Context, q querier, id string) (*Incident, string, error) {
	if !strings.HasPrefix(id, "inc_") {
		id = "inc_" + id
	}
	rows, err := q.QueryContext(ctx, "SELECT subject, body FROM incidents WHERE id >= ? AND id < ? LIMIT 2", id, id+"g")
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	var found []Incident
	var key string
	for rows.Next() {
		var body string
		var i Incident
		if err := rows.Scan(&key, &body); err != nil {
			return nil, "", err
		}
		if err := json.Unmarshal([]byte(body), &i); err != nil {
			return nil, "", fmt.Errorf("state of incidents: %w", err)
		}
		found = append(found, i)
	}
	if err := rows.Err(); err != nil {
		return nil, "", err
	}
	if len(found) != 1 {
		return nil, "", errNoIncident
	}
	return &found[0], key, nil
}

func putIncident(ctx context.Context, tx *sql.Tx, i *Incident, subject string) error {
	body, err := json.Marshal(i)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO incidents (id, subject, state, severity, changed, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, severity = excluded.severity, changed = excluded.changed, body = excluded.body`,
		i.ID, subject, string(i.State), rank(i.Severity), i.Changed.UnixNano(), string(body))
	return err
}

func putFinding(ctx context.Context, tx *sql.Tx, f *detect.Finding, incident, subject string) error {
	body, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO incident_findings (finding, incident, subject, at, standing, body) VALUES (?, ?, ?, ?, 'current', ?)
		ON CONFLICT (finding) DO UPDATE SET incident = excluded.incident`, f.ID, incident, subject, f.At.UnixNano(), string(body))
	return err
}

func putEntry(ctx context.Context, tx *sql.Tx, incident string, e Entry) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO incident_log (incident, body) VALUES (?, ?)", incident, string(body))
	return err
}

// Times for which the small things are kept.
const (
	looseFor  = 24 * time.Hour       // findings that are in no incident: they join the next one
	closedFor = 180 * 24 * time.Hour // incidents after they were closed
)

// prune deletes what is too old.
func prune(ctx context.Context, tx *sql.Tx, now time.Time) error {
	var errs []error
	for _, s := range []struct {
		query string
		arg   int64
	}{
		{"DELETE FROM incident_findings WHERE incident = '' AND at < ?", now.Add(-looseFor).UnixNano()},
		{"DELETE FROM incidents WHERE state IN ('resolved', 'false-positive') AND changed < ?", now.Add(-closedFor).UnixNano()},
		{"DELETE FROM incident_findings WHERE incident <> '' AND ? > 0 AND incident NOT IN (SELECT id FROM incidents)", 1},
		{"DELETE FROM incident_log WHERE ? > 0 AND incident NOT IN (SELECT id FROM incidents)", 1},
		{"DELETE FROM silences WHERE until < ?", now.Add(-closedFor).UnixNano()},
	} {
		_, err := tx.ExecContext(ctx, s.query, s.arg)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// sorted returns findings in the order of time.
func sorted(list []detect.Finding) []detect.Finding {
	slices.SortStableFunc(list, func(a, b detect.Finding) int { return a.At.Compare(b.At) })
	return list
}
