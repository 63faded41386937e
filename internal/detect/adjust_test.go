package detect

import (
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

const refusals = "detection: {a: {outcome.status: 404}, condition: a}\ncorrelation: {type: event_count, group-by: [principal.id], timespan: 2m, condition: {gte: 2}}\n"

func TestAdjust(t *testing.T) {
	found := func(disabled []string, levels map[string]string) (string, string) {
		set := one(t, refusals)
		if err := set.Adjust(disabled, levels); err != nil {
			t.Fatal(err)
		}
		return judge(t, Config{Rules: set}, []*event.Event{call(1, 0, "principal.id", "p", "outcome.status", "404"), call(2, time.Second, "principal.id", "p", "outcome.status", "404")}), set.Sum()
	}
	as, sum := found(nil, nil)
	if !strings.Contains(as, `"level":"medium"`) {
		t.Errorf("as written: %q", as)
	}
	raised, other := found(nil, map[string]string{"x": "critical"})
	if !strings.Contains(raised, `"level":"critical"`) || other == sum {
		t.Errorf("with another level: %q, sum %s, before %s", raised, other, sum)
	}
	if off, other := found([]string{"x"}, nil); off != "" || other == sum {
		t.Errorf("disabled: %q, sum %s, before %s", off, other, sum)
	}
	set := one(t, refusals)
	for _, f := range []struct {
		disabled []string
		levels   map[string]string
		want     string
	}{
		{[]string{"y"}, nil, `there is no rule "y"`},
		{nil, map[string]string{"y": "high"}, `there is no rule "y"`},
		{nil, map[string]string{"x": "hihg"}, `rule x: there is no level "hihg", did you mean "high"?`},
	} {
		if err := set.Adjust(f.disabled, f.levels); err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("Adjust(%v, %v): got %v, want %s", f.disabled, f.levels, err, f.want)
		}
	}
}

func TestEnvelopes(t *testing.T) {
	if got := len(one(t, refusals).Envelopes()); got != 2 {
		t.Errorf("a rule about the status reads %d envelopes, want 2", got)
	}
	if got := len(one(t, strings.Replace(refusals, "outcome.status: 404", "payload.request.body|contains: drop table", 1)).Envelopes()); got != 3 {
		t.Errorf("a rule about the body reads %d envelopes, want 3", got)
	}
}

// TestNotJudged shows that what no rule looks at, and what detection itself
// made, have no effect, and what has overtaken is counted.
func TestNotJudged(t *testing.T) {
	set := one(t, "detection: {a: {outcome.status: 404}, condition: a}\n")
	e := New(Config{Rules: set, Lateness: time.Second})
	own, decision := call(1, time.Hour, "outcome.status", "404"), call(2, time.Hour)
	own.Capture.Source, decision.Kind = Source, event.Decision
	e.Add(own, 1)
	e.Add(decision, 2)
	if found := e.Flush(); len(found) > 0 || e.Stats().Events != 0 {
		t.Errorf("found %v, %d events", found, e.Stats().Events)
	}
	e.Add(call(3, 0, "outcome.status", "200"), 3)
	e.Advance(testStart.Add(2 * time.Second))
	e.Add(call(4, -time.Millisecond, "outcome.status", "404"), 4)
	if found, s := e.Flush(), e.Stats(); len(found) != 1 || s.Overtaken != 1 || s.Late != 0 {
		t.Errorf("found %d, overtaken %d, late %d, want 1, 1 and 0", len(found), s.Overtaken, s.Late)
	}
}
