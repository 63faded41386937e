package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gatebook/gatebook/event"
)

// snapshotHead begins a snapshot: the name and version of the format, and the
// SHA-256 of what follows the line.
const snapshotHead = "gatebook-detect-state 4 "

// ErrSnapshot is the error of bytes that [Engine.Snapshot] did not write, or
// that were damaged since.
var ErrSnapshot = errors.New("not a snapshot of detection, or a damaged one")

type snapshot struct {
	Secret     Secret         `json:"secret"`
	Clock      clock          `json:"clock"`
	Judged     turn           `json:"judged"`
	Waiting    []waitingState `json:"waiting"`
	Held       []waitingState `json:"held"`
	Remembered []remembered   `json:"remembered"`
	Next       int            `json:"next"`
	Forgotten  int64          `json:"forgotten"`
	Stats      Stats          `json:"stats"`
	Risks      *table[risk]   `json:"risks"`
	Rules      []ruleState    `json:"rules"`
}

type waitingState struct {
	Position turn         `json:"position"`
	Raw      int64        `json:"raw"`
	Number   int64        `json:"number"`
	Old      bool         `json:"old,omitempty"`
	Present  int          `json:"present,omitempty"`
	Event    *event.Event `json:"event"`
}

func (w *waiting) state() waitingState {
	return waitingState{w.pos, w.raw, w.number, w.old, w.present, w.e}
}

func (w *waitingState) waiting() (waiting, error) {
	if w.Event == nil {
		return waiting{}, fmt.Errorf("%w: an event is missing", ErrSnapshot)
	}
	return waiting{w.Event, w.Position, w.Raw, w.Number, w.Old, w.Present}, nil
}

type ruleState struct {
	ID    string          `json:"id"`
	Sum   string          `json:"sum"` // of the rule's text
	Muted json.RawMessage `json:"muted"`
	State json.RawMessage `json:"state,omitempty"`

	Until int64 `json:"until,omitempty"` // it rests until then
	Rests uint  `json:"rests,omitempty"` // how often it did
}

// Snapshot returns all that the engine knows: [Restore] makes an engine of it
// that goes on as this one would. It holds personal data.
func (e *Engine) Snapshot() ([]byte, error) {
	s := snapshot{
		Secret: e.cfg.Secret, Clock: e.clock, Judged: e.judged, Remembered: e.remembered, Next: e.next, Forgotten: e.forgotten, Stats: e.stats, Risks: e.risks,
	}
	q := append(queue(nil), e.waiting...)
	for len(q) > 0 {
		w := q.pop()
		s.Waiting = append(s.Waiting, w.state())
	}
	for i := range e.held {
		s.Held = append(s.Held, e.held[i].state())
	}
	for _, a := range e.rules {
		muted, err := a.muted.MarshalJSON()
		if err != nil {
			return nil, err
		}
		r := ruleState{ID: a.Rule.ID, Sum: e.sumOf(a), Muted: muted, Until: a.until, Rests: a.rests}
		if a.state != nil {
			b, err := a.state.MarshalJSON()
			if err != nil {
				return nil, fmt.Errorf("state of rule %s: %w", a.Name, err)
			}
			r.State = b
		}
		s.Rules = append(s.Rules, r)
	}
	body, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("snapshot of detection: %w", err)
	}
	return append([]byte(snapshotHead+digest(body)+"\n"), body...), nil
}

// sumOf is another one if the state of a rule is to begin anew: its text has
// changed, or the places that it judges by.
func (e *Engine) sumOf(a *active) string {
	if a.corr != nil && a.corr.kind == "travel" && e.cfg.Places != "" {
		return a.sum + " " + e.cfg.Places
	}
	return a.sum
}

// Restore is the inverse of [Engine.Snapshot]. Rules that were added, or whose
// text has changed since, begin without state; their names are returned.
func Restore(cfg Config, b []byte) (*Engine, []string, error) {
	head, body, _ := bytes.Cut(b, []byte("\n"))
	if string(head) != snapshotHead+digest(body) {
		return nil, nil, ErrSnapshot
	}
	e := New(cfg)
	s := snapshot{Risks: e.risks}
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, nil, fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	e.cfg.Secret, e.view.hasher = s.Secret, newHasher(s.Secret)
	e.clock, e.judged, e.remembered, e.next, e.forgotten, e.stats = s.Clock, s.Judged, s.Remembered, s.Next, s.Forgotten, s.Stats
	for _, r := range e.remembered {
		e.ids[r.ID] = true
	}
	for _, w := range s.Waiting {
		in, err := w.waiting()
		if err != nil {
			return nil, nil, err
		}
		e.waiting.push(in)
		e.ids[w.Event.ID] = true
	}
	for _, w := range s.Held {
		in, err := w.waiting()
		if err != nil {
			return nil, nil, err
		}
		e.held = append(e.held, in)
		e.ids[w.Event.ID] = true
	}
	states := map[string]ruleState{}
	for _, r := range s.Rules {
		states[r.ID] = r
	}
	var fresh []string
	for _, a := range e.rules {
		r, ok := states[a.Rule.ID]
		if !ok || r.Sum != e.sumOf(a) || (r.State == nil) != (a.state == nil) {
			fresh = append(fresh, a.Name)
			continue
		}
		a.until, a.rests = r.Until, r.Rests
		if err := a.muted.UnmarshalJSON(r.Muted); err != nil {
			return nil, nil, fmt.Errorf("%w: rule %s: %v", ErrSnapshot, a.Name, err)
		}
		if a.state == nil {
			continue
		}
		if err := a.state.UnmarshalJSON(r.State); err != nil {
			return nil, nil, fmt.Errorf("%w: rule %s: %v", ErrSnapshot, a.Name, err)
		}
	}
	return e, fresh, nil
}
