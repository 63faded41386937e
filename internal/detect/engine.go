package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Config is what an [Engine] is made of.
type Config struct {
	Rules *Set

	// Lateness is how far behind the newest event another may come and still
	// be put in its place. Findings wait as long. 0: half a second.
	Lateness time.Duration

	// MaxKeys bounds the groups that a rule keeps state of. 0: 100,000.
	MaxKeys int

	// Remember is how many ids are remembered, to tell an event that is late
	// from one that comes again. 0: 65,536.
	Remember int

	// Clock returns a time that only goes forward, of any beginning. With it
	// one event in 64 is measured: see [Engine.Costs]. nil: nothing is.
	Clock func() time.Duration

	// Budget is what a rule may cost an event on average: [Engine.Over] says
	// which cost more. 0: any may cost what it does. It needs Clock.
	Budget time.Duration

	// Tireless is an engine whose rules never rest, whatever was decided: to
	// see what a rule would find.
	Tireless bool

	// Secret names values in state, so that one who chooses values and does not
	// know it cannot make two of them look the same. It makes no difference to
	// what is found. Zero: anybody knows it.
	Secret Secret

	// Locate says where an address is. nil: rules of type travel are not
	// active.
	Locate func(netip.Addr) (Place, bool)

	// Places names what Locate knows, such as the sum of a file: state of rules
	// of type travel that was made with other places is not taken over.
	Places string
}

// Stats counts what an engine did.
type Stats struct {
	Events     uint64 `json:"events"`     // judged
	Duplicates uint64 `json:"duplicates"` // came again, and had no effect
	Late       uint64 `json:"late"`       // came later than the lateness, and were judged when they came
	Old        uint64 `json:"old"`        // came later than ten minutes, and were judged by rules that look at one event only
	Ahead      uint64 `json:"ahead"`      // had a time in the future, and were judged when that was clear
	Overtaken  uint64 `json:"overtaken"`  // came in time, but after Advance had a later one judged: they were judged when they came, and findings may differ from those of a run without Advance
	TooLate    uint64 `json:"tooLate"`    // came so late that it cannot be said whether they came before, and were not judged
	Findings   uint64 `json:"findings"`
	Suppressed uint64 `json:"suppressed"` // findings that were one too many, by dedup
	Keys       int    `json:"keys"`       // groups that state is kept of
	Failed     uint64 `json:"failed"`     // expressions (when) that could not be computed for an event, and counted as false
	Dropped    uint64 `json:"dropped"`    // groups and values that were dropped for want of room: a pattern may have been missed
}

// Engine judges events. Its zero value is of no use. One goroutine uses it.
type Engine struct {
	cfg    Config
	rules  []*active
	byKind map[event.Kind][]*active // rules that look at events of a kind
	chains []*active                // correlations, those that feed others first

	clock      clock
	waiting    queue
	held       []waiting         // ahead of the others, in the order in which they came
	ids        map[event.ID]bool // of those that wait or are held, and of those remembered
	remembered []remembered      // a ring, oldest at next
	next       int
	forgotten  int64 // when the newest id that was forgotten counted for
	judged     turn  // of the event that was judged last

	risks *table[risk] // by entity, as what is muted is
	stats Stats
	view  *view
	found []Finding

	// Of the event that is judged.
	now     observation
	due     bitset // chains with a reference that was hit, by number
	touched bitset // rules that matched or were hit, by number
}

type remembered struct {
	ID event.ID `json:"id"`
	At int64    `json:"t"`
}

// active is a rule in an engine.
type active struct {
	*Rule
	number int // in the engine's rules
	state  correlator
	groups *groups   // that the state is of
	refs   []*active // as the correlation's; itself for its own detection
	own    int       // the chain that its own detection feeds; -1: none
	feeds  []int     // chains that refer to it

	muted *table[moment] // until when a finding would be one too many
	meter meter
	spent time.Duration  // on the event that is measured
	until int64          // it rests until then
	rests uint           // how often it did
	hit   bool           // by the event that is judged
	match bool           // its own detection
	why   func() verdict // of a correlation that is hit
	group []*field       // of the reference that completed it
}

type moment struct {
	Until int64 `json:"until"`
}

type risk struct {
	Points float64 `json:"points"`
	At     int64   `json:"t"`
	Half   int64   `json:"half"`
}

// New returns an engine that has seen nothing.
func New(cfg Config) *Engine {
	if cfg.Lateness == 0 {
		cfg.Lateness = 500 * time.Millisecond
	}
	if cfg.MaxKeys == 0 {
		cfg.MaxKeys = 100_000
	}
	if cfg.Remember == 0 {
		cfg.Remember = 1 << 16
	}
	e := &Engine{cfg: cfg, byKind: map[event.Kind][]*active{}, ids: map[event.ID]bool{}, forgotten: math.MinInt64, judged: turn{At: math.MinInt64}}
	e.view = newView(cfg.Rules.tests, cfg.Secret)
	entities, byFields := newGroups(false), map[string]*groups{}
	e.risks = newTable(cfg.MaxKeys, func(r *risk, now int64) float64 { return r.now(now) })
	e.risks.bind(entities)
	of := map[*Rule]*active{}
	for _, r := range cfg.Rules.Rules {
		a := &active{Rule: r, number: len(e.rules), own: -1, muted: newTable(cfg.MaxKeys, func(m *moment, now int64) float64 { return float64(m.Until - now) })}
		a.muted.bind(entities)
		of[r] = a
		e.rules = append(e.rules, a)
		if r.match != nil {
			e.byKind[r.category] = append(e.byKind[r.category], a)
		}
		if r.corr == nil {
			continue
		}
		if a.state = r.corr.start(cfg.MaxKeys, cfg); a.state == nil {
			continue
		}
		for _, ref := range r.corr.refs {
			if ref.rule == nil {
				a.refs, a.own = append(a.refs, a), len(e.chains)
				continue
			}
			to := of[ref.rule]
			a.refs, to.feeds = append(a.refs, to), append(to.feeds, len(e.chains))
		}
		name, alike := r.corr.grouping()
		if a.groups = byFields[name]; a.groups == nil || !alike {
			a.groups = newGroups(alike)
			if alike {
				byFields[name] = a.groups
			}
		}
		a.state.bind(a.groups)
		e.chains = append(e.chains, a)
	}
	e.due, e.touched = newBitset(len(e.chains)), newBitset(len(e.rules))
	return e
}

// Inactive returns the names of the rules that cannot find anything, because
// they need places and the engine has none.
func (e *Engine) Inactive() []string {
	var names []string
	for _, a := range e.rules {
		if a.corr != nil && a.state == nil {
			names = append(names, a.Name)
		}
	}
	return names
}

// Stats returns what the engine did so far.
func (e *Engine) Stats() Stats {
	s := e.stats
	for _, a := range e.chains {
		n, d := a.state.held()
		s.Keys, s.Dropped = s.Keys+n, s.Dropped+d
	}
	return s
}

// Time is when an event counts for: when the call was over, or when it arrived
// if that is not known.
func Time(e *event.Event) time.Time {
	if end := e.End(); !end.IsZero() {
		return end
	}
	return e.Arrived
}

// Add takes an event, with its number in the ledger or -1, and returns the
// findings that are due. The event must not be changed afterwards. The
// findings are those of events that the lateness has passed for. An event of a
// kind that no rule looks at, or of which detection is the [Source], has no
// effect at all, but for the decision that a rule rests ([PauseName]).
func (e *Engine) Add(ev *event.Event, number int64) []Finding {
	if (len(e.byKind[ev.Kind]) == 0 || ev.Capture.Source == Source) && !pauses(ev) {
		return nil
	}
	if e.ids[ev.ID] {
		e.stats.Duplicates++
		e.waiting.lower(ev.ID, number)
		queue(e.held).lower(ev.ID, number)
		return nil
	}
	e.take(waiting{e: ev, raw: Time(ev).UnixNano(), number: number})
	return e.until(e.late())
}

// Advance says that it is t, and that no event of before t less the lateness
// is to come, and returns the findings that are due. It is for a stream that
// is live, whose last events would wait for the next ones. Findings are the
// same without it, as long as it is true.
func (e *Engine) Advance(t time.Time) []Finding {
	if !e.clock.Started {
		return nil
	}
	now := t.UnixNano()
	for slices.ContainsFunc(e.held, func(w waiting) bool { return w.raw <= now }) {
		e.timePassed()
	}
	return e.until(max(e.late(), now+e.clock.Shift-int64(e.cfg.Lateness)))
}

// Flush judges what waits: at the end of a stream.
func (e *Engine) Flush() []Finding {
	for len(e.held) > 0 {
		if w := e.held[0]; w.present > 0 {
			e.held = e.held[1:]
			e.asLate(w, &e.stats.Ahead)
			continue
		}
		e.timePassed()
	}
	return e.until(math.MaxInt64)
}

func (e *Engine) until(limit int64) []Finding {
	e.found = nil
	for len(e.waiting) > 0 && e.waiting[0].pos.At <= limit {
		w := e.waiting.pop()
		e.judged = w.pos
		e.remember(w.e.ID, w.pos.At)
		e.view.look(w.e)
		e.now = observation{w.e, w.pos.At, Ref{w.e.ID, w.number}, e.view}
		e.judge(&e.now, w.old)
	}
	return e.found
}

func (e *Engine) remember(id event.ID, at int64) {
	if len(e.remembered) < e.cfg.Remember {
		e.remembered = append(e.remembered, remembered{id, at})
		return
	}
	old := &e.remembered[e.next]
	delete(e.ids, old.ID)
	e.forgotten = old.At
	*old = remembered{id, at}
	e.next = (e.next + 1) % len(e.remembered)
}

// judge asks all rules about an event; about an old one those that look at one
// event only.
func (e *Engine) judge(o *observation, old bool) {
	e.stats.Events++
	measure := e.cfg.Clock != nil && e.stats.Events%sampleEvery == 1
	any := false
	for _, a := range e.byKind[o.e.Kind] {
		if a.restsAt(o.at) {
			continue
		}
		if measure {
			e.timed(a, func() { a.match = a.Rule.match(o.v) })
		} else {
			a.match = a.Rule.match(o.v)
		}
		if a.match {
			any = true
			e.matched(a)
		}
	}
	e.stats.Failed, e.view.failed = e.stats.Failed+e.view.failed, 0
	if any {
		e.chain(o, old, measure)
		e.conclude(o)
	}
	if measure {
		e.measured()
	}
	if pauses(o.e) {
		e.obey(o)
	}
}

// matched notes that a rule's own detection holds.
func (e *Engine) matched(a *active) {
	e.touched.add(a.number)
	if a.corr == nil {
		e.wasHit(a)
	} else if a.own >= 0 {
		e.due.add(a.own)
	}
}

// wasHit notes that a rule found something.
func (e *Engine) wasHit(a *active) {
	a.hit = true
	e.touched.add(a.number)
	for _, c := range a.feeds {
		e.due.add(c)
	}
}

// chain tells the correlations whose references were hit. A correlation refers
// to earlier ones only.
func (e *Engine) chain(o *observation, old, measure bool) {
	if old {
		clear(e.due)
		return
	}
	for c := e.due.take(0); c >= 0; c = e.due.take(c) {
		a := e.chains[c]
		switch {
		case a.restsAt(o.at):
		case measure:
			e.timed(a, func() { e.observe(a, o) })
		default:
			e.observe(a, o)
		}
	}
}

// conclude reports the rules that were hit, and makes all ready for the next
// event.
func (e *Engine) conclude(o *observation) {
	for n := e.touched.take(0); n >= 0; n = e.touched.take(n) {
		a := e.rules[n]
		if a.hit && !a.Quiet {
			e.report(a, o)
		}
		a.hit, a.match, a.why, a.group = false, false, nil, nil
	}
}

// observe tells a correlation of the references that were hit, the last first,
// so that one event is not two steps of a sequence.
func (e *Engine) observe(a *active, o *observation) {
	for i := len(a.refs) - 1; i >= 0; i-- {
		if ref := a.refs[i]; !ref.hit && !(ref == a && a.match) {
			continue
		}
		k := a.groups.find(o.v, a.corr.refs[i].keys)
		if k == nil {
			continue
		}
		if why := a.state.observe(o, i, k); why != nil {
			a.why, a.group = why, a.corr.refs[i].keys
		}
	}
	if a.why != nil {
		e.wasHit(a)
	}
}

// report makes a finding, unless it is one too many.
func (e *Engine) report(a *active, o *observation) {
	entity := a.entityOf(o.v)
	by := entity
	if a.dedup.by != nil {
		by = values(a.dedup.by, o.v)
	}
	if a.dedup.span > 0 {
		m := a.muted.get(a.muted.groups.named(keyOf(by)), o.at)
		if m.Until > o.at {
			e.stats.Suppressed++
			return
		}
		m.Until = o.at + int64(a.dedup.span)
	}
	v := verdict{count: 1, from: o.at}
	if a.why != nil {
		v = a.why()
	}
	f := Finding{
		Rule: a.Name, RuleID: a.Rule.ID, Title: a.Title, Level: a.Level, At: Time(o.e).UTC(), Entity: entity,
		Terms: v.terms, Events: append(v.events, o.ref), Count: v.count, Tags: a.Tags, Response: a.Response,
	}
	if f.From = unix(v.from - e.clock.Shift); f.From.After(f.At) {
		f.From = f.At
	}
	f.Events = f.Events[max(0, len(f.Events)-maxRefs):]
	if f.Terms == nil {
		f.Terms = []Term{{"events that match", "1", "1"}}
	}
	sum := sha256.Sum256([]byte(a.Rule.ID + "\x00" + keyOf(entity) + "\x00" + o.e.ID.String()))
	f.ID = hex.EncodeToString(sum[:16])
	f.Risk = e.risk(a, entity, o)
	e.stats.Findings++
	e.found = append(e.found, f)
}

func unix(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// entityOf is about whom a finding is: what the rule names, or the group of its
// correlation, or who made the call; where they are not known, the address.
func (a *active) entityOf(e *view) []Value {
	for _, fields := range [][]*field{a.entity, a.group, caller, source} {
		if list := values(fields, e); len(list) > 0 {
			return list
		}
	}
	return []Value{}
}

var (
	caller = []*field{lookupField("principal.id"), lookupField("credential.client")}
	source = []*field{lookupField("who.address")}
)

func values(fields []*field, e *view) []Value {
	list := []Value{}
	for _, f := range fields {
		if v := e.text(f); v != "" {
			list = append(list, Value{f.name, v})
		}
	}
	return list
}

func keyOf(list []Value) string {
	var b strings.Builder
	for _, v := range list {
		b.WriteString(v.Field + "\x00" + v.Value + "\x00")
	}
	return b.String()
}

// risk adds the rule's points to the entity.
func (e *Engine) risk(a *active, entity []Value, o *observation) Risk {
	if a.risk != nil {
		entity = values(a.risk, o.v)
	}
	if a.Points == 0 || len(entity) == 0 {
		return Risk{}
	}
	r := e.risks.get(e.risks.groups.named(keyOf(entity)), o.at)
	left, half := r.now(o.at), int64(a.halfLife)
	if left >= 1 {
		half = max(half, r.Half)
	}
	r.Points, r.At, r.Half = left+float64(a.Points), o.at, half
	return Risk{a.Points, math.Round(r.Points*10) / 10}
}

// now is what is left of the points.
func (r *risk) now(at int64) float64 {
	if r.Half == 0 {
		return 0
	}
	return r.Points * math.Exp2(-float64(at-r.At)/float64(r.Half))
}
