package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/test/freeport"
)

// patience is how long tests wait for what must come, on a busy machine too.
const patience = 90 * time.Second

// server is a gatebook that serves.
type server struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  lockedBuffer
	done chan error
	data string // the data directory
	url  string // of the gateway's first listener
	ops  string // of the operations listener
}

// lockedBuffer is a buffer that the process writes while the test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// serve starts gatebook before the API at upstream, with the defaults.
func serve(t testing.TB, data, upstream string, more ...string) *server {
	t.Helper()
	listen := freeport.Address(t)
	return start(t, data, listen, append([]string{"--upstream", upstream, "--listen", listen}, more...)...)
}

// serveConfig starts gatebook with a configuration file. LISTEN and UPSTREAM in
// its text are replaced by the gateway's address and the API's URL.
func serveConfig(t testing.TB, data, upstream, text string) *server {
	t.Helper()
	listen := freeport.Address(t)
	name := filepath.Join(t.TempDir(), "gatebook.yaml")
	writeConfig(t, name, text, listen, upstream)
	return start(t, data, listen, "--config", name)
}

func writeConfig(t testing.TB, name, text, listen, upstream string) {
	t.Helper()
	text = strings.NewReplacer("LISTEN", listen, "UPSTREAM", upstream).Replace(text)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start starts gatebook serve and waits until it is ready.
func start(t testing.TB, data, listen string, args ...string) *server {
	t.Helper()
	return startAt(t, data, freeport.Address(t), listen, args...)
}

// startAt is start with an address for the operations listener.
func startAt(t testing.TB, data, ops, listen string, args ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, url: "http://" + listen, ops: "http://" + ops, done: make(chan error, 1)}
	s.cmd = exec.Command(gatebook, append([]string{"serve", "--data", data, "--ops", ops}, args...)...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(s.kill)
	for limit := time.Now().Add(patience); ; {
		res, err := http.Get(s.ops + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return s
			}
		}
		select {
		case err := <-s.done:
			s.done <- err
			t.Fatalf("gatebook ended before it was ready: %v\n%s", err, s.log.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(limit) {
			t.Fatalf("gatebook is not ready after 20 s\n%s", s.log.String())
		}
	}
}

// kill ends the process at once, as kill -9 does.
func (s *server) kill() {
	s.cmd.Process.Kill()
	err := <-s.done
	s.done <- err
}

// stop ends the process in order, and fails the test if that fails.
func (s *server) stop() {
	s.t.Helper()
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			s.t.Errorf("stopping gatebook: %v\n%s", err, s.log.String())
		}
	case <-time.After(patience):
		s.t.Errorf("gatebook does not stop\n%s", s.log.String())
		s.kill()
	}
}

// found is a line of gatebook search --json: an event as the ledger has it.
type found struct {
	Number uint64
	Header struct {
		ID, Kind  string
		Seq       uint64
		Principal struct {
			Kind, ID, Issuer, Reason string
			Level                    int
		}
		Credential struct{ Method, Fingerprint, Client string }
		Operation  struct{ Protocol, Method, Host, Name string }
		Records    int
		Partial    bool
		Data       []struct {
			Class string
			Count int
		}
		Received []struct {
			Class string
			Count int
		}
		Outcome struct {
			Status                  int
			RPCStatus               string `json:"rpc_status"`
			Decision, Reason, Error string
		}
		Request, Response struct {
			Bytes     uint64
			Truncated bool
		}
		Lost *struct {
			Count  uint64
			Reason string
		}
	}
	Who     struct{ Subject, Email, Claimed, Address, Peer string }
	What    struct{ Path, Query string }
	Payload json.RawMessage
}

// search returns what gatebook search finds on the server's data.
func (s *server) search(query string, more ...string) []found {
	s.t.Helper()
	out, err := exec.Command(gatebook, append([]string{"search", query, "--data", s.data, "--json"}, more...)...).Output()
	if err != nil {
		var stderr []byte
		if e, ok := err.(*exec.ExitError); ok {
			stderr = e.Stderr
		}
		s.t.Fatalf("gatebook search %q: %v\n%s", query, err, stderr)
	}
	var hits []found
	for _, line := range bytes.Split(bytes.TrimSpace(out), []byte("\n")) {
		var f found
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &f); err != nil {
			s.t.Fatalf("gatebook search: %v in %s", err, line)
		}
		hits = append(hits, f)
	}
	return hits
}

// await searches until want events are found, or fails the test after a while.
func (s *server) await(query string, want int) []found {
	s.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		hits := s.search(query, "--limit", "1000")
		if len(hits) == want {
			return hits
		}
		if time.Now().After(limit) {
			s.t.Fatalf("%q: got %d events, want %d\n%s", query, len(hits), want, s.log.String())
		}
	}
}

// intact fails the test unless gatebook-verify says that the evidence holds.
func intact(t testing.TB, data string) {
	t.Helper()
	out, err := exec.Command(verifier, data).CombinedOutput()
	if err != nil {
		t.Errorf("gatebook-verify: %v\n%s", err, out)
	}
}

// api returns an API that answers every call with 200 and the given body.
func api(t testing.TB, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	t.Cleanup(s.Close)
	return s.URL
}
