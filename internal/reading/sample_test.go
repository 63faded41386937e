package reading

import (
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

// TestSampler sends calls second by second, and says how many of them are
// shown: of those answered well, and of the others.
func TestSampler(t *testing.T) {
	type second struct{ well, not, wellShown, notShown int }
	for _, test := range []struct {
		name    string
		most    uint64
		seconds []second
	}{
		{"all", 0, []second{{500, 500, 500, 500}}},
		{"few", 10, []second{{10, 1, 10, 1}, {7, 0, 7, 0}, {10, 10, 10, 10}}},
		{"much, evenly", 10, []second{{100, 3, 20, 3}, {100, 3, 10, 3}, {50, 0, 5, 0}, {50, 0, 10, 0}}},
		{"an attack", 10, []second{{0, 1000, 0, 20}, {5, 1000, 5, 10}, {5, 1, 5, 1}, {5, 2, 5, 2}}},
		{"a pause", 10, []second{{100, 0, 20, 0}, {0, 0, 0, 0}, {10, 0, 10, 0}}},
	} {
		s := sampler{most: test.most}
		good := &event.Event{Header: event.Header{Kind: event.Access, Outcome: event.Outcome{Status: 200}}}
		bad := &event.Event{Header: event.Header{Kind: event.Access, Outcome: event.Outcome{Status: 403}}}
		for i, want := range test.seconds {
			now := time.Unix(int64(1_000+i), 0)
			got := second{well: want.well, not: want.not}
			for range want.well {
				if s.take(good, now) {
					got.wellShown++
				}
			}
			for range want.not {
				if s.take(bad, now) {
					got.notShown++
				}
			}
			if got != want {
				t.Errorf("%s, second %d: got %+v, want %+v", test.name, i, got, want)
			}
			if p := s.told(); p.Answered != uint64(want.well) || p.Refused != uint64(want.not) || p.Failed != 0 {
				t.Errorf("%s, second %d: told %+v, want all of them", test.name, i, p)
			}
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	for _, test := range []struct {
		kind event.Kind
		o    event.Outcome
		want outcome
	}{
		{event.Access, event.Outcome{Status: 204}, well},
		{event.Access, event.Outcome{Status: 304}, well},
		{event.Access, event.Outcome{Status: 200, RPCStatus: "OK"}, well},
		{event.Access, event.Outcome{Status: 200, RPCStatus: "PERMISSION_DENIED"}, turnedDown},
		{event.Access, event.Outcome{Status: 404}, turnedDown},
		{event.Access, event.Outcome{Status: 403, Decision: "denied"}, broken},
		{event.Access, event.Outcome{Status: 502}, broken},
		{event.Access, event.Outcome{}, broken},
		{event.Gap, event.Outcome{}, broken},
		{event.Look, event.Outcome{}, well},
	} {
		if got := outcomeOf(&event.Event{Header: event.Header{Kind: test.kind, Outcome: test.o}}); got != test.want {
			t.Errorf("%s %+v: got %d, want %d", test.kind, test.o, got, test.want)
		}
	}
}
