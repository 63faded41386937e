package alert

import (
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// Incident is what findings about one entity are together.
type Incident struct {
	ID       string         `json:"id"`    // "inc_" and 12 hex digits, those of the finding that opened it
	Title    string         `json:"title"` // of the finding that weighs most
	Severity string         `json:"severity"`
	State    State          `json:"state"`
	Assignee string         `json:"assignee,omitempty"` // empty: nobody
	Entity   []detect.Value `json:"entity"`             // about whom or what; can be personal
	Risk     float64        `json:"risk"`               // points, after the newest finding
	Rules    []string       `json:"rules"`              // in the order in which they joined
	Tags     []string       `json:"tags,omitempty"`     // of the rules, sorted
	Response []string       `json:"response,omitempty"` // what the rules propose, sorted
	Findings int            `json:"findings"`           // how many
	Events   uint64         `json:"events"`             // how many, together; one can count for several findings
	From     time.Time      `json:"from"`               // of the first event
	At       time.Time      `json:"at"`                 // of the last event
	Opened   time.Time      `json:"opened"`             // when it was found
	Changed  time.Time      `json:"changed"`            // when it last changed
	Sequence uint64         `json:"sequence"`           // of its changes
	Decision uint64         `json:"decision"`           // record by which it was opened
	Erased   bool           `json:"erased,omitempty"`   // what was personal in it was erased
}

// idOf returns the id of the incident that a finding opens. It is the same if
// a crash has it opened again.
func idOf(f *detect.Finding) string { return "inc_" + f.ID[:12] }

// rank is the place of a level, from 0.
func rank(level string) int { return slices.Index(detect.Levels, level) }

// What opens an incident: a finding of this level, or so many points of risk.
const (
	opensLevel = "medium"
	opensRisk  = 100
)

// opens reports whether a finding opens an incident.
func opens(f *detect.Finding) bool {
	return rank(f.Level) >= rank(opensLevel) || f.Risk.Total >= opensRisk
}

// subjects are the fields that say whose incident a finding belongs to, the
// best first: findings that name other things beside one of these belong
// together.
var subjects = []string{"principal.id", "credential.client", "credential.fingerprint"}

// subjectOf returns whom a finding is about: the caller where one is known,
// else its whole entity.
func subjectOf(entity []detect.Value) []detect.Value {
	for _, name := range subjects {
		for _, v := range entity {
			if v.Field == name && v.Value != "" {
				return []detect.Value{v}
			}
		}
	}
	return entity
}

// keyOf is a subject as text.
func keyOf(subject []detect.Value) string {
	var b strings.Builder
	for _, v := range subject {
		b.WriteString(v.Field + "=" + v.Value + "\n")
	}
	return b.String()
}

// stages of an attack by ATT&CK's tactics: getting in, settling, taking.
var stages = map[string]int{
	"attack.reconnaissance": 1, "attack.initial-access": 1, "attack.credential-access": 1,
	"attack.persistence": 2, "attack.privilege-escalation": 2, "attack.defense-evasion": 2, "attack.discovery": 2, "attack.lateral-movement": 2,
	"attack.collection": 3, "attack.exfiltration": 3, "attack.impact": 3,
}

// severityOf is the highest level of findings that are in the order of time,
// at least medium; critical if they go through all the stages of an attack.
func severityOf(list []detect.Finding) string {
	highest, reached := rank(opensLevel), 0
	for i := range list {
		highest = max(highest, rank(list[i].Level))
		if rank(list[i].Level) < rank(opensLevel) {
			continue // a hint is no stage
		}
		for _, tag := range list[i].Tags {
			if stages[tag] == reached+1 {
				reached++
				break
			}
		}
	}
	if reached == 3 {
		highest = rank("critical")
	}
	return detect.Levels[highest]
}

// add has findings join, in the order of time; all are those that it then has.
func (i *Incident) add(fresh, all []detect.Finding) {
	top := 0
	for k := range all {
		if rank(all[k].Level) > rank(all[top].Level) {
			top = k
		}
	}
	i.Title, i.Severity, i.Findings = all[top].Title, severityOf(all), len(all)
	for k := range fresh {
		f := &fresh[k]
		if !slices.Contains(i.Rules, f.Rule) {
			i.Rules = append(i.Rules, f.Rule)
		}
		i.Tags, i.Response = merge(i.Tags, f.Tags), merge(i.Response, f.Response)
		i.Events += f.Count
		if i.From.IsZero() || f.From.Before(i.From) {
			i.From = f.From
		}
		if f.At.After(i.At) {
			i.At = f.At
		}
		if f.Risk.Total > 0 {
			i.Risk = f.Risk.Total
		}
	}
}

// merge returns both, sorted, each once.
func merge(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// personal reports whether the value of a field can be erased.
func personal(name string) bool {
	f := event.Lookup(name)
	return f == nil || f.Personal // the fields that only rules have are of who and what
}

// erasedValue stands for a value that was erased.
const erasedValue = "(erased)"

// redact takes what is personal out of an entity.
func redact(entity []detect.Value) []detect.Value {
	out := slices.Clone(entity)
	for i, v := range out {
		if personal(v.Field) {
			out[i].Value = erasedValue
		}
	}
	return out
}
