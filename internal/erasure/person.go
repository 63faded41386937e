package erasure

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// person matches what one person did, and what names that person.
type person struct {
	ids     map[string]bool // pseudonyms
	rawIDs  [][]byte
	names   []string // subjects, e-mail addresses and names, as the record knows them
	asked   []string // names as they were given, without pseudonyms
	needles needles
	short   []string // names that are too short to be looked for
	list    []Identity
}

// isPseudonym reports whether a name is a pseudonym.
func isPseudonym(name string) bool { return len(name) == 34 && strings.HasPrefix(name, "p_") }

// resolve finds out who is meant by the names: which pseudonyms, and under
// which names the record knows them. If wide is not set, a name that more than
// one principal has is an error.
func (k *Keeper) resolve(ctx context.Context, names []string, size uint64, wide bool) (*person, error) {
	p := &person{ids: make(map[string]bool)}
	for _, name := range names {
		if isPseudonym(name) {
			p.ids[name] = true
		} else {
			p.asked = append(p.asked, name)
		}
	}
	found := make(map[string]*Identity)
	known := make(map[string]map[string]bool) // names, by pseudonym
	raw, _ := newNeedles(names)
	exact := slices.ContainsFunc(names, func(n string) bool { return len(n) < shortest })
	err := k.scan(ctx, nil, 0, size, nil, func(n uint64, s *event.Sealed) error {
		env := s.Envelopes[event.ClassWho]
		if !exact && !raw.in(s.Header) && (env == nil || !raw.in(env.Data)) {
			return nil
		}
		h, err := event.DecodeHeader(s.Header)
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if h.Principal.ID == "" {
			return nil
		}
		var w event.Who
		if env != nil {
			decoded, err := event.DecodeWho(env.Data)
			if err != nil {
				return fmt.Errorf("record %d: %w", n, err)
			}
			w = *decoded
		}
		if !p.ids[h.Principal.ID] && !slices.ContainsFunc(p.asked, func(x string) bool { return isName(&w, x) }) {
			return nil
		}
		id := found[h.Principal.ID]
		if id == nil {
			id = &Identity{Principal: h.Principal.ID, Issuer: h.Principal.Issuer}
			found[h.Principal.ID], known[h.Principal.ID] = id, make(map[string]bool)
		}
		id.Events++
		for _, x := range []string{w.Subject, w.Email, w.Name} {
			if x != "" {
				known[h.Principal.ID][x] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for id, x := range found {
		p.list = append(p.list, *x)
		p.ids[id] = true
		for name := range known[id] {
			p.names = append(p.names, name)
		}
	}
	slices.SortFunc(p.list, func(a, b Identity) int { return strings.Compare(a.Principal, b.Principal) })
	if named := slices.DeleteFunc(slices.Clone(p.list), func(i Identity) bool { return slices.Contains(names, i.Principal) }); !wide && len(named) > 1 {
		return nil, ambiguous(named)
	}
	p.names = append(p.names, p.asked...)
	slices.Sort(p.names)
	p.names = slices.Compact(p.names)
	p.needles, p.short = newNeedles(p.names)
	for id := range p.ids {
		p.rawIDs = append(p.rawIDs, []byte(id))
	}
	return p, nil
}

// isName reports whether somebody is named x.
func isName(w *event.Who, x string) bool {
	return w.Subject == x || strings.EqualFold(w.Email, x) || strings.EqualFold(w.Name, x)
}

// pseudonyms returns them, sorted.
func (p *person) pseudonyms() []string {
	var list []string
	for id := range p.ids {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// match implements matcher: all of what the person did is selected; of what
// Gatebook noted about its readers and itself, what names the person; of what
// others did on behalf of the person or the other way round, who it was.
func (p *person) match(n uint64, s *event.Sealed) (selected, named classes, err error) {
	maybe := slices.ContainsFunc(p.rawIDs, func(id []byte) bool { return bytes.Contains(s.Header, id) })
	for c := range event.Class(event.Classes) {
		named[c] = p.needles.inEnvelope(c, s.Envelopes[c])
		maybe = maybe || named[c]
	}
	if !maybe {
		return selected, named, nil
	}
	h, err := event.DecodeHeader(s.Header)
	if err != nil {
		return selected, named, fmt.Errorf("record %d: %w", n, err)
	}
	if p.ids[h.Principal.ID] {
		return all, classes{}, nil
	}
	if slices.ContainsFunc(h.Credential.Delegation, func(d event.Delegate) bool { return p.ids[d.ID] }) {
		selected[event.ClassWho] = true
	}
	if h.Capture.Method == "self" {
		for _, c := range []event.Class{event.ClassWhat, event.ClassPayload} {
			selected[c] = selected[c] || named[c]
		}
	}
	for c := range named {
		named[c] = named[c] && !selected[c]
	}
	return selected, named, nil
}
