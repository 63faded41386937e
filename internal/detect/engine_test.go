package detect

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

func catalogue(t testing.TB) *Set {
	t.Helper()
	set, err := Load(CatalogueFiles())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// stream is a morning of calls by a few people and apps, with a scan, an
// enumeration, an attack on sign-ins and an export in between.
func stream(seed uint64, n int) []*event.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	var out []*event.Event
	add := func(at time.Duration, fields map[string][]string) {
		e := &event.Event{Header: event.Header{Kind: event.Access, Arrived: testStart.Add(at)}}
		var names []string
		for name := range fields {
			names = append(names, name)
		}
		for _, name := range orderedFields(names) {
			if err := setField(e, name, fields[name]); err != nil {
				panic(err)
			}
		}
		var b [8]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		e.ID = event.NewID(e.Arrived, b)
		out = append(out, e)
	}
	for range n {
		who := r.IntN(20)
		add(time.Duration(r.Int64N(int64(10*time.Hour))), map[string][]string{
			"principal.kind": {"user"}, "principal.id": {fmt.Sprint("p_", who)}, "principal.level": {"3"}, "credential.fingerprint": {fmt.Sprint("hmac:", who)},
			"operation.action": {[]string{"read", "read", "update"}[r.IntN(3)]}, "operation.route": {"/customers/{id}"}, "outcome.status": {"200"},
			"who.address": {fmt.Sprintf("198.51.%d.7", who)}, "what.asked": {fmt.Sprint("customer/", r.IntN(5))}, "data": {"email"}, "records": {"1"}, "capture.route": {"shop"},
			"duration": {fmt.Sprint(r.IntN(900), "ms")},
		})
	}
	app := func() map[string][]string {
		return map[string][]string{"principal.kind": {"service"}, "principal.id": {"p_app"}, "credential.client": {"crm"}, "outcome.status": {"200"}, "records": {"2000"}, "data": {"email"}, "data.count": {"2000"}}
	}
	for h := range 6 {
		add(time.Duration(h)*time.Hour+10*time.Minute, app())
	}
	for i := range 40 {
		at := time.Hour + time.Duration(i)*3*time.Second
		add(at, map[string][]string{"principal.kind": {"user"}, "principal.id": {"p_3"}, "principal.level": {"3"}, "outcome.status": {"200"}, "what.asked": {fmt.Sprint("customer/", 1000+i)}, "who.address": {"198.51.3.7"}})
		add(2*at, map[string][]string{"principal.kind": {"anonymous"}, "operation.action": {"authenticate"}, "outcome.status": {"401"}, "who.address": {"203.0.113.5"}})
		add(5*time.Hour+time.Duration(i)*time.Second, map[string][]string{"principal.kind": {"anonymous"}, "outcome.status": {"404"}, "what.path": {fmt.Sprint("/x", i)}, "who.address": {"203.0.113.9"}})
		add(6*time.Hour+time.Duration(i)*time.Second, app())
	}
	slices.SortFunc(out, func(a, b *event.Event) int { return Time(a).Compare(Time(b)) })
	return out
}

func lines(t testing.TB, found []Finding) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for _, f := range found {
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func judge(t testing.TB, cfg Config, events []*event.Event) string {
	t.Helper()
	e := New(cfg)
	var found []Finding
	for _, ev := range events {
		found = append(found, e.Add(ev, -1)...)
	}
	return lines(t, append(found, e.Flush()...))
}

// TestOrderAndDuplicates shows that the order within the lateness, and copies,
// change nothing, byte for byte.
func TestOrderAndDuplicates(t *testing.T) {
	cfg := Config{Rules: catalogue(t), Lateness: 5 * time.Second}
	for seed := range uint64(3) {
		events := stream(seed, 1500)
		want := judge(t, cfg, events)
		for _, rule := range []string{"bola-enumeration", "login-attack-source", "forced-browsing", "app-exfil-volume"} {
			if !strings.Contains(want, `"rule":"`+rule+`"`) {
				t.Fatalf("seed %d: %s is not found in:\n%s", seed, rule, want)
			}
		}
		r := rand.New(rand.NewPCG(seed, 2))
		mixed := slices.Clone(events)
		for range len(events) / 3 {
			mixed = append(mixed, events[r.IntN(len(events))])
		}
		type placed struct {
			e  *event.Event
			at int64
		}
		var list []placed
		for _, e := range mixed {
			at := Time(e).UnixNano() + r.Int64N(int64(cfg.Lateness))
			list = append(list, placed{e, at})
		}
		slices.SortStableFunc(list, func(a, b placed) int { return int(max(min(a.at-b.at, 1), -1)) })
		for i := range list {
			mixed[i] = list[i].e
		}
		if got := judge(t, cfg, mixed); got != want {
			t.Errorf("seed %d: in another order, with copies, the findings differ", seed)
		}
		if got := judge(t, cfg, append(slices.Clone(events), events...)); got != want {
			t.Errorf("seed %d: the whole stream again makes other findings", seed)
		}
	}
}

// TestSnapshot stops at many places, goes on from the snapshot, and finds the
// same; a snapshot of what was restored is the same bytes.
func TestSnapshot(t *testing.T) {
	cfg := Config{Rules: catalogue(t), Lateness: 5 * time.Second}
	events := stream(7, 600)
	want := judge(t, cfg, events)
	e := New(cfg)
	var found []Finding
	for i, ev := range events {
		if i%97 == 0 {
			b, err := e.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			next, fresh, err := Restore(cfg, b)
			if err != nil || len(fresh) > 0 {
				t.Fatalf("after %d events: %v, without state: %v", i, err, fresh)
			}
			again, err := next.Snapshot()
			if err != nil || string(again) != string(b) {
				t.Fatalf("after %d events: the snapshot of what was restored differs (%v)", i, err)
			}
			e = next
		}
		found = append(found, e.Add(ev, -1)...)
	}
	if got := lines(t, append(found, e.Flush()...)); got != want {
		t.Error("findings differ after restoring")
	}
	b, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, len(snapshotHead) + 3, len(b) / 2, len(b) - 1} {
		bad := slices.Clone(b)
		bad[at] ^= 1
		if _, _, err := Restore(cfg, bad); err == nil {
			t.Errorf("a snapshot with byte %d changed was restored", at)
		}
	}
}

// one loads a rule of a test.
func one(t testing.TB, text string) *Set {
	t.Helper()
	set, err := Load([]File{{"rule.yaml", []byte("title: x\nid: 00000000-0000-4000-8000-000000000001\nname: x\nlogsource: {category: access}\n" + text)}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func call(n int, at time.Duration, fields ...string) *event.Event {
	e := &event.Event{Header: event.Header{Kind: event.Access, Arrived: testStart.Add(at)}}
	for i := 0; i < len(fields); i += 2 {
		if err := setField(e, fields[i], []string{fields[i+1]}); err != nil {
			panic(err)
		}
	}
	e.ID = event.NewID(e.Arrived, [8]byte{1: byte(n >> 16), 2: byte(n >> 8), 3: byte(n)})
	return e
}

// TestMemoryIsBounded floods a rule with groups: what is nearest to a finding
// stays, the rest is dropped and counted.
func TestMemoryIsBounded(t *testing.T) {
	set := one(t, "detection: {a: {outcome.status: 404}, condition: a}\ncorrelation: {type: event_count, group-by: [principal.id], timespan: 1h, condition: {gte: 5}}\n")
	e := New(Config{Rules: set, MaxKeys: 64})
	n := 0
	for range 4 {
		e.Add(call(n, time.Duration(n)*time.Millisecond, "principal.id", "p_bad", "outcome.status", "404"), -1)
		n++
	}
	for i := range 1000 {
		e.Add(call(n, time.Duration(n)*time.Millisecond, "principal.id", fmt.Sprint("p_", i), "outcome.status", "404"), -1)
		n++
	}
	e.Add(call(n, time.Duration(n)*time.Millisecond, "principal.id", "p_bad", "outcome.status", "404"), -1)
	found := e.Flush()
	if len(found) != 1 || found[0].Entity[0].Value != "p_bad" || len(found[0].Events) != 5 {
		t.Errorf("found %+v", found)
	}
	if s := e.Stats(); s.Keys > 64 || s.Dropped == 0 {
		t.Errorf("keys %d, dropped %d", s.Keys, s.Dropped)
	}
}

// TestLate shows what becomes of events that come after their time.
func TestLate(t *testing.T) {
	set := one(t, "detection: {a: {outcome.status: 404}, condition: a}\ndedup: {timespan: 1s}\n")
	e := New(Config{Rules: set, Lateness: time.Second, Remember: 2})
	late := call(1, 0, "outcome.status", "404", "principal.id", "p_1")
	found := e.Add(call(2, time.Minute, "outcome.status", "200"), -1)
	found = append(found, e.Add(late, -1)...)
	found = append(found, e.Advance(testStart.Add(2*time.Minute))...)
	found = append(found, e.Add(late, -1)...)
	if len(found) != 1 || found[0].Events[0].ID != late.ID {
		t.Errorf("a late event made %+v", found)
	}
	for i := range 5 {
		e.Add(call(10+i, time.Hour+time.Duration(i)*time.Second, "outcome.status", "200"), -1)
	}
	e.Flush()
	e.Add(late, -1)
	if s := e.Stats(); s.Late != 1 || s.Duplicates != 1 || s.TooLate != 1 {
		t.Errorf("late %d, duplicates %d, too late %d; want 1 of each", s.Late, s.Duplicates, s.TooLate)
	}
}

// paused is the decision that a rule rests.
func paused(n int, at time.Duration, p Pause) *event.Event {
	e := call(n, at)
	e.Kind, e.Completed, e.Capture.Method = event.Decision, e.Arrived, "self"
	e.Note = &event.Note{Name: PauseName, Facts: p.Facts()}
	return e
}

// TestBudget shows that a rule which costs too much is named, and rests from
// the decision on, and only that one, also after a restart, for an hour; and
// that a run over the same events with another clock finds the same.
func TestBudget(t *testing.T) {
	const id = "title: x\nid: 00000000-0000-4000-8000-00000000000"
	set, err := Load([]File{{"r", []byte(id + "1\nname: dear\nlogsource: {category: access}\ndetection: {a: {outcome.status: 404}, condition: a}\ndedup: {timespan: 1s}\n---\n" +
		id + "2\nname: cheap\nlogsource: {category: access}\ndetection: {a: {outcome.status: 404}, condition: a}\ndedup: {timespan: 1s}\n")}})
	if err != nil {
		t.Fatal(err)
	}
	var now time.Duration
	readings := 0
	cfg := Config{Rules: set, Budget: time.Millisecond, Clock: func() time.Duration {
		if readings++; readings%4 == 2 { // the end of the first rule of each event that is measured
			now += 2 * time.Millisecond
		}
		if readings == 4*100+2 { // the machine stood still
			now += time.Hour
		}
		return now
	}}
	e := New(cfg)
	var events []*event.Event
	var live []Finding
	add := func(ev *event.Event) {
		events = append(events, ev)
		live = append(live, e.Add(ev, -1)...)
	}
	minute, decided := 0, -1
	for ; minute < sampleEvery*sampleLeast+200; minute++ {
		at := time.Duration(minute) * time.Minute
		add(call(minute, at, "outcome.status", "404", "principal.id", "p"))
		var over []Pause
		if decided < 0 && minute%sampleEvery == 2 {
			over = e.Over()
		}
		if len(over) > 0 {
			if len(over) != 1 || over[0].Rule != "dear" || over[0].For != time.Hour || over[0].Cost < 2*time.Millisecond || over[0].Cost > 3*time.Millisecond {
				t.Fatalf("over the budget are %+v", over)
			}
			decided = minute
			add(paused(minute+1<<20, at+time.Second, over[0]))
		}
		if minute == decided+30 && decided >= 0 {
			if got := e.Paused(); len(got) != 1 || got[0] != "dear" {
				t.Fatalf("paused are %v; %+v", got, e.Costs())
			}
			b, err := e.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if e, _, err = Restore(cfg, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	live = append(live, e.Flush()...)
	found := map[string]int{}
	for _, f := range live {
		found[f.Rule]++
	}
	if found["cheap"] != minute || found["dear"] != minute-60 {
		t.Errorf("found %v in %d minutes, want 60 fewer of the dear one", found, minute)
	}
	if got := judge(t, Config{Rules: set}, events); got != lines(t, live) {
		t.Error("a run over the same events finds others")
	}
	if got := judge(t, Config{Rules: set, Tireless: true}, events); strings.Count(got, `"rule":"dear"`) != minute {
		t.Error("a tireless rule rested")
	}
	// Who else makes such an event has no say.
	forged := paused(1, time.Minute, Pause{For: time.Hour, id: set.Rules[0].ID, sum: set.Rules[0].sum})
	forged.Capture.Method = "import"
	e = New(Config{Rules: set})
	e.Add(forged, -1)
	if e.Flush(); len(e.Paused()) != 0 {
		t.Error("an imported event has paused a rule")
	}
}

// TestExplanation shows a finding in full.
func TestExplanation(t *testing.T) {
	set := one(t, "level: high\nrisk: {points: 40, half_life: 1h}\ndedup: {timespan: 10m}\ndetection: {a: {outcome.status: 404}, condition: a}\n"+
		"correlation: {type: value_count, group-by: [principal.id], timespan: 1h, condition: {field: what.asked, gte: 2}}\n")
	e := New(Config{Rules: set})
	found := e.Add(call(1, 0, "principal.id", "p_1", "outcome.status", "404", "what.asked", "a/1"), 7)
	found = append(found, e.Add(call(2, time.Minute, "principal.id", "p_1", "outcome.status", "404", "what.asked", "a/2"), 9)...)
	found = append(found, e.Add(call(3, time.Hour+30*time.Second, "principal.id", "p_1", "outcome.status", "404", "what.asked", "a/3"), 11)...)
	got := lines(t, append(found, e.Flush()...))
	const want = `{"id":"ID","rule":"x","ruleId":"00000000-0000-4000-8000-000000000001","title":"x","level":"high","at":"2026-01-15T12:01:00Z","from":"2026-01-15T12:00:00Z",` +
		`"entity":[{"field":"principal.id","value":"p_1"}],"terms":[{"name":"different values of what.asked in 1h","value":"2","want":"\u003e= 2"}],` +
		`"events":[{"number":7,"id":"019bc186-de00-7000-8000-000100000000"},{"number":9,"id":"019bc187-c860-7000-8000-000200000000"}],"count":2,"risk":{"points":40,"total":40}}`
	first, second, _ := strings.Cut(got, "\n")
	var f Finding
	if err := json.Unmarshal([]byte(first), &f); err != nil {
		t.Fatal(err)
	}
	if plain := strings.Replace(first, f.ID, "ID", 1); plain != want {
		t.Errorf("got  %s\nwant %s", plain, want)
	}
	if !strings.Contains(second, `"total":60.1`) { // 40 halved in an hour, half a minute less, and 40
		t.Errorf("the second finding is %s", second)
	}
}

// TestValuesAgain shows that a group is found again, when all values are others
// than those for which it was found before.
func TestValuesAgain(t *testing.T) {
	set := one(t, "detection: {a: {outcome.status: 200}, condition: a}\ncorrelation: {type: value_count, group-by: [principal.id], timespan: 1h, condition: {field: what.asked, gte: 3}}\n")
	e := New(Config{Rules: set})
	var found []Finding
	for n := range 24 {
		at := time.Duration(n/6)*24*time.Hour + time.Duration(n%6)*time.Second
		found = append(found, e.Add(call(n, at, "principal.id", "p_1", "outcome.status", "200", "what.asked", fmt.Sprint("order/", n)), -1)...)
	}
	if found = append(found, e.Flush()...); len(found) != 4 {
		t.Errorf("found %d, want one on each of four days", len(found))
	}
}

// TestKinds shows the correlations that the catalogue does not use.
func TestKinds(t *testing.T) {
	const id = "title: x\nid: 00000000-0000-4000-8000-00000000000"
	const log = "\nlogsource: {category: access}\n"
	for _, f := range []struct {
		name, text string
	}{
		{"a sum that slides", id + "1\nname: sum" + log + `detection: {a: {records|exists: true}, condition: a}
correlation: {type: value_sum, group-by: [principal.id], timespan: 1h, condition: {field: records, gte: 1000}}
tests:
  - {name: within the hour, fires: true, events: [{repeat: 10, every: 5m, principal.id: p_1, records: 100}]}
  - {name: over hours, fires: false, events: [{repeat: 60, every: 10m, principal.id: p_1, records: 100}]}
  - {name: one below, fires: false, events: [{principal.id: p_1, records: 999}]}
`},
		{"absence of another event", id + "1\nname: approval" + log + "detection: {a: {operation.route: /approve}, condition: a}\n---\n" +
			id + "2\nname: payment" + log + "detection: {a: {operation.route: /pay}, condition: a}\n---\n" + id + `3
name: unapproved
correlation: {type: sequence_absence, rules: [payment], without: approval, group-by: [principal.id], timespan: 1h}
tests:
  - {name: without, fires: true, events: [{operation.route: /pay, principal.id: p_9}, {at: 2h, operation.route: /pay, principal.id: p_1}]}
  - {name: long ago, fires: true, events: [{operation.route: /approve, principal.id: p_1}, {at: 2h, operation.route: /pay, principal.id: p_1}]}
  - {name: approved, fires: false, events: [{at: 90m, operation.route: /approve, principal.id: p_1}, {at: 2h, operation.route: /pay, principal.id: p_1}]}
  - {name: watching began just now, fires: false, events: [{operation.route: /pay, principal.id: p_1}]}
`},
		{"the same event", id + "1\nname: export" + log + "detection: {a: {operation.action: export}, condition: a}\n---\n" +
			id + "2\nname: much" + log + "detection: {a: {records|gte: 100}, condition: a}\n---\n" + id + `3
name: both
correlation: {type: same_event, rules: [export, much], group-by: [principal.id]}
tests:
  - {name: one call, fires: true, events: [{operation.action: export, records: 100, principal.id: p_1}]}
  - {name: two at once, fires: false, events: [{operation.action: export, records: 1, principal.id: p_1}, {operation.action: read, records: 100, principal.id: p_1}]}
  - {name: two of the one, fires: false, events: [{operation.action: export, records: 1, principal.id: p_1}, {operation.action: export, records: 2, principal.id: p_1}]}
`},
		{"an alias", id + "1\nname: key" + log + "detection: {a: {operation.route: /keys}, condition: a}\n---\n" +
			id + "2\nname: use" + log + "detection: {a: {operation.route: /data}, condition: a}\n---\n" + id + `3
name: chain
correlation:
  type: temporal_ordered
  rules: [key, use]
  group-by: [app]
  aliases: {app: {key: principal.id, use: credential.client}}
  timespan: 1h
tests:
  - {name: the app, fires: true, events: [{operation.route: /keys, principal.id: a}, {at: 1m, operation.route: /data, credential.client: a}]}
  - {name: another, fires: false, events: [{operation.route: /keys, principal.id: a}, {at: 1m, operation.route: /data, credential.client: b}]}
  - {name: the other way round, fires: false, events: [{operation.route: /data, credential.client: a}, {at: 1m, operation.route: /keys, principal.id: a}]}
`},
	} {
		set, err := Load([]File{{f.name, []byte(f.text)}})
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		for _, res := range set.Test() {
			if !res.OK {
				t.Errorf("%s: %s: %s", f.name, res.Name, res.Detail)
			}
		}
	}
}
