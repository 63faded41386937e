package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// rough gives events as a bad network and a bad machine would: one in fifty
// twice, all up to two seconds late, and at the end of some days the engine is
// killed, and begins again from a snapshot that is older than what it had
// judged.
type rough struct {
	set     *detect.Set
	e       *detect.Engine
	r       *rand.Rand
	days    int
	crashes int
}

func (f *rough) config() detect.Config {
	return detect.Config{Rules: f.set, Lateness: 5 * time.Second}
}

func (f *rough) start(set *detect.Set) {
	f.set, f.r = set, rand.New(rand.NewPCG(1, 2))
	f.e = detect.New(f.config())
}

func (f *rough) end() []detect.Finding { return f.e.Flush() }

func (f *rough) add(items []item) (found []detect.Finding) {
	var list []late
	for _, it := range items {
		list = append(list, late{it, detect.Time(it.e).Add(time.Duration(f.r.Int64N(int64(2 * time.Second))))})
		if f.r.IntN(50) == 0 {
			list = append(list, late{it, list[len(list)-1].comes.Add(time.Second)})
		}
	}
	slices.SortStableFunc(list, func(a, b late) int { return a.comes.Compare(b.comes) })
	if f.days++; f.days%9 != 4 || len(list) < 1000 {
		return f.give(list, nil)
	}
	f.crashes++
	at, lost := len(list)/2, len(list)/2+len(list)/10
	found = f.give(list[:at], nil)
	b, err := f.e.Snapshot()
	if err != nil {
		panic(fmt.Sprint("snapshot of our own state: ", err))
	}
	f.give(list[at:lost], nil) // what it finds is lost with it
	if f.e, _, err = detect.Restore(f.config(), b); err != nil {
		panic(fmt.Sprint("our own snapshot: ", err))
	}
	return f.give(list[at:], found)
}

// late is an event, and when it comes.
type late struct {
	item
	comes time.Time
}

// give says what time it is, as a live system does, and gives the events.
func (f *rough) give(list []late, found []detect.Finding) []detect.Finding {
	for _, it := range list {
		found = append(found, f.e.Advance(it.comes)...)
		found = append(found, f.e.Add(it.e, -1)...)
	}
	return found
}
