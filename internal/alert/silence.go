package alert

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Silence keeps findings quiet: they are kept, and open, raise and join no
// incident.
type Silence struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule,omitempty"`   // name; empty: any
	Entity   string    `json:"entity,omitempty"` // a value in the finding's entity; empty: any. Can be personal
	Level    string    `json:"level"`            // the highest level that is kept quiet
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"` // it ends by itself
	By       string    `json:"by"`
	Reason   string    `json:"reason"`
	Decision uint64    `json:"decision"`       // record by which it was decided
	Quiet    int       `json:"quiet"`          // findings that it kept quiet
	Last     time.Time `json:"last,omitzero"`  // when it last did
	Ended    time.Time `json:"ended,omitzero"` // when somebody ended it before its time
}

// maxSilence is the longest that a silence lasts: what is right for longer is
// a change of a rule.
const maxSilence = 90 * 24 * time.Hour

// covers reports whether the silence keeps a finding quiet.
func (s *Silence) covers(f *detect.Finding) bool {
	if s.Rule != "" && s.Rule != f.Rule || rank(f.Level) > rank(s.Level) {
		return false
	}
	if s.Entity == "" {
		return true
	}
	for _, v := range f.Entity {
		if v.Value == s.Entity {
			return true
		}
	}
	return false
}

func silencing(list []Silence, f *detect.Finding) *Silence {
	for i := range list {
		if list[i].covers(f) {
			return &list[i]
		}
	}
	return nil
}

// silences returns those in force.
func (b *Book) silences(ctx context.Context, now time.Time) ([]Silence, error) {
	list, err := bodies[Silence](ctx, b.cfg.DB, "SELECT body FROM silences WHERE until > ? ORDER BY id", now.UnixNano())
	if err != nil {
		return nil, err
	}
	var out []Silence
	for _, s := range list {
		if s.Ended.IsZero() {
			out = append(out, s)
		}
	}
	return out, nil
}

func putSilence(ctx context.Context, tx *sql.Tx, s *Silence) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO silences (id, until, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", s.ID, s.Until.UnixNano(), string(body))
	return err
}

func countSilenced(ctx context.Context, tx *sql.Tx, id string, n int, now time.Time) error {
	list, err := bodies[Silence](ctx, tx, "SELECT body FROM silences WHERE id = ?", id)
	if err != nil || len(list) == 0 {
		return err
	}
	list[0].Quiet, list[0].Last = list[0].Quiet+n, now
	return putSilence(ctx, tx, &list[0])
}

// Silences returns the silences, also those that have ended.
func (b *Book) Silences(ctx context.Context, who reading.Reader) ([]Silence, error) {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return nil, err
	}
	list, err := bodies[Silence](ctx, b.cfg.DB, "SELECT body FROM silences ORDER BY until DESC LIMIT 1000")
	if err != nil {
		return nil, err
	}
	return list, b.looked(ctx, who, "silences")
}

// NewSilence is a silence to begin.
type NewSilence struct {
	Rule   string        // name; with Entity empty required
	Entity string        // a value of an entity; with Rule empty required
	Level  string        // the highest that is kept quiet; empty: high
	For    time.Duration // required; at most 90 days
}

// AddSilence begins a silence. The reader's reason is required.
func (b *Book) AddSilence(ctx context.Context, who reading.Reader, n NewSilence) (*Silence, error) {
	if n.Level == "" {
		n.Level = "high"
	}
	switch {
	case n.Rule == "" && n.Entity == "":
		return nil, fmt.Errorf("%w: say what to silence: a rule, an entity, or both", reading.ErrArgument)
	case rank(n.Level) < 0:
		return nil, fmt.Errorf("%w: there is no level %q, use one of %s", reading.ErrArgument, n.Level, strings.Join(detect.Levels, ", "))
	case n.For <= 0 || n.For > maxSilence:
		return nil, fmt.Errorf("%w: a silence lasts for more than nothing and at most 90 days", reading.ErrArgument)
	case strings.TrimSpace(who.Reason) == "":
		return nil, fmt.Errorf("%w to silence", reading.ErrReason)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Now().UTC()
	var random [6]byte
	rand.Read(random[:])
	s := &Silence{ID: "sil_" + hex.EncodeToString(random[:]), Rule: n.Rule, Entity: n.Entity, Level: n.Level, From: now, Until: now.Add(n.For), By: who.Name, Reason: who.Reason}
	var objects []event.Object
	if n.Entity != "" {
		objects = append(objects, event.Object{Type: "entity", ID: n.Entity})
	}
	facts := []event.Fact{{Name: "silence", Value: s.ID}, {Name: "level", Value: s.Level}, {Name: "until", Value: s.Until.Format(time.RFC3339)}}
	if n.Rule != "" {
		facts = append(facts, event.Fact{Name: "rule", Value: n.Rule})
	}
	var err error
	if s.Decision, err = b.cfg.Room.DecideAt(ctx, who, reading.ActSilence, "silence", "", objects, facts...); err != nil {
		return nil, err
	}
	return s, b.cfg.DB.Write(ctx, func(tx *sql.Tx) error { return putSilence(ctx, tx, s) })
}

// EndSilence ends a silence before its time.
func (b *Book) EndSilence(ctx context.Context, who reading.Reader, id string) error {
	if err := b.cfg.Room.Admit(who, reading.ActSilence); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	list, err := bodies[Silence](ctx, b.cfg.DB, "SELECT body FROM silences WHERE id = ?", id)
	if err != nil {
		return err
	}
	now := b.cfg.Now().UTC()
	if len(list) == 0 || !list[0].Ended.IsZero() || list[0].Until.Before(now) {
		return fmt.Errorf("silence %q, or it has ended: %w", id, ledger.ErrNotFound)
	}
	if err := b.cfg.Room.Decide(ctx, who, reading.ActSilence, "silence-ended", nil, event.Fact{Name: "silence", Value: id}); err != nil {
		return err
	}
	list[0].Ended = now
	return b.cfg.DB.Write(ctx, func(tx *sql.Tx) error { return putSilence(ctx, tx, &list[0]) })
}
