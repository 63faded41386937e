package detect

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Source is the source of events that detection made itself, such as the
// decision that an incident was opened: [event.Capture].Source. An engine does
// not judge them, so that no rule feeds on what it found.
const Source = "detection"

// Adjust changes a set that was just loaded: disabled rules make no findings of
// their own (those that refer to them go on), and levels replaces levels, both
// by name. The error names what is not there.
func (s *Set) Adjust(disabled []string, levels map[string]string) error {
	var names []string
	for _, r := range s.Rules {
		names = append(names, r.Name)
	}
	for _, name := range disabled {
		r := s.Rule(name)
		if r == nil {
			return fmt.Errorf("there is no rule %q%s", clip(name), suggest(name, names))
		}
		r.Quiet, r.Disabled = true, true
	}
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		r := s.Rule(name)
		if r == nil {
			return fmt.Errorf("there is no rule %q%s", clip(name), suggest(name, names))
		}
		if !slices.Contains(Levels, levels[name]) {
			return fmt.Errorf("rule %s: there is no level %q%s", name, clip(levels[name]), suggest(levels[name], Levels))
		}
		r.Level = levels[name]
	}
	return nil
}

// Sum is a hash of what the set finds: of the texts of its rules, with their
// levels and which are disabled.
func (s *Set) Sum() string {
	rules := slices.Clone(s.Rules)
	slices.SortFunc(rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	h := sha256.New()
	for _, r := range rules {
		fmt.Fprintf(h, "%s %s %s %t\n", r.ID, r.sum, r.Level, r.Disabled)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Envelopes returns the classes of envelopes that the rules of the set read:
// who and what always, payload if a rule names a field of it.
func (s *Set) Envelopes() []event.Class {
	list := []event.Class{event.ClassWho, event.ClassWhat}
	for _, r := range s.Rules {
		if r.payload {
			return append(list, event.ClassPayload)
		}
	}
	return list
}

// readsPayload reports whether a document mentions a field of the payload.
func readsPayload(n *node) bool {
	if n == nil {
		return false
	}
	if payloadField(n.text) {
		return true
	}
	for _, p := range n.pairs {
		if payloadField(p.key) || readsPayload(p.value) {
			return true
		}
	}
	return slices.ContainsFunc(n.items, readsPayload)
}

func payloadField(text string) bool {
	name, _, _ := strings.Cut(text, "|")
	f := event.Lookup(name)
	return f != nil && f.Part == event.ClassPayload.String()
}
