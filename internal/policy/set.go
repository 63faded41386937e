package policy

import (
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

// Call is what a judgement is made of. What is not known is zero.
type Call struct {
	Credential string     // fingerprint
	Key        string     // public id of the API key; not the key id of a token's signature
	Principal  string     // pseudonym
	App        string     // OAuth client
	Address    netip.Addr // of the client, without zone, IPv4 as such
	Route      string     // configured route
	Method     string     // as sent
	Template   string     // of the operation
	Issued     time.Time  // when the credential was issued
	Proven     time.Time  // when its holder last proved who they are (auth_time); zero: Issued counts
}

// Verdict is what is to be done with a call. The zero Verdict lets it pass.
type Verdict struct {
	Kind    Kind          // zero: no measure means this call
	Measure string        // which one
	DryRun  bool          // only to be said
	Wait    time.Duration // Throttle: until the next call may come
	Since   time.Time     // Reauthenticate: what the credential must be newer than
}

// Refused reports whether the call is to be refused.
func (v Verdict) Refused() bool { return v.Kind != "" && !v.DryRun }

// entry is a measure with its state.
type entry struct {
	Measure
	state *state // shared with the sets before and after
}

// Set is the measures in force, ready to be asked. The nil Set has none.
type Set struct {
	entries   []*entry
	states    map[string]*state            // by id
	exact     [lookups]map[string][]*entry // by the part that is looked up
	ranges    prefixes
	protected protection
}

// Lookups by text, the most telling part first: a measure of several parts is
// found by the first that it has. Address comes after app.
const (
	byCredential = iota
	byKey
	byPrincipal
	byApp
	byRoute
	byOperation
	lookups
)

// Compile makes a set of measures, or says what is wrong with them. Calls that
// one of the protected subjects means pass whatever measures there are; they
// get a dry verdict. Throttles and counts go on where those of the same id
// were in before, which may be nil.
func Compile(measures []Measure, protected []Subject, before *Set) (*Set, error) {
	s := &Set{protected: newProtection(protected), states: make(map[string]*state, len(measures))}
	var errs []error
	for _, m := range measures {
		if err := m.check(); err != nil {
			errs = append(errs, err)
			continue
		}
		e := &entry{Measure: m, state: before.stateOf(m.ID)}
		if e.state == nil {
			e.state = new(state)
		}
		s.entries, s.states[m.ID] = append(s.entries, e), e.state
		s.add(e)
	}
	return s, errors.Join(errs...)
}

func (s *Set) stateOf(id string) *state {
	if s == nil {
		return nil
	}
	return s.states[id]
}

// Calls returns how many calls the measure has refused, or would have, since
// it was first compiled.
func (s *Set) Calls(id string) uint64 {
	if st := s.stateOf(id); st != nil {
		return st.calls.Load()
	}
	return 0
}

func (s *Set) add(e *entry) {
	put := func(i int, key string) {
		if s.exact[i] == nil {
			s.exact[i] = make(map[string][]*entry)
		}
		s.exact[i][key] = append(s.exact[i][key], e)
	}
	switch j := &e.Subject; {
	case j.Credential != "":
		put(byCredential, j.Credential)
	case j.Key != "":
		put(byKey, j.Key)
	case j.Principal != "":
		put(byPrincipal, j.Principal)
	case j.App != "":
		put(byApp, j.App)
	case j.Address.IsValid():
		s.ranges.add(j.Address, e)
	case j.Operation != "":
		put(byOperation, j.Operation)
	default:
		put(byRoute, j.Route)
	}
}

// Len returns the number of measures.
func (s *Set) Len() int {
	if s == nil {
		return 0
	}
	return len(s.entries)
}

// Measures returns the measures, in the order in which they were given.
func (s *Set) Measures() []Measure {
	if s == nil {
		return nil
	}
	list := make([]Measure, len(s.entries))
	for i, e := range s.entries {
		list[i] = e.Measure
	}
	return list
}

// Protected returns the subjects whose calls pass whatever measures there are.
func (s *Set) Protected() []Subject {
	if s == nil {
		return nil
	}
	return slices.Clone(s.protected)
}

// Judge returns what is to be done with the call at the given time. Of the
// measures that mean it the strictest wins, and one that is in force wins over
// any that is dry. A call that is not refused has taken from the bucket of
// each throttle that means it.
func (s *Set) Judge(c *Call, now time.Time) Verdict {
	if s == nil || len(s.entries) == 0 {
		return Verdict{}
	}
	j := judgement{call: c, now: now}
	s.each(c, j.firm)
	if j.real.Kind == "" {
		s.each(c, j.throttle)
	}
	v := j.real
	if v.Kind == "" {
		v = j.dry
	}
	if v.Kind == "" {
		return v
	}
	v.DryRun = v.DryRun || s.protected.means(c)
	s.states[v.Measure].calls.Add(1)
	return v
}

// Ends returns the verdict of the blocks alone: it is for a call that is under
// way, and takes from no bucket.
func (s *Set) Ends(c *Call, now time.Time) Verdict {
	if s == nil || len(s.entries) == 0 {
		return Verdict{}
	}
	j := judgement{call: c, now: now}
	s.each(c, func(e *entry) {
		if e.Kind == Block && !e.DryRun {
			j.firm(e)
		}
	})
	if j.real.Kind == "" || s.protected.means(c) {
		return Verdict{}
	}
	s.states[j.real.Measure].calls.Add(1)
	return j.real
}

// each calls f with each measure that could mean the call.
func (s *Set) each(c *Call, f func(*entry)) {
	look := func(i int, key string) {
		if key != "" && s.exact[i] != nil {
			for _, e := range s.exact[i][key] {
				f(e)
			}
		}
	}
	look(byCredential, c.Credential)
	look(byKey, c.Key)
	look(byPrincipal, c.Principal)
	look(byApp, c.App)
	s.ranges.each(c.Address, f)
	look(byRoute, c.Route)
	if s.exact[byOperation] != nil && c.Template != "" {
		look(byOperation, c.Template)
		look(byOperation, c.Method+" "+c.Template)
	}
}

// judgement collects the strictest verdicts.
type judgement struct {
	call      *Call
	now       time.Time
	real, dry Verdict
}

// means reports whether e is in force and means the call.
func (j *judgement) means(e *entry) bool { return e.inForce(j.now) && e.Subject.means(j.call) }

// firm judges by a measure that needs no counting.
func (j *judgement) firm(e *entry) {
	if e.Kind == Throttle || !j.means(e) {
		return
	}
	if e.Kind == Reauthenticate {
		proven := j.call.Proven
		if proven.IsZero() {
			proven = j.call.Issued
		}
		if proven.After(e.Since) {
			return
		}
	}
	j.found(e, Verdict{Kind: e.Kind, Measure: e.ID, DryRun: e.DryRun, Since: e.Since})
}

// throttle judges by a measure that counts.
func (j *judgement) throttle(e *entry) {
	if e.Kind != Throttle || !j.means(e) {
		return
	}
	if wait := e.state.bucket.take(&e.Measure, j.now); wait > 0 {
		j.found(e, Verdict{Kind: Throttle, Measure: e.ID, DryRun: e.DryRun, Wait: wait})
	}
}

func (j *judgement) found(e *entry, v Verdict) {
	to := &j.real
	if e.DryRun {
		to = &j.dry
	}
	if to.Kind == "" || slices.Index(Kinds, v.Kind) < slices.Index(Kinds, to.Kind) || v.Kind == to.Kind && v.Wait > to.Wait {
		*to = v
	}
}

// Live holds the set in force. The zero Live holds none. It is safe for
// concurrent use.
type Live struct{ set atomic.Pointer[Set] }

// Load returns the set in force; nil: there are no measures. The nil Live has
// none.
func (l *Live) Load() *Set {
	if l == nil {
		return nil
	}
	return l.set.Load()
}

// Store puts s in force, from the next call on.
func (l *Live) Store(s *Set) { l.set.Store(s) }
