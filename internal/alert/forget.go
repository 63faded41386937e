package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/ledger"
)

// Forget takes out of findings and incidents what was personal in events of
// which envelopes were removed: values of fields that can be erased, values of
// terms, and what people wrote about the incident. That there was one, when,
// by which rule and about which records, stays.
func (b *Book) Forget(ctx context.Context, removals []*ledger.Removal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	of := erasedBy(b.cfg.Ledger, removals)
	gone := map[string]bool{} // values that were in entities that were erased
	touched := func(f *detect.Finding) (bool, error) {
		hit, err := of(f)
		if hit {
			for _, v := range f.Entity {
				if personal(v.Field) && v.Value != erasedValue {
					gone[v.Value] = true
				}
			}
		}
		return hit, err
	}
	if _, err := b.cfg.Findings.Redact(ctx, touched, redactFinding); err != nil {
		return err
	}
	if err := b.forgetIncidents(ctx, touched); err != nil {
		return err
	}
	return errors.Join(b.forgetSilences(ctx, gone), b.cfg.DB.Purge(ctx))
}

// erasedBy returns whether an event of a finding has lost an envelope that the
// finding can be of.
func erasedBy(l *ledger.Ledger, removals []*ledger.Removal) func(*detect.Finding) (bool, error) {
	return func(f *detect.Finding) (bool, error) {
		payload := ofPayload(f)
		for _, ref := range f.Events {
			if ref.Number < 0 {
				continue
			}
			n := uint64(ref.Number)
			var day, route string
			for _, r := range removals {
				for c := range event.Class(event.Classes) {
					if c == event.ClassPayload && !payload || !r.Touches(c, n, n+1, "") {
						continue
					}
					if day == "" {
						s, err := l.Read(n)
						if err != nil {
							return false, fmt.Errorf("record %d: %w", n, err)
						}
						day, route = ledger.DayOf(s.Header), ledger.RouteOf(s.Header)
					}
					if r.Covers(c, n, day, route) {
						return true, nil
					}
				}
			}
		}
		return false, nil
	}
}

// ofPayload reports whether a finding says something of a payload.
func ofPayload(f *detect.Finding) bool {
	return slices.ContainsFunc(f.Terms, func(t detect.Term) bool { return strings.Contains(t.Name, "payload.") }) ||
		slices.ContainsFunc(f.Entity, func(v detect.Value) bool { return strings.HasPrefix(v.Field, "payload.") })
}

// redactFinding takes out what can be personal.
func redactFinding(f *detect.Finding) {
	f.Entity = redact(f.Entity)
	for i, t := range f.Terms {
		if _, err := strconv.ParseFloat(t.Value, 64); err != nil {
			f.Terms[i].Value = erasedValue
		}
	}
}

func (b *Book) forgetIncidents(ctx context.Context, touched func(*detect.Finding) (bool, error)) error {
	list, err := bodies[detect.Finding](ctx, b.cfg.DB, "SELECT body FROM incident_findings")
	if err != nil {
		return err
	}
	var hit []detect.Finding
	for _, f := range list {
		ok, err := touched(&f)
		if err != nil {
			return err
		}
		if ok {
			hit = append(hit, f)
		}
	}
	return b.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		for i := range hit {
			redactFinding(&hit[i])
			body, err := json.Marshal(&hit[i])
			if err != nil {
				return err
			}
			var in string
			err = tx.QueryRowContext(ctx, "UPDATE incident_findings SET standing = ?, body = ?, subject = '' WHERE finding = ? RETURNING incident", string(live.Erased), string(body), hit[i].ID).Scan(&in)
			if err != nil {
				return err
			}
			if in == "" {
				continue
			}
			if err := forgetIncident(ctx, tx, in); err != nil {
				return err
			}
		}
		return nil
	})
}

func forgetIncident(ctx context.Context, tx *sql.Tx, id string) error {
	i, subject, err := incident(ctx, tx, id)
	if err != nil || i.Erased {
		return err
	}
	i.Erased, i.Entity = true, redact(i.Entity)
	if slices.ContainsFunc(i.Entity, func(v detect.Value) bool { return v.Value == erasedValue }) {
		if _, err := tx.ExecContext(ctx, "UPDATE incidents SET subject = ? WHERE id = ?", "erased "+i.ID, id); err != nil {
			return err
		}
	}
	if err := putIncident(ctx, tx, i, subject); err != nil {
		return err
	}
	entries, err := bodies[Entry](ctx, tx, "SELECT body FROM incident_log WHERE incident = ? ORDER BY id", id)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM incident_log WHERE incident = ?", id); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Text != "" {
			e.Text, e.Erased = "", true
		}
		if err := putEntry(ctx, tx, id, e); err != nil {
			return err
		}
	}
	return nil
}

// forgetSilences takes erased values out of silences, which end with them.
func (b *Book) forgetSilences(ctx context.Context, gone map[string]bool) error {
	list, err := bodies[Silence](ctx, b.cfg.DB, "SELECT body FROM silences")
	if err != nil {
		return err
	}
	return b.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		for _, s := range list {
			if s.Entity == "" || !gone[s.Entity] {
				continue
			}
			s.Entity, s.Reason = erasedValue, erasedValue
			if s.Ended.IsZero() {
				s.Ended = b.cfg.Now().UTC()
			}
			if err := putSilence(ctx, tx, &s); err != nil {
				return err
			}
		}
		return nil
	})
}
