package erasure_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

const day = 24 * time.Hour

// TestRetention lets ten days of calls by two routes expire, with a hold on
// one customer: a route with a time of its own keeps to that, what is held
// stays until the hold is released, and days go one by one.
func TestRetention(t *testing.T) {
	h := readingtest.Open(t)
	now := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	calls := 0
	for d := range 10 { // 16 to 25 November
		for i := range 60 {
			e := readingtest.Call(now.Add(-10*day+time.Duration(d)*day+time.Duration(i)*time.Minute), "carl", "GET", fmt.Sprintf("/customers/%d", i%3), 200)
			e.Capture.Route = []string{"shop", "files"}[i%2]
			h.Put(e)
			calls++
		}
	}
	policy := erasure.Policy{Routes: []erasure.RoutePolicy{{Route: "files"}}}
	policy.Keep[event.ClassWho], policy.Keep[event.ClassPayload] = 8*day, 3*day
	policy.Routes[0].Keep[event.ClassPayload] = 6 * day
	stop := h.StartKeeper(func(c *erasure.Config) { c.Now = func() time.Time { return now } }) // keeps all, for ever
	if _, err := h.Keeper.AddHold(t.Context(), ops, "customer 2", erasure.Selector{Query: `what.path:="/customers/2"`}, false); err != nil {
		t.Fatal(err)
	}
	stop()

	start := func() (stop func()) {
		t.Helper()
		stop = h.StartKeeper(func(c *erasure.Config) {
			c.Now, c.Policy = func() time.Time { return now }, policy
		})
		for { // the first round is over when a look at it finds nothing due
			r, err := h.Keeper.Retention(t.Context(), ops)
			if err != nil {
				t.Fatal(err)
			}
			if r.Problem != "" {
				t.Fatal(r.Problem)
			}
			if !r.Last.IsZero() {
				for _, rule := range r.Rules {
					if rule.Due > 0 {
						t.Errorf("after a round: %+v", rule)
					}
				}
				return stop
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	f := func(held bool) {
		t.Helper()
		stop := start()
		defer stop()
		check(t, h, calls, func(c event.Class, d int, route string, customer int) bool {
			age := 10 - d // days before the 26th
			switch {
			case held && customer == 2:
				return true
			case c == event.ClassWho:
				return age <= 8
			case c == event.ClassPayload && route == "files":
				return age <= 6
			case c == event.ClassPayload:
				return age <= 3
			}
			return true
		})
	}
	f(true)
	stop = start()
	if _, err := h.Keeper.ReleaseHold(t.Context(), ops, "customer 2"); err != nil {
		t.Fatal(err)
	}
	stop()
	f(false)
	size := h.Recorder.Size()
	f(false)
	if looks := h.Recorder.Size() - size; looks > 40 || decisions(t, h) > 12 {
		t.Errorf("%d records more for a round without anything to do, %d decisions in all", looks, decisions(t, h))
	}
	h.StopRecorder()
	report := ledger.Verify(os.DirFS(h.Dir), ledger.VerifyOptions{Decode: true})
	if !report.OK() || strings.Contains(strings.Join(report.Notes, "\n"), "decided to") {
		t.Errorf("verify: %v %v", report.Problems, report.Notes)
	}
}

// check compares which envelopes are there with which should be.
func check(t *testing.T, h *readingtest.House, calls int, want func(c event.Class, day int, route string, customer int) bool) {
	t.Helper()
	if err := h.Ledger.Refresh(); err != nil {
		t.Fatal(err)
	}
	bad := 0
	err := h.Ledger.Range(0, uint64(calls), func(n uint64, s *event.Sealed) error {
		d, i := int(n)/60, int(n)%60
		route := []string{"shop", "files"}[i%2]
		for c := range event.Class(event.Classes) {
			if got, want := s.Envelopes[c] != nil, want(c, d, route, i%3); got != want {
				if bad++; bad < 5 {
					t.Errorf("%s of record %d, day %d, route %s, customer %d: there is %v, want %v", c, n, d, route, i%3, got, want)
				}
			}
		}
		return nil
	})
	if err != nil || bad > 0 {
		t.Errorf("%d are wrong, %v", bad, err)
	}
}

// decisions counts the decisions that let envelopes expire.
func decisions(t *testing.T, h *readingtest.House) int {
	t.Helper()
	n := 0
	err := h.Ledger.Headers(0, h.Ledger.Size(), func(i uint64, header []byte) error {
		if _, err := ledger.ParseRemoval(i, header); err == nil {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
