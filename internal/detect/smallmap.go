package detect

import (
	"cmp"
	"encoding/json"
	"slices"
)

// few is how many entries a smallMap keeps in a list: most groups have fewer
// values, and a map takes five times the memory of a short list.
const few = 16

// smallMap is a map by hash that is small when it holds little. Its zero value
// is empty.
type smallMap[V any] struct {
	list []smallEntry[V]
	many map[uint64]V // instead of list, once there were more than few
}

type smallEntry[V any] struct {
	H uint64 `json:"h"`
	V V      `json:"v"`
}

func (m *smallMap[V]) len() int { return len(m.list) + len(m.many) }

func (m *smallMap[V]) get(h uint64) (v V, ok bool) {
	if m.many != nil {
		v, ok = m.many[h]
		return v, ok
	}
	for i := range m.list {
		if m.list[i].H == h {
			return m.list[i].V, true
		}
	}
	return v, false
}

func (m *smallMap[V]) set(h uint64, v V) {
	if m.many != nil {
		m.many[h] = v
		return
	}
	for i := range m.list {
		if m.list[i].H == h {
			m.list[i].V = v
			return
		}
	}
	if len(m.list) < few {
		m.list = append(m.list, smallEntry[V]{h, v})
		return
	}
	m.many = make(map[uint64]V, 2*few)
	for _, x := range m.list {
		m.many[x.H] = x.V
	}
	m.list, m.many[h] = nil, v
}

// keep removes the entries for which hold is false.
func (m *smallMap[V]) keep(hold func(h uint64, v V) bool) {
	m.list = slices.DeleteFunc(m.list, func(x smallEntry[V]) bool { return !hold(x.H, x.V) })
	for h, v := range m.many {
		if !hold(h, v) {
			delete(m.many, h)
		}
	}
}

// entries returns all, in the order of their hashes.
func (m *smallMap[V]) entries() []smallEntry[V] {
	out := make([]smallEntry[V], 0, m.len())
	out = append(out, m.list...)
	for h, v := range m.many {
		out = append(out, smallEntry[V]{h, v})
	}
	slices.SortFunc(out, func(a, b smallEntry[V]) int { return cmp.Compare(a.H, b.H) })
	return out
}

// MarshalJSON writes the entries in order.
func (m smallMap[V]) MarshalJSON() ([]byte, error) { return json.Marshal(m.entries()) }

// UnmarshalJSON is the inverse of MarshalJSON.
func (m *smallMap[V]) UnmarshalJSON(b []byte) error {
	var list []smallEntry[V]
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	*m = smallMap[V]{}
	for _, x := range list {
		m.set(x.H, x.V)
	}
	return nil
}
