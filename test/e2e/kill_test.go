package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

const twoDurabilities = `
gateway:
  listeners:
    - {name: default, address: LISTEN}
  routes:
    - {name: recorded, path: /recorded, upstream: UPSTREAM, durability: recorded}
    - {name: served, path: /, upstream: UPSTREAM, durability: served}
`

// caller is one client. It calls one after the other on one connection, each
// call with a path that no other call has.
type caller struct {
	name         string
	acknowledged []string // paths of the calls that got 200, in order
}

// call calls until the gateway is gone. kind 0 calls the recorded route, 1 the
// served one, 2 both in turn.
func (c *caller) call(t *testing.T, url string, kind int) {
	transport := &http.Transport{MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for n := 0; ; n++ {
		route := "recorded"
		if kind == 1 || kind == 2 && n%2 == 1 {
			route = "served"
		}
		path := fmt.Sprintf("/%s/%sn%d", route, c.name, n)
		// A POST is never repeated by the client itself.
		res, err := client.Post(url+path, "text/plain", strings.NewReader("body of "+c.name))
		if err != nil {
			return
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		switch {
		case err != nil:
			return
		case res.StatusCode != http.StatusOK:
			t.Errorf("%s: got status %d before the kill", path, res.StatusCode)
			return
		}
		c.acknowledged = append(c.acknowledged, path)
	}
}

// loadAndKill calls the gateway by several clients at once, kills it after the given
// time, and returns the clients.
func loadAndKill(t *testing.T, s *server, round int, killAfter time.Duration) []*caller {
	var clients []*caller
	var running sync.WaitGroup
	for i := range 6 {
		c := &caller{name: fmt.Sprintf("r%dc%d", round, i)}
		clients = append(clients, c)
		running.Go(func() { c.call(t, s.url, i%3) })
	}
	time.Sleep(killAfter)
	s.kill()
	running.Wait()
	return clients
}

// TestKill kills Gatebook in mid-load, again and again, on the same data.
func TestKill(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	data, upstream := t.TempDir(), api(t, "fine")
	var clients []*caller
	for round := range rounds {
		s := serveConfig(t, data, upstream, twoDurabilities)
		clients = append(clients, loadAndKill(t, s, round, 30*time.Millisecond+time.Duration(random.Int64N(int64(300*time.Millisecond))))...)
		intact(t, data)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}

	s := serveConfig(t, data, upstream, twoDurabilities)
	found := exported(t, s)
	s.stop()
	intact(t, data)
	sealed := sealedPaths(t, data)
	compareAcknowledged(t, clients, sealed)
	for path := range sealed {
		if found[path] != 1 {
			t.Errorf("%s is in the ledger and found %d times", path, found[path])
		}
	}
	for path := range found {
		if sealed[path] == 0 {
			t.Errorf("%s is found and not in the ledger", path)
		}
	}
}

// compareAcknowledged holds what the clients remember against the ledger.
func compareAcknowledged(t *testing.T, clients []*caller, sealed map[string]int) {
	var recorded, lost, served, missing, longest int
	for _, c := range clients {
		tail := 0 // served calls, one after the other, that are not in the ledger
		for _, path := range c.acknowledged {
			isRecorded := strings.HasPrefix(path, "/recorded/")
			if isRecorded {
				recorded++
			} else {
				served++
			}
			switch {
			case sealed[path] == 0 && isRecorded:
				lost++
				t.Errorf("%s was acknowledged and is not in the ledger", path)
			case sealed[path] == 0:
				missing++
				tail++
			case tail > 0:
				t.Errorf("%s is in the ledger and the call before it is not: more is missing than the tail", path)
				tail = 0
			}
		}
		longest = max(longest, tail)
	}
	for path, n := range sealed {
		if n != 1 {
			t.Errorf("%s is in the ledger %d times", path, n)
		}
	}
	t.Logf("answered with 200: %d recorded, %d of them missing; %d served, %d of them missing (at most the last %d of a client); %d calls in the ledger",
		recorded, lost, served, missing, longest, len(sealed))
	if recorded == 0 || served == 0 {
		t.Error("nothing was acknowledged: the test shows nothing")
	}
}

// sealedPaths counts the calls in the ledger by their paths.
func sealedPaths(t *testing.T, data string) map[string]int {
	t.Helper()
	l := openLedger(t, data)
	paths := map[string]int{}
	err := l.Range(0, l.Size(), func(n uint64, s *event.Sealed) error {
		e, err := s.Open()
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if e.Kind == event.Access {
			paths[e.What.Path]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// exported waits until the index is up and complete, compares its own counts,
// and counts the calls that it finds by their paths.
func exported(t *testing.T, s *server) map[string]int {
	t.Helper()
	awaitIndex(t, s)
	var counts struct{ N, Paths string }
	out := command(t, gatebook, "search", `kind:="access" | stats count() N, count_uniq(what.path) Paths`, "--json", "--data", s.data)
	if err := json.Unmarshal([]byte(out.stdout), &counts); err != nil {
		t.Fatalf("%v in %q %q", err, out.stdout, out.stderr)
	}
	found := map[string]int{}
	out = command(t, gatebook, "export", `kind:="access"`, "--format", "csv", "--columns", "what.path", "--data", s.data)
	if out.code != 0 {
		t.Fatalf("export: exit code %d\n%s", out.code, out.stderr)
	}
	lines := bufio.NewScanner(strings.NewReader(out.stdout))
	for lines.Scan() {
		if path := lines.Text(); strings.HasPrefix(path, "/") {
			found[path]++
		}
	}
	if n := strconv.Itoa(len(found)); counts.N != n || counts.Paths != n {
		t.Errorf("the index counts %s calls and %s paths, and %s are found", counts.N, counts.Paths, n)
	}
	t.Logf("the index counts %s calls with %s paths", counts.N, counts.Paths)
	return found
}

// answerMeta is what an answer says of itself.
type answerMeta struct {
	Sealed, Indexed     uint64
	Index, Source, Note string
	Complete            bool
}

// askAPI searches by the API on the operations listener.
func askAPI(t *testing.T, s *server, query string) (hits int, m answerMeta) {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(s.data, "keys", "ops.token"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.ops+"/api/v1/search?limit=1000", nil)
	if err != nil {
		t.Fatal(err)
	}
	q := req.URL.Query()
	q.Set("query", query)
	req.URL.RawQuery = q.Encode()
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Hits []json.RawMessage
		Meta answerMeta
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("searching %q: %s %v\n%s", query, res.Status, err, body)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return len(answer.Hits), answer.Meta
}

// awaitIndex waits until the index is up and has everything that is sealed now.
// Each question is a look, and so adds to what is sealed.
func awaitIndex(t *testing.T, s *server) {
	t.Helper()
	began := time.Now()
	_, now := askAPI(t, s, "what.path:nothing")
	for limit := began.Add(patience); ; time.Sleep(50 * time.Millisecond) {
		_, m := askAPI(t, s, "what.path:nothing")
		if m.Indexed >= now.Sealed && !strings.Contains(m.Index, "down") && !strings.Contains(m.Index, "repairing") {
			t.Logf("the index has caught up after %v", time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("the index does not catch up with %d: %+v\n%s", now.Sealed, m, s.log.String())
		}
	}
}

// childrenOf returns the processes that a process has started.
func childrenOf(parent int) []int {
	var found []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent …; a name may hold anything.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			found = append(found, pid)
		}
	}
	return found
}

// takeIndex ends the index, and keeps it from coming back until the returned
// function is called: where its files were is one that it cannot open.
func takeIndex(t *testing.T, s *server, data string) (give func()) {
	t.Helper()
	engine := filepath.Join(data, "index", "engine")
	if err := os.Rename(engine, engine+".taken"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(engine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pid := range childrenOf(s.cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		t.Helper()
		if err := os.Remove(engine); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(engine+".taken", engine); err != nil {
			t.Fatal(err)
		}
	}
}

// TestIndexDown takes the index away, gives it back, and makes it anew.
func TestIndexDown(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, api(t, "fine"))
	for n := range 20 {
		succeed(t, fmt.Sprintf("%s/before/b%d", s.url, n))
	}
	s.await("what.path:before", 20)
	awaitIndex(t, s) // until then it may not have started

	give := takeIndex(t, s, data)
	for n := range 20 {
		succeed(t, fmt.Sprintf("%s/after/a%d", s.url, n))
	}
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		_, m := askAPI(t, s, "what.path:after")
		if strings.HasPrefix(m.Index, "down since") {
			t.Logf("the index is %s", m.Index)
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("the index was killed, and search says of it: %+v", m)
		}
	}
	s.await("what.path:after", 20)
	if hits, m := askAPI(t, s, "what.path:before"); hits != 20 || m.Source != "ledger" || !m.Complete || !strings.HasPrefix(m.Index, "down since") {
		t.Errorf("while the index is down: got %d hits, want 20; %+v", hits, m)
	}
	said := command(t, gatebook, "search", "what.path:after", "--data", data)
	if said.code != 0 || !strings.Contains(said.stdout, "/after/a19") || !strings.Contains(said.stderr, "the index is down since") {
		t.Errorf("search while the index is down: exit code %d\n%s%s", said.code, said.stdout, said.stderr)
	}
	newest := s.search("", "--limit", "1")
	if len(newest) != 1 || newest[0].What.Path != "/after/a19" {
		t.Fatalf("the newest while the index is down: got %+v", newest)
	}
	id := newest[0].Header.ID
	if hits := s.search("id:=" + id); len(hits) != 1 || hits[0].Header.ID != id {
		t.Errorf("by id while the index is down: got %+v", hits)
	}
	if shown := command(t, gatebook, "show", id, "--data", data); shown.code != 0 {
		t.Errorf("show while the index is down: exit code %d\n%s", shown.code, shown.stderr)
	}
	counted := command(t, gatebook, "search", "* | stats count()", "--data", data)
	if counted.code != 2 || !strings.Contains(counted.stderr, "the search index is not available") {
		t.Errorf("counting while the index is down: exit code %d\n%s%s", counted.code, counted.stdout, counted.stderr)
	}
	give()

	// It comes back by itself, and has everything once.
	wantAll := func(when string) {
		t.Helper()
		if found := exported(t, s); len(found) != 40 {
			t.Errorf("%s: found %d calls, want 40", when, len(found))
		}
		s.await("what.path:before", 20)
		s.await("what.path:after", 20)
	}
	wantAll("after the index came back")
	s.stop()

	rebuilt := command(t, gatebook, "index", "rebuild", "--data", data)
	if rebuilt.code != 0 || !strings.Contains(rebuilt.stdout, "complete") {
		t.Fatalf("index rebuild: exit code %d\n%s%s", rebuilt.code, rebuilt.stdout, rebuilt.stderr)
	}
	s = serve(t, data, api(t, "fine"))
	wantAll("after the rebuild")
	s.stop()
	intact(t, data)
}

// succeed makes a call that must succeed.
func succeed(t *testing.T, url string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, res.Status, err)
	}
}
