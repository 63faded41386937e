package erasure_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

func TestMain(m *testing.M) { readingtest.Main(m) }

var ops = reading.Reader{Name: "ops", Role: reading.Administrator, Tool: "cli", Reason: "request DSR-7"}

// people records calls of alice and bob over three days, two looks that name
// alice, and a call of bob's that names her in its body.
func people(t *testing.T, h *readingtest.House) {
	t.Helper()
	day := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for i := range 400 {
		who := "alice"
		if i%4 == 0 {
			who = "bob"
		}
		e := readingtest.Call(day.Add(time.Duration(i)*9*time.Minute), who, "GET", fmt.Sprintf("/customers/%d", i%10), 200)
		e.Credential.Fingerprint = "" // it is made of the name here
		e.Who.Name = strings.ToUpper(who[:1]) + who[1:] + " Moreau-" + who
		e.Who.Address = "198.51.100." + map[string]string{"alice": "77", "bob": "78"}[who]
		if i == 200 {
			e.Payload.Response.Body = `{"assigned":"Alice@Shop.test"}`
		}
		h.Put(e)
	}
}

// TestErasePerson follows a person through: a dry run, the erasure, and what
// is left.
func TestErasePerson(t *testing.T) {
	h := readingtest.Open(t)
	h.StartIndex()
	h.StartKeeper(func(c *erasure.Config) { c.Keys = func([]string) []string { return []string{"k7"} } })
	people(t, h)
	h.Indexed()
	if _, err := h.Room.Who(t.Context(), ops, "alice@shop.test", reading.Query{}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Room.Search(t.Context(), ops, reading.Search{Query: reading.Query{LogsQL: `who.email:="alice@shop.test"`}}); err != nil {
		t.Fatal(err)
	}
	request := erasure.Request{Selector: erasure.Selector{Principals: []string{"Alice@shop.test"}}, Number: "DSR-7"}
	plan, err := h.Keeper.Plan(t.Context(), ops, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Events != 302 || plan.Envelopes["who"] != 300 || plan.Envelopes["what"] != 302 || plan.Envelopes["payload"] != 300 || plan.Kinds["look"] != 2 {
		t.Errorf("the dry run says %+v", plan)
	}
	if plan.Elsewhere.Events != 1 || plan.Elsewhere.Classes["payload"] != 1 || len(plan.Identities) != 1 || !slices.Equal(plan.Keys, []string{"k7"}) {
		t.Errorf("the dry run says %+v", plan)
	}
	pseudonym := plan.Identities[0].Principal

	for _, bad := range []reading.Reader{
		{Name: "ops", Role: reading.Auditor, Reason: "x"},
		{Name: "ops", Role: reading.Administrator},
		{Name: "ops", Role: reading.Administrator, Reason: "Alice asked for it"},
	} {
		if _, err := h.Keeper.Erase(t.Context(), bad, request, nil); !errors.Is(err, reading.ErrArgument) && !errors.Is(err, reading.ErrForbidden) {
			t.Errorf("%+v: got %v", bad, err)
		}
	}
	res, err := h.Keeper.Erase(t.Context(), ops, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Events != plan.Events || res.Envelopes["who"] != plan.Envelopes["who"] || res.Envelopes["what"] != plan.Envelopes["what"] || res.Index != "forgotten" || len(res.Decisions) == 0 {
		t.Errorf("done: %+v, planned: %+v", res, plan)
	}
	left, err := h.Keeper.Plan(t.Context(), ops, request, nil)
	if err != nil || left.Events != 0 || left.Elsewhere.Events != 1 {
		t.Errorf("after it: %+v, %v", left, err)
	}
	// What bob's call says of her goes only on request, by her pseudonym.
	again := erasure.Request{Selector: erasure.Selector{Principals: []string{pseudonym, "alice@shop.test", "alice"}}, Mentions: true}
	if res, err := h.Keeper.Erase(t.Context(), ops, again, nil); err != nil || res.Events != 1 || res.Envelopes["payload"] != 1 {
		t.Errorf("mentions: %+v, %v", res, err)
	}
	gone(t, h)
	shown(t, h, pseudonym)
}

// gone checks that nothing of alice is left anywhere, and that the ledger
// holds.
func gone(t *testing.T, h *readingtest.House) {
	t.Helper()
	h.StopRecorder()
	report := ledger.Verify(os.DirFS(h.Dir), ledger.VerifyOptions{Decode: true, Key: h.Key})
	var missing uint64
	for _, r := range report.Removals {
		missing += r.Missing
		if r.Missing != r.Count {
			t.Errorf("decision %d: %d envelopes decided, %d missing", r.Number, r.Count, r.Missing)
		}
	}
	if !report.OK() || missing != 903 {
		t.Errorf("verify: %v %v, %d removed, want 903", report.Problems, report.Notes, missing)
	}
	text := readingtest.Everything(t, h.Dir)
	for _, x := range []string{"alice", "198.51.100.77"} {
		if strings.Contains(text, x) {
			i := strings.Index(text, x)
			t.Errorf("%q is still on the disk: …%q…", x, text[max(0, i-60):min(len(text), i+60)])
		}
	}
	if !strings.Contains(text, "bob@shop.test") {
		t.Error("bob is not on the disk any more")
	}
}

// shown checks what people see of the erased.
func shown(t *testing.T, h *readingtest.House, pseudonym string) {
	t.Helper()
	rec, err := h.Ledger.Record(1)
	if err != nil {
		t.Fatal(err)
	}
	head, err := h.Ledger.Prove(1, h.Ledger.Size())
	root, rootErr := h.Ledger.Root(h.Ledger.Size())
	if err != nil || rootErr != nil || head.Check(rec.Header, ledger.Checkpoint{Size: h.Ledger.Size(), Root: root}) != nil {
		t.Errorf("an erased event does not prove: %v", err)
	}
	e, err := rec.Open()
	if err != nil || e.Who != nil || e.What != nil || e.Payload != nil || e.Principal.ID != pseudonym {
		t.Errorf("got %+v, %v", e, err)
	}
}

// TestErasedIsShownAsErased looks at an erased event while the index is
// filled again.
func TestErasedIsShownAsErased(t *testing.T) {
	h := readingtest.Open(t)
	h.StartIndex()
	h.StartKeeper()
	people(t, h)
	h.Indexed()
	res, err := h.Keeper.Erase(t.Context(), ops, erasure.Request{Selector: erasure.Selector{Query: `who.subject:=alice what.path:="/customers/5"`}, Number: "DSR-8"}, nil)
	if err != nil || res.Events != 40 {
		t.Fatalf("got %+v, %v", res, err)
	}
	for range 20 {
		got, err := h.Room.Search(t.Context(), ops, reading.Search{Query: reading.Query{LogsQL: `who.subject:=alice what.path:="/customers/5"`}})
		if errors.Is(err, reading.ErrIndex) {
			continue
		}
		if err != nil || len(got.Hits) > 0 {
			t.Fatalf("got %d hits, %v, want none", len(got.Hits), err)
		}
	}
	d, err := h.Room.Event(t.Context(), ops, "5")
	if err != nil || d.Proof == nil && d.Note == "" || len(d.Record.Erased) != 3 || len(d.Record.Removals) != 1 {
		t.Fatalf("got %+v, %v", d, err)
	}
	if r := d.Record.Removals[0]; r.Decision != res.Decisions[0] || r.Name != "erase" || r.Request != "DSR-8" || len(r.Classes) != 3 || r.At.IsZero() {
		t.Errorf("got %+v", r)
	}
	h.Indexed()
}

// TestHold begins a hold that stops an erasure, starts over, and releases it.
func TestHold(t *testing.T) {
	h := readingtest.Open(t)
	stop := h.StartKeeper()
	people(t, h)
	hold, err := h.Keeper.AddHold(t.Context(), ops, "case of Alice", erasure.Selector{Principals: []string{"alice"}, To: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}, false)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	defer h.StartKeeper()() // which knows nothing but the record
	request := erasure.Request{Selector: erasure.Selector{Principals: []string{"alice"}}}
	_, err = h.Keeper.Erase(t.Context(), ops, request, nil)
	var held *erasure.HeldError
	if !errors.As(err, &held) || len(held.Holds) != 1 || held.Holds[0].ID != hold.ID || held.Holds[0].Events != held.Events || held.Of != 301 {
		t.Fatalf("got %v, %+v", err, held)
	}
	if want := `75 of the 301 events are under legal hold "case of Alice" (` + hold.ID + `, 75 events)`; !strings.Contains(err.Error(), want) && held.Events == 75 {
		t.Errorf("got %q, want %q", err, want)
	}
	request.ExceptHeld = true
	res, err := h.Keeper.Erase(t.Context(), ops, request, nil)
	if err != nil || res.HeldEvents != held.Events || res.Events != held.Of-held.Events {
		t.Fatalf("got %+v, %v", res, err)
	}
	if _, err := h.Keeper.ReleaseHold(t.Context(), ops, "case of alice"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("another name: got %v", err)
	}
	if list, err := h.Keeper.Holds(t.Context(), ops); err != nil || len(list) != 1 || list[0].Reason != ops.Reason {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := h.Keeper.ReleaseHold(t.Context(), ops, "case of Alice"); err != nil {
		t.Fatal(err)
	}
	request.ExceptHeld = false
	if res, err := h.Keeper.Erase(t.Context(), ops, request, nil); err != nil || res.Events != held.Events || res.HeldEvents != 0 {
		t.Fatalf("got %+v, %v", res, err)
	}
	h.StopRecorder()
	if report := ledger.Verify(os.DirFS(h.Dir), ledger.VerifyOptions{}); !report.OK() {
		t.Errorf("verify: %v", report.Problems)
	}
}

// TestTakenUpAgain seals a decision that nobody carries out: the next start
// does.
func TestTakenUpAgain(t *testing.T) {
	h := readingtest.Open(t)
	people(t, h)
	r := ledger.Removal{Name: ledger.NoteErase, Classes: [event.Classes]bool{true, true, true}, Records: ledger.Ranges{{From: 3, To: 9}}, Count: 21}
	e := readingtest.Call(time.Now(), "ops", "", "", 0)
	n := h.Put(&event.Event{Header: event.Header{ID: e.ID, Kind: event.Decision, Arrived: e.Arrived, Capture: event.Capture{Method: "self"}, Note: &event.Note{Name: r.Name, Facts: r.Facts()}}})
	size := h.Recorder.Size()
	stop := h.StartKeeper()
	if _, err := h.Recorder.Wait(t.Context(), size); err != nil { // for the event that says it is done
		t.Fatal(err)
	}
	if err := h.Ledger.Refresh(); err != nil {
		t.Fatal(err)
	}
	s, err := h.Ledger.Record(size)
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.Open()
	if err != nil || done.Note.Name != "removed" || done.Note.Facts[0] != (event.Fact{Name: "decision", Value: fmt.Sprint(n)}) {
		t.Errorf("got %+v, %v", done.Note, err)
	}
	if s, err := h.Ledger.Record(5); err != nil || s.Envelopes[0] != nil {
		t.Errorf("record 5 still has its envelopes, %v", err)
	}
	stop()
	size = h.Recorder.Size()
	defer h.StartKeeper()()
	if _, err := h.Keeper.Plan(t.Context(), ops, erasure.Request{Selector: erasure.Selector{Events: []string{"4", "40"}}}, nil); err != nil {
		t.Fatal(err)
	}
	if got := h.Recorder.Size(); got != size+1 || h.Keeper.Pending() { // the look of the plan
		t.Errorf("it was taken up once more: %d records, want %d", got, size+1)
	}
}

// TestAmbiguous names two principals of different issuers by one name.
func TestAmbiguous(t *testing.T) {
	h := readingtest.Open(t)
	defer h.StartKeeper()()
	people(t, h)
	other := readingtest.Call(time.Now(), "alice", "GET", "/", 200)
	other.Principal.ID, other.Principal.Issuer = "p_00000000000000000000000000000001", "https://other.test"
	h.Put(other)
	request := erasure.Request{Selector: erasure.Selector{Principals: []string{"alice"}}}
	var ambiguous *erasure.AmbiguousError
	if _, err := h.Keeper.Plan(t.Context(), ops, request, nil); !errors.As(err, &ambiguous) || !errors.Is(err, reading.ErrArgument) || len(ambiguous.Identities) != 2 {
		t.Errorf("got %v", err)
	}
	for _, f := range []struct {
		names []string
		wide  bool
		want  uint64
	}{
		{[]string{"alice"}, true, 301},
		{[]string{"p_00000000000000000000000000000001"}, false, 1},
		{[]string{"nobody"}, false, 0},
	} {
		request := erasure.Request{Selector: erasure.Selector{Principals: f.names}, Wide: f.wide}
		if plan, err := h.Keeper.Plan(t.Context(), ops, request, nil); err != nil || plan.Events != f.want {
			t.Errorf("%v: got %+v, %v, want %d events", f.names, plan, err, f.want)
		}
	}
}

// TestSelectors counts what each kind of selector means.
func TestSelectors(t *testing.T) {
	h := readingtest.Open(t)
	defer h.StartKeeper()()
	people(t, h)
	id := ""
	if err := h.Ledger.Refresh(); err != nil {
		t.Fatal(err)
	}
	if s, err := h.Ledger.Record(7); err == nil {
		e, _ := s.Open()
		id = e.ID.String()
	}
	f := func(r erasure.Request, events, who, what, payload uint64) {
		t.Helper()
		p, err := h.Keeper.Plan(t.Context(), ops, r, nil)
		if err != nil {
			t.Errorf("%+v: %v", r.Selector, err)
			return
		}
		if p.Events != events || p.Envelopes["who"] != who || p.Envelopes["what"] != what || p.Envelopes["payload"] != payload {
			t.Errorf("%+v: got %d events, %v, want %d, %d %d %d", r.Selector, p.Events, p.Envelopes, events, who, what, payload)
		}
	}
	f(erasure.Request{Selector: erasure.Selector{Events: []string{"3", id, id}}}, 2, 2, 2, 2)
	f(erasure.Request{Selector: erasure.Selector{Objects: []string{"4"}}}, 40, 0, 40, 40)
	f(erasure.Request{Selector: erasure.Selector{Objects: []string{"customer/4"}}, Classes: []string{"payload"}}, 40, 0, 0, 40)
	f(erasure.Request{Selector: erasure.Selector{Query: "who.subject:=bob"}}, 100, 100, 100, 100)
	f(erasure.Request{Selector: erasure.Selector{Query: "who.subject:=bob", From: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}, Classes: []string{"who"}}, 35, 35, 0, 0)
	for _, bad := range []erasure.Request{
		{},
		{Selector: erasure.Selector{Query: "a", Objects: []string{"b"}}},
		{Selector: erasure.Selector{Query: "* | stats count()"}},
		{Selector: erasure.Selector{Query: "who.nobody:x"}},
		{Selector: erasure.Selector{Events: []string{"99999"}}},
		{Selector: erasure.Selector{Events: []string{"x"}}},
		{Selector: erasure.Selector{Objects: []string{""}}},
		{Selector: erasure.Selector{Objects: []string{"b"}}, Classes: []string{"bodies"}},
		{Selector: erasure.Selector{Objects: []string{"b"}}, Number: "a b"},
	} {
		if p, err := h.Keeper.Plan(t.Context(), ops, bad, nil); err == nil {
			t.Errorf("%+v was taken: %+v", bad, p)
		}
	}
}

// TestNothingLeftBehind looks for temporary files.
func TestNothingLeftBehind(t *testing.T) {
	h := readingtest.Open(t)
	defer h.StartKeeper()()
	people(t, h)
	if _, err := h.Keeper.Erase(t.Context(), ops, erasure.Request{Selector: erasure.Selector{Objects: []string{"4"}}}, nil); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(h.Dir, "*", "*.tmp"))
	if err != nil || len(names) > 0 {
		t.Errorf("got %v, %v", names, err)
	}
}
