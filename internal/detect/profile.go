package detect

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// withExtra is a table and what else a correlator knows.
type withExtra struct {
	Table json.RawMessage `json:"table"`
	Extra json.RawMessage `json:"extra"`
}

func marshalWith(table, extra any) ([]byte, error) {
	var w withExtra
	var err error
	if w.Table, err = json.Marshal(table); err != nil {
		return nil, err
	}
	if w.Extra, err = json.Marshal(extra); err != nil {
		return nil, err
	}
	return json.Marshal(w)
}

func unmarshalWith(b []byte, table, extra any) error {
	var w withExtra
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	if err := json.Unmarshal(w.Table, table); err != nil {
		return err
	}
	return json.Unmarshal(w.Extra, extra)
}

// The bounds of what a group and a rule remember for first_seen.
const (
	maxKnown      = 256
	maxPopulation = 1 << 16
	fewGroups     = 3 // groups; a value that fewer use is rare, however few groups there are
)

// firstSeen reads a correlation of new values.
func (r *reader) firstSeen(c *correlation, cond *node) {
	const path = "correlation.condition"
	r.known(cond, path, "field", "learn_events", "learn_span", "forget", "rarity")
	n := newness{events: 200, span: 3 * 24 * time.Hour, forget: 90 * 24 * time.Hour}
	if n.f = r.field(orNode(cond.get("field"), cond), path+".field", r.str(cond, path, "field")); n.f == nil {
		return
	}
	if cond.get("learn_events") != nil {
		n.events = r.count(cond, path, "learn_events", 1, 1_000_000)
	}
	if cond.get("learn_span") != nil {
		n.span = r.span(cond, path, "learn_span")
	}
	if cond.get("forget") != nil {
		n.forget = r.span(cond, path, "forget")
	}
	if cond.get("rarity") != nil {
		n.rarity = r.decimal(cond, path, "rarity")
	}
	c.start = func(limit int, _ Config) correlator {
		worth := func(s *known, now int64) float64 { return float64(s.N) + recent(s.Last) }
		return &newState{table: newTable(limit, worth), newness: n}
	}
}

type newness struct {
	f            *field
	events       uint64        // that a group must have had
	span, forget time.Duration // that it must have been known; after which a value is new again
	rarity       float64       // that a value must have among all groups; 0: any
}

// known is what a group has used.
type known struct {
	First int64           `json:"first"`
	Last  int64           `json:"last"`
	N     uint64          `json:"n"`
	Seen  smallMap[int64] `json:"seen"` // when last
}

// newState finds values that are new for their group.
type newState struct {
	*table[known]
	newness
	population
}

// population is how many groups have used a value, and how many groups there
// were.
type population struct {
	Groups uint64            `json:"groups"`
	Values map[uint64]uint32 `json:"values"`
	Lost   uint64            `json:"lost"` // values dropped for want of room
}

func (p *population) add(h uint64) {
	if p.Values == nil {
		p.Values = map[uint64]uint32{}
	}
	if _, ok := p.Values[h]; !ok && len(p.Values) >= maxPopulation {
		counts := make([]uint32, 0, len(p.Values))
		for _, n := range p.Values {
			counts = append(counts, n)
		}
		slices.Sort(counts)
		for k, n := range p.Values {
			if n <= counts[len(counts)/4] {
				delete(p.Values, k)
				p.Lost++
			}
		}
	}
	p.Values[h]++
}

// surprise of a value: -ln of the share of groups that use it.
func (p *population) surprise(h uint64) float64 {
	return -math.Log((float64(p.Values[h]) + 1) / (float64(p.Groups) + 2))
}

func (s *newState) observe(o *observation, _ int, k *group) func() verdict {
	g := s.get(k, o.at)
	if g.N == 0 {
		g.First = o.at
		s.Groups++
	}
	learned, age := g.N, o.at-g.First
	g.N, g.Last = g.N+1, o.at
	fresh := 0
	rarest := -1.0
	for i, h := range o.hashes(s.f) {
		seen := g.Seen.ref(h)
		ok := seen != nil
		if ok {
			last := *seen
			if *seen = o.at; o.at-last < int64(s.forget) {
				continue
			}
		} else {
			if g.Seen.len() >= maxKnown {
				g.forgetOldest()
			}
			g.Seen.set(h, o.at)
		}
		if r := s.surprise(h); r > rarest && (r >= s.newness.rarity || s.Values[h] < fewGroups) {
			fresh, rarest = i, r
		}
		if !ok {
			s.population.add(h)
		}
	}
	if rarest < 0 || learned < s.events || age < int64(s.span) {
		return nil
	}
	return func() verdict {
		terms := []Term{
			{"new value of " + s.f.name, o.v.nth(s.f, fresh), "not seen in " + spanText(s.forget)},
			{"events that the group had before", strconv.FormatUint(learned, 10), ">= " + strconv.FormatUint(s.events, 10)},
			{"time since the group's first event", time.Duration(age).Round(time.Second).String(), ">= " + spanText(s.span)},
		}
		want := ""
		if s.newness.rarity > 0 {
			want = ">= " + decimalText(s.newness.rarity) + ", or fewer than " + strconv.Itoa(fewGroups) + " groups"
		}
		return verdict{append(terms, Term{"rarity: -ln of the share of groups that use it", decimalText(rarest), want}), nil, 1, o.at}
	}
}

// forgetOldest makes room: of the values, those that were seen before the
// eighth that is oldest; if none is older than it, all of its time.
func (g *known) forgetOldest() {
	times := make([]int64, 0, g.Seen.len())
	g.Seen.each(func(_ uint64, at *int64) { times = append(times, *at) })
	slices.Sort(times)
	limit := times[len(times)/8]
	if limit == times[0] {
		limit++
	}
	g.Seen.keep(func(_ uint64, at *int64) bool { return *at >= limit })
}

func (s *newState) held() (int, uint64) { n, d := s.table.held(); return n, d + s.Lost }

func (s *newState) MarshalJSON() ([]byte, error) { return marshalWith(s.table, &s.population) }
func (s *newState) UnmarshalJSON(b []byte) error { return unmarshalWith(b, s.table, &s.population) }

func decimalText(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
