package detect

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
)

// table is the state of one rule by group, of a bounded number of groups. When
// it is full it drops the eighth that is worth least: first what has run out,
// then what is furthest from a finding, then what was touched longest ago.
type table[S any] struct {
	limit   int
	worth   func(s *S, now int64) float64 // negative: it has run out
	groups  *groups
	slot    uint32
	states  chunks[S]
	owner   chunks[uint32] // number of the group that each state is of; 0: it is free
	free    []uint32       // states
	n       int            // states that are in use
	dropped uint64         // that had not run out
}

func newTable[S any](limit int, worth func(*S, int64) float64) *table[S] {
	return &table[S]{limit: max(limit, 8), worth: worth}
}

// bind says whose state it is. It is called once, before anything else.
func (t *table[S]) bind(g *groups) { t.groups, t.slot = g, g.slot() }

// find returns the state of a group, or nil.
func (t *table[S]) find(k *group) *S {
	if k.number == 0 {
		return nil
	}
	if i := *k.state(t.slot); i > 0 {
		return t.states.at(i - 1)
	}
	return nil
}

// get returns the state of a group, which is new and zero if there was none.
func (t *table[S]) get(k *group, now int64) *S {
	if s := t.find(k); s != nil {
		return s
	}
	if t.n >= t.limit {
		t.makeRoom(now)
	}
	return t.add(k)
}

// add makes a state of a group that has none.
func (t *table[S]) add(k *group) *S {
	at := k.state(t.slot)
	t.groups.states[k.number-1]++
	t.n++
	if n := len(t.free); n > 0 {
		*at, t.free = t.free[n-1]+1, t.free[:n-1]
	} else {
		*at = t.states.add() + 1
		t.owner.add()
	}
	*t.owner.at(*at - 1) = k.number
	return t.states.at(*at - 1)
}

// drop forgets a state.
func (t *table[S]) drop(i uint32) {
	var zero S
	*t.states.at(i) = zero
	owner := t.owner.at(i)
	t.groups.lost(*owner, t.slot)
	*owner = 0
	t.free = append(t.free, i)
	t.n--
}

func (t *table[S]) makeRoom(now int64) {
	type item struct {
		worth float64
		state uint32
	}
	items := make([]item, 0, t.n)
	for i := range t.owner.n {
		if *t.owner.at(i) > 0 {
			items = append(items, item{t.worth(t.states.at(i), now), i})
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		if c := cmp.Compare(a.worth, b.worth); c != 0 {
			return c
		}
		return cmp.Compare(t.key(a.state), t.key(b.state))
	})
	for i, it := range items {
		if it.worth >= 0 {
			if i > len(items)/8 {
				break
			}
			t.dropped++
		}
		t.drop(it.state)
	}
}

// key is that of the group that a state is of.
func (t *table[S]) key(i uint32) string { return t.groups.keys[*t.owner.at(i)-1] }

func (t *table[S]) held() (int, uint64) { return t.n, t.dropped }

type tableState[S any] struct {
	Dropped uint64          `json:"dropped"`
	Keys    []tableEntry[S] `json:"keys"`
}

type tableEntry[S any] struct {
	Key   []byte `json:"k"`
	State *S     `json:"s"`
}

// MarshalJSON writes the keys in order.
func (t *table[S]) MarshalJSON() ([]byte, error) {
	out := tableState[S]{Dropped: t.dropped, Keys: make([]tableEntry[S], 0, t.n)}
	for i := range t.owner.n {
		if *t.owner.at(i) > 0 {
			out.Keys = append(out.Keys, tableEntry[S]{[]byte(t.key(i)), t.states.at(i)})
		}
	}
	slices.SortFunc(out.Keys, func(a, b tableEntry[S]) int { return slices.Compare(a.Key, b.Key) })
	return json.Marshal(out)
}

// UnmarshalJSON is the inverse of MarshalJSON. The table must be bound, and
// empty.
func (t *table[S]) UnmarshalJSON(b []byte) error {
	var in tableState[S]
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	t.dropped = in.Dropped
	for _, e := range in.Keys {
		k := t.groups.named(string(e.Key))
		if e.State == nil || t.find(k) != nil {
			return errors.New("a group has no state, or two")
		}
		*t.add(k) = *e.State
	}
	return nil
}

// hash names a value in state, in 64 bits of SHA-256: one who chooses values
// cannot make two of them look the same.
func hash(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.LittleEndian.Uint64(sum[:])
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
