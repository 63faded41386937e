package deliver_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/state"
)

// inbox is a receiver that does as it is told.
type inbox struct {
	mu     sync.Mutex // guards what follows
	got    []*deliver.Message
	at     []time.Time
	answer func(*deliver.Message) error // nil: all is accepted
	hang   bool
}

func (x *inbox) Send(ctx context.Context, m *deliver.Message) (string, error) {
	x.mu.Lock()
	x.got, x.at = append(x.got, m), append(x.at, time.Now())
	answer, hang := x.answer, x.hang
	x.mu.Unlock()
	if hang {
		<-ctx.Done()
		return "", ctx.Err()
	}
	if answer != nil {
		return "", answer(m)
	}
	return "ok", nil
}

func (x *inbox) set(answer func(*deliver.Message) error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answer = answer
}

// messages returns what arrived, in its order.
func (x *inbox) messages() []*deliver.Message {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.got)
}

// times returns when it arrived.
func (x *inbox) times() []time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.at)
}

// ids returns what arrived, in its order.
func (x *inbox) ids() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var ids []string
	for _, m := range x.got {
		ids = append(ids, m.ID)
	}
	return ids
}

// house is an outbox with its file.
type house struct {
	t  *testing.T
	db *state.DB
	*deliver.Outbox
	stop func()
}

func open(t *testing.T, c deliver.Config) *house {
	t.Helper()
	db, err := state.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	c.DB = db
	o, err := deliver.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, Outbox: o}
	return h
}

// run runs the outbox until the returned function is called.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	}
}

func (h *house) close() {
	if err := h.db.Close(); err != nil {
		h.t.Error(err)
	}
}

// add hands over notices as the incidents do: in their transaction.
func (h *house) add(ns ...*alert.Notice) {
	h.t.Helper()
	err := h.db.Write(context.Background(), func(tx *sql.Tx) error {
		for _, n := range ns {
			if err := h.Deliver(context.Background(), tx, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// states counts the deliveries of a receiver.
func (h *house) states(receiver string) string {
	h.t.Helper()
	list, err := h.List(context.Background(), deliver.Filter{Receiver: receiver, Limit: 100_000})
	if err != nil {
		h.t.Fatal(err)
	}
	n := make(map[string]int)
	for _, d := range list {
		n[string(d.State)]++
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%d %s", n[k], k))
	}
	return strings.Join(parts, ", ")
}

// notice returns change number seq of an incident.
func notice(incident string, seq int, severity string) *alert.Notice {
	at := time.Date(2026, 11, 26, 12, 0, seq, 0, time.UTC)
	n := &alert.Notice{
		ID: fmt.Sprintf("%s.%d", incident, seq), Sequence: uint64(seq), Change: alert.Joined, Incident: incident,
		Title: "Mass read of customers", Severity: severity, State: alert.Open, Risk: 120,
		Entity: []detect.Value{{Field: "principal.id", Value: "p_1"}, {Field: "who.email", Value: "ann@example.com"}},
		Rules:  []string{"mass-read"}, Tags: []string{"attack.t1119"},
		Findings: []detect.Finding{{
			ID: "f1", Rule: "mass-read", Title: "Mass read", Level: severity, At: at, From: at, Count: 12,
			Entity: []detect.Value{{Field: "who.email", Value: "ann@example.com"}},
			Terms:  []detect.Term{{Name: "from address", Value: "203.0.113.9"}},
			Events: refs(41, 42),
		}},
		From: at, At: at, Found: at, API: "/api/v1/alerts/" + incident,
	}
	if seq == 1 {
		n.Change = alert.Opened
	}
	return n
}

// refs returns references to events of these numbers.
func refs(numbers ...int64) []detect.Ref {
	var list []detect.Ref
	for _, n := range numbers {
		list = append(list, detect.Ref{ID: event.NewID(time.UnixMilli(1_764_000_000_000+n), [8]byte{byte(n)}), Number: n})
	}
	return list
}

func receiver(name string, c deliver.Channel) deliver.Receiver {
	return deliver.Receiver{Name: name, Kind: "webhook", Channel: c, Detail: deliver.Full}
}

func check[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func TestEachGetsWhatItWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, severe, tagged, opened := &inbox{}, &inbox{}, &inbox{}, &inbox{}
		tag, err := deliver.ParseMatcher("tag=attack.*")
		if err != nil {
			t.Fatal(err)
		}
		not, err := deliver.ParseMatcher("who.email!=*@example.com")
		if err != nil {
			t.Fatal(err)
		}
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{
			receiver("all", all),
			{Name: "severe", Channel: severe, MinSeverity: "high"},
			{Name: "tagged", Channel: tagged, Match: []deliver.Matcher{tag, not}},
			{Name: "opened", Channel: opened, Changes: []alert.Change{alert.Opened}},
		}})
		defer h.close()
		defer h.run()()
		other := notice("inc_b", 1, "critical")
		other.Entity[1].Value = "bob@example.org"
		h.add(notice("inc_a", 1, "medium"), notice("inc_a", 2, "high"), other)
		h.add(notice("inc_a", 1, "medium")) // known already
		synctest.Wait()
		check(t, "all", slices.Sorted(slices.Values(all.ids())), []string{"inc_a.1", "inc_a.2", "inc_b.1"})
		check(t, "severe", slices.Sorted(slices.Values(severe.ids())), []string{"inc_a.2", "inc_b.1"})
		check(t, "tagged", tagged.ids(), []string{"inc_b.1"})
		check(t, "opened", slices.Sorted(slices.Values(opened.ids())), []string{"inc_a.1", "inc_b.1"})
		check(t, "states", h.states("all"), "3 delivered")
	})
}

func TestOrderWithinAnIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		tries := 0
		x.answer = func(m *deliver.Message) error {
			if m.ID == "inc_a.1" && tries < 3 {
				tries++
				return &egress.Error{Reason: "the receiver answered 503"}
			}
			return nil
		}
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{receiver("r", x)}})
		defer h.close()
		defer h.run()()
		for i := 1; i <= 5; i++ {
			h.add(notice("inc_a", i, "high"), notice("inc_b", i, "high"))
		}
		time.Sleep(time.Minute)
		check(t, "states", h.states("r"), "10 delivered")
		var a, b []string
		for _, id := range x.ids() {
			if strings.HasPrefix(id, "inc_a") {
				a = append(a, id)
			} else {
				b = append(b, id)
			}
		}
		check(t, "a", a, []string{"inc_a.1", "inc_a.1", "inc_a.1", "inc_a.1", "inc_a.2", "inc_a.3", "inc_a.4", "inc_a.5"})
		check(t, "b", b, []string{"inc_b.1", "inc_b.2", "inc_b.3", "inc_b.4", "inc_b.5"})
	})
}

// A receiver that never answers has no part in what the others get.
func TestOneHangsAndTheOthersDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung, down, well := &inbox{hang: true}, &inbox{}, &inbox{}
		down.set(func(*deliver.Message) error { return errors.New("dial tcp: connection refused") })
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{receiver("hung", hung), receiver("down", down), receiver("well", well)}})
		defer h.close()
		stop := h.run()
		before := time.Now()
		for i := range 50 {
			h.add(notice(fmt.Sprintf("inc_%d", i), 1, "high"))
		}
		synctest.Wait()
		check(t, "well", len(well.ids()), 50)
		check(t, "time that passed", time.Since(before), 0)
		check(t, "hung", h.states("hung"), "50 pending")
		check(t, "down", h.states("down"), "50 pending")
		stop()
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		first := true
		x.answer = func(*deliver.Message) error {
			if first {
				first = false
				return &egress.Error{Reason: "the receiver answered 429", After: 90 * time.Second}
			}
			return nil
		}
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "r", Channel: x, Concurrency: 1}}})
		defer h.close()
		defer h.run()()
		h.add(notice("inc_a", 1, "high"), notice("inc_b", 1, "high"))
		time.Sleep(89 * time.Second)
		check(t, "before", len(x.ids()), 1)
		time.Sleep(3 * time.Second)
		check(t, "after", h.states("r"), "2 delivered")
	})
}

func TestBackOffGrowsUntilItIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		x.set(func(*deliver.Message) error { return &egress.Error{Reason: "the receiver answered 500"} })
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "r", Channel: x, GiveUp: 2 * time.Hour}}})
		defer h.close()
		defer h.run()()
		h.add(notice("inc_a", 1, "high"))
		time.Sleep(time.Hour)
		check(t, "after an hour", h.states("r"), "1 pending")
		at := x.times()
		for i := 1; i < len(at); i++ {
			gap := at[i].Sub(at[i-1])
			low := min(time.Second<<(i-1), 5*time.Minute) / 2
			if i > 15 {
				low = 150 * time.Second
			}
			if gap < low || gap > 2*low+time.Second {
				t.Errorf("wait %d: got %s, want %s to %s", i, gap, low, 2*low)
			}
		}
		time.Sleep(90 * time.Minute)
		check(t, "after more than two", h.states("r"), "1 dead")
		list, err := h.List(t.Context(), deliver.Filter{State: deliver.Dead})
		if err != nil {
			t.Fatal(err)
		}
		check(t, "error", list[0].Error, "the receiver answered 500")

		x.set(nil)
		if err := h.Retry(t.Context(), list[0].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Minute)
		check(t, "tried by hand", h.states("r"), "1 delivered")
		if err := h.Retry(t.Context(), list[0].ID); !errors.Is(err, deliver.ErrNotDead) {
			t.Errorf("retry of one that was delivered: got %v, want %v", err, deliver.ErrNotDead)
		}
		if err := h.Retry(t.Context(), 4711); !errors.Is(err, deliver.ErrUnknown) {
			t.Errorf("retry of one that is not there: got %v, want %v", err, deliver.ErrUnknown)
		}
	})
}

func TestRefusedForGoodIsDeadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		x.set(func(m *deliver.Message) error {
			if m.ID == "inc_a.1" {
				return &egress.Error{Reason: "the receiver answered 400", Permanent: true}
			}
			return nil
		})
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{receiver("r", x)}})
		defer h.close()
		defer h.run()()
		h.add(notice("inc_a", 1, "high"), notice("inc_a", 2, "high"), notice("inc_b", 1, "high"))
		synctest.Wait()
		check(t, "states", h.states("r"), "1 dead, 2 delivered")
		st, err := h.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		check(t, "status", fmt.Sprint(st[0].Dead, st[0].Pending, st[0].Delivered, st[0].Failing.IsZero()), "1 0 2 true")
	})
}

func TestAFloodIsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "r", Channel: x, Rate: 10, Detail: deliver.Full}}})
		defer h.close()
		defer h.run()()
		var flood []*alert.Notice
		for i := range 1000 {
			severity := "medium"
			if i == 700 {
				severity = "critical"
			}
			flood = append(flood, notice(fmt.Sprintf("inc_%d", i), 1, severity))
		}
		h.add(flood...)
		time.Sleep(5 * time.Minute)
		if len(x.messages()) != 11 {
			t.Fatalf("messages: got %d, want 10 and one that sums up", len(x.messages()))
		}
		m := x.messages()[10]
		check(t, "kind", m.Kind, deliver.Summary)
		check(t, "incidents", m.Total, 990)
		check(t, "counts", m.Counts, map[string]int{"critical": 1, "medium": 989})
		check(t, "the most severe is first", m.Notices[0].Incident, "inc_700")
		check(t, "named", len(m.Notices), deliver.MaxListed)
		check(t, "states", h.states("r"), "1001 delivered")
		check(t, "headline", m.Headline(), "critical: 990 incidents at once, too many to send one by one")

		// It goes on: one message a minute, until it is quiet again.
		for i := range 300 {
			h.add(notice(fmt.Sprintf("more_%d", i), 1, "medium"))
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Minute)
		if n := len(x.messages()) - 11; n > 17 {
			t.Errorf("five more minutes of flood: got %d messages, want at most 10 and then one a minute", n)
		}
		total := 0
		for _, m := range x.messages() {
			total += m.Total
		}
		check(t, "incidents in all messages", total, 1300)
	})
}

func TestASummaryThatFailsIsRetriedAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		x.set(func(m *deliver.Message) error {
			if m.Kind == deliver.Summary {
				return &egress.Error{Reason: "the receiver answered 413", Permanent: true}
			}
			return nil
		})
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "r", Channel: x, Rate: 2}}})
		defer h.close()
		defer h.run()()
		for i := range 20 {
			h.add(notice(fmt.Sprintf("inc_%d", i), 1, "high"))
		}
		time.Sleep(2 * time.Minute)
		check(t, "states", h.states("r"), "19 dead, 2 delivered")
		x.set(nil)
		list, err := h.List(t.Context(), deliver.Filter{State: deliver.Dead, Incident: "inc_9"})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Retry(t.Context(), list[0].ID); err != nil { // one of those that it carries
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		check(t, "states", h.states("r"), "21 delivered")
	})
}

func TestDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "r", Channel: x, Digest: 15 * time.Minute, Detail: deliver.Full}}})
		defer h.close()
		defer h.run()()
		h.add(notice("inc_a", 1, "medium"))
		time.Sleep(5 * time.Minute)
		h.add(notice("inc_b", 1, "high"), notice("inc_a", 2, "medium"))
		time.Sleep(9 * time.Minute)
		check(t, "before", len(x.messages()), 0)
		time.Sleep(2 * time.Minute)
		if len(x.messages()) != 1 {
			t.Fatalf("messages: got %d, want 1", len(x.messages()))
		}
		m := x.messages()[0]
		check(t, "kind", m.Kind, deliver.Digest)
		check(t, "incidents", fmt.Sprintf("%d %s %s", m.Total, m.Notices[0].Incident, m.Notices[1].ID), "2 inc_b inc_a.2")
		check(t, "states", h.states("r"), "4 delivered")

		h.add(notice("inc_c", 1, "high")) // one alone goes as it is, when its time has come
		time.Sleep(16 * time.Minute)
		check(t, "last", x.messages()[1].ID, "inc_c.1")
	})
}

func TestTheOldestOfTooManyIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		x.set(func(*deliver.Message) error { return errors.New("down") })
		h := open(t, deliver.Config{MaxPending: 5, Receivers: []deliver.Receiver{receiver("r", x)}})
		defer h.close()
		for i := range 8 {
			h.add(notice(fmt.Sprintf("inc_%d", i), 1, "high"))
		}
		check(t, "states", h.states("r"), "3 dead, 5 pending")
		list, err := h.List(t.Context(), deliver.Filter{State: deliver.Dead})
		if err != nil {
			t.Fatal(err)
		}
		check(t, "the newest of the dead", list[0].Incident, "inc_2")
	})
}

func TestMinimalHasNoPersonalData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		h := open(t, deliver.Config{
			Pseudonym: func(field, value string) string { return fmt.Sprintf("%s#%d", field, len(value)) },
			Receivers: []deliver.Receiver{{Name: "r", Channel: x}},
		})
		defer h.close()
		defer h.run()()
		n := notice("inc_a", 1, "high")
		n.By, n.Reason, n.Assignee = "carol", "ann called me", "dave"
		h.add(n)
		synctest.Wait()
		got := x.messages()[0].Notices[0]
		all := fmt.Sprintf("%+v", got)
		for _, s := range []string{"ann", "carol", "dave", "203.0.113.9"} {
			if strings.Contains(all, s) {
				t.Errorf("%q left the installation: %s", s, all)
			}
		}
		check(t, "entity", got.Entity, []detect.Value{{Field: "principal.id", Value: "p_1"}, {Field: "who.email", Value: "anon_who.email#15"}})
		check(t, "events", got.Findings[0].Events, refs(41, 42))
		check(t, "the notice that others have", n.Entity[1].Value+n.Findings[0].Terms[0].Value, "ann@example.com203.0.113.9")
	})
}

func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		x.set(func(*deliver.Message) error { return errors.New("down") })
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "r", Channel: x, Digest: time.Minute, Detail: deliver.Full}}})
		defer h.close()
		stop := h.run()
		h.add(notice("inc_a", 1, "high"), notice("inc_b", 1, "high"))
		time.Sleep(2 * time.Minute)
		if err := h.Forget(t.Context(), []string{"inc_a"}); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := h.db.QueryRow("SELECT count(*) FROM deliveries WHERE incident = 'inc_a' OR CAST(body AS TEXT) LIKE '%inc_a%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		check(t, "rows that name it", n, 0)
		x.set(nil)
		time.Sleep(10 * time.Minute)
		last := x.messages()[len(x.messages())-1]
		check(t, "the digest", fmt.Sprintf("%d %s", len(last.Notices), last.Notices[0].Incident), "1 inc_b")
		stop()
	})
}

func TestMinimise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &firer{}
		x := &inbox{}
		x.set(func(m *deliver.Message) error { return errors.New("down") })
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{receiver("r", x), receiver("f", f), {Name: "m", Channel: x}}})
		defer h.close()
		stop := h.run()
		h.add(notice("inc_a", 1, "high"))
		synctest.Wait()
		for range 2 { // a pseudonym stays what it is
			if err := h.Minimise(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, table := range []string{"deliveries", "firing"} {
			var all, personal, anonymous int
			err := h.db.QueryRow("SELECT count(body), count(*) FILTER (WHERE CAST(body AS TEXT) LIKE '%ann@%' OR CAST(body AS TEXT) LIKE '%203.0.113.9%'), count(*) FILTER (WHERE CAST(body AS TEXT) LIKE '%\"anon_withheld\"%') FROM "+table).Scan(&all, &personal, &anonymous)
			if err != nil {
				t.Fatal(err)
			}
			if all == 0 || personal != 0 || anonymous != all {
				t.Errorf("%s: %d rows, of which %d are personal, and %d have a pseudonym", table, all, personal, anonymous)
			}
		}
		x.set(nil)
		time.Sleep(10 * time.Minute)
		check(t, "states", h.states("r"), "1 delivered")
		stop()
	})
}

func TestSwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, fresh, kept := &inbox{}, &inbox{}, &inbox{}
		old.set(func(*deliver.Message) error { return errors.New("down") })
		a, b, c := receiver("a", old), receiver("b", old), receiver("c", kept)
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{a, b, c}})
		defer h.close()
		stop := h.run()
		h.add(notice("inc_a", 1, "high"))
		synctest.Wait()
		a.Channel, a.Identity = fresh, "another URL"
		if err := h.Swap(t.Context(), []deliver.Receiver{a, c}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		check(t, "the one that changed", h.states("a"), "1 delivered")
		check(t, "the one that is gone", h.states("b"), "1 dead")
		check(t, "its successor", len(fresh.ids()), 1)
		check(t, "the one that stayed", len(kept.ids()), 1)
		stop()
	})
}

// firer is an inbox that forgets.
type firer struct {
	inbox
	fired [][]string
}

func (f *firer) Fire(_ context.Context, ms []*deliver.Message, _ time.Time) error {
	var ids []string
	for _, m := range ms {
		ids = append(ids, m.ID)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fired = append(f.fired, ids)
	return nil
}

// all returns what was fired, each time.
func (f *firer) all() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.fired)
}

func TestWhatIsThereIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &firer{}
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{receiver("r", f)}})
		defer h.close()
		defer h.run()()
		h.add(notice("inc_a", 1, "high"), notice("inc_a", 2, "high"), notice("inc_b", 1, "high"))
		time.Sleep(90 * time.Second)
		check(t, "after a minute", f.all(), [][]string{{"inc_a.2", "inc_b.1"}})
		over := notice("inc_a", 3, "high")
		over.Change, over.State = alert.Closed, alert.Resolved
		h.add(over)
		time.Sleep(time.Minute)
		check(t, "when one is over", f.all()[1:], [][]string{{"inc_b.1"}})
	})
}

func TestOldDeliveriesAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := &inbox{}
		x.set(func(m *deliver.Message) error {
			if m.ID == "inc_a.1" {
				return &egress.Error{Reason: "no", Permanent: true}
			}
			return nil
		})
		h := open(t, deliver.Config{Receivers: []deliver.Receiver{receiver("r", x)}})
		defer h.close()
		h.add(notice("inc_a", 1, "high"), notice("inc_b", 1, "high"))
		later := func(days int) string { // it runs for an hour, at the start of which it deletes
			time.Sleep(time.Duration(days)*24*time.Hour - time.Hour)
			o, err := deliver.New(t.Context(), deliver.Config{DB: h.db, Receivers: []deliver.Receiver{receiver("r", x)}})
			if err != nil {
				t.Fatal(err)
			}
			h.Outbox = o
			stop := h.run()
			time.Sleep(time.Hour)
			stop()
			return h.states("r")
		}
		check(t, "at first", later(1), "1 dead, 1 delivered")
		check(t, "after seven days", later(6), "1 dead, 1 delivered")
		check(t, "after nine", later(2), "1 dead")
		check(t, "after thirty", later(21), "1 dead")
		check(t, "after a month", later(2), "")
	})
}

func TestMatchers(t *testing.T) {
	for _, bad := range []string{"", "rule", "=x", "rule=", "rule=[a", "a b=c"} {
		if _, err := deliver.ParseMatcher(bad); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
	for _, good := range []string{"rule=mass-*", "tag!=owasp.api4", "principal.id=p_?"} {
		m, err := deliver.ParseMatcher(good)
		if err != nil || m.String() != good {
			t.Errorf("%q: got %q, %v", good, m, err)
		}
	}
}

func TestCleanAndCut(t *testing.T) {
	check(t, "clean", deliver.Clean("a\r\nB\u202ecod.exe\x00\x1b[31m \u200bx\xff"), "a Bcod.exe[31m x")
	check(t, "cut", deliver.Cut("äöüß", 3), "äö…")
	check(t, "uncut", deliver.Cut("äöü", 3), "äöü")
}
