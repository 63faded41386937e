package alert_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

func TestMain(m *testing.M) { readingtest.Main(m) }

var (
	start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	ada   = reading.Reader{Name: "ada", Role: reading.Investigator}
	boss  = reading.Reader{Name: "boss", Role: reading.Administrator}
	vera  = reading.Reader{Name: "vera", Role: reading.Viewer}
)

func because(r reading.Reader, reason string) reading.Reader {
	r.Reason = reason
	return r
}

// house is a book over a ledger of a few calls.
type house struct {
	t *testing.T
	*readingtest.House
	db      *state.DB
	book    *alert.Book
	now     time.Time
	heard   []alert.Notice
	asked   []string // responses that were proposed
	refuses error    // of Deliver
	calls   int
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, House: readingtest.Open(t), now: start.Add(time.Hour)}
	for i := range 20 {
		h.Put(readingtest.Call(start.Add(time.Duration(i)*time.Minute), "mallory", "GET", fmt.Sprint("/customers/", i), 200))
	}
	var err error
	if h.db, err = state.Open(filepath.Join(t.TempDir(), "state.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.db.Close() })
	store, err := live.OpenStore(t.Context(), h.db)
	if err != nil {
		t.Fatal(err)
	}
	h.book, err = alert.New(t.Context(), alert.Config{
		DB: h.db, Room: h.Room, Ledger: h.Ledger, Appender: h.Recorder, Findings: store, Now: func() time.Time { return h.now }, Console: "https://gatebook.test/",
		Deliver: func(_ context.Context, _ *sql.Tx, n *alert.Notice) error {
			if h.refuses != nil {
				return h.refuses
			}
			h.heard = append(h.heard, *n)
			return nil
		},
		Respond: func(_ context.Context, p alert.Proposal) error {
			h.asked = append(h.asked, p.Incident+" "+p.Response)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// finding is one about mallory, after the one before.
func (h *house) finding(rule, level string, total float64, tags ...string) detect.Finding {
	h.t.Helper()
	h.calls++
	s, err := h.Ledger.Read(uint64(h.calls))
	if errors.Is(err, ledger.ErrNotFound) {
		if err = h.Ledger.Refresh(); err == nil {
			s, err = h.Ledger.Read(uint64(h.calls))
		}
	}
	if err != nil {
		h.t.Fatal(err)
	}
	e, err := s.Open()
	if err != nil {
		h.t.Fatal(err)
	}
	return detect.Finding{
		ID: fmt.Sprintf("%012x%020x", h.calls, h.calls), Rule: rule, RuleID: "id of " + rule, Title: "title of " + rule, Level: level, At: e.Completed, From: e.Arrived,
		Entity: []detect.Value{{Field: "principal.id", Value: "p_mallory"}, {Field: "who.address", Value: "192.0.2.7"}},
		Terms:  []detect.Term{{Name: "new value of who.address", Value: "192.0.2.7"}, {Name: "events", Value: "3", Want: ">= 3"}},
		Events: []detect.Ref{{ID: e.ID, Number: int64(h.calls)}}, Count: 3, Risk: detect.Risk{Points: 40, Total: total}, Tags: tags, Response: []string{"block"},
	}
}

func (h *house) take(list ...detect.Finding) error {
	b := live.Batch{Keep: func(*sql.Tx) error { return nil }}
	for _, f := range list {
		b.New = append(b.New, live.Found{Finding: f, Found: h.now})
	}
	return h.book.Take(h.t.Context(), b)
}

// told returns what was heard since the last time.
func (h *house) told() string {
	var out []string
	for _, n := range h.heard {
		out = append(out, fmt.Sprintf("%s %s %d", n.Change, n.Severity, len(n.Findings)))
	}
	h.heard = nil
	return strings.Join(out, ", ")
}

func (h *house) incidents(states ...alert.State) []alert.Incident {
	h.t.Helper()
	list, err := h.book.Incidents(h.t.Context(), ada, alert.Filter{States: states})
	if err != nil {
		h.t.Fatal(err)
	}
	return list.Incidents
}

// sealed returns the names of the decisions in the ledger, with their
// incidents.
func (h *house) sealed() (names []string) {
	h.t.Helper()
	if err := h.Ledger.Refresh(); err != nil {
		h.t.Fatal(err)
	}
	err := h.Ledger.Range(0, h.Ledger.Size(), func(n uint64, s *event.Sealed) error {
		e, err := s.Open()
		if err == nil && e.Kind == event.Decision {
			names = append(names, e.Note.Name)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return names
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// TestLife follows an incident from the first hint to its end.
func TestLife(t *testing.T) {
	h := open(t)
	ctx := t.Context()

	// A hint opens nothing, and joins what opens.
	if err := h.take(h.finding("hint", "low", 40)); err != nil {
		t.Fatal(err)
	}
	want(t, "after a hint", h.told(), "")
	if err := h.take(h.finding("probe", "medium", 70, "attack.reconnaissance")); err != nil {
		t.Fatal(err)
	}
	want(t, "after a finding", h.told(), "opened medium 2")
	i := h.incidents()[0]
	want(t, "the incident", fmt.Sprintf("%s %s %v %d %s", i.Title, i.State, i.Rules, i.Findings, i.ID), "title of probe open [hint probe] 2 inc_000000000002")
	want(t, "responses", strings.Join(h.asked, ", "), i.ID+" block, "+i.ID+" block")
	want(t, "sealed", h.sealed(), "[incident-opened]")

	// More evidence joins; all stages of an attack make it critical.
	if err := h.take(h.finding("again", "medium", 90, "attack.reconnaissance")); err != nil {
		t.Fatal(err)
	}
	want(t, "more of it", h.told(), "joined medium 1")
	if err := h.take(h.finding("settles", "medium", 110, "attack.persistence"), h.finding("takes", "high", 150, "attack.exfiltration")); err != nil {
		t.Fatal(err)
	}
	if n := h.heard[0]; n.Was != "medium" || n.Decision == nil || n.Link != "https://gatebook.test/incidents/"+i.ID || n.More != 3 || n.ID != i.ID+".3" {
		t.Errorf("the notice is %+v", n)
	}
	want(t, "three stages", h.told(), "raised critical 2")

	// A person takes it. What they do is sealed, and heard of.
	if _, err := h.book.Handle(ctx, vera, i.ID, alert.Step{Do: "acknowledge"}); !errors.Is(err, reading.ErrForbidden) {
		t.Errorf("a viewer acknowledges: %v", err)
	}
	for _, s := range []struct {
		who  reading.Reader
		step alert.Step
		fail error
		told string
	}{
		{ada, alert.Step{Do: "acknowledge"}, nil, "taken critical 0"},
		{ada, alert.Step{Do: "acknowledge"}, alert.ErrState, ""},
		{boss, alert.Step{Do: "assign", Assignee: "bob"}, nil, "taken critical 0"},
		{ada, alert.Step{Do: "note", Note: "asked mallory"}, nil, ""},
		{ada, alert.Step{Do: "note"}, reading.ErrArgument, ""},
		{ada, alert.Step{Do: "resolve"}, reading.ErrReason, ""},
		{because(ada, "it was her key"), alert.Step{Do: "resolve"}, nil, "closed critical 0"},
		{because(ada, "again"), alert.Step{Do: "false-positive"}, alert.ErrState, ""},
		{because(ada, "not yet"), alert.Step{Do: "reopen"}, nil, "reopened critical 0"},
		{because(ada, "a test"), alert.Step{Do: "false-positive"}, nil, "closed critical 0"},
		{ada, alert.Step{Do: "burn"}, reading.ErrArgument, ""},
	} {
		if _, err := h.book.Handle(ctx, s.who, i.ID[4:], s.step); !errors.Is(err, s.fail) {
			t.Errorf("%+v: got %v, want %v", s.step, err, s.fail)
		}
		want(t, fmt.Sprintf("%+v", s.step), h.told(), s.told)
	}
	want(t, "sealed", strings.Join(h.sealed(), " "), "incident-opened incident-raised incident-acknowledged incident-assigned incident-note incident-resolved incident-reopened incident-false-positive")

	// The story tells it in order.
	s, err := h.book.Incident(ctx, ada, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	var log []string
	for _, e := range s.Log {
		log = append(log, e.What)
	}
	want(t, "the log", strings.Join(log, " "), "opened joined raised acknowledged assigned note resolved reopened false-positive")
	want(t, "the events", fmt.Sprintf("%d %d %d", len(s.Findings), len(s.Events), s.Events[0].Number), "5 5 1")
	want(t, "note", s.Log[5].Text+" "+s.Log[5].By, "asked mallory ada")
	if b, err := json.Marshal(s); err != nil || json.Unmarshal(b, new(alert.Story)) != nil {
		t.Errorf("the story as JSON: %v", err)
	}

	// What is found after the end opens another one, and the first cannot be
	// opened beside it.
	if err := h.take(h.finding("probe", "medium", 20)); err != nil {
		t.Fatal(err)
	}
	want(t, "after the end", h.told(), "opened medium 1")
	if _, err := h.book.Handle(ctx, because(ada, "both"), i.ID, alert.Step{Do: "reopen"}); !errors.Is(err, alert.ErrState) {
		t.Errorf("reopened beside another: %v", err)
	}
}

// TestNothingIsLost has the notice refused: nothing has changed, and the
// finding comes again.
func TestNothingIsLost(t *testing.T) {
	h := open(t)
	f := h.finding("probe", "high", 0)
	h.refuses = errors.New("the outbox is broken")
	if err := h.take(f); !errors.Is(err, h.refuses) {
		t.Fatalf("got %v", err)
	}
	want(t, "incidents", len(h.incidents()), 0)
	h.refuses = nil
	if err := h.take(f); err != nil {
		t.Fatal(err)
	}
	want(t, "told", h.told(), "opened high 1")
	want(t, "sealed twice, about one incident", strings.Join(h.sealed(), " "), "incident-opened incident-opened")
	want(t, "incidents", len(h.incidents(alert.Open)), 1)
}

func TestOldFindingsWakeNobody(t *testing.T) {
	h := open(t)
	h.now = start.Add(48 * time.Hour)
	if err := h.take(h.finding("probe", "critical", 500)); err != nil {
		t.Fatal(err)
	}
	want(t, "told", h.told(), "")
}

func TestSilence(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	for _, f := range []struct {
		who  reading.Reader
		s    alert.NewSilence
		fail error
	}{
		{because(vera, "x"), alert.NewSilence{Rule: "probe", For: time.Hour}, reading.ErrForbidden},
		{ada, alert.NewSilence{Rule: "probe", For: time.Hour}, reading.ErrReason},
		{because(ada, "x"), alert.NewSilence{For: time.Hour}, reading.ErrArgument},
		{because(ada, "x"), alert.NewSilence{Rule: "probe"}, reading.ErrArgument},
		{because(ada, "x"), alert.NewSilence{Rule: "probe", For: 91 * 24 * time.Hour}, reading.ErrArgument},
		{because(ada, "x"), alert.NewSilence{Rule: "probe", For: time.Hour, Level: "hihg"}, reading.ErrArgument},
	} {
		if _, err := h.book.AddSilence(ctx, f.who, f.s); !errors.Is(err, f.fail) {
			t.Errorf("%+v: got %v, want %v", f.s, err, f.fail)
		}
	}
	s, err := h.book.AddSilence(ctx, because(ada, "our own scan"), alert.NewSilence{Rule: "probe", Entity: "192.0.2.7", For: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.take(h.finding("probe", "high", 0)); err != nil {
		t.Fatal(err)
	}
	want(t, "while it is silent", h.told(), "")
	if err := h.take(h.finding("probe", "critical", 0)); err != nil {
		t.Fatal(err)
	}
	want(t, "above its level", h.told(), "opened critical 1")
	list, err := h.book.Silences(ctx, vera)
	if err != nil || len(list) != 1 || list[0].Quiet != 1 || list[0].By != "ada" || list[0].Decision == 0 {
		t.Errorf("silences %+v, %v", list, err)
	}
	if err := h.book.EndSilence(ctx, ada, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := h.book.EndSilence(ctx, ada, s.ID); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("ended twice: %v", err)
	}
	if err := h.take(h.finding("probe", "high", 0)); err != nil {
		t.Fatal(err)
	}
	want(t, "after its end", h.told(), "joined critical 1")
}

// TestForget erases an event of an incident: what was personal is in no table
// any more, and what was sealed stays.
func TestForget(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	if err := h.take(h.finding("probe", "high", 0)); err != nil {
		t.Fatal(err)
	}
	i := h.incidents()[0]
	if _, err := h.book.Handle(ctx, ada, i.ID, alert.Step{Do: "note", Note: "it is Mallory Example"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.book.AddSilence(ctx, because(ada, "Mallory scans"), alert.NewSilence{Entity: "192.0.2.7", For: time.Hour}); err != nil {
		t.Fatal(err)
	}
	other := &ledger.Removal{Number: 1000, Name: ledger.NoteErase, Classes: [event.Classes]bool{true, true, true}, Records: ledger.Ranges{{From: 15, To: 16}}}
	if err := h.book.Forget(ctx, []*ledger.Removal{other}); err != nil {
		t.Fatal(err)
	}
	if s, err := h.book.Incident(ctx, ada, i.ID); err != nil || s.Incident.Erased || s.Findings[0].Terms[0].Value != "192.0.2.7" {
		t.Errorf("another event was erased: %+v, %v", s, err)
	}
	other.Records = ledger.Ranges{{From: 1, To: 1}}
	if err := h.book.Forget(ctx, []*ledger.Removal{other}); err != nil {
		t.Fatal(err)
	}
	s, err := h.book.Incident(ctx, ada, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	silences, err := h.book.Silences(ctx, ada)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal([]any{s, silences})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"192.0.2.7", "Mallory"} {
		if strings.Contains(string(b), word) {
			t.Errorf("%q is still there: %s", word, b)
		}
	}
	want(t, "what stays", fmt.Sprintf("%v %d %s %s", s.Incident.Erased, s.Events[0].Number, s.Findings[0].Rule, s.Findings[0].Entity[0].Value), "true 1 probe p_mallory")
}
