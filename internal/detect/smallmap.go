package detect

import (
	"cmp"
	"encoding/json"
	"slices"
)

// few is how many entries a smallMap keeps in a list: most groups have fewer
// values, and a table takes twice the memory of a short list.
const few = 16

// smallMap is a map by hash that is small when it holds little: a list, and
// from few entries on a table with open addressing, at most three quarters
// full, whose places are the hashes themselves. A table has one entry more than
// places, whose hash is the number of entries in it. The zero value is empty.
type smallMap[V any] struct{ e []smallEntry[V] }

type smallEntry[V any] struct {
	H uint64 `json:"h"` // in a table 0 marks a free place
	V V      `json:"v"`
}

func (m *smallMap[V]) isTable() bool { return len(m.e) > few }

func (m *smallMap[V]) len() int {
	if m.isTable() {
		return int(m.e[len(m.e)-1].H)
	}
	return len(m.e)
}

// find returns the place of h, or in a table where it belongs, or -1.
func (m *smallMap[V]) find(h uint64) int {
	if !m.isTable() {
		for i := range m.e {
			if m.e[i].H == h {
				return i
			}
		}
		return -1
	}
	mask := uint64(len(m.e) - 2)
	for i := h & mask; ; i = (i + 1) & mask {
		if x := m.e[i].H; x == h || x == 0 {
			return int(i)
		}
	}
}

// ref returns where the value of h is, until the map is changed; nil: h is not
// in it.
func (m *smallMap[V]) ref(h uint64) *V {
	h = max(h, 1)
	if i := m.find(h); i >= 0 && m.e[i].H == h {
		return &m.e[i].V
	}
	return nil
}

func (m *smallMap[V]) get(h uint64) (v V, ok bool) {
	if p := m.ref(h); p != nil {
		return *p, true
	}
	return v, false
}

func (m *smallMap[V]) set(h uint64, v V) {
	h = max(h, 1)
	i := m.find(h)
	if i >= 0 && m.e[i].H == h {
		m.e[i].V = v
		return
	}
	switch n := m.len(); {
	case n < few && !m.isTable():
		m.e = append(m.e, smallEntry[V]{h, v})
		return
	case !m.isTable() || 4*(n+1) > 3*(len(m.e)-1):
		m.table(n + 1)
		i = m.find(h)
	}
	m.e[i] = smallEntry[V]{h, v}
	m.e[len(m.e)-1].H++
}

// table makes a table of the entries that there are, with room for so many.
func (m *smallMap[V]) table(room int) {
	old, size := *m, 2*few
	for 4*room > 3*size {
		size *= 2
	}
	m.e = make([]smallEntry[V], size+1)
	old.each(func(h uint64, v *V) {
		m.e[m.find(h)] = smallEntry[V]{h, *v}
		m.e[size].H++
	})
}

// remove removes the entry of h, if there is one.
func (m *smallMap[V]) remove(h uint64) {
	h = max(h, 1)
	i := m.find(h)
	switch {
	case i < 0 || m.e[i].H != h:
		return
	case !m.isTable():
		m.e = slices.Delete(m.e, i, i+1)
		return
	}
	mask := len(m.e) - 2
	for j := (i + 1) & mask; m.e[j].H != 0; j = (j + 1) & mask {
		if belongs := int(m.e[j].H) & mask; (j-belongs)&mask >= (j-i)&mask {
			m.e[i], i = m.e[j], j // it would not be found behind the hole
		}
	}
	m.e[i] = smallEntry[V]{}
	m.e[len(m.e)-1].H--
}

// keep removes the entries for which hold is false.
func (m *smallMap[V]) keep(hold func(h uint64, v *V) bool) {
	if !m.isTable() {
		m.e = slices.DeleteFunc(m.e, func(x smallEntry[V]) bool { return !hold(x.H, &x.V) })
		return
	}
	left := m.len()
	for i := range m.e[:len(m.e)-1] {
		if x := &m.e[i]; x.H != 0 && !hold(x.H, &x.V) {
			x.H = 0 // a hole: the table is made anew before it is used
			left--
		}
	}
	switch {
	case left == m.len():
	case left > few/2:
		m.table(left)
	default:
		list := make([]smallEntry[V], 0, left)
		m.each(func(h uint64, v *V) { list = append(list, smallEntry[V]{h, *v}) })
		m.e = list
	}
}

// each calls f for each entry, in no order.
func (m *smallMap[V]) each(f func(h uint64, v *V)) {
	list := m.e
	if m.isTable() {
		list = list[:len(list)-1]
	}
	for i := range list {
		if x := &list[i]; x.H != 0 {
			f(x.H, &x.V)
		}
	}
}

// entries returns all, in the order of their hashes.
func (m *smallMap[V]) entries() []smallEntry[V] {
	out := make([]smallEntry[V], 0, m.len())
	m.each(func(h uint64, v *V) { out = append(out, smallEntry[V]{h, *v}) })
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
