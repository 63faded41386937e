package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// maxAUC is how well one field may tell events of attacks from others.
const maxAUC = 0.70

// leaks measures whether the makers of attacks gave them away: how well one
// field of one event alone tells an attack. Values of a field are ranked by
// how often they were attacks in one half of the data (even or odd seeds or
// actors), and the ranking is judged on the other half, by the area under its
// ROC curve: 0.5 tells nothing, 1 tells all. This finds any value or range
// that is an attack's own, not only larger numbers. Each campaign counts as
// much as another, however many events it has.
//
// Two questions are asked: among all events, and among events of the same
// route (which the attack needs: guessing passwords is signing in).
//
// Fields that name somebody, as the address does, are left out: their values
// are of one seed only. What is like them across seeds (the first byte of the
// address, the kind of credential) is in.
type leaks struct {
	fields []leakField
	all    []map[string]*tally // by field: value
	same   []map[string]*tally // by field: route and value
	size   [2]map[string]float64
}

type leakField struct {
	name string
	of   func(*event.Event) string
}

// tally counts events with a value, in each half: normal ones, and those of
// each campaign.
type tally struct {
	normal [2]float64
	attack [2]map[string]float64
}

func newLeaks() *leaks {
	l := &leaks{fields: leakFields(), size: [2]map[string]float64{{}, {}}}
	for range l.fields {
		l.all, l.same = append(l.all, map[string]*tally{}), append(l.same, map[string]*tally{})
	}
	return l
}

// octave names a number by its half octave.
func octave(n uint64) string {
	if n == 0 {
		return "0"
	}
	return strconv.Itoa(int(math.Log2(float64(n)) * 2))
}

func leakFields() []leakField {
	names := []string{"operation.method", "operation.action", "operation.requires", "operation.basis", "operation.host", "outcome.status", "principal.kind", "principal.level",
		"principal.reason", "credential.method", "scopes.missing", "objects", "data", "who.user_agent", "who.tls.version", "who.tls.ja4", "who.tenant", "operation.protocol", "request.type", "response.type"}
	list := []leakField{{"operation.route", func(e *event.Event) string { return e.Operation.Route }}}
	for _, name := range names {
		f := event.Lookup(name)
		list = append(list, leakField{name, func(e *event.Event) string {
			var v []string
			f.Values(e, func(s string) { v = append(v, s) })
			return strings.Join(v, " ")
		}})
	}
	number := func(name string, of func(*event.Event) uint64) {
		list = append(list, leakField{name, func(e *event.Event) string { return octave(of(e)) }})
	}
	number("records", func(e *event.Event) uint64 { return e.Records })
	number("response.bytes", func(e *event.Event) uint64 { return e.Response.Bytes })
	number("request.bytes", func(e *event.Event) uint64 { return e.Request.Bytes })
	number("duration", func(e *event.Event) uint64 { return uint64(detect.Time(e).Sub(e.Arrived)) })
	number("what.asked (how many)", func(e *event.Event) uint64 { return e.What.Asked })
	number("what.objects (how many)", func(e *event.Event) uint64 { return uint64(len(e.What.Objects)) })
	number("credential.delegation (how many)", func(e *event.Event) uint64 { return uint64(len(e.Credential.Delegation)) })
	number("credential.scopes (how many)", func(e *event.Event) uint64 { return uint64(len(e.Credential.Scopes)) })
	for _, name := range append(slices.Clone(extraScopes), "admin", "customers:read") {
		list = append(list, leakField{"credential.scopes (" + name + ")", func(e *event.Event) string { return strconv.FormatBool(slices.Contains(e.Credential.Scopes, name)) }})
	}
	return append(list,
		leakField{"arrived (hour)", func(e *event.Event) string { return strconv.Itoa(e.Arrived.Hour()) }},
		leakField{"arrived (day of week)", func(e *event.Event) string { return e.Arrived.Weekday().String() }},
		leakField{"arrived (millisecond)", func(e *event.Event) string { return strconv.Itoa(e.Arrived.Nanosecond() / 1e8) }},
		leakField{"who.address (first byte)", func(e *event.Event) string { first, _, _ := strings.Cut(e.Who.Address, "."); return first }},
		leakField{"who.address (last byte)", func(e *event.Event) string { return e.Who.Address[lastDot(e.Who.Address)+1:] }},
		leakField{"what.path (length)", func(e *event.Event) string { return strconv.Itoa(len(e.What.Path)) }},
		leakField{"credential.client (kind)", func(e *event.Event) string { first, _, _ := strings.Cut(e.Credential.Client, "-"); return first }},
	)
}

// add counts an event. One in eight of the background is enough.
func (l *leaks) add(seed uint64, it item) {
	half := int(seed) & 1
	name := ""
	if it.c != nil {
		name = it.c.name + ", " + it.c.strength
		if n := len(it.c.trace); n > 600 && it.e.ID[13]&7 != 0 { // a part is enough of large ones
			return
		}
		l.size[half][name]++
	} else if it.e.ID[13]&7 != 0 {
		return
	} else {
		l.size[half][""]++
	}
	for i, f := range l.fields {
		v := f.of(it.e)
		count(l.all[i], v, name, half)
		count(l.same[i], it.e.Operation.Route+"\x00"+v, name, half)
	}
}

func count(m map[string]*tally, v, name string, half int) {
	t := m[v]
	if t == nil {
		t = &tally{attack: [2]map[string]float64{{}, {}}}
		m[v] = t
	}
	if name == "" {
		t.normal[half]++
	} else {
		t.attack[half][name]++
	}
}

// leak is how well a field tells.
type leak struct {
	field     string
	all, same float64 // among all events, and among those of the same route
	worst     string  // the campaign that it tells best among those of the same route
	worstAUC  float64
}

// measure returns the fields, those that tell most first.
func (l *leaks) measure() []leak {
	var list []leak
	for i, f := range l.fields {
		k := leak{field: f.name, all: l.area(l.all[i], "", false), same: l.area(l.same[i], "", true)}
		for name := range l.size[0] {
			if name == "" || f.name == "operation.route" {
				continue
			}
			if a := l.area(l.same[i], name, true); a > k.worstAUC || a == k.worstAUC && name < k.worst {
				k.worst, k.worstAUC = name, a
			}
		}
		if f.name == "operation.route" {
			k.same = 0.5
		}
		list = append(list, k)
	}
	slices.SortStableFunc(list, func(a, b leak) int { return cmp.Compare(max(b.all, b.same), max(a.all, a.same)) })
	return list
}

// area is the area under the curve, the mean of both ways to halve the data.
// Of one campaign, or with "" of all. With routes, values begin with a route,
// and only events of the same route are compared.
func (l *leaks) area(m map[string]*tally, of string, routes bool) float64 {
	sum := 0.0
	for test := range 2 {
		sum += l.half(m, of, routes, test)
	}
	return sum / 2
}

func (l *leaks) half(m map[string]*tally, of string, routes bool, test int) float64 {
	type value struct {
		score, attack, normal float64
	}
	weight := func(t *tally, half int) (sum float64) {
		for name, n := range t.attack[half] {
			if of == "" || of == name {
				sum += n / l.size[half][name]
			}
		}
		return sum
	}
	by := map[string][]value{}
	for v, t := range m {
		route := ""
		if routes {
			route, _, _ = strings.Cut(v, "\x00")
		}
		a, n := weight(t, 1-test), t.normal[1-test]/max(l.size[1-test][""], 1)
		by[route] = append(by[route], value{(a + 1e-6) / (a + n + 2e-6), weight(t, test), t.normal[test]})
	}
	right, total := 0.0, 0.0
	for _, list := range by {
		slices.SortFunc(list, func(a, b value) int { return cmp.Compare(a.score, b.score) })
		normal, below := 0.0, 0.0
		for _, v := range list {
			normal += v.normal
		}
		if normal == 0 {
			continue
		}
		for i := 0; i < len(list); {
			j, here, attack := i, 0.0, 0.0
			for ; j < len(list) && list[j].score == list[i].score; j++ {
				here, attack = here+list[j].normal, attack+list[j].attack
			}
			right += attack * (below + here/2) / normal
			total += attack
			below, i = below+here, j
		}
	}
	if total == 0 {
		return 0.5
	}
	return right / total
}

// print writes the table and reports whether the makers kept the secret.
func (l *leaks) print(out io.Writer) bool {
	ok := true
	fmt.Fprintf(out, "\nLeak test: how well one field of one event tells attacks (area under the curve; at most %.2f)\n\n", maxAUC)
	fmt.Fprintf(out, "| field | among all events | of the same route | most of one campaign, same route |\n|---|---|---|---|\n")
	for _, k := range l.measure() {
		mark := ""
		if k.all > maxAUC || k.same > maxAUC {
			ok, mark = false, " LEAK"
		}
		fmt.Fprintf(out, "| `%s` | %.2f | %.2f%s | %.2f %s |\n", k.field, k.all, k.same, mark, k.worstAUC, k.worst)
	}
	return ok
}
