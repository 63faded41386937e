package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gatebook/gatebook/test/freeport"
)

// TestReceivers: receivers come from the configuration and change at SIGHUP; a
// test message says how it fared, and no secret is shown anywhere.
func TestReceivers(t *testing.T) {
	got := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + string(b)
		if strings.HasSuffix(r.URL.Path, "hunter2-b") {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "invalid_token")
		}
	}))
	defer s.Close()
	dir, data, listen := t.TempDir(), t.TempDir(), freeport.Address(t)
	secret := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	slack := secret("slack.url", s.URL+"/services/hunter2-a")
	hook := secret("hook.key", "whsec_aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMg==")
	pager := secret("pager.key", "hunter2hunter2hunter2hunter2hunt")
	head := "gateway:\n  listeners:\n    - {name: a, address: LISTEN}\n  routes:\n    - {name: a, upstream: UPSTREAM}\nindex: {mode: \"off\"}\nalerts:\n  receivers:\n"
	text := head + fmt.Sprintf("    - {name: chat, kind: slack, url_file: %q}\n    - {name: soar, kind: webhook, url: %q, key_file: %q}\n    - {name: pager, kind: pagerduty, url: %q, key_file: %q}\n", slack, s.URL+"/soar", hook, s.URL, pager)
	file := filepath.Join(dir, "gatebook.yaml")
	writeConfig(t, file, text, listen, api(t, "ok"))
	g := start(t, data, listen, "--config", file)

	try := func(name string, code int, want string) {
		t.Helper()
		r := command(t, gatebook, "alerts", "test", name, "--data", data)
		if r.code != code || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf("test of %s: got exit %d, %q; want %d, %q", name, r.code, r.stdout+r.stderr, code, want)
		}
		if strings.Contains(r.stdout+r.stderr, "hunter2") {
			t.Errorf("a secret is shown: %s%s", r.stdout, r.stderr)
		}
	}
	try("chat", 0, "chat accepted the test message: 200 OK")
	if m := <-got; !strings.HasPrefix(m, "/services/hunter2-a {") || !json.Valid([]byte(strings.SplitN(m, " ", 2)[1])) {
		t.Errorf("got %s", m)
	}
	try("soar", 0, "soar accepted the test message: 200 OK")
	if m := <-got; !strings.Contains(m, `"type":"gatebook.test"`) {
		t.Errorf("got %s", m)
	}
	try("pager", 0, "pager accepted")
	if a, b := <-got, <-got; !strings.Contains(a, `"event_action":"trigger"`) || !strings.Contains(b, `"event_action":"resolve"`) {
		t.Errorf("got %s and %s", a, b)
	}
	try("nobody", 2, "receiver nobody")

	// Another URL, by a file that changed, and a receiver that is gone.
	secret("slack.url", s.URL+"/services/hunter2-b")
	writeConfig(t, file, head+fmt.Sprintf("    - {name: chat, kind: slack, url_file: %q}\n", slack), listen, api(t, "ok"))
	g.cmd.Process.Signal(syscall.SIGHUP)
	g.awaitLog("configuration reloaded", 1)
	try("chat", 2, "chat did not accept the test message: the receiver answered 403 Forbidden: check the key, or the URL if the key is in it: invalid_token")
	try("soar", 2, "receiver soar")

	shown := command(t, gatebook, "config", "show", "--config", file)
	log := g.log.String()
	res, err := http.Get(g.ops + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	ready, _ := io.ReadAll(res.Body)
	res.Body.Close()
	for _, x := range []string{shown.stdout, log, string(ready)} {
		if strings.Contains(x, "hunter2") {
			t.Errorf("a secret is shown:\n%s", x)
		}
	}
	if !strings.Contains(string(ready), `"alert-delivery","ok":true`) {
		t.Errorf("got %s", ready)
	}
	g.stop()
	sealed := sealedHeaders(t, data)
	tested := 0
	for _, h := range sealed {
		if h.Note != nil && h.Note.Name == "receiver-tested" {
			tested++
		}
		if b, err := json.Marshal(h); err != nil || strings.Contains(string(b), "hunter2") {
			t.Errorf("%v: a secret is sealed: %s", err, b)
		}
	}
	if tested != 4 {
		t.Errorf("%d tests were recorded, want 4", tested)
	}
}
