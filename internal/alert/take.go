package alert

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/ledger"
)

// recent is how old the last event of a finding may be for an incident: what
// is found in an old record is kept, and wakes nobody.
const recent = 24 * time.Hour

// Names of the decisions of this package that Gatebook makes itself.
const (
	noteOpened = "incident-opened"
	noteRaised = "incident-raised"
)

// change is what a batch of findings does to one incident.
type change struct {
	incident Incident
	subject  string
	was      string           // severity before; empty: it is new
	fresh    []detect.Finding // that join, in the order of time
	seen     time.Time
	found    time.Time
	decision uint64 // 0: none is needed
}

func (c *change) kind() Change {
	switch {
	case c.was == "":
		return Opened
	case c.was != c.incident.Severity:
		return Raised
	}
	return Joined
}

// Take keeps what was found, and makes incidents of it. That one is opened or
// raised is sealed before. It is for [live.Config].Take.
func (b *Book) Take(ctx context.Context, batch live.Batch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.cfg.Now().UTC()
	changes, loose, silenced, err := b.plan(ctx, batch, now)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if k := c.kind(); k != Joined {
			if c.decision, err = b.decide(ctx, c); err != nil {
				return err
			}
			if k == Opened {
				c.incident.Decision = c.decision
			}
		}
	}
	var notices []*Notice
	err = b.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		notices = nil
		if err := batch.Keep(tx); err != nil {
			return err
		}
		for i := range loose {
			if err := putFinding(ctx, tx, &loose[i], "", keyOf(subjectOf(loose[i].Entity))); err != nil {
				return err
			}
		}
		for id, n := range silenced {
			if err := countSilenced(ctx, tx, id, n, now); err != nil {
				return err
			}
		}
		if err := b.supersede(ctx, tx, batch.Superseded, now); err != nil {
			return err
		}
		for _, c := range changes {
			n, err := b.write(ctx, tx, c, now)
			if err != nil {
				return err
			}
			notices = append(notices, n)
		}
		if now.Sub(b.pruned) > time.Hour {
			return prune(ctx, tx, now)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if now.Sub(b.pruned) > time.Hour {
		b.pruned = now
	}
	for i, c := range changes {
		b.publish(notices[i])
		b.respond(ctx, c)
	}
	return nil
}

// plan says what the batch does: changes of incidents, findings that are kept
// for the next one, and how many each silence keeps quiet.
func (b *Book) plan(ctx context.Context, batch live.Batch, now time.Time) (changes []*change, loose []detect.Finding, silenced map[string]int, err error) {
	silences, err := b.silences(ctx, now)
	if err != nil {
		return nil, nil, nil, err
	}
	silenced = map[string]int{}
	of := map[string]*change{}
	for _, found := range batch.New {
		f := found.Finding
		if found.History || now.Sub(f.At) > recent {
			continue
		}
		if s := silencing(silences, &f); s != nil {
			silenced[s.ID]++
			continue
		}
		subject := subjectOf(f.Entity)
		key := keyOf(subject)
		c := of[key]
		if c == nil {
			if c, err = b.changeOf(ctx, key, subject, &f, loose); err != nil {
				return nil, nil, nil, err
			}
			if c == nil {
				loose = append(loose, f)
				continue
			}
			of[key] = c
			changes = append(changes, c)
		}
		c.fresh = append(c.fresh, f)
		c.seen, c.found = found.Seen, found.Found.UTC()
	}
	for _, c := range changes {
		before, err := bodies[detect.Finding](ctx, b.cfg.DB, "SELECT body FROM incident_findings WHERE incident = ? ORDER BY at", c.incident.ID)
		if err != nil {
			return nil, nil, nil, err
		}
		c.fresh = sorted(c.fresh)
		c.incident.add(c.fresh, sorted(slices.Concat(before, c.fresh)))
		if rank(c.incident.Severity) < rank(c.was) {
			c.incident.Severity = c.was // it is not lowered
		}
		c.incident.Sequence++
		c.incident.Changed = now
	}
	return changes, loose, silenced, nil
}

// changeOf returns the open incident of the subject, or a new one if the
// finding opens one: what was found about the subject before joins it.
func (b *Book) changeOf(ctx context.Context, key string, subject []detect.Value, f *detect.Finding, loose []detect.Finding) (*change, error) {
	i, err := openOf(ctx, b.cfg.DB, key)
	if err != nil {
		return nil, err
	}
	if i != nil {
		return &change{incident: *i, subject: key, was: i.Severity}, nil
	}
	if !opens(f) {
		return nil, nil
	}
	c := &change{incident: Incident{ID: idOf(f), State: Open, Entity: subject, Opened: b.cfg.Now().UTC()}, subject: key}
	c.fresh, err = bodies[detect.Finding](ctx, b.cfg.DB, "SELECT body FROM incident_findings WHERE subject = ? AND incident = '' AND standing = 'current' AND at >= ? ORDER BY at", key, f.At.Add(-looseFor).UnixNano())
	if err != nil {
		return nil, err
	}
	for _, x := range loose {
		if keyOf(subjectOf(x.Entity)) == key {
			c.fresh = append(c.fresh, x)
		}
	}
	return c, nil
}

// decide seals that an incident is opened or raised, and by which finding: what
// is sealed proves when it was known.
func (b *Book) decide(ctx context.Context, c *change) (uint64, error) {
	f := c.fresh[len(c.fresh)-1]
	for _, x := range c.fresh {
		if rank(x.Level) > rank(f.Level) {
			f = x
		}
	}
	line, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(line)
	facts := []event.Fact{
		{Name: "finding", Value: f.ID}, {Name: "incident", Value: c.incident.ID}, {Name: "risk", Value: strconv.FormatFloat(c.incident.Risk, 'f', 1, 64)},
		{Name: "rule", Value: f.Rule}, {Name: "severity", Value: c.incident.Severity}, {Name: "sha256", Value: hex.EncodeToString(sum[:])},
	}
	var numbers []uint64
	for _, r := range f.Events {
		if r.Number >= 0 {
			numbers = append(numbers, uint64(r.Number))
		}
	}
	if len(numbers) > 0 {
		facts = append(facts, event.Fact{Name: "records", Value: ledger.RangesOf(numbers).String()})
	}
	name := noteOpened
	if c.was != "" {
		name = noteRaised
		facts = append(facts, event.Fact{Name: "was", Value: c.was})
	}
	return b.seal(ctx, name, facts)
}

// seal seals a decision of Gatebook itself. It names records and no entity: an
// erasure of those records would not reach it.
func (b *Book) seal(ctx context.Context, name string, facts []event.Fact) (uint64, error) {
	now := b.cfg.Now().UTC()
	var random [8]byte
	rand.Read(random[:])
	slices.SortFunc(facts, func(x, y event.Fact) int { return strings.Compare(x.Name, y.Name) })
	receipt, err := b.cfg.Appender.Append(ctx, &event.Event{Header: event.Header{
		ID: event.NewID(now, random), Kind: event.Decision, Arrived: now, Completed: now, Edge: b.cfg.Edge,
		Capture: event.Capture{Method: "self", Source: detect.Source, Durability: "recorded"}, Note: &event.Note{Name: name, Facts: facts},
	}})
	if err != nil {
		return 0, fmt.Errorf("recording %q: %w", name, err)
	}
	return receipt.Number, nil
}

// write makes a change, in the transaction, and hands on its notice.
func (b *Book) write(ctx context.Context, tx *sql.Tx, c *change, now time.Time) (*Notice, error) {
	if err := putIncident(ctx, tx, &c.incident, c.subject); err != nil {
		return nil, err
	}
	e := Entry{At: now, What: string(c.kind()), Decision: c.decision, Severity: c.incident.Severity}
	for i := range c.fresh {
		e.Findings = append(e.Findings, c.fresh[i].ID)
		if err := putFinding(ctx, tx, &c.fresh[i], c.incident.ID, c.subject); err != nil {
			return nil, err
		}
	}
	if err := putEntry(ctx, tx, c.incident.ID, e); err != nil {
		return nil, err
	}
	n := b.notice(&c.incident, c.kind())
	if n.Change == Raised {
		n.Was = c.was
	}
	n.Findings = bounded(c.fresh)
	n.More, n.Seen, n.Found = c.incident.Findings-len(n.Findings), c.seen, c.found
	if c.decision > 0 {
		n.Decision = &c.decision
	}
	return n, b.deliver(ctx, tx, n)
}

// bounded returns the first finding and the newest, so many as a notice has.
func bounded(list []detect.Finding) []detect.Finding {
	if len(list) <= maxNoticeFindings {
		return list
	}
	return append([]detect.Finding{list[0]}, list[len(list)-maxNoticeFindings+1:]...)
}

// notice describes an incident as it is after a change.
func (b *Book) notice(i *Incident, k Change) *Notice {
	n := &Notice{
		ID: fmt.Sprintf("%s.%d", i.ID, i.Sequence), Sequence: i.Sequence, Change: k,
		Incident: i.ID, Title: i.Title, Severity: i.Severity, State: i.State, Assignee: i.Assignee,
		Risk: i.Risk, Entity: i.Entity, Rules: i.Rules, Tags: i.Tags, Response: i.Response, Findings: []detect.Finding{},
		From: i.From, At: i.At, Found: i.Changed, API: "/api/v1/incidents/" + i.ID,
	}
	if b.cfg.Console != "" {
		n.Link = strings.TrimSuffix(b.cfg.Console, "/") + "/incidents/" + i.ID
	}
	return n
}

func (b *Book) deliver(ctx context.Context, tx *sql.Tx, n *Notice) error {
	if b.cfg.Deliver == nil {
		return nil
	}
	return b.cfg.Deliver(ctx, tx, n)
}

// respond tells what the rules propose.
func (b *Book) respond(ctx context.Context, c *change) {
	if b.cfg.Respond == nil {
		return
	}
	for _, f := range c.fresh {
		for _, r := range f.Response {
			if err := b.cfg.Respond(ctx, Proposal{Response: r, Incident: c.incident.ID, Finding: f}); err != nil {
				b.cfg.Log.Error("a response that a rule proposes was not made", "rule", f.Rule, "response", r, "error", err)
			}
		}
	}
}

// supersede marks findings that do not hold, and says so in their incidents.
func (b *Book) supersede(ctx context.Context, tx *sql.Tx, ids []string, now time.Time) error {
	for _, id := range ids {
		var of string
		err := tx.QueryRowContext(ctx, "UPDATE incident_findings SET standing = 'superseded' WHERE finding = ? RETURNING incident", id).Scan(&of)
		if err == sql.ErrNoRows || err == nil && of == "" {
			continue
		}
		if err != nil {
			return err
		}
		if err := putEntry(ctx, tx, of, Entry{At: now, What: "superseded", Findings: []string{id}}); err != nil {
			return err
		}
	}
	return nil
}
