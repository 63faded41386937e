package detect

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// table is state by key, of a bounded number of keys. When it is full it drops
// the eighth that is worth least: first what has run out, then what is
// furthest from a finding, then what was touched longest ago.
type table[S any] struct {
	limit   int
	worth   func(s *S, now int64) float64 // negative: it has run out
	m       map[string]*S
	dropped uint64 // that had not run out
}

func newTable[S any](limit int, worth func(*S, int64) float64) *table[S] {
	return &table[S]{limit: max(limit, 8), worth: worth, m: map[string]*S{}}
}

// find returns the state of key, or nil.
func (t *table[S]) find(key []byte) *S { return t.m[string(key)] }

// get returns the state of key, which is new and zero if there was none.
func (t *table[S]) get(key []byte, now int64) *S {
	if s := t.m[string(key)]; s != nil {
		return s
	}
	if len(t.m) >= t.limit {
		t.makeRoom(now)
	}
	s := new(S)
	t.m[string(key)] = s
	return s
}

func (t *table[S]) makeRoom(now int64) {
	type item struct {
		key   string
		worth float64
	}
	items := make([]item, 0, len(t.m))
	for k, s := range t.m {
		items = append(items, item{k, t.worth(s, now)})
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Or(cmp.Compare(a.worth, b.worth), cmp.Compare(a.key, b.key)) })
	for i, it := range items {
		if it.worth >= 0 {
			if i > len(items)/8 {
				break
			}
			t.dropped++
		}
		delete(t.m, it.key)
	}
}

func (t *table[S]) held() (int, uint64) { return len(t.m), t.dropped }

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
	out := tableState[S]{Dropped: t.dropped, Keys: []tableEntry[S]{}}
	for k, s := range t.m {
		out.Keys = append(out.Keys, tableEntry[S]{[]byte(k), s})
	}
	slices.SortFunc(out.Keys, func(a, b tableEntry[S]) int { return slices.Compare(a.Key, b.Key) })
	return json.Marshal(out)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (t *table[S]) UnmarshalJSON(b []byte) error {
	var in tableState[S]
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	t.dropped, t.m = in.Dropped, make(map[string]*S, len(in.Keys))
	for _, e := range in.Keys {
		t.m[string(e.Key)] = e.State
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
