package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/act"
)

// cli runs a verb on the server's data, and returns what it printed.
func (s *server) cli(code int, args ...string) string {
	s.t.Helper()
	r := command(s.t.(*testing.T), gatebook, append(args, "--data", s.data)...)
	if r.code != code {
		s.t.Fatalf("gatebook %s: ended with %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r.stdout + r.stderr
}

// decide runs a verb that makes a measure, and returns it.
func (s *server) decide(args ...string) act.Measure {
	s.t.Helper()
	var m act.Measure
	r := command(s.t.(*testing.T), gatebook, append(args, "--json", "--data", s.data)...)
	if err := json.Unmarshal([]byte(r.stdout), &m); r.code != 0 || err != nil {
		s.t.Fatalf("gatebook %s: %d, %v\n%s%s", strings.Join(args, " "), r.code, err, r.stdout, r.stderr)
	}
	return m
}

// machine makes an API key and returns its id, and what calls with it.
func (s *server) machine(name string) (id string, call func() int) {
	s.t.Helper()
	var made struct {
		Key struct{ ID string }
		// The secret is printed apart from what describes it.
		Secret string
	}
	out := s.cli(0, "keys", "add", name, "--json")
	if err := json.Unmarshal([]byte(strings.TrimSpace(strings.SplitN(out, "\n", 2)[0])), &made); err != nil {
		s.t.Fatalf("keys add: %v in %s", err, out)
	}
	return made.Key.ID, func() int {
		s.t.Helper()
		req, err := http.NewRequest("GET", s.url+"/customers/1", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("X-API-Key", made.Secret)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
}

// reader makes a reader, and returns the flag by which verbs run as them.
func (s *server) reader(name, role string) string {
	s.t.Helper()
	r := command(s.t.(*testing.T), gatebook, "readers", "add", name, "--role", role, "--data", s.data)
	file := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(strings.TrimSpace(r.stdout)+"\n"), 0o600); err != nil || r.code != 0 {
		s.t.Fatalf("readers add: %v\n%s%s", err, r.stdout, r.stderr)
	}
	return "--token-file=" + file
}

// TestBlockAndUndo blocks an API key through the command line: the next call is
// refused, the one after the undo is not, and both decisions are in the record
// before what they decide.
func TestBlockAndUndo(t *testing.T) {
	s := serve(t, t.TempDir(), api(t, "ok"))
	id, call := s.machine("crm")
	_, other := s.machine("billing")
	if got := call(); got != 200 {
		t.Fatalf("before: got %d", got)
	}
	m := s.decide("block", "key:"+id, "--reason", "case 7: key stolen", "--for", "1h", "--incident", "inc_7")
	if got, others := call(), other(); got != 403 || others != 200 {
		t.Fatalf("blocked: got %d, others %d", got, others)
	}
	refused := s.await("outcome.measure:="+m.ID, 1)[0]
	if o := refused.Header.Outcome; o.Decision != "denied" || o.Reason != "blocked" || o.Status != 403 {
		t.Errorf("the refused call: got %+v", o)
	}
	decision := s.await(`kind:=decision note.name:=block`, 1)[0]
	if decision.Number != m.Decision || decision.Number > refused.Number || decision.Who.Subject != "administrator" {
		t.Errorf("the decision: got %+v, the call is %d", decision, refused.Number)
	}
	if m.Reason != "case 7: key stolen" || m.By != "administrator" || m.State != act.InForce || m.Incident != "inc_7" {
		t.Errorf("got %+v", m)
	}
	if out := s.cli(0, "measures"); !strings.Contains(out, m.ID) || !strings.Contains(out, "case 7: key stolen") {
		t.Errorf("measures: %s", out)
	}
	s.cli(2, "undo", m.ID)
	s.cli(0, "undo", m.ID, "--reason", "new key given out")
	if got := call(); got != 200 {
		t.Fatalf("undone: got %d", got)
	}
	undone := s.await(`kind:=decision note.name:=measure-undone`, 1)[0]
	passed := s.await("capture.route:* outcome.status:=200 principal.id:="+refused.Header.Principal.ID, 2)
	if undone.Number > passed[0].Number {
		t.Errorf("the undo is record %d, after the call %d", undone.Number, passed[0].Number)
	}
	s.cli(2, "undo", m.ID, "--reason", "again")
	s.stop()
	intact(t, s.data)
}

// TestMeasuresSurvive kills the process after decisions of each kind, and once
// more after the state file was lost: what was in force is in force.
func TestMeasuresSurvive(t *testing.T) {
	data, up := t.TempDir(), api(t, "ok")
	s := serve(t, data, up)
	id, call := s.machine("crm")
	gone, _ := s.machine("old")
	s.decide("block", "key:"+id+" and address:127.0.0.0/8", "--reason", "x")
	undone := s.decide("block", "key:"+gone, "--reason", "y")
	s.cli(0, "undo", undone.ID, "--reason", "z")
	list := func() string { return s.cli(0, "measures", "--all", "--utc", "-o", "csv") }
	before := list()
	check := func(when string) {
		t.Helper()
		if got := call(); got != 403 {
			t.Errorf("%s: got %d, want 403", when, got)
		}
		// The count of calls begins anew.
		if got := list(); strings.ReplaceAll(got, ",1,administrator", ",0,administrator") != before {
			t.Errorf("%s:\n%swant\n%s", when, got, before)
		}
	}
	again := func(change func()) {
		s.kill()
		change()
		url := s.url
		s = start(t, data, strings.TrimPrefix(url, "http://"), "--upstream", up, "--listen", strings.TrimPrefix(url, "http://"))
	}
	again(func() {})
	check("after kill -9")
	again(func() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(filepath.Join(data, "state.db"+suffix))
		}
	})
	check("without the state file")
	s.stop()
	intact(t, data)
}

// TestOperatorsAreNotLockedOut blocks every address of this machine and every
// route, and lifts it: with the token file, and where no server runs.
func TestOperatorsAreNotLockedOut(t *testing.T) {
	data, up := t.TempDir(), api(t, "ok")
	s := serve(t, data, up)
	_, call := s.machine("crm")
	s.cli(2, "block", "address:0.0.0.0/0", "--reason", "x", "--force")
	m := s.decide("block", "address:127.0.0.0/16", "--reason", "a mistake")
	if got := call(); got != 403 {
		t.Fatalf("got %d, want 403", got)
	}
	if hits := s.await("outcome.measure:="+m.ID, 1); hits[0].Who.Address != "127.0.0.1" {
		t.Errorf("got %+v", hits[0].Who)
	}
	s.cli(2, "lift-all", "--reason", "x")
	if out := s.cli(0, "lift-all", "--yes", "--reason", "locked out"); !strings.Contains(out, m.ID) {
		t.Errorf("lift-all: %s", out)
	}
	if got := call(); got != 200 {
		t.Errorf("lifted: got %d", got)
	}
	m = s.decide("block", "address:127.0.0.0/16", "--reason", "again")
	s.stop()
	listen := strings.TrimPrefix(s.url, "http://")
	s = start(t, data, listen, "--upstream", up, "--listen", listen, "--no-measures")
	if got := call(); got != 200 {
		t.Errorf("--no-measures: got %d", got)
	}
	s.await(`kind:=system note.name:=measures-off`, 1)
	s.stop()
	s.cli(0, "lift-all", "--yes", "--reason", "no server runs")
	s = start(t, data, listen, "--upstream", up, "--listen", listen)
	if got := call(); got != 200 {
		t.Errorf("lifted without a server: got %d", got)
	}
	s.stop()
	intact(t, data)
}

// TestDryRunExpiryAndProtection.
func TestDryRunExpiryAndProtection(t *testing.T) {
	s := serveConfig(t, t.TempDir(), api(t, "ok"), `
gateway:
  listeners:
    - {name: default, address: LISTEN}
  routes:
    - {name: shop, path: /, upstream: UPSTREAM}
    - {name: login, path: /login, upstream: UPSTREAM}
act:
  protect: ["route:login", "address:198.51.100.0/24"]
  max_duration: 24h
`)
	id, call := s.machine("crm")
	dry := s.decide("block", "key:"+id, "--reason", "try", "--dry-run", "--for", "1h")
	if got := call(); got != 200 {
		t.Fatalf("dry: got %d", got)
	}
	if o := s.await("outcome.measure:="+dry.ID, 1)[0].Header.Outcome; o.Decision != "allowed" || o.Reason != "would-block" {
		t.Errorf("dry: got %+v", o)
	}
	m := s.decide("block", "key:"+id, "--reason", "short", "--for", "1s")
	if got := call(); got != 403 {
		t.Errorf("short: got %d", got)
	}
	s.await("kind:=decision note.name:=measure-expired", 1)
	if got := call(); got != 200 {
		t.Errorf("after its end: got %d", got)
	}
	for _, x := range []struct{ subject, length, want string }{
		{"route:login", "1h", "act.protect"},
		{"address:198.51.100.7", "1h", "act.protect"},
		{"key:" + id, "48h", "act.max_duration"},
		{"key:" + id, "", "act.max_duration"},
		{"route:chop", "1h", "the routes are shop, login"},
		{"route:shop", "1h", "--force"},
		{"alice", "1h", "principal:"},
	} {
		args := []string{"block", x.subject, "--reason", "x"}
		if x.length != "" {
			args = append(args, "--for", x.length)
		}
		if out := s.cli(2, args...); !strings.Contains(out, x.want) {
			t.Errorf("%s: got %s, want %q", x.subject, out, x.want)
		}
	}
	_ = m
	s.stop()
	intact(t, s.data)
}

// TestApproval has an investigator propose, and others answer.
func TestApproval(t *testing.T) {
	s := serve(t, t.TempDir(), api(t, "ok"))
	id, call := s.machine("crm")
	ann, bob, eve := s.reader("ann", "investigator"), s.reader("bob", "investigator"), s.reader("eve", "viewer")
	p := s.decide("block", "key:"+id, "--reason", "it scrapes", "--for", "1h", ann)
	if p.State != act.Proposed || call() != 200 {
		t.Fatalf("got %+v", p)
	}
	if out := s.cli(0, "approvals", bob); !strings.Contains(out, p.ID) || !strings.Contains(out, "it scrapes") {
		t.Errorf("approvals: %s", out)
	}
	if out := s.cli(2, "approve", p.ID, "--reason", "me too", ann); !strings.Contains(out, "ann proposed it") {
		t.Errorf("by herself: %s", out)
	}
	for _, verb := range []string{"approve", "reject"} {
		if out := s.cli(2, verb, p.ID, "--reason", "x", eve); !strings.Contains(out, "role") {
			t.Errorf("by a viewer: %s", out)
		}
	}
	s.cli(2, "undo", p.ID, "--reason", "x", bob)
	s.cli(0, "approve", p.ID, "--reason", "seen it", bob)
	if got := call(); got != 403 {
		t.Errorf("approved: got %d", got)
	}
	var m act.Measure
	if err := json.Unmarshal([]byte(s.cli(0, "measures", "show", p.ID)), &m); err != nil || m.By != "ann" || m.Approved != "bob" || m.Reason != "it scrapes" || m.Until.Sub(m.Since) != time.Hour {
		t.Errorf("got %+v, %v", m, err)
	}
	// A whole route takes force and a second person, also from an administrator.
	wide := s.decide("block", "route:default", "--reason", "maintenance", "--force")
	if wide.State != act.Proposed || !wide.Wide {
		t.Errorf("got %+v", wide)
	}
	s.cli(2, "approve", wide.ID, "--reason", "x")
	s.cli(0, "reject", wide.ID, "--reason", "not now", bob)
	s.cli(2, "approve", wide.ID, "--reason", "x", bob)
	s.await(fmt.Sprintf("kind:=decision note.name:in(%s)", "measure-proposed,measure-rejected,block"), 4)
	s.stop()
	intact(t, s.data)
}
