package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Step is what somebody does about an incident.
type Step struct {
	Do       string // one of [Steps]
	Assignee string // of "assign"; empty: nobody
	Note     string // of "note"
}

// Steps are what can be done about an incident.
var Steps = []string{"acknowledge", "assign", "note", "resolve", "false-positive", "reopen"}

// ErrState is the error of a step that does not fit the state of the incident.
var ErrState = errors.New("this cannot be done with the incident as it is")

// Bounds of what people write.
const (
	maxNote     = 4000
	maxAssignee = 256
)

// Handle does something about an incident. It is sealed before, with the
// reader's reason, which closing and reopening require.
func (b *Book) Handle(ctx context.Context, who reading.Reader, id string, s Step) (*Incident, error) {
	if err := b.cfg.Room.Admit(who, reading.ActHandle); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	i, subject, err := b.find(ctx, id)
	if err != nil {
		return nil, err
	}
	now := b.cfg.Now().UTC()
	change, entry, err := b.step(ctx, who, i, subject, s)
	if err != nil {
		return nil, err
	}
	facts := []event.Fact{{Name: "incident", Value: i.ID}, {Name: "state", Value: string(i.State)}}
	var objects []event.Object
	if s.Do == "assign" && i.Assignee != "" {
		objects = append(objects, event.Object{Type: "assignee", ID: i.Assignee})
	}
	if s.Do == "note" {
		objects = append(objects, event.Object{Type: "note", ID: s.Note})
	}
	n, err := b.cfg.Room.DecideAt(ctx, who, reading.ActHandle, "incident-"+entry.What, "", objects, facts...)
	if err != nil {
		return nil, err
	}
	i.Sequence++
	i.Changed = now
	entry.At, entry.By, entry.Decision, entry.State, entry.Assignee = now, who.Name, n, i.State, i.Assignee
	var notice *Notice
	err = b.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		if err := errors.Join(putIncident(ctx, tx, i, subject), putEntry(ctx, tx, i.ID, entry)); err != nil || change == "" {
			return err
		}
		notice = b.notice(i, change)
		notice.More, notice.Decision, notice.By, notice.Reason = i.Findings, &n, who.Name, entry.Text
		return b.deliver(ctx, tx, notice)
	})
	if err != nil {
		return nil, err
	}
	b.publish(notice)
	return i, nil
}

// step changes i as asked for. An empty change means that nobody needs to hear
// of it.
func (b *Book) step(ctx context.Context, who reading.Reader, i *Incident, subject string, s Step) (Change, Entry, error) {
	reason := strings.TrimSpace(who.Reason)
	e := Entry{Text: reason}
	closed := func() error {
		if i.State.Over() {
			return fmt.Errorf("%w: it is %s; reopen it first", ErrState, i.State)
		}
		return nil
	}
	switch s.Do {
	case "acknowledge":
		if i.State != Open {
			return "", e, fmt.Errorf("%w: it is %s, and not open", ErrState, i.State)
		}
		i.State, e.What = Acknowledged, "acknowledged"
		if i.Assignee == "" {
			i.Assignee = who.Name
		}
		return Taken, e, nil
	case "assign":
		if len(s.Assignee) > maxAssignee {
			return "", e, fmt.Errorf("%w: the assignee has more than %d bytes", reading.ErrArgument, maxAssignee)
		}
		i.Assignee, e.What = strings.TrimSpace(s.Assignee), "assigned"
		return Taken, e, closed()
	case "note":
		if s.Note = strings.TrimSpace(s.Note); s.Note == "" || len(s.Note) > maxNote {
			return "", e, fmt.Errorf("%w: a note has 1 to %d bytes", reading.ErrArgument, maxNote)
		}
		e.What, e.Text = "note", s.Note
		return "", e, nil
	case "resolve", "false-positive":
		if reason == "" {
			return "", e, fmt.Errorf("%w to close an incident", reading.ErrReason)
		}
		if err := closed(); err != nil {
			return "", e, err
		}
		i.State, e.What = Resolved, "resolved"
		if s.Do == "false-positive" {
			i.State, e.What = FalsePositive, "false-positive"
		}
		return Closed, e, nil
	case "reopen":
		if reason == "" {
			return "", e, fmt.Errorf("%w to reopen an incident", reading.ErrReason)
		}
		if !i.State.Over() {
			return "", e, fmt.Errorf("%w: it is %s", ErrState, i.State)
		}
		other, err := openOf(ctx, b.cfg.DB, subject)
		if err != nil {
			return "", e, err
		}
		if other != nil {
			return "", e, fmt.Errorf("%w: %s about the same entity is open", ErrState, other.ID)
		}
		i.State, e.What = Open, "reopened"
		return Reopened, e, nil
	}
	return "", e, fmt.Errorf("%w: %q is nothing that can be done about an incident, use one of %s", reading.ErrArgument, s.Do, strings.Join(Steps, ", "))
}

// find returns an incident by its id.
func (b *Book) find(ctx context.Context, id string) (*Incident, string, error) {
	i, subject, err := incident(ctx, b.cfg.DB, id)
	if errors.Is(err, errNoIncident) {
		return nil, "", fmt.Errorf("incident %q: %w", id, ledger.ErrNotFound)
	}
	return i, subject, err
}
