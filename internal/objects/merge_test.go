package objects

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/disk"
)

func TestChoose(t *testing.T) {
	repeat := func(n uint64, times int) []uint64 { return slices.Repeat([]uint64{n}, times) }
	for _, tt := range []struct {
		calls    []uint64
		from, to int
	}{
		{nil, 0, 0},
		{repeat(8000, 7), 0, 0},
		{repeat(8000, 8), 0, 8},
		{slices.Concat(repeat(60_000, 7), repeat(10, 8)), 7, 15},
		{slices.Concat(repeat(60_000, 7), repeat(10, 1)), 0, 8},
		{slices.Concat(repeat(5_000_000, 1), repeat(60_000, 7), repeat(10, 1)), 1, 9},
		{repeat(maxCalls, 20), 0, 0},
		{repeat(maxCalls/4, 20), 0, 0},
	} {
		from, to, ok := choose(tt.calls)
		if from != tt.from || to != tt.to || ok != (tt.to > 0) {
			t.Errorf("choose(%d): got %d to %d, %t; want %d to %d", tt.calls, from, to, ok, tt.from, tt.to)
		}
	}
}

// TestMerge makes one segment of many, again and again, and asks it what it
// was made of.
func TestMerge(t *testing.T) {
	v, err := Open(Config{Disk: disk.Dir(t.TempDir()), Feed: full(1 << 20), Key: make([]byte, 32), Flush: 300})
	if err != nil {
		t.Fatal(err)
	}
	v.last = func(uint64) (string, error) { return "", nil }
	r := rand.New(rand.NewPCG(1, 1))
	type seen struct{ calls, asked, newest uint64 }
	want := make(map[uint64]seen) // by hash
	for n := uint64(0); n < 12_000; {
		var some []touch
		for range 50 + r.IntN(100) {
			x := touched(v, n, 12_000)
			if r.IntN(3) > 0 {
				some = append(some, x)
				for _, p := range x.objects {
					w := want[p.hash]
					want[p.hash] = seen{w.calls + 1, w.asked + uint64(p.pos), n}
				}
			}
			n++
		}
		v.work.Lock()
		err := v.add(t.Context(), n, some)
		v.work.Unlock()
		for did := true; did && err == nil; {
			did, err = v.mergeSome(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(v.segments) >= 2*fanIn || v.segments[0].foot.Calls < levelCalls/2 {
		t.Errorf("%d segments, of which the first has %d calls", len(v.segments), v.segments[0].foot.Calls)
	}
	for i := range 2000 {
		name := fmt.Sprintf("customer/%d", i)
		if i%2 == 1 {
			name = fmt.Sprintf("product/%d", i)
		}
		found, err := v.Find(t.Context(), name, time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got seen
		for _, g := range found.Groups {
			got = seen{got.calls + g.Calls, got.asked + g.Asked, max(got.newest, g.Newest)}
		}
		if w := want[v.hash(name)]; got != w {
			t.Errorf("%s: got %+v, want %+v", name, got, w)
		}
	}
}
