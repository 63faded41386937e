package live

import (
	"context"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// TestPaused seals in the midst of the calls that a rule rests, and kills the
// follower at random moments: what it keeps is what a run over the ledger
// finds, in which the rule rests at the same place.
func TestPaused(t *testing.T) {
	events := calls(t, 5, 400)
	set, err := detect.Load([]detect.File{{Name: "own.yaml", Data: []byte(rule)}})
	if err != nil {
		t.Fatal(err)
	}
	// An engine with a clock on which everything takes a second names both.
	var now time.Duration
	e := detect.New(detect.Config{Rules: set, Budget: time.Millisecond, Clock: func() time.Duration { now += time.Second; return now }})
	for range 64 { // of 64 events, one is measured
		for i, ev := range events {
			again := *ev
			again.ID[15], again.ID[14] = byte(i), byte(now/time.Second)
			e.Add(&again, -1)
		}
	}
	over := e.Over()
	i := slices.IndexFunc(over, func(p detect.Pause) bool { return p.Rule == "three" })
	if i < 0 {
		t.Fatalf("over the budget are %+v", over)
	}
	at := events[200].Completed.Add(time.Millisecond)
	pause := &event.Event{Header: event.Header{
		ID: event.NewID(at, [8]byte{1}), Kind: event.Decision, Arrived: at, Completed: at, Edge: "test", Capture: event.Capture{Method: "self"},
		Note: &event.Note{Name: detect.PauseName, Facts: over[i].Facts()},
	}}
	without := slices.Clone(events)
	events = slices.Insert(events, 201, pause)
	l := recorded(t, events)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, l)
		defer h.close()
		h.pass(events, mathrand.New(mathrand.NewPCG(5, 2)), 10)
		want := h.replay(events)
		if all := h.replay(without); strings.Count(want, `"rule":"three"`) >= strings.Count(all, `"rule":"three"`) || strings.Count(want, `"rule":"teapot"`) != strings.Count(all, `"rule":"teapot"`) {
			t.Error("in the replay the rule does not rest, or another does")
		}
		same(t, "with a rule that rests", h.findings(), want)
	})
}

// TestSpare shows that the follower has it sealed, once, that rules rest which
// cost too much.
func TestSpare(t *testing.T) {
	events := calls(t, 6, 64*257)
	l := recorded(t, events)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, l)
		defer h.close()
		h.kill()
		asked := map[string]int{}
		var now time.Duration
		var err error
		h.follow, err = New(Config{
			Ledger: h.ledger, Feed: h.feed, Store: h.store, Dir: h.dir, Origin: "test", Rules: h.config(), Take: h.take, Budget: time.Millisecond,
			Clock: func() time.Duration { now += 2 * time.Millisecond; return now },
			Pause: func(_ context.Context, p detect.Pause) error { asked[p.Rule]++; return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		h.cancel, h.ended = cancel, make(chan error, 1)
		go func() { h.ended <- h.follow.follow(ctx) }()
		h.feed.show(uint64(len(events)))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if asked["three"] != 1 || asked["teapot"] != 1 {
			t.Errorf("of the rules %v it was sealed that they rest", asked)
		}
	})
}
