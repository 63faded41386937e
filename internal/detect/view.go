package detect

import (
	"strings"

	"github.com/gatebook/gatebook/event"
)

// view is an event as the rules of one engine look at it. What one rule has
// found out about it (the values of a field, their hashes, whether a test
// holds) others need not find out again. It is used for one event after
// another; one goroutine uses it.
type view struct {
	*event.Event
	turn   uint32       // of the event; what is marked with another one is of an earlier one
	tests  []testMemo   // by number of the test in the set
	texts  []*textMemo  // likewise; nil: it is not one of many texts
	fields []fieldMemo  // by number of the field
	hashes []hashesMemo // by number of the field
	made   [][]composed // likewise
	whens  map[*when]*whenRun
	failed uint64 // expressions that could not be computed

	hasher  hasher
	scratch []byte
	into    *fieldMemo   // what collect adds to
	collect func(string) // made once: a new one for each event would be garbage
}

type testMemo struct {
	turn  uint32
	holds bool
}

// textMemo is what a test of texts has answered lately, for any event: most
// programs, routes and scopes come again and again, and to look for ten words in
// each takes long. Where values seldom come again it gives up.
type textMemo struct {
	known [32]struct {
		text  string
		holds bool
	}
	hits, misses uint32
	useless      bool
}

type fieldMemo struct {
	turn   uint32
	text   string
	values []string
}

type hashesMemo struct {
	turn uint32
	of   []uint64
}

func newView(tests int, s Secret) *view {
	v := &view{turn: 1, tests: make([]testMemo, tests), texts: make([]*textMemo, tests), fields: make([]fieldMemo, len(fieldNumbers)), hashes: make([]hashesMemo, len(fieldNumbers)), made: make([][]composed, len(fieldNumbers)), hasher: newHasher(s)}
	v.collect = func(s string) { v.into.values = append(v.into.values, s) }
	return v
}

// look makes v that of another event.
func (v *view) look(e *event.Event) {
	v.Event = e
	if v.turn++; v.turn == 0 {
		clear(v.tests)
		clear(v.fields)
		clear(v.hashes)
		v.turn = 1
	}
}

// fieldNumbers number the fields that rules can use.
var fieldNumbers = func() map[string]int {
	m := map[string]int{}
	for i, name := range fieldNames() {
		m[name] = i
	}
	return m
}()

// text returns the value of a field that is no list; empty: absent.
func (v *view) text(f *field) string {
	if f.str != nil && !f.costly {
		return f.str(v.Event)
	}
	if f.number < 0 {
		for _, s := range v.values(f) {
			return s
		}
		return ""
	}
	m := &v.fields[f.number]
	if m.turn != v.turn {
		m.turn = v.turn
		if f.from != nil {
			m.text = v.recall(f)
		} else {
			m.text = f.one(v.Event)
		}
	}
	return m.text
}

// composed is a text that was made of others.
type composed struct{ a, b, text string }

// recall returns the text of a field that is made of two others, which often
// are those of an earlier event.
func (v *view) recall(f *field) string {
	a, b := f.from(v.Event)
	if a == "" && b == "" {
		return f.str(v.Event)
	}
	list := v.made[f.number]
	if list == nil {
		list = make([]composed, 256)
		v.made[f.number] = list
	}
	n := len(a) + 31*len(b)
	for _, s := range [...]string{a, b} {
		for i := max(0, len(s)-8); i < len(s); i++ {
			n = 31*n + int(s[i])
		}
		if len(s) > 8 {
			n = 31*n + int(s[len(s)/2])
		}
	}
	k := &list[uint(n)%uint(len(list))]
	if k.text == "" || k.a != a || k.b != b {
		*k = composed{strings.Clone(a), strings.Clone(b), f.str(v.Event)}
	}
	return k.text
}

// values returns the values of a field that can have several. They are valid
// for this event only.
func (v *view) values(f *field) []string {
	if f.strs != nil {
		return f.strs(v.Event)
	}
	if f.number < 0 {
		var values []string
		f.each(v.Event, func(s string) { values = append(values, s) })
		return values
	}
	m := &v.fields[f.number]
	if m.turn != v.turn {
		m.turn, m.values = v.turn, m.values[:0]
		if f.fill != nil {
			m.values = f.fill(v.Event, m.values)
			return m.values
		}
		v.into = m
		f.each(v.Event, v.collect)
	}
	return m.values
}

// any reports whether f has a value that holds.
func (v *view) any(f *field, holds func(string) bool) bool {
	if !f.list {
		s := v.text(f)
		return s != "" && holds(s)
	}
	for _, s := range v.values(f) {
		if holds(s) {
			return true
		}
	}
	return false
}

// anyAgain is any, of a test of which the answers are remembered by text.
func (v *view) anyAgain(f *field, number int, holds func(string) bool) bool {
	m := v.texts[number]
	if m == nil {
		m = &textMemo{}
		v.texts[number] = m
	}
	if m.useless {
		return v.any(f, holds)
	}
	if !f.list {
		s := v.text(f)
		return s != "" && m.holds(s, holds)
	}
	for _, s := range v.values(f) {
		if m.holds(s, holds) {
			return true
		}
	}
	return false
}

func (m *textMemo) holds(s string, holds func(string) bool) bool {
	n := len(s)
	k := &m.known[(n+int(s[0])+3*int(s[n/2])+5*int(s[n-1])+7*int(s[n/4]))%len(m.known)]
	if k.text == s {
		m.hits++
		return k.holds
	}
	if m.misses++; m.misses == 512 {
		m.useless = m.hits < 2*m.misses
		m.hits, m.misses = 0, 0
	}
	h := holds(s)
	k.text, k.holds = strings.Clone(s), h
	return h
}

func (v *view) present(f *field) bool {
	switch {
	case f.num != nil:
		_, ok := f.num(v.Event)
		return ok
	case f.objects != nil:
		return len(f.objects(v.Event)) > 0
	case !f.list:
		return v.text(f) != ""
	}
	return len(v.values(f)) > 0
}

// nth returns value i of f.
func (v *view) nth(f *field, i int) string {
	if f.list {
		return v.values(f)[i]
	}
	return v.text(f)
}

// hash names a value in state.
func (v *view) hash(s string) uint64 {
	v.scratch = append(v.scratch[:0], s...)
	return v.hasher.sum(v.scratch)
}

// hashesOf returns the hash of each value of f, in their order.
func (v *view) hashesOf(f *field) []uint64 {
	if f.number < 0 {
		var of []uint64
		for _, s := range v.values(f) {
			of = append(of, v.hash(s))
		}
		return of
	}
	m := &v.hashes[f.number]
	if m.turn == v.turn {
		return m.of
	}
	m.turn, m.of = v.turn, m.of[:0]
	switch {
	case f.objects != nil: // without making texts of them
		for _, o := range f.objects(v.Event) {
			v.scratch = append(append(append(v.scratch[:0], o.Type...), '/'), o.ID...)
			m.of = append(m.of, v.hasher.sum(v.scratch))
		}
	case f.list:
		for _, s := range v.values(f) {
			m.of = append(m.of, v.hash(s))
		}
	default:
		if s := v.text(f); s != "" {
			m.of = append(m.of, v.hash(s))
		}
	}
	return m.of
}

// shared returns a test that is made once for each event, however many rules
// ask for it.
func shared(number int, test predicate) predicate {
	return func(v *view) bool {
		m := &v.tests[number]
		if m.turn != v.turn {
			m.turn, m.holds = v.turn, test(v)
		}
		return m.holds
	}
}
