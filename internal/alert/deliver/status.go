package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Status is how a receiver is.
type Status struct {
	Name        string    `json:"name"`
	Kind        string    `json:"kind"`
	MinSeverity string    `json:"minSeverity,omitempty"` // empty: all
	Detail      Detail    `json:"detail"`
	Pending     int       `json:"pending"`                // deliveries that wait, or are on their way
	Dead        int       `json:"dead"`                   // deliveries that were given up
	Oldest      time.Time `json:"oldest,omitzero"`        // of those pending
	Delivered   uint64    `json:"delivered"`              // since the start, or the last change of the receiver
	Failures    uint64    `json:"failures"`               // attempts, likewise
	Last        time.Time `json:"lastDelivered,omitzero"` // likewise
	Failing     time.Time `json:"failing,omitzero"`       // since when no attempt worked; absent: the last one did
	Error       string    `json:"error,omitempty"`        // of the last attempt that failed
}

// Status returns how the receivers are, in the order in which they were
// configured.
func (o *Outbox) Status(ctx context.Context) ([]Status, error) {
	type counts struct {
		pending, dead int
		oldest        int64
	}
	by := make(map[string]counts)
	rows, err := o.cfg.DB.QueryContext(ctx, `SELECT receiver, count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'dead'), coalesce(min(created) FILTER (WHERE state = 'pending'), 0)
		FROM deliveries WHERE state IN ('pending', 'dead') GROUP BY receiver`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var c counts
		if err := rows.Scan(&name, &c.pending, &c.dead, &c.oldest); err != nil {
			return nil, err
		}
		by[name] = c
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	list := []Status{}
	for _, w := range o.list() {
		c := by[w.r.Name]
		w.mu.Lock()
		s := w.stats
		w.mu.Unlock()
		list = append(list, Status{
			Name: w.r.Name, Kind: w.r.Kind, MinSeverity: w.r.MinSeverity, Detail: w.r.Detail,
			Pending: c.pending, Dead: c.dead, Oldest: fromMS(c.oldest),
			Delivered: s.delivered, Failures: s.failures, Last: s.last, Failing: s.failing, Error: s.err,
		})
	}
	return list, nil
}

// Delivery is one message to one receiver.
type Delivery struct {
	ID       int64     `json:"id"`
	Receiver string    `json:"receiver"`
	Message  string    `json:"message"`            // id of the message: what the receiver knows it by
	Incident string    `json:"incident,omitempty"` // absent: a digest or summary
	Change   string    `json:"change"`             // of the incident; or digest, summary
	Severity string    `json:"severity"`
	State    State     `json:"state"`
	In       int64     `json:"in,omitempty"` // the delivery that carries this one
	Created  time.Time `json:"created"`
	Due      time.Time `json:"due,omitzero"` // when it is tried next; of one that is pending only
	Attempts int       `json:"attempts"`
	Ended    time.Time `json:"ended,omitzero"`  // when it was delivered or given up
	Error    string    `json:"error,omitempty"` // of the last attempt, if it failed
}

// Filter says which deliveries are meant. The zero Filter means all.
type Filter struct {
	State    State
	Receiver string
	Incident string
	Before   int64 // only those with a lower id; 0: all
	Limit    int   // 0: 100
}

// List returns deliveries, the newest first.
func (o *Outbox) List(ctx context.Context, f Filter) ([]Delivery, error) {
	where, args := []string{"true"}, []any{}
	add := func(cond string, value any) { where, args = append(where, cond), append(args, value) }
	if f.State != "" {
		add("state = ?", f.State)
	}
	if f.Receiver != "" {
		add("receiver = ?", f.Receiver)
	}
	if f.Incident != "" {
		add("incident = ?", f.Incident)
	}
	if f.Before > 0 {
		add("id < ?", f.Before)
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	rows, err := o.cfg.DB.QueryContext(ctx, `SELECT id, receiver, key, incident, change, severity, state, coalesce(folded, 0), created, due, attempts, ended, error
		FROM deliveries WHERE `+strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", append(args, f.Limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Delivery{}
	for rows.Next() {
		var d Delivery
		var created, due, ended int64
		if err := rows.Scan(&d.ID, &d.Receiver, &d.Message, &d.Incident, &d.Change, &d.Severity, &d.State, &d.In, &created, &due, &d.Attempts, &ended, &d.Error); err != nil {
			return nil, err
		}
		d.Created, d.Ended = fromMS(created), fromMS(ended)
		if d.State == Pending && d.In == 0 {
			d.Due = fromMS(due)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// Retry makes a dead delivery pending again, at once. One that was carried by
// another is tried again with it. Errors: [ErrUnknown], [ErrNotDead].
func (o *Outbox) Retry(ctx context.Context, id int64) error {
	err := o.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		var state State
		var folded sql.NullInt64
		err := tx.QueryRow("SELECT state, folded FROM deliveries WHERE id = ?", id).Scan(&state, &folded)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("delivery %d: %w", id, ErrUnknown)
		case err != nil:
			return err
		case state != Dead:
			return fmt.Errorf("delivery %d is %s: %w", id, state, ErrNotDead)
		case folded.Valid:
			id = folded.Int64
		}
		now := ms(time.Now())
		res, err := tx.Exec("UPDATE deliveries SET state = 'pending', since = ?, due = ?, ended = 0 WHERE (id = ? OR folded = ?) AND state = 'dead'", now, now, id, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return fmt.Errorf("delivery %d: %w", id, ErrUnknown)
	})
	if err != nil {
		return err
	}
	for _, w := range o.list() {
		w.poke()
	}
	return nil
}
