package detect

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/event"
)

// maxRefs is how many events a finding names.
const maxRefs = 100

// Finding is the verdict of one rule.
type Finding struct {
	ID       string    `json:"id"`     // hash of the rule, the entity and the event that completed it
	Rule     string    `json:"rule"`   // name
	RuleID   string    `json:"ruleId"` // UUID
	Title    string    `json:"title"`
	Level    string    `json:"level"`
	At       time.Time `json:"at"`     // of the event that completed it
	From     time.Time `json:"from"`   // of the first event
	Entity   []Value   `json:"entity"` // about whom or what
	Terms    []Term    `json:"terms"`  // why: each term of the rule's formula
	Events   []Ref     `json:"events"` // oldest first, the newest 100; the last completed it
	Count    uint64    `json:"count"`  // how many events there were
	Risk     Risk      `json:"risk"`
	Tags     []string  `json:"tags,omitempty"`
	Response []string  `json:"response,omitempty"` // what the rule proposes
}

// Value is a field and its value. It can be personal.
type Value struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Term is one term of a formula.
type Term struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Want  string `json:"want,omitempty"` // what it had to be; empty: it only informs
}

// Risk is the sum of points of an entity, each of which halves with its
// half-life.
type Risk struct {
	Points int     `json:"points"` // that this finding added
	Total  float64 `json:"total"`  // with them
}

// Ref names an event.
type Ref struct {
	ID     event.ID `json:"id"`
	Number int64    `json:"number"` // in the ledger, from 0; -1: it is in none, and has no member
}

type refJSON struct {
	Number *int64   `json:"number,omitempty"`
	ID     event.ID `json:"id"`
}

// MarshalJSON leaves out the number of an event that is in no ledger.
func (r Ref) MarshalJSON() ([]byte, error) {
	if r.ID.IsZero() {
		return []byte("null"), nil
	}
	j := refJSON{ID: r.ID}
	if r.Number >= 0 {
		j.Number = &r.Number
	}
	return json.Marshal(j)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (r *Ref) UnmarshalJSON(b []byte) error {
	*r = Ref{}
	if string(b) == "null" {
		return nil
	}
	var j refJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	r.ID, r.Number = j.ID, -1
	if j.Number != nil {
		r.Number = *j.Number
	}
	return nil
}
