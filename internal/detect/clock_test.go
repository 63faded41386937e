package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

// shifted returns copies of events, at other times and of another caller.
func shifted(events []*event.Event, by time.Duration, serial byte, principal string) []*event.Event {
	var out []*event.Event
	for i, ev := range events {
		c := *ev
		c.Arrived = c.Arrived.Add(by)
		if !c.Completed.IsZero() {
			c.Completed = c.Completed.Add(by)
		}
		c.Principal.ID = principal
		c.ID = event.NewID(c.Arrived, [8]byte{serial, byte(i >> 8), byte(i)})
		out = append(out, &c)
	}
	return out
}

// TestWrongClock mixes events with wrong clocks into a morning: one far in the
// future, one in ten an hour ahead, a batch from the future, a batch of the
// past. What the others did is found all the same, with the same events.
func TestWrongClock(t *testing.T) {
	set := one(t, "detection: {a: {outcome.status: 404}, condition: a}\ncorrelation: {type: event_count, group-by: [principal.id], timespan: 2m, condition: {gte: 5}}\ndedup: {timespan: 1s}\n")
	var calls []*event.Event
	for i := range 900 {
		status := "200"
		if i >= 800 && i < 820 {
			status = "404"
		}
		calls = append(calls, call(i, time.Duration(i)*10*time.Second, "principal.id", "p_1", "outcome.status", status))
	}
	want := judge(t, Config{Rules: set}, calls)
	if want == "" {
		t.Fatal("nothing is found without wrong clocks")
	}
	for _, f := range []struct {
		name  string
		wrong []*event.Event
		at    int // after how many of the others
		each  int // so many of the others between two; 0: none
	}{
		{"one event of 2090", shifted(calls[:1], 64*365*24*time.Hour, 1, "p_2"), 700, 0},
		{"a clock that is an hour ahead", shifted(calls[:80], time.Hour, 2, "p_2"), 10, 9},
		{"an import from the future", shifted(calls[:300], 9000*time.Hour, 3, "p_2"), 300, 0},
		{"an import of the past", shifted(calls[:300], -9000*time.Hour, 4, "p_2"), 300, 0},
		{"a clock that was set back for a while", shifted(calls[:300], -2*time.Hour, 5, "p_2"), 300, 1},
	} {
		mixed := slices.Clone(calls[:f.at])
		rest := calls[f.at:]
		for _, w := range f.wrong {
			mixed = append(mixed, w)
			mixed = append(mixed, rest[:f.each]...)
			rest = rest[f.each:]
		}
		mixed = append(mixed, rest...)
		e := New(Config{Rules: set})
		var found []Finding
		for _, ev := range mixed {
			found = append(found, e.Add(ev, -1)...)
		}
		if got := lines(t, append(found, e.Flush()...)); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s\n%+v", f.name, got, want, e.Stats())
		}
		if s := e.Stats(); s.Events != uint64(len(mixed)) {
			t.Errorf("%s: %d of %d events were judged", f.name, s.Events, len(mixed))
		}
	}
}

// TestPastIsJudgedAtItsPace reads a month of the past into a live stream: an
// attack in it is found, and its hours are not one moment.
func TestPastIsJudgedAtItsPace(t *testing.T) {
	set := one(t, "detection: {a: {outcome.status: 404}, condition: a}\ncorrelation: {type: event_count, group-by: [principal.id], timespan: 2m, condition: {gte: 5}}\n")
	e := New(Config{Rules: set})
	var found []Finding
	n := 0
	add := func(at time.Duration, who string) {
		n++
		found = append(found, e.Add(call(n, at, "principal.id", who, "outcome.status", "404"), -1)...)
	}
	for i := range 100 {
		add(time.Duration(i)*time.Minute, "p_live")
	}
	for i := range 700 {
		add(time.Duration(i)*time.Hour-900*time.Hour, "p_slow")
	}
	for i := range 6 {
		add(time.Duration(i)*time.Second-100*time.Hour, "p_fast")
	}
	for i := range 100 {
		add(time.Duration(100+i)*time.Minute, "p_live")
	}
	found = append(found, e.Flush()...)
	if len(found) != 1 || found[0].Entity[0].Value != "p_fast" || found[0].At.After(testStart.Add(-99*time.Hour)) {
		t.Errorf("found %s\n%+v", lines(t, found), e.Stats())
	}
}

// TestLiveEqualsReplay gives a morning with quiet hours to an engine that is
// told the time, and to one that is not.
func TestLiveEqualsReplay(t *testing.T) {
	set := catalogue(t)
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 3))
		events := stream(seed, 800)
		type placed struct {
			e  *event.Event
			at time.Time // when the engine gets it
		}
		var list []placed
		for _, ev := range events {
			list = append(list, placed{ev, Time(ev).Add(time.Duration(r.Int64N(int64(400 * time.Millisecond))))})
		}
		slices.SortStableFunc(list, func(a, b placed) int { return a.at.Compare(b.at) })
		var replay []*event.Event
		live := New(Config{Rules: set})
		var found []Finding
		for i, p := range list {
			replay = append(replay, p.e)
			found = append(found, live.Add(p.e, -1)...)
			if i+1 < len(list) && r.IntN(3) > 0 {
				next := list[i+1].at
				found = append(found, live.Advance(p.at.Add(next.Sub(p.at)/2))...)
				found = append(found, live.Advance(next)...)
			}
		}
		got, want := lines(t, append(found, live.Flush()...)), judge(t, Config{Rules: set}, replay)
		if got != want {
			t.Errorf("seed %d: live\n%s\nreplay\n%s", seed, got, want)
		}
	}
}

// TestQuietNight shows that the first call after a quiet night is judged as
// soon as the engine is told the time, and not before it is known.
func TestQuietNight(t *testing.T) {
	set := one(t, "detection: {a: {outcome.status: 404}, condition: a}\n")
	e := New(Config{Rules: set})
	e.Add(call(1, 0, "outcome.status", "200"), -1)
	morning := 9 * time.Hour
	if found := e.Add(call(2, morning, "outcome.status", "404"), -1); len(found) > 0 {
		t.Error("a call ahead of all others was judged at once")
	}
	if found := e.Advance(testStart.Add(morning + 600*time.Millisecond)); len(found) != 1 {
		t.Errorf("found %v, %+v", found, e.Stats())
	}
	b, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if e, _, err = Restore(Config{Rules: set}, b); err != nil {
		t.Fatal(err)
	}
	for i := range confirmAhead {
		e.Add(call(10+i, morning+time.Hour+time.Duration(i)*time.Second, "outcome.status", fmt.Sprint(404-i)), -1)
	}
	if found := e.Flush(); len(found) != 0 && found[0].At != testStart.Add(morning+time.Hour) {
		t.Errorf("found %v", found)
	}
	if s := e.Stats(); s.Events != 2+confirmAhead || s.Late+s.Old+s.Ahead != 0 {
		t.Errorf("%+v", s)
	}
}

// TestSparse judges a stream of calls with hours between them: what waits stays
// few.
func TestSparse(t *testing.T) {
	e := New(Config{Rules: one(t, "detection: {a: {outcome.status: 404}, condition: a}\n")})
	const calls = 1000
	found := 0
	for i := range calls {
		found += len(e.Add(call(i, time.Duration(i)*time.Hour, "outcome.status", "404"), -1))
		if n := len(e.held) + len(e.waiting); n > 2*confirmAhead {
			t.Fatalf("%d calls wait after %d", n, i+1)
		}
	}
	if found += len(e.Flush()); found != calls {
		t.Errorf("found %d of %d: %+v", found, calls, e.Stats())
	}
}
