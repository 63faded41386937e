package detect

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSmallMap does the same to a smallMap and to a map, at random.
func TestSmallMap(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		var m smallMap[int64]
		want := map[uint64]int64{}
		for step := range 2000 {
			h, v := r.Uint64N(1<<(seed%12+1))+1, r.Int64()
			switch {
			case r.IntN(100) == 0:
				limit := v
				m.keep(func(_ uint64, v *int64) bool { return *v > limit })
				maps.DeleteFunc(want, func(_ uint64, v int64) bool { return v <= limit })
			case r.IntN(3) == 0:
				m.remove(h)
				delete(want, h)
			default:
				m.set(h, v)
				want[h] = v
			}
			h = r.Uint64N(1<<(seed%12+1)) + 1
			if got, ok := m.get(h); got != want[h] || ok != (want[h] != 0) || m.len() != len(want) {
				t.Fatalf("seed %d, step %d: got %d, %t of %d, want %d of %d", seed, step, got, ok, m.len(), want[h], len(want))
			}
		}
		b, err := json.Marshal(m)
		var again smallMap[int64]
		if err != nil || json.Unmarshal(b, &again) != nil || !slices.Equal(again.entries(), m.entries()) || len(m.entries()) != len(want) {
			t.Errorf("seed %d: %d entries, and from JSON %d, want %d (%v)", seed, len(m.entries()), len(again.entries()), len(want), err)
		}
	}
}

// TestWindow pushes into windows of all sizes: they hold the newest, and take
// no more memory than three times that.
func TestWindow(t *testing.T) {
	for size := 1; size < 40; size++ {
		var c counted
		for i := range 500 {
			c.add(int64(i), Ref{Number: int64(i)}, size, int64(i-30))
			want := min(i+1, size, 31)
			if c.len() != want || c.last() != int64(i) || c.first() != int64(i-want+1) || len(c.before()) != want-1 {
				t.Fatalf("size %d, after %d: %d from %d to %d, want %d", size, i, c.len(), c.first(), c.last(), want)
			}
		}
		if n := cap(c.list); n > 4*size+4 {
			t.Errorf("size %d: there is room for %d", size, n)
		}
	}
}

// TestTables keeps the state of three rules by the same groups, and of one by
// its own: what one drops the others keep, and a group that nobody keeps is
// gone.
func TestTables(t *testing.T) {
	g := newGroups(true)
	var tables []*table[int64]
	for i := range 3 {
		tables = append(tables, newTable(20*(i+1), func(v *int64, now int64) float64 { return float64(*v) }))
		tables[i].bind(g)
	}
	held := []map[string]int64{{}, {}, {}}
	r := rand.New(rand.NewPCG(1, 2))
	for step := range 5000 {
		i, key := r.IntN(3), fmt.Sprint("p_", r.IntN(80))
		k := g.named(key)
		before := tables[i].n
		s := tables[i].get(k, 0)
		if got, want := *s, held[i][key]; got != want {
			t.Fatalf("step %d, table %d, %s: got %d, want %d", step, i, key, got, want)
		}
		if tables[i].n <= before && held[i][key] == 0 { // it made room
			for other := range held[i] {
				if tables[i].find(g.named(other)) == nil {
					delete(held[i], other)
				}
			}
		}
		*s = int64(step + 1)
		held[i][key] = *s
		if tables[i].n != len(held[i]) || tables[i].n > tables[i].limit {
			t.Fatalf("step %d: table %d holds %d of %d, want %d", step, i, tables[i].n, tables[i].limit, len(held[i]))
		}
	}
	all := maps.Clone(held[0])
	maps.Copy(all, held[1])
	maps.Copy(all, held[2])
	if len(g.numbers) != len(all) {
		t.Errorf("there are %d groups, want %d", len(g.numbers), len(all))
	}
	for i, tab := range tables {
		b, err := json.Marshal(tab)
		again := newTable(tab.limit, tab.worth)
		again.bind(newGroups(false))
		if err != nil || json.Unmarshal(b, again) != nil {
			t.Fatalf("table %d: %v", i, err)
		}
		if got, _ := json.Marshal(again); string(got) != string(b) {
			t.Errorf("table %d: from JSON %s, want %s", i, got, b)
		}
		if tab.dropped == 0 {
			t.Errorf("table %d dropped nothing", i)
		}
	}
}
