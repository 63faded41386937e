package live

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/ledger"
)

// rule is one that fires at the third refusal within two minutes, and one that
// fires at each call with a status of its own.
const rule = `title: Three are refused
id: 6c1f2c5e-7f0e-4d7a-9d3f-0a4b7c0e9a11
name: three
level: high
logsource: {category: access}
detection: {refused: {outcome.status: 403}, condition: refused}
correlation: {type: event_count, group-by: [principal.id], timespan: 2m, condition: {gte: 3}}
dedup: {timespan: 10s}
risk: {points: 40, half_life: 1h}
tests:
  - {name: a, fires: true, events: [{repeat: 3, principal.id: p, outcome.status: 403}]}
  - {name: b, fires: false, events: [{principal.id: p, outcome.status: 403}]}
  - {name: c, fires: false, events: [{principal.id: p, outcome.status: 200}]}
---
title: A teapot
id: 6c1f2c5e-7f0e-4d7a-9d3f-0a4b7c0e9a12
name: teapot
level: low
logsource: {category: access}
detection: {teapot: {outcome.status: 418}, condition: teapot}
tests:
  - {name: a, fires: true, events: [{outcome.status: 418}]}
  - {name: b, fires: false, events: [{outcome.status: 200}]}
  - {name: c, fires: false, events: [{outcome.status: 404}]}
`

// begin is the time at which the clock of a bubble starts.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// calls returns n calls, three in ten of them refused, one in ten a teapot,
// with gaps of up to two seconds, and now and then of minutes.
func calls(t testing.TB, seed uint64, n int) []*event.Event {
	t.Helper()
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	var list []*event.Event
	at := begin.Add(time.Second)
	for i := range n {
		status := []int{200, 200, 200, 200, 200, 200, 418, 403, 403, 403}[r.IntN(10)]
		if at = at.Add(time.Duration(r.Int64N(int64(2 * time.Second)))); r.IntN(40) == 0 {
			at = at.Add(time.Duration(r.Int64N(int64(5 * time.Minute))))
		}
		list = append(list, one(t, i, at, fmt.Sprintf(`"principal.id":"p_%d","principal.kind":"user","outcome.status":%d`, r.IntN(4), status)))
	}
	return list
}

func one(t testing.TB, i int, at time.Time, fields string) *event.Event {
	t.Helper()
	e, _, err := detect.ParseLine(fmt.Appendf(nil, `{"kind":"access","arrived":%q,%s}`, at.Format(time.RFC3339Nano), fields))
	if err != nil {
		t.Fatal(err)
	}
	e.Completed = e.Arrived
	e.ID = event.NewID(at, [8]byte{7: byte(i), 6: byte(i >> 8)})
	e.Capture.Method, e.Edge, e.Outcome.Decision = "gateway", "test", "allowed"
	return e
}

// recorded makes a ledger of the events.
func recorded(t *testing.T, events []*event.Event) *ledger.Ledger {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/ledger")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var receipts sync.WaitGroup
	for i, e := range events { // many at a time share a commit; the order is that of the queue
		if i%200 == 199 || i == len(events)-1 {
			if _, err := r.Append(ctx, e); err != nil {
				t.Fatal(err)
			}
			continue
		}
		r.Put(e)
	}
	receipts.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// growing is a feed of a ledger that is shown little by little.
type growing struct {
	mu      sync.Mutex
	size    uint64
	changed chan struct{}
}

func (g *growing) Size() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size
}

func (g *growing) show(n uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n > g.size {
		g.size = n
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

func (g *growing) Wait(ctx context.Context, size uint64) (uint64, error) {
	for {
		g.mu.Lock()
		n, changed := g.size, g.changed
		g.mu.Unlock()
		if n > size {
			return n, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return n, ctx.Err()
		}
	}
}

// house is a follower in a bubble.
type house struct {
	t      *testing.T
	ledger *ledger.Ledger
	feed   *growing
	db     *state.DB
	store  *Store
	dir    string
	rules  string
	follow *Follower
	cancel context.CancelFunc
	ended  chan error
	took   []Batch
}

func open(t *testing.T, l *ledger.Ledger) *house {
	t.Helper()
	h := &house{t: t, ledger: l, feed: &growing{changed: make(chan struct{})}, dir: filepath.Join(t.TempDir(), "detect"), rules: t.TempDir()}
	h.write(rule)
	var err error
	if h.db, err = state.Open(filepath.Join(t.TempDir(), "state.db")); err != nil {
		t.Fatal(err)
	}
	if h.store, err = OpenStore(t.Context(), h.db); err != nil {
		t.Fatal(err)
	}
	h.start()
	return h
}

func (h *house) write(text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.rules, "own.yaml"), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// own are the rules of the test without the catalogue.
func (h *house) config() Rules {
	r := Rules{Dir: h.rules}
	for _, f := range catalogueNames(h.t) {
		r.Disabled = append(r.Disabled, f)
	}
	return r
}

func catalogueNames(t *testing.T) []string {
	t.Helper()
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range set.Rules {
		names = append(names, r.Name)
	}
	return names
}

func (h *house) start() {
	h.t.Helper()
	var err error
	h.follow, err = New(Config{Ledger: h.ledger, Feed: h.feed, Store: h.store, Dir: h.dir, Origin: "test", Rules: h.config(), Lateness: 5 * time.Second, Take: h.take})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	h.cancel, h.ended = cancel, make(chan error, 1)
	go func() { h.ended <- h.follow.follow(ctx) }() // Run would save the state at its end
}

func (h *house) take(ctx context.Context, b Batch) error {
	h.took = append(h.took, b)
	return h.db.Write(ctx, b.Keep)
}

func (h *house) kill() {
	h.cancel()
	<-h.ended
}

func (h *house) close() {
	h.kill()
	h.db.Close()
}

// findings are those that hold, as lines.
func (h *house) findings() string {
	h.t.Helper()
	list, err := h.store.List(h.t.Context(), Selection{Limit: 100_000})
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	for _, k := range list {
		b.Write(k.Finding)
		b.WriteByte('\n')
	}
	return b.String()
}

// replay is what a run over the events finds.
func (h *house) replay(events []*event.Event) string {
	h.t.Helper()
	set, err := h.config().Load()
	if err != nil {
		h.t.Fatal(err)
	}
	e := detect.New(detect.Config{Rules: set, Lateness: 5 * time.Second})
	var found []detect.Finding
	for i, ev := range events {
		found = append(found, e.Add(ev, int64(i))...)
	}
	var b strings.Builder
	for _, f := range append(found, e.Flush()...) {
		line, err := encode(&f)
		if err != nil {
			h.t.Fatal(err)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// pass lets events be sealed at their times, each up to late after it was
// complete, and kills the follower now and then.
func (h *house) pass(events []*event.Event, r *mathrand.Rand, kills int) {
	for i, e := range events {
		if wait := e.Completed.Add(50 * time.Millisecond).Sub(time.Now()); wait > 0 {
			time.Sleep(wait)
		}
		h.feed.show(uint64(i + 1))
		synctest.Wait()
		if r.IntN(len(events)) < kills {
			h.kill()
			h.start()
		}
	}
	time.Sleep(5 * time.Minute)
	synctest.Wait()
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Errorf("%s: line %d of %d (want %d lines)\ngot  %s\nwant %s", what, i+1, len(g), len(w), g[i], w[i])
			return
		}
	}
	t.Errorf("%s: got %d lines, want %d", what, len(g), len(w))
}

// TestLiveEqualsReplay kills the follower at random moments, and compares what
// it keeps with a run over the ledger.
func TestLiveEqualsReplay(t *testing.T) {
	for seed := range uint64(3) {
		events := calls(t, seed, 700)
		l := recorded(t, events)
		synctest.Test(t, func(t *testing.T) {
			h := open(t, l)
			defer h.close()
			h.pass(events, mathrand.New(mathrand.NewPCG(seed, 2)), 20)
			want := h.replay(events)
			if !strings.Contains(want, `"rule":"three"`) || !strings.Contains(want, `"rule":"teapot"`) {
				t.Fatalf("the replay finds %s", want)
			}
			same(t, fmt.Sprint("seed ", seed), h.findings(), want)
			ids := map[string]int{}
			for _, b := range h.took {
				for _, f := range b.New {
					if ids[f.Finding.ID]++; ids[f.Finding.ID] > 1 {
						t.Errorf("%s was handed on twice", f.Finding.ID)
					}
				}
			}
			if len(ids) != strings.Count(want, "\n") {
				t.Errorf("%d findings were handed on, want %d", len(ids), strings.Count(want, "\n"))
			}
		})
	}
}

// TestOvertaken seals calls up to four seconds after others that were complete
// later: what was judged too early is judged again.
func TestOvertaken(t *testing.T) {
	for seed := range uint64(3) {
		events := calls(t, seed, 500)
		r := mathrand.New(mathrand.NewPCG(seed, 3))
		shown := map[*event.Event]time.Time{}
		for _, e := range events {
			shown[e] = e.Completed.Add(time.Duration(r.Int64N(int64(20 * time.Millisecond))))
			if r.IntN(10) == 0 {
				shown[e] = e.Completed.Add(time.Duration(r.Int64N(int64(4 * time.Second))))
			}
		}
		slices.SortStableFunc(events, func(a, b *event.Event) int { return shown[a].Compare(shown[b]) })
		l := recorded(t, events)
		synctest.Test(t, func(t *testing.T) {
			h := open(t, l)
			defer h.close()
			for i, e := range events {
				if wait := shown[e].Sub(time.Now()); wait > 0 {
					time.Sleep(wait)
				}
				h.feed.show(uint64(i + 1))
				synctest.Wait()
			}
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			same(t, fmt.Sprint("seed ", seed), h.findings(), h.replay(events))
			s := h.follow.Status()
			if s.Rewinds == 0 || s.Unsettled > 0 || s.State != Live {
				t.Errorf("seed %d: %+v", seed, s)
			}
		})
	}
}

// TestAtOnce shows when a finding is there: when the patience is over.
func TestAtOnce(t *testing.T) {
	events := []*event.Event{
		one(t, 1, begin.Add(time.Minute), `"principal.id":"p","outcome.status":200`),
		one(t, 2, begin.Add(time.Hour), `"principal.id":"p","outcome.status":418`),
	}
	l := recorded(t, events)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, l)
		defer h.close()
		h.feed.show(1)
		time.Sleep(time.Until(events[1].Completed))
		h.feed.show(2)
		for h.findings() == "" {
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(events[1].Completed); took > 400*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		if b := h.took[0].New[0]; b.History || !b.Seen.Equal(events[1].Completed) {
			t.Errorf("it was handed on as %+v", b)
		}
	})
}

// TestRulesOfOnesOwn changes a file of rules while events come: the new rules
// run, those that are not right are refused, and state of the others is kept.
func TestRulesOfOnesOwn(t *testing.T) {
	var events []*event.Event
	for i := range 6 {
		events = append(events, one(t, i, begin.Add(time.Duration(i+1)*10*time.Second), `"principal.id":"p","principal.kind":"user","outcome.status":403,"who.address":"192.0.2.7"`))
	}
	l := recorded(t, events)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, l)
		defer h.close()
		h.feed.show(2)
		time.Sleep(5 * time.Second)
		if err := os.WriteFile(filepath.Join(h.rules, "more.yaml"), []byte(strings.NewReplacer("9a11", "9a21", "9a12", "9a22", "name: three", "name: other", "name: teapot", "name: cup", "403", "499").Replace(rule)), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if s := h.follow.Status(); s.Rules != 4 || s.Refused != "" {
			t.Fatalf("%+v", s)
		}
		// The third refusal completes what the first two began under the rules
		// of before.
		h.feed.show(3)
		time.Sleep(30 * time.Second)
		if got := h.findings(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"rule":"three"`) {
			t.Fatalf("found %s", got)
		}
		h.write("title: [")
		time.Sleep(5 * time.Second)
		if s := h.follow.Status(); s.Rules != 4 || !strings.Contains(s.Refused, "own.yaml:1:") {
			t.Fatalf("%+v", s)
		}
		h.write(rule)
		time.Sleep(5 * time.Second)
		if s := h.follow.Status(); s.Refused != "" {
			t.Fatalf("%+v", s)
		}
	})
}

// TestForget has the state made anew after an erasure: there is none on the
// disk meanwhile, what was found stays, and detection goes on.
func TestForget(t *testing.T) {
	events := calls(t, 9, 300)
	l := recorded(t, events)
	synctest.Test(t, func(t *testing.T) {
		h := open(t, l)
		defer h.close()
		h.pass(events[:200], mathrand.New(mathrand.NewPCG(1, 1)), 0)
		saved := func() int {
			names, err := h.follow.files().names()
			if err != nil {
				t.Fatal(err)
			}
			return len(names)
		}
		if saved() == 0 {
			t.Fatal("nothing was saved: the test shows nothing")
		}
		before := h.findings()
		if err := h.follow.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if saved() > 0 {
			t.Error("states are still there")
		}
		for i := 200; i < 300; i++ {
			h.feed.show(uint64(i + 1))
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(5 * time.Minute)
		if saved() == 0 {
			t.Error("no state was saved again")
		}
		after := h.findings()
		if !strings.HasPrefix(after, before) || after == before {
			t.Errorf("before %d findings, after %d", strings.Count(before, "\n"), strings.Count(after, "\n"))
		}
		epoch, err := h.store.value(t.Context(), "epoch")
		if err != nil || epoch != 2 {
			t.Errorf("epoch %d, %v", epoch, err)
		}
	})
}
