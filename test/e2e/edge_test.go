package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/edge"
	"github.com/gatebook/gatebook/test/freeport"
)

// edgeProgram is an API with the middleware in it: examples/middleware.
type edgeProgram struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  lockedBuffer
	done chan error
	url  string
}

// edgeToken makes the token of an edge.
func (s *server) edgeToken(name string) string {
	s.t.Helper()
	r := command(s.t.(*testing.T), gatebook, "readers", "add", name, "--role", "edge", "--data", s.data)
	if r.code != 0 {
		s.t.Fatalf("readers add: %s%s", r.stdout, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// startProgram starts the API, and waits until it answers.
func startProgram(t *testing.T, s *server, token string, args ...string) *edgeProgram {
	t.Helper()
	listen := freeport.Address(t)
	p := &edgeProgram{t: t, url: "http://" + listen, done: make(chan error, 1)}
	p.cmd = exec.Command(middleware, append([]string{"-listen", listen, "-server", s.ops}, args...)...)
	p.cmd.Env = append(os.Environ(), "GATEBOOK_TOKEN="+token)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.kill)
	waitFor(t, "the API with the middleware is ready", func() bool { return strings.Contains(p.log.String(), "the API is at") })
	waitFor(t, "it listens", func() bool {
		res, err := http.Get(p.url + "/ready")
		if err == nil {
			res.Body.Close()
		}
		return err == nil
	})
	return p
}

func (p *edgeProgram) kill() {
	p.cmd.Process.Kill()
	err := <-p.done
	p.done <- err
}

func (p *edgeProgram) stop() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		p.done <- err
		if err != nil {
			p.t.Errorf("the API with the middleware ended with %v\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		p.t.Errorf("the API with the middleware does not end\n%s", p.log.String())
	}
}

// call calls the API with a token, and returns the answer's status and header.
func call(t *testing.T, method, url, token, body string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header
}

// TestEdge: a Go program with the middleware, given a URL and a token, has its
// calls in the record as the gateway would have them: the same caller, the
// operation of its own router, objects, data; blocks reach it, and receipts
// prove what it answered.
func TestEdge(t *testing.T) {
	idp := startIssuer(t, "127.0.0.1:0")
	data := t.TempDir()
	s := serveConfig(t, data, api(t, "{}"), `
gateway:
  listeners:
    - name: main
      address: LISTEN
  routes:
    - name: api
      upstream: UPSTREAM
identity:
  oidc:
    - name: shop
      issuer: `+idp.url+`
      audiences: [shop-api]
redact:
  fields: [coupon]
`)
	p := startProgram(t, s, s.edgeToken("orders"), "-recorded")
	token := idp.token(t, "stock-sync")

	status, header := call(t, "GET", p.url+"/customers/4711?token=geheim-7", token, "")
	receipt, err := base64.StdEncoding.DecodeString(header.Get("Gatebook-Receipt"))
	if err != nil || status != 200 {
		t.Fatalf("got %d, receipt %q: %v", status, header.Get("Gatebook-Receipt"), err)
	}
	hit := s.await(`what.objects:="customer/4711"`, 1)[0]
	if number, _, _ := strings.Cut(string(receipt), "\n"); number != strconv.FormatUint(hit.Number, 10) {
		t.Errorf("the receipt is of record %s, the call is %d", number, hit.Number)
	}
	if h := hit.Header; h.Principal.Level != 3 || h.Principal.Reason != "signature-verified" || h.Credential.Client != "stock-sync" || hit.Who.Subject != "stock-sync" {
		t.Errorf("who: got %+v, %+v", h.Principal, h.Credential)
	}
	if n := len(s.search(`capture.method:=middleware capture.route:=orders operation.route:="/customers/{id}" operation.basis:=router data:email capture.durability:=recorded`)); n != 1 {
		t.Errorf("%d events have the route, the data and the durability, want 1", n)
	}

	// Through the gateway the same caller is the same, and so is the credential.
	call(t, "GET", s.url+"/elsewhere", token, "")
	other := s.await(`what.path:="/elsewhere"`, 1)[0]
	if other.Header.Principal.ID != hit.Header.Principal.ID || other.Header.Credential.Fingerprint != hit.Header.Credential.Fingerprint {
		t.Errorf("through the gateway the caller is %+v, by the middleware %+v", other.Header, hit.Header)
	}

	// What the server's configuration redacts, and what is secret anyway.
	call(t, "POST", p.url+"/orders", token, `{"coupon":"SAVE-20","password":"geheim-8","note":"blue"}`)
	order := s.await(`operation.route:="/orders"`, 1)[0]
	if text := string(order.Payload) + hit.What.Query; strings.Contains(text, "SAVE-20") || strings.Contains(text, "geheim") || !strings.Contains(text, "blue") {
		t.Errorf("got %s", text)
	}

	// A block at the server stops the next call here, and its undo lets it pass.
	m := s.decide("block", "app:stock-sync", "--reason", "case 9", "--for", "1h")
	waitFor(t, "the block is in force at the edge", func() bool { status, _ := call(t, "GET", p.url+"/customers/1", token, ""); return status == 403 })
	if status, _ := call(t, "GET", p.url+"/customers/1", "", ""); status != 200 {
		t.Errorf("others are blocked too: %d", status)
	}
	if hits := s.search("outcome.measure:=" + m.ID + " capture.method:=middleware outcome.decision:=denied"); len(hits) == 0 {
		t.Error("the refused call is not in the record")
	}
	s.cli(0, "undo", m.ID, "--reason", "a mistake")
	waitFor(t, "the undo is in force at the edge", func() bool { status, _ := call(t, "GET", p.url+"/customers/1", token, ""); return status == 200 })

	if out := s.cli(0, "sources"); !strings.Contains(out, "orders") || !strings.Contains(out, "LAST DELIVERY") {
		t.Errorf("gatebook sources: %s", out)
	}

	// With the server gone an answer that needs its record is not given.
	s.stop()
	if status, _ := call(t, "GET", p.url+"/customers/2", token, ""); status != 503 {
		t.Errorf("with nobody to record it: got %d, want 503", status)
	}
	intact(t, data)
}

// TestEdgeSpool: the server is killed again and again while calls are made, and
// the program, too, and each starts without the other. Each call is in the record
// once, with none missing.
func TestEdgeSpool(t *testing.T) {
	data, spool := t.TempDir(), filepath.Join(t.TempDir(), "spool")
	ops := freeport.Address(t)
	again := func() *server {
		return startAt(t, data, ops, "", "--no-gateway")
	}
	s := again()
	token := s.edgeToken("orders")
	made := 0
	load := func(p *edgeProgram, n int) {
		var calls sync.WaitGroup
		for range 4 {
			first := made
			made += n
			calls.Go(func() {
				for i := range n {
					call(t, "GET", fmt.Sprintf("%s/customers/c%d", p.url, first+i), "", "")
				}
			})
		}
		calls.Wait()
	}
	p := startProgram(t, s, token, "-spool", spool)
	load(p, 50)
	for round := range 3 {
		s.kill() // while the program goes on
		load(p, 50)
		if round == 1 {
			waitFor(t, "all calls are in the spool", func() bool { return spooled(t, spool, made-200, made) })
			p.kill()
			// It starts without the server, from what the spool knows.
			p = startProgram(t, s, token, "-spool", spool)
			load(p, 20)
		}
		s = again()
		load(p, 50)
	}
	p.stop()
	if left, _ := filepath.Glob(filepath.Join(spool, "*.events")); len(left) > 0 {
		t.Errorf("after a stop in order there is %v in the spool\n%s", left, p.log.String())
	}
	awaitIndex(t, s)
	seen := exportedBy(t, s, `operation.route:="/customers/{id}"`)
	missing := 0
	for i := range made {
		switch n := seen[fmt.Sprintf("/customers/c%d", i)]; {
		case n > 1:
			t.Errorf("call %d is %d times in the record", i, n)
		case n == 0:
			missing++
		}
	}
	if t.Logf("%d calls, %d missing", made, missing); missing > 0 {
		t.Errorf("%d of %d calls are missing", missing, made)
	}
	s.stop()
	intact(t, data)
}

// spooled reports whether these calls are in a spool.
func spooled(t *testing.T, dir string, from, to int) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.events"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	for i := from; i < to; i++ {
		if !bytes.Contains(all, fmt.Appendf(nil, `"path":"/customers/c%d"`, i)) {
			return false
		}
	}
	return true
}

// exportedBy counts the calls that a query finds by their paths.
func exportedBy(t *testing.T, s *server, query string) map[string]int {
	t.Helper()
	found := map[string]int{}
	out := command(t, gatebook, "export", query, "--format", "csv", "--columns", "what.path", "--data", s.data)
	if out.code != 0 {
		t.Fatalf("export: %s", out.stderr)
	}
	for line := range strings.SplitSeq(out.stdout, "\n") {
		if strings.HasPrefix(line, "/") {
			found[strings.TrimSpace(line)]++
		}
	}
	return found
}

// TestEdgeTrust: an edge speaks for itself only, and its token is good for nothing
// else.
func TestEdgeTrust(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, api(t, "{}"))
	orders, viewer := s.edgeToken("orders"), strings.TrimSpace(command(t, gatebook, "readers", "add", "vera", "--role", "viewer", "--data", data).stdout)
	before := s.search("kind:=access")
	ask := func(method, path, token, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.ops+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	const id = "01a217fe-9957-7379-a83d-30c310816d00"
	event := func(more string) string {
		return `{"header":{"v":3,"id":"` + id + `","kind":"access","arrived":"2026-11-26T13:14:51.095217062Z","edge":"orders@a","capture":{"method":"middleware"}` + more + "}}\n"
	}
	for _, c := range []struct {
		name, method, path, token, body string
		status                          int
		says                            string
	}{
		{"a viewer", "POST", "/api/v1/edge/events", viewer, event(""), 403, "needs the role edge"},
		{"a viewer asks for the key", "GET", "/api/v1/edge", viewer, "", 403, "needs the role edge"},
		{"an edge searches", "GET", "/api/v1/search", orders, "", 403, "not allowed"},
		{"an edge acts", "POST", "/api/v1/measures", orders, `{"kind":"block","subject":"app:x","reason":"x"}`, 403, "not allowed"},
		{"no token", "POST", "/api/v1/edge/events", "x", event(""), 401, ""},
		{"another edge's", "POST", "/api/v1/edge/events", orders, strings.Replace(event(""), "orders@a", "billing@a", 1), 422, `the token is that of \"orders\"`},
		{"an edge whose name begins so", "POST", "/api/v1/edge/events", orders, strings.Replace(event(""), "orders@a", "orders-2", 1), 422, "line\":1"},
		{"a decision", "POST", "/api/v1/edge/events", orders, strings.Replace(event(""), `"access"`, `"decision"`, 1), 422, "kind"},
		{"as the gateway", "POST", "/api/v1/edge/events", orders, strings.Replace(event(""), "middleware", "gateway", 1), 422, "capture.method"},
		{"another spelling", "POST", "/api/v1/edge/events", orders, strings.Replace(event(""), `"kind"`, `"Kind"`, 1), 422, "header"},
		{"the second line", "POST", "/api/v1/edge/events", orders, event("") + "{}\n", 422, "line\":2"},
		{"the far future", "POST", "/api/v1/edge/events", orders, strings.Replace(event(""), "2026-11-26", "2096-11-26", 1), 422, "set the clock"},
		{"nothing", "POST", "/api/v1/edge/events", orders, "", 400, "no event"},
		{"too many", "POST", "/api/v1/edge/events", orders, strings.Repeat(event(""), 1001), 413, "fewer"},
		{"good", "POST", "/api/v1/edge/events", orders, event(""), 200, `"numbers":[`},
		{"twice at once", "POST", "/api/v1/edge/events?again=true", orders, event("") + event(""), 200, `"numbers":[-1,-1]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, body := ask(c.method, c.path, c.token, c.body); status != c.status || !strings.Contains(body, c.says) {
				t.Errorf("got %d %s, want %d and %q", status, body, c.status, c.says)
			}
		})
	}
	awaitIndex(t, s)
	if after := s.search("kind:=access"); len(after) != len(before)+1 || after[0].Header.ID != id {
		t.Errorf("got %d events, want one more than %d", len(after), len(before))
	}
	if status, body := ask("GET", "/api/v1/edge", orders, ""); status != 200 {
		t.Errorf("the settings: %d %s", status, body)
	} else {
		var settings struct{ Key []byte }
		if err := json.Unmarshal([]byte(body), &settings); err != nil || len(settings.Key) < 16 {
			t.Errorf("the settings have no key: %v", err)
		}
	}
	s.await(`kind:=decision note.name:="edge-joined"`, 1)

	bad := exec.Command(middleware, "-server", s.ops)
	bad.Env = append(os.Environ(), "GATEBOOK_TOKEN="+viewer)
	if out, err := bad.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("needs the role edge")) {
		t.Errorf("with a viewer's token the program says %v: %s", err, out)
	}
	s.stop()
	intact(t, data)
}

// TestEdgeLosses: what finds no room while the server is away is counted, and the
// loss is sealed as a gap; what is left at the end is said.
func TestEdgeLosses(t *testing.T) {
	data, ops := t.TempDir(), freeport.Address(t)
	begin := func() *server {
		return startAt(t, data, ops, "", "--no-gateway")
	}
	s := begin()
	cfg := edge.Config{Server: s.ops, Token: s.edgeToken("orders"), Memory: 20_000, Log: slog.New(slog.DiscardHandler)}
	book, err := edge.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := book.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	calls := func(n int) {
		for i := range n {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf("/calls/%d", i), nil))
		}
	}
	calls(10)
	waitFor(t, "they are delivered", func() bool { return book.Status().Delivered == 10 })
	s.kill()
	calls(500)
	waitFor(t, "the failure is seen", func() bool { return book.Status().Error != "" })
	before := book.Status()
	if before.Lost == 0 || before.Failing.IsZero() || before.Lost+uint64(before.Waiting) < 500 {
		t.Fatalf("got %+v, want some lost and all accounted for", before)
	}
	s = begin()
	waitFor(t, "nothing waits", func() bool { st := book.Status(); return st.Waiting == 0 && st.Error == "" })
	waitFor(t, "the gaps are in the record", func() bool {
		lost := uint64(0)
		for _, g := range s.search(`kind:=gap lost.reason:="queue-full"`) {
			lost += g.Header.Lost.Count
		}
		return lost == book.Status().Lost && lost > 0
	})
	awaitIndex(t, s)
	if n := len(s.search("kind:=access capture.method:=middleware", "--limit", "1000")); uint64(n)+book.Status().Lost != 510 {
		t.Errorf("%d calls are in the record and %d are lost, want 510 together", n, book.Status().Lost)
	}
	if err := book.Close(t.Context()); err != nil {
		t.Errorf("closing: %v", err)
	}

	// At the end without a server.
	if book, err = edge.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	h = book.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	s.kill()
	calls(3)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := book.Close(ctx); err == nil || !strings.Contains(err.Error(), "3 events were not delivered") {
		t.Errorf("closing without a server: got %v", err)
	}
	intact(t, data)
}
