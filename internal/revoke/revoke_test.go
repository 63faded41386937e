package revoke_test

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

func TestMain(m *testing.M) { readingtest.Main(m) }

var key = redact.Key("the key of this installation")

func reader(name string, role reading.Role) reading.Reader {
	return reading.Reader{Name: name, Role: role, Reason: "as " + name + " says"}
}

var ada = reader("ada", reading.Administrator)

// provider is one whose answers the test decides.
type provider struct {
	mu    sync.Mutex
	fails []error // of the next attempts
	jobs  []revoke.Job
}

func (p *provider) Do(_ context.Context, j *revoke.Job) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs = append(p.jobs, *j)
	if len(p.fails) > 0 {
		err := p.fails[0]
		p.fails = p.fails[1:]
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

func (p *provider) failing(errs ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = errs
}

func (p *provider) got() []revoke.Job {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]revoke.Job(nil), p.jobs...)
}

var (
	down    = &egress.Error{Reason: "the connection was refused"}
	refused = &egress.Error{Reason: "the receiver answered 400 Bad Request", Permanent: true}
)

// house is a record with a desk.
type house struct {
	*readingtest.House
	t        *testing.T
	db       *state.DB
	accounts *provider
	issuer   *provider
	*revoke.Desk
	stop func()
}

func open(t *testing.T) *house {
	t.Helper()
	h := &house{House: readingtest.Open(t), t: t, db: readingtest.State(t), accounts: new(provider), issuer: new(provider)}
	h.restart()
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) providers() []revoke.Provider {
	return []revoke.Provider{
		{Name: "okta", Kind: "scim", Channel: h.accounts, Actions: []revoke.Action{revoke.Deactivate, revoke.Activate}, Protect: []string{"Root@example.com"}, GiveUp: time.Hour},
		{Name: "login", Kind: "token", Channel: h.issuer, Actions: []revoke.Action{revoke.Token}, NeedToken: true},
	}
}

// load makes a new desk that does not run, as the next start of the process
// does.
func (h *house) load() {
	h.t.Helper()
	h.Desk = revoke.New(revoke.Config{
		Ledger: h.Ledger, Recorder: h.Recorder, Room: h.House.Room, State: h.db, Origin: "gatebook.test", Edge: "test", Key: key, Providers: h.providers(), Backoff: time.Millisecond,
	})
	if err := h.Load(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) restart() {
	h.t.Helper()
	if h.stop != nil {
		h.stop()
	}
	h.load()
	h.run()
}

func (h *house) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	desk := h.Desk
	go func() { ended <- desk.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	})
}

func (h *house) decide(r revoke.Request) *revoke.Revocation {
	h.t.Helper()
	made, err := h.Decide(h.t.Context(), ada, r)
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

// ended waits until the revocation is in the state.
func (h *house) ended(r *revoke.Revocation, want revoke.State) *revoke.Revocation {
	h.t.Helper()
	for limit := time.Now().Add(20 * time.Second); time.Now().Before(limit); {
		got := h.Await(h.t.Context(), r, time.Second)
		if got.State == want {
			return got
		}
		if got.State != revoke.Pending {
			h.t.Fatalf("got %+v, want %s", got, want)
		}
		r.Attempts = got.Attempts
	}
	h.t.Fatalf("%s does not become %s", r.ID, want)
	return nil
}

func (h *house) list() []revoke.Revocation {
	h.t.Helper()
	list, err := h.List(h.t.Context(), ada, "")
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// notes are the names of the decision events, in their order.
func (h *house) notes() (list []string) {
	h.t.Helper()
	if err := h.Ledger.Refresh(); err != nil {
		h.t.Fatal(err)
	}
	for n := range h.Ledger.Size() {
		s, err := h.Ledger.Read(n)
		if err != nil {
			h.t.Fatal(err)
		}
		e, err := s.Open()
		if err != nil {
			h.t.Fatal(err)
		}
		if e.Kind == "decision" {
			list = append(list, e.Note.Name)
		}
	}
	return list
}

// TestDeactivate deactivates an account, and activates it again.
func TestDeactivate(t *testing.T) {
	h := open(t)
	r := h.ended(h.decide(revoke.Request{Action: revoke.Deactivate, User: "anna@example.com", Incident: "inc_7"}), revoke.Done)
	if r.User != "anna@example.com" || r.By != "ada" || r.Reason != "as ada says" || r.Provider != "okta" || r.Ending <= r.Decision || r.Attempts != 1 {
		t.Errorf("got %+v", r)
	}
	for _, x := range []struct {
		r    revoke.Request
		want error
	}{
		{revoke.Request{Action: revoke.Deactivate, User: "ANNA@example.com"}, revoke.ErrRepeats},
		{revoke.Request{Action: revoke.Deactivate, User: "root@EXAMPLE.com"}, revoke.ErrProtected},
		{revoke.Request{Action: revoke.Deactivate, User: "Ada"}, revoke.ErrProtected},
		{revoke.Request{Action: revoke.Deactivate}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Deactivate, User: "a\nb"}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Deactivate, User: strings.Repeat("x", 300)}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Deactivate, User: "x", Provider: "nowhere"}, revoke.ErrNowhere},
		{revoke.Request{Action: revoke.Deactivate, User: "x", Provider: "login"}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Deactivate, User: "x", Token: "t"}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Deactivate, User: "x", Incident: "two words"}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Token}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Token, Print: "fp:1"}, reading.ErrArgument}, // the issuer must be shown the token
		{revoke.Request{Action: revoke.Token, Token: "two words"}, reading.ErrArgument},
		{revoke.Request{Action: revoke.Token, Token: "t", Hint: "id_token"}, reading.ErrArgument},
	} {
		if _, err := h.Decide(t.Context(), ada, x.r); !errors.Is(err, x.want) {
			t.Errorf("%+v: got %v, want %v", x.r, err, x.want)
		}
	}
	for who, r := range map[reading.Role]revoke.Request{
		reading.Investigator: {Action: revoke.Token, Token: "t"}, reading.Viewer: {Action: revoke.Deactivate, User: "x"}, reading.Auditor: {Action: revoke.Deactivate, User: "x"},
	} {
		if _, err := h.Decide(t.Context(), reader("ann", who), r); !errors.Is(err, reading.ErrForbidden) {
			t.Errorf("%s: got %v", who, err)
		}
	}
	if _, err := h.Decide(t.Context(), reading.Reader{Name: "ada", Role: reading.Administrator}, revoke.Request{Action: revoke.Deactivate, User: "x"}); !errors.Is(err, reading.ErrReason) {
		t.Errorf("without a reason: got %v", err)
	}
	back, err := h.Undo(t.Context(), ada, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	back = h.ended(back, revoke.Done)
	if back.Action != revoke.Activate || back.Undoes != r.ID || back.User != "anna@example.com" || back.Incident != "inc_7" {
		t.Errorf("the undo: got %+v", back)
	}
	for _, id := range []string{r.ID, back.ID} {
		if _, err := h.Undo(t.Context(), ada, id); !errors.Is(err, revoke.ErrConflict) {
			t.Errorf("undo %s again: got %v", id, err)
		}
	}
	if _, err := h.Undo(t.Context(), ada, "r_0000"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	h.ended(h.decide(revoke.Request{Action: revoke.Deactivate, User: "anna@example.com"}), revoke.Done) // the opposite came since
	var asked []revoke.Action
	for _, j := range h.accounts.got() {
		asked = append(asked, j.Action)
		if j.User != "anna@example.com" || j.Token != "" {
			t.Errorf("got %+v", j)
		}
	}
	if want := []revoke.Action{revoke.Deactivate, revoke.Activate, revoke.Deactivate}; !reflect.DeepEqual(asked, want) {
		t.Errorf("got %v, want %v", asked, want)
	}
	if want := []string{"revocation", "revocation-done", "revocation", "revocation-done", "revocation", "revocation-done"}; !reflect.DeepEqual(h.notes(), want) {
		t.Errorf("got %v, want %v", h.notes(), want)
	}
}

// TestProposal has a second person agree, and say no; the account is nowhere but
// in the envelopes, and a start in between changes nothing.
func TestProposal(t *testing.T) {
	h := open(t)
	ann, bea, viv := reader("ann", reading.Investigator), reader("bea", reading.Investigator), reader("viv", reading.Viewer)
	anna := revoke.Request{Action: revoke.Deactivate, User: "anna", Incident: "inc_7"}
	p, err := h.Decide(t.Context(), ann, anna)
	if err != nil || p.State != revoke.Proposed || p.By != "ann" || time.Until(p.Answer) < 23*time.Hour {
		t.Fatalf("got %+v, %v", p, err)
	}
	for _, x := range []struct {
		name string
		do   func(context.Context, reading.Reader, string) (*revoke.Revocation, error)
		who  reading.Reader
		want error
	}{
		{"approve one's own", h.Approve, ann, revoke.ErrApproval},
		{"approve as a viewer", h.Approve, viv, reading.ErrForbidden},
		{"approve without a reason", h.Approve, reading.Reader{Name: "ada", Role: reading.Administrator}, reading.ErrReason},
		{"undo", h.Undo, ada, revoke.ErrConflict},
		{"retry", h.Retry, ada, revoke.ErrConflict},
	} {
		if _, err := x.do(t.Context(), x.who, p.ID); !errors.Is(err, x.want) {
			t.Errorf("%s: got %v, want %v", x.name, err, x.want)
		}
	}
	if _, err := h.Decide(t.Context(), ada, anna); !errors.Is(err, revoke.ErrRepeats) {
		t.Errorf("propose it twice: got %v", err)
	}
	h.restart()
	if len(h.accounts.got()) != 0 {
		t.Fatal("a proposal was sent")
	}
	done, err := h.Approve(t.Context(), bea, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	done = h.ended(done, revoke.Done)
	if done.ID != p.ID || done.By != "ann" || done.Reason != "as ann says" || done.Approved != "bea" || done.User != "anna" || done.Decision <= p.Decision || done.Incident != "inc_7" {
		t.Errorf("got %+v", done)
	}
	for name, do := range map[string]func(context.Context, reading.Reader, string) (*revoke.Revocation, error){"approve": h.Approve, "reject": h.Reject} {
		if _, err := do(t.Context(), ada, p.ID); !errors.Is(err, revoke.ErrConflict) {
			t.Errorf("%s what is done: got %v", name, err)
		}
	}

	// Somebody says no; then it can be decided at once.
	no, err := h.Decide(t.Context(), ann, revoke.Request{Action: revoke.Deactivate, User: "bert"})
	if err == nil {
		no, err = h.Reject(t.Context(), bea, no.ID)
	}
	if err != nil || no.State != revoke.Rejected {
		t.Fatalf("got %+v, %v", no, err)
	}
	h.ended(h.decide(revoke.Request{Action: revoke.Deactivate, User: "bert"}), revoke.Done)

	// The configuration asks for it, and changes while it waits.
	list := h.providers()
	list[0].Approval, list[0].Answer = true, time.Hour
	h.SetProviders(list)
	carl := h.decide(revoke.Request{Action: revoke.Deactivate, User: "carl"})
	if carl.State != revoke.Proposed {
		t.Errorf("got %+v", carl)
	}
	if _, err := h.Decide(t.Context(), ada, revoke.Request{Action: revoke.Token, Token: "t", Propose: true}); !errors.Is(err, reading.ErrArgument) {
		t.Errorf("propose to revoke a token: got %v", err)
	}
	list[0].Protect = []string{"carl"}
	h.SetProviders(list)
	if _, err := h.Approve(t.Context(), bea, carl.ID); !errors.Is(err, revoke.ErrProtected) {
		t.Errorf("approve what is protected now: got %v", err)
	}

	// Nobody answers.
	list[0].Answer = time.Millisecond
	h.SetProviders(list)
	late := h.decide(revoke.Request{Action: revoke.Deactivate, User: "dora"})
	for limit := time.Now().Add(20 * time.Second); late.State == revoke.Proposed && time.Now().Before(limit); time.Sleep(time.Millisecond) {
		if late, err = h.Get(t.Context(), ada, late.ID); err != nil {
			t.Fatal(err)
		}
	}
	if late.State != revoke.Lapsed || late.Ending == 0 {
		t.Errorf("got %+v", late)
	}
	want := []string{
		"revocation-proposed", "revocation", "revocation-done", "revocation-proposed", "revocation-rejected", "revocation", "revocation-done",
		"revocation-proposed", "revocation-proposed", "revocation-lapsed",
	}
	if got := h.notes(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	h.same()
}

// same compares what is known after a start with the state file, and without.
func (h *house) same() {
	h.t.Helper()
	h.stop()
	before := h.list()
	for _, query := range []string{"UPDATE revoke_read SET next = next", "DELETE FROM revoke_read"} {
		if err := h.db.Write(h.t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
			h.t.Fatal(err)
		}
		h.load()
		if got := h.list(); !reflect.DeepEqual(got, before) {
			h.t.Errorf("%s:\ngot  %+v\nwant %+v", query, got, before)
		}
	}
}

// TestOrder has a provider that is down: nothing is lost, and what is asked for
// comes in its order.
func TestOrder(t *testing.T) {
	h := open(t)
	h.accounts.failing(down, down, down)
	first := h.decide(revoke.Request{Action: revoke.Deactivate, User: "anna"})
	second := h.decide(revoke.Request{Action: revoke.Deactivate, User: "bert"})
	h.ended(second, revoke.Done)
	if got := h.ended(first, revoke.Done); got.Attempts != 4 || got.Error != "" {
		t.Errorf("got %+v", got)
	}
	var users []string
	for _, j := range h.accounts.got() {
		users = append(users, j.User)
	}
	if want := []string{"anna", "anna", "anna", "anna", "bert"}; !reflect.DeepEqual(users, want) {
		t.Errorf("got %v, want %v", users, want)
	}
}

// TestRefused has a provider that refuses, and tries again by hand.
func TestRefused(t *testing.T) {
	h := open(t)
	h.accounts.failing(refused)
	r := h.ended(h.decide(revoke.Request{Action: revoke.Deactivate, User: "anna"}), revoke.Failed)
	if r.Error != refused.Reason || !r.TryAgain || r.Ending == 0 {
		t.Errorf("got %+v", r)
	}
	if _, err := h.Undo(t.Context(), ada, r.ID); !errors.Is(err, revoke.ErrConflict) {
		t.Errorf("undo of what has failed: got %v", err)
	}
	again, err := h.Retry(t.Context(), ada, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again = h.ended(again, revoke.Done); again.Error != "" || again.Attempts != 2 {
		t.Errorf("got %+v", again)
	}
	if _, err := h.Retry(t.Context(), ada, r.ID); !errors.Is(err, revoke.ErrConflict) {
		t.Errorf("retry of what is done: got %v", err)
	}
	if want := []string{"revocation", "revocation-failed", "revocation-retried", "revocation-done"}; !reflect.DeepEqual(h.notes(), want) {
		t.Errorf("got %v, want %v", h.notes(), want)
	}
	// A provider that is gone.
	h.accounts.failing(down, down, down, down)
	waits := h.decide(revoke.Request{Action: revoke.Deactivate, User: "bert"})
	h.SetProviders(h.providers()[1:])
	if got := h.ended(waits, revoke.Failed); got.TryAgain || !strings.Contains(got.Error, "not configured any more") {
		t.Errorf("got %+v", got)
	}
}

// TestToken revokes a token, which is nowhere afterwards.
func TestToken(t *testing.T) {
	h := open(t)
	const secret = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl"
	r := h.ended(h.decide(revoke.Request{Action: revoke.Token, Token: secret, Hint: "access_token"}), revoke.Done)
	if want := redact.Fingerprint(key, secret); r.Fingerprint != want || r.User != "" {
		t.Errorf("got %+v, want %s", r, want)
	}
	if j := h.issuer.got()[0]; string(j.Token) != secret || j.Hint != "access_token" {
		t.Error("the issuer was shown another token")
	}
	if _, err := h.Undo(t.Context(), ada, r.ID); !errors.Is(err, revoke.ErrConflict) {
		t.Errorf("undo: got %v", err)
	}
	if _, err := h.Decide(t.Context(), ada, revoke.Request{Action: revoke.Token, Token: secret}); !errors.Is(err, revoke.ErrRepeats) || strings.Contains(err.Error(), secret[:20]) {
		t.Errorf("once more: got %v", err)
	}
	// A token that is not the one of the fingerprint is shown to nobody.
	if _, err := h.Decide(t.Context(), ada, revoke.Request{Action: revoke.Token, Token: secret + "z", Print: r.Fingerprint, Again: true}); !errors.Is(err, reading.ErrArgument) || strings.Contains(err.Error(), secret[:20]) || len(h.issuer.got()) != 1 {
		t.Errorf("another token: got %v", err)
	}
	// The process ends before the issuer has answered.
	h.issuer.failing(down)
	h.stop()
	lost := h.decide(revoke.Request{Action: revoke.Token, Token: secret + "x"})
	h.restart()
	got := h.ended(lost, revoke.Failed)
	if got.TryAgain || !strings.Contains(got.Error, "keeps no token") {
		t.Errorf("got %+v", got)
	}
	if _, err := h.Retry(t.Context(), ada, lost.ID); !errors.Is(err, revoke.ErrConflict) {
		t.Errorf("retry without the token: got %v", err)
	}
	// It is neither in the state nor in the record.
	rows, err := h.db.Query("SELECT job FROM revoke_jobs")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil || strings.Contains(text, "eyJ") {
			t.Errorf("%v in %s", err, text)
		}
	}
	for n := range h.Ledger.Size() {
		s, err := h.Ledger.Read(n, 0, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		all := string(s.Header)
		for _, e := range s.Envelopes {
			if e != nil {
				all += string(e.Data)
			}
		}
		if strings.Contains(all, "eyJhbGci") {
			t.Errorf("record %d holds the token: %s", n, all)
		}
	}
}

// TestRestart compares what is known after a start with the state file, with one
// that was lost, and with one that is older. No name is in it.
func TestRestart(t *testing.T) {
	h := open(t)
	h.ended(h.decide(revoke.Request{Action: revoke.Deactivate, User: "anna"}), revoke.Done)
	h.accounts.failing(refused)
	h.ended(h.decide(revoke.Request{Action: revoke.Deactivate, User: "bert"}), revoke.Failed)
	h.stop()
	waits := h.decide(revoke.Request{Action: revoke.Deactivate, User: "carl", Incident: "inc_9"})
	before := h.list()
	for _, query := range []string{
		"UPDATE revoke_read SET next = next",
		"DELETE FROM revoke_read",
		"UPDATE revoke_read SET next = 0",
		"UPDATE revoke_read SET next = 1000000",
		"UPDATE revoke_read SET origin = 'of another ledger'",
	} {
		if err := h.db.Write(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
			t.Fatal(err)
		}
		h.load()
		if got := h.list(); !reflect.DeepEqual(got, before) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", query, got, before)
		}
	}
	var n int
	if err := h.db.QueryRow("SELECT count(*) FROM revoke_jobs WHERE job LIKE '%anna%' OR job LIKE '%bert%' OR job LIKE '%carl%'").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows hold the name of an account, %v", n, err)
	}
	h.run()
	h.ended(waits, revoke.Done)
	if jobs := h.accounts.got(); jobs[len(jobs)-1].User != "carl" || jobs[len(jobs)-1].ID != waits.ID {
		t.Errorf("got %+v", jobs[len(jobs)-1])
	}
}

// TestNotSealedNotDone stops the recorder: nothing that is decided then is sent.
func TestNotSealedNotDone(t *testing.T) {
	h := open(t)
	h.StopRecorder()
	if _, err := h.Decide(t.Context(), ada, revoke.Request{Action: revoke.Deactivate, User: "anna"}); !errors.Is(err, reading.ErrNotRecorded) {
		t.Errorf("got %v", err)
	}
	h.stop()
	if got := h.accounts.got(); len(got) != 0 {
		t.Errorf("the provider was asked: %+v", got)
	}
}
