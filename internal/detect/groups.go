package detect

import "strings"

// groups are the groups by one list of fields, and where the state of each is
// in the tables of the rules that group by it: however many rules there are, an
// event is looked up once. Its zero value is of no use; see [newGroups].
type groups struct {
	numbers map[string]uint32 // of each group, by its key
	keys    []string          // by number; empty: it is free
	states  []uint16          // that each group has, in all tables
	free    []uint32          // numbers
	slots   uint32            // tables
	at      chunks[uint32]    // slots for each group: the number of its state in the table and one; 0: none

	// Of the event that was looked up last, where all rules look it up alike.
	shared bool
	turn   uint32
	memo   group
	known  bool
}

func newGroups(shared bool) *groups {
	return &groups{numbers: map[string]uint32{}, shared: shared}
}

// group is a group that an event belongs to. It is made only when a rule keeps
// state of it.
type group struct {
	of     *groups
	text   string // the key; empty: it is in bytes
	bytes  []byte
	number uint32 // and one; 0: there is no state of it
}

// slot takes a place in each group, for one table. Slots are taken before the
// first group is there.
func (g *groups) slot() uint32 {
	g.slots++
	return g.slots - 1
}

// find returns the group that an event belongs to by the values of fields, or
// nil if one of them is absent. It is valid until the next call.
func (g *groups) find(v *view, fields []*field) *group {
	if g.shared && g.turn == v.turn {
		if !g.known {
			return nil
		}
		return &g.memo
	}
	g.turn, g.memo.of, g.memo.text, g.memo.bytes = v.turn, g, "", g.memo.bytes[:0]
	if len(fields) == 1 {
		g.memo.text = v.text(fields[0])
		if g.known = g.memo.text != ""; !g.known {
			return nil
		}
		g.memo.number = g.numbers[g.memo.text]
		return &g.memo
	}
	if g.memo.bytes, g.known = appendKey(g.memo.bytes, fields, v); !g.known {
		return nil
	}
	g.memo.number = g.numbers[string(g.memo.bytes)]
	return &g.memo
}

// named returns the group of a key.
func (g *groups) named(key string) *group {
	return &group{of: g, text: key, number: g.numbers[key]}
}

// key is what the group is called.
func (k *group) key() string {
	if k.text != "" {
		return k.text
	}
	return string(k.bytes)
}

// state is where a table has the number of the group's state, and one. It
// makes the group if it is not there.
func (k *group) state(slot uint32) *uint32 {
	g := k.of
	if k.number == 0 {
		key := strings.Clone(k.key())
		if n := len(g.free); n > 0 {
			k.number, g.free = g.free[n-1], g.free[:n-1]
			g.keys[k.number-1] = key
		} else {
			g.keys, g.states = append(g.keys, key), append(g.states, 0)
			k.number = uint32(len(g.keys))
			for range g.slots {
				g.at.add()
			}
		}
		g.numbers[key] = k.number
	}
	return g.at.at((k.number-1)*g.slots + slot)
}

// lost notes that a table has dropped the state of a group.
func (g *groups) lost(number, slot uint32) {
	*g.at.at((number-1)*g.slots + slot) = 0
	if g.states[number-1]--; g.states[number-1] == 0 {
		delete(g.numbers, g.keys[number-1])
		g.keys[number-1] = ""
		g.free = append(g.free, number)
	}
}

// chunks is a list whose entries stay where they are while it grows, and which
// grows without a copy.
type chunks[T any] struct {
	list []*[chunkSize]T
	n    uint32
}

const chunkSize = 128

// add appends an entry of value zero, and returns its number.
func (c *chunks[T]) add() uint32 {
	if c.n%chunkSize == 0 {
		c.list = append(c.list, new([chunkSize]T))
	}
	c.n++
	return c.n - 1
}

func (c *chunks[T]) at(i uint32) *T { return &c.list[i/chunkSize][i%chunkSize] }
