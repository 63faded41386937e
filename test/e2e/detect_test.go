package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
)

// ownRules fire at each teapot, and at every few refusals of one path.
const ownRules = `title: A teapot
id: 6c1f2c5e-7f0e-4d7a-9d3f-0a4b7c0e9a12
name: teapot
level: low
logsource: {category: access}
detection: {teapot: {outcome.status: 418}, condition: teapot}
entity: [what.path]
---
title: One path is refused again and again
id: 6c1f2c5e-7f0e-4d7a-9d3f-0a4b7c0e9a11
name: refusals
level: high
logsource: {category: access}
detection: {refused: {outcome.status: 403}, condition: refused}
correlation: {type: event_count, group-by: [what.path], timespan: 1m, condition: {gte: 3}}
dedup: {timespan: 1s}
risk: {points: 40, half_life: 1h}
`

// moody is an API that answers by the first part of the path: /teapot, /refused
// and /missing, and all others with 200.
func moody(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		status, ok := map[string]int{"teapot": 418, "refused": 403, "missing": 404}[part]
		if !ok {
			status = 200
		}
		w.WriteHeader(status)
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// run runs a verb on the server's data and returns what it prints.
func (s *server) run(args ...string) string {
	s.t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(gatebook, append(args, "--data", s.data)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("gatebook %s: %v\n%s\n%s", strings.Join(args, " "), err, stderr.String(), s.log.String())
	}
	return string(out)
}

// findings are what detection keeps, in the order in which it was found.
func (s *server) findings(more ...string) string {
	s.t.Helper()
	return s.run(append([]string{"alerts", "findings", "--oldest", "--limit", "0", "--json"}, more...)...)
}

// replay is what a run over an export of the ledger finds, with the rules of
// the program and those in a directory.
func (s *server) replay(rules string) string {
	s.t.Helper()
	set, err := live.Rules{Dir: rules}.Load()
	if err != nil {
		s.t.Fatal(err)
	}
	e := detect.New(detect.Config{Rules: set, Lateness: time.Second})
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	print := func(found []detect.Finding) {
		for i := range found {
			enc.Encode(&found[i])
		}
	}
	for line := range strings.Lines(s.run("export")) {
		ev, n, err := detect.ParseLine([]byte(line))
		if err != nil {
			s.t.Fatalf("%v in %s", err, line)
		}
		print(e.Add(ev, n))
	}
	print(e.Flush())
	return out.String()
}

// reach calls the gateway.
func reach(url string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return err
}

// TestDetectedAtOnce shows that a finding is there soon after the call that
// completes its pattern, and says how soon.
func TestDetectedAtOnce(t *testing.T) {
	s := serve(t, t.TempDir(), moody(t))
	for i := range 15 {
		if err := reach(fmt.Sprintf("%s/missing/%d.zip", s.url, i)); err != nil {
			t.Fatal(err)
		}
	}
	var k live.Kept
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequest("GET", s.ops+"/api/v1/findings?rule=forced-browsing", nil)
		if err != nil {
			t.Fatal(err)
		}
		token, err := os.ReadFile(filepath.Join(s.data, "keys", "ops.token"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Findings []live.Kept }
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(answer.Findings) > 0 {
			k = answer.Findings[0]
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("nothing is found\n%s\n%s", s.findings(), s.log.String())
		}
	}
	var f detect.Finding
	if err := json.Unmarshal(k.Finding, &f); err != nil {
		t.Fatal(err)
	}
	t.Logf("found %s after the call that completed it", k.Found.Sub(f.At))
	if f.Count != 15 || len(f.Events) != 15 || f.Events[14].Number < 0 {
		t.Errorf("found %s", k.Finding)
	}
	if shown := s.run("show", fmt.Sprint(f.Events[14].Number), "--json"); !strings.Contains(shown, f.Events[14].ID.String()) {
		t.Errorf("record %d is %s", f.Events[14].Number, shown)
	}
	// The incident that it opened tells the story, and was decided on record.
	var incident struct {
		ID, Severity, State string
		Opened              time.Time
		Decision            uint64
	}
	if err := json.Unmarshal([]byte(s.run("alerts", "--rule", "forced-browsing", "--json")), &incident); err != nil {
		t.Fatal(err)
	}
	t.Logf("incident opened %s after the call", incident.Opened.Sub(f.At))
	if story := s.run("alerts", "show", incident.ID); incident.Severity != "medium" || incident.State != "open" || !strings.Contains(story, "different values of what.path") {
		t.Errorf("incident %+v\n%s", incident, story)
	}
	if decided := s.run("show", fmt.Sprint(incident.Decision), "--json"); !strings.Contains(decided, `"name":"incident-opened"`) || !strings.Contains(decided, f.ID) {
		t.Errorf("record %d is %s", incident.Decision, decided)
	}
	if health := s.run("health"); !strings.Contains(health, "detection") || !strings.Contains(health, "live: ") {
		t.Errorf("health says\n%s", health)
	}
	s.stop()
	intact(t, s.data)
}

// TestDetectErase erases the calls of an incident: what was personal in them is
// in nothing that detection keeps any more.
func TestDetectErase(t *testing.T) {
	s := serve(t, t.TempDir(), moody(t))
	for i := range 15 {
		if err := reach(fmt.Sprintf("%s/missing/%d.zip", s.url, i)); err != nil {
			t.Fatal(err)
		}
	}
	const network = "127.0.0.0/24"
	for limit := time.Now().Add(patience); !strings.Contains(s.run("alerts"), network); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("there is no incident\n%s", s.log.String())
		}
	}
	s.run("erase", "--query", `kind:="access"`, "--yes", "--reason", "a test")
	for what, text := range map[string]string{"alerts": s.run("alerts", "--json"), "findings": s.findings()} {
		if strings.Contains(text, network) || !strings.Contains(text, "forced-browsing") {
			t.Errorf("%s after the erasure: %s", what, text)
		}
	}
	s.stop()
	var files []string
	for _, pattern := range []string{"state.db*", "detect/*"} {
		list, err := filepath.Glob(filepath.Join(s.data, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(network)) {
			t.Errorf("%s still has the network", name)
		}
	}
	intact(t, s.data)
}

// TestDetectKill kills Gatebook in mid-load again and again. What it found in
// its lives is what a run over the ledger finds, byte for byte.
func TestDetectKill(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	rules := t.TempDir()
	if err := os.WriteFile(filepath.Join(rules, "own.yaml"), []byte(ownRules), 0o600); err != nil {
		t.Fatal(err)
	}
	config := "detect: {rules: " + rules + "}\ngateway:\n  listeners: [{name: default, address: LISTEN}]\n  routes: [{name: all, upstream: UPSTREAM}]\n"
	data, upstream := t.TempDir(), moody(t)
	for range rounds {
		s := serveConfig(t, data, upstream, config)
		var clients sync.WaitGroup
		for i := range 4 {
			clients.Go(func() {
				for n := 0; ; n++ {
					part := []string{"fine", "teapot", "refused", "missing"}[(n+i)%4]
					if reach(fmt.Sprintf("%s/%s/%d", s.url, part, n%5)) != nil {
						return
					}
				}
			})
		}
		time.Sleep(50*time.Millisecond + time.Duration(random.Int64N(int64(900*time.Millisecond))))
		s.kill()
		clients.Wait()
	}
	s := serveConfig(t, data, upstream, config)
	want := s.replay(rules)
	var got string
	for limit := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if got = s.findings(); got == want {
			break
		}
		if time.Now().After(limit) {
			break
		}
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	t.Logf("%d findings, %d bytes; %d of them of refusals", len(w)-1, len(want), strings.Count(want, `"rule":"refusals"`))
	if !strings.Contains(want, `"rule":"refusals"`) || !strings.Contains(want, `"rule":"teapot"`) {
		t.Error("nothing is found: the test shows nothing")
	}
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("finding %d\nlive   %s\nreplay %s", i, g[i], w[i])
		}
	}
	if got != want {
		t.Errorf("%d findings are kept, a run over the ledger has %d", len(g)-1, len(w)-1)
	}
	s.stop()
	intact(t, data)
}
