package act_test

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/test/readingtest"
)

func TestMain(m *testing.M) { readingtest.Main(m) }

func reader(name string, role reading.Role) reading.Reader {
	return reading.Reader{Name: name, Role: role, Reason: "as " + name + " says"}
}

// house is a record with a keeper.
type house struct {
	*readingtest.House
	t    *testing.T
	db   *state.DB
	live *policy.Live
	*act.Keeper
}

func open(t *testing.T, rules act.Rules) *house {
	t.Helper()
	h := &house{House: readingtest.Open(t), t: t, db: readingtest.State(t)}
	h.restart(rules)
	return h
}

// restart makes a new keeper, as the next start of the process does.
func (h *house) restart(rules act.Rules) {
	h.t.Helper()
	h.live = new(policy.Live)
	h.Keeper = act.New(act.Config{
		Ledger: h.Ledger, Recorder: h.Recorder, Room: h.House.Room, State: h.db, Live: h.live, Origin: "gatebook.test", Edge: "test", Rules: rules,
	})
	if err := h.Load(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// run runs the keeper until it has done what there is to do at its start.
func (h *house) run(until func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	for limit := time.Now().Add(20 * time.Second); !until(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			h.t.Error("the keeper does not come to it")
			break
		}
	}
	cancel()
	if err := <-ended; err != nil {
		h.t.Error(err)
	}
}

func (h *house) list() []act.Measure {
	h.t.Helper()
	list, err := h.List(h.t.Context(), reader("ada", reading.Administrator))
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func subject(t *testing.T, text string) policy.Subject {
	t.Helper()
	s, err := policy.ParseSubject(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRestart decides this and that, and compares what is known after a start
// with the state file, with one that was lost, and with one that was changed.
func TestRestart(t *testing.T) {
	h := open(t, act.Rules{})
	ada, ann, bob := reader("ada", reading.Administrator), reader("ann", reading.Investigator), reader("bob", reading.Investigator)
	decide := func(who reading.Reader, r act.Request) *act.Measure {
		t.Helper()
		m, err := h.Decide(t.Context(), who, r)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	decide(ada, act.Request{Kind: policy.Block, Subject: subject(t, "app:crm and address:203.0.113.0/24"), For: time.Hour, Incident: "inc_1"})
	decide(ada, act.Request{Kind: policy.Throttle, Subject: subject(t, "address:2001:db8::/48"), Rate: 0.5, DryRun: true})
	undone := decide(ada, act.Request{Kind: policy.Reauthenticate, Subject: subject(t, "address:198.51.100.7")})
	if _, err := h.Undo(t.Context(), ada, undone.ID); err != nil {
		t.Fatal(err)
	}
	approved := decide(ann, act.Request{Kind: policy.Block, Subject: subject(t, "principal:p_1"), For: 90 * time.Minute})
	if m, err := h.Approve(t.Context(), bob, approved.ID); err != nil || m.By != "ann" || m.Approved != "bob" || m.Until.Sub(m.Since) != 90*time.Minute {
		t.Fatalf("got %+v, %v", m, err)
	}
	if _, err := h.Reject(t.Context(), bob, decide(ann, act.Request{Kind: policy.Block, Subject: subject(t, "principal:p_2")}).ID); err != nil {
		t.Fatal(err)
	}
	decide(ann, act.Request{Kind: policy.Throttle, Subject: subject(t, "key:K1"), Rate: 3})

	before, inForce := h.list(), h.live.Load().Measures()
	if len(before) != 6 || len(inForce) != 3 {
		t.Fatalf("got %d measures, %d in force", len(before), len(inForce))
	}
	same := func(when string) {
		t.Helper()
		if got := h.list(); !reflect.DeepEqual(got, before) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", when, got, before)
		}
		if got := h.live.Load().Measures(); !reflect.DeepEqual(got, inForce) {
			t.Errorf("%s: in force:\ngot  %+v\nwant %+v", when, got, inForce)
		}
	}
	h.restart(act.Rules{})
	same("after a start")
	change := func(query string) {
		t.Helper()
		if err := h.db.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
			t.Fatal(err)
		}
	}
	for _, query := range []string{
		"DELETE FROM act_read",
		"UPDATE act_read SET next = 0",
		"UPDATE act_read SET next = 1000000",
		"UPDATE act_read SET origin = 'of another ledger'",
		"UPDATE act_measures SET measure = replace(measure, 'app:crm', 'app:other')",
	} {
		change(query)
		h.restart(act.Rules{})
		same(query)
	}
	// One that is taken away is only noticed when the record is read again.
	change("DELETE FROM act_measures WHERE measure LIKE '%app:crm%'")
	h.restart(act.Rules{})
	if h.live.Load().Len() != 2 {
		t.Errorf("got %d in force", h.live.Load().Len())
	}
	h.run(func() bool { return h.live.Load().Len() == 3 })
	same("after the comparison with the record")
	h.restart(act.Rules{})
	same("at the end")
	// What has ended leaves no address in the state file.
	var n int
	if err := h.db.QueryRow("SELECT count(*) FROM act_measures WHERE measure LIKE '%198.51.100.7%'").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows hold the address of a measure that has ended, %v", n, err)
	}
}

// TestRespond has rules act by themselves.
func TestRespond(t *testing.T) {
	rules := act.Rules{
		Protected: []policy.Subject{{App: "payments"}},
		Respond: []act.Response{
			{Rule: "bola-enumeration", Levels: []string{"high", "critical"}, For: 15 * time.Minute},
			{Rule: "request-flood", Levels: []string{"medium"}, For: time.Minute, DryRun: true},
			{Rule: "*", Levels: []string{"critical"}, For: time.Hour, Propose: true},
		},
	}
	h := open(t, rules)
	trigger := func(response, rule, level, finding string, entity ...string) error {
		tr := act.Trigger{Response: response, Rule: rule, Level: level, Finding: finding, Incident: "inc_1"}
		for i := 0; i < len(entity); i += 2 {
			tr.Entity = append(tr.Entity, act.Named{Field: entity[i], Value: entity[i+1]})
		}
		return h.Respond(t.Context(), tr)
	}
	for _, x := range []struct {
		response, rule, level, finding, field, value string
		fails                                        string
	}{
		{"block", "bola-enumeration", "high", "f1", "principal.id", "p_1", ""},
		{"block", "bola-enumeration", "high", "f1", "principal.id", "p_1", ""}, // told again
		{"block", "bola-enumeration", "high", "f2", "principal.id", "p_1", ""}, // found again
		{"review", "bola-enumeration", "high", "f3", "principal.id", "p_3", ""},
		{"block", "bola-enumeration", "medium", "f4", "principal.id", "p_4", ""},
		{"block", "forced-browsing", "high", "f5", "principal.id", "p_5", ""}, // nobody lets it
		{"throttle", "request-flood", "medium", "f6", "who.network", "203.0.113.0/24", ""},
		{"revoke", "recon-then-bulk", "critical", "f7", "credential.client", "crm", ""},
		{"revoke", "recon-then-bulk", "critical", "f8", "credential.client", "payments", "act.protect"},
		{"block", "bola-enumeration", "high", "f9", "operation.name", "x", "about nothing that can be"},
		{"block", "bola-enumeration", "high", "f10", "who.network.wide", "0.0.0.0/0", "everybody"},
	} {
		err := trigger(x.response, x.rule, x.level, x.finding, x.field, x.value)
		if (err != nil) != (x.fails != "") || err != nil && !strings.Contains(err.Error(), x.fails) {
			t.Errorf("%s: got %v, want %q", x.finding, err, x.fails)
		}
	}
	got := map[string]act.Measure{}
	for _, m := range h.list() {
		got[m.Subject] = m
	}
	if len(got) != 3 {
		t.Fatalf("got %+v", got)
	}
	if m := got["principal:p_1"]; m.State != act.InForce || m.Kind != policy.Block || m.DryRun || m.Rule != "bola-enumeration" || m.By != "" || m.Until.Sub(m.Since) != 15*time.Minute {
		t.Errorf("got %+v", m)
	}
	if m := got["address:203.0.113.0/24"]; m.State != act.InForce || m.Kind != policy.Throttle || !m.DryRun {
		t.Errorf("got %+v", m)
	}
	p := got["app:crm"]
	if p.State != act.Proposed || p.Kind != policy.Block || p.Rule != "recon-then-bulk" {
		t.Errorf("got %+v", p)
	}
	if m, err := h.Approve(t.Context(), reader("ann", reading.Investigator), p.ID); err != nil || m.Approved != "ann" || m.Rule != "recon-then-bulk" {
		t.Errorf("got %+v, %v", m, err)
	}
	before := h.list()
	h.restart(rules)
	if got := h.list(); !reflect.DeepEqual(got, before) {
		t.Errorf("after a start:\ngot  %+v\nwant %+v", got, before)
	}
}

// TestLoggedOut follows what a provider says: a newer logout takes the place of
// the one before, an older one changes nothing, and all is so after a start.
func TestLoggedOut(t *testing.T) {
	h := open(t, act.Rules{Protected: []policy.Subject{{Principal: "p_root"}}, Approval: act.Approval{Kinds: policy.Kinds}})
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	out := func(principal string, at time.Time, want error) {
		t.Helper()
		if err := h.LoggedOut(t.Context(), principal, at, time.Hour); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", principal, err, want)
		}
	}
	out("p_1", at, nil)
	out("p_1", at.Add(time.Second), nil)
	out("p_1", at, nil) // it came late
	out("p_2", at, nil)
	out("p_root", at, act.ErrProtected)
	check := func(when string) {
		t.Helper()
		got := h.live.Load().Measures()
		if len(got) != 2 {
			t.Fatalf("%s: got %+v", when, got)
		}
		for _, m := range got {
			want := at
			if m.Subject.Principal == "p_1" {
				want = at.Add(time.Second)
			}
			if m.Kind != policy.Reauthenticate || !m.Since.Equal(want) || m.Until.IsZero() {
				t.Errorf("%s: got %+v", when, m)
			}
		}
	}
	check("at once")
	h.restart(act.Rules{})
	check("after a start")
	if m := h.list()[0]; m.Rule != act.LogoutRule || m.By != "" {
		t.Errorf("got %+v", m)
	}
}

// TestNotSealedNotDone stops the recorder: nothing that is decided then is done.
func TestNotSealedNotDone(t *testing.T) {
	h := open(t, act.Rules{Respond: []act.Response{{Rule: "*", Levels: []string{"high"}, For: time.Minute}}})
	ada := reader("ada", reading.Administrator)
	m, err := h.Decide(t.Context(), ada, act.Request{Kind: policy.Block, Subject: policy.Subject{Principal: "p_1"}})
	if err != nil {
		t.Fatal(err)
	}
	h.StopRecorder()
	if _, err := h.Decide(t.Context(), ada, act.Request{Kind: policy.Block, Subject: policy.Subject{Principal: "p_2"}}); !errors.Is(err, reading.ErrNotRecorded) {
		t.Errorf("decide: got %v", err)
	}
	if _, err := h.Undo(t.Context(), ada, m.ID); !errors.Is(err, reading.ErrNotRecorded) {
		t.Errorf("undo: got %v", err)
	}
	if err := h.Respond(t.Context(), act.Trigger{Response: "block", Level: "high", Finding: "f", Entity: []act.Named{{Field: "principal.id", Value: "p_3"}}}); !errors.Is(err, reading.ErrNotRecorded) {
		t.Errorf("respond: got %v", err)
	}
	if got := h.live.Load().Measures(); len(got) != 1 || got[0].ID != m.ID {
		t.Errorf("in force: %+v", got)
	}
}
