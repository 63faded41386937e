package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/test/freeport"
)

// automation is a server of one's own that is told what to revoke.
type automation struct {
	mu  sync.Mutex
	got []string // bodies whose signature is right
}

func (a *automation) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.got...)
}

// listen serves at an address until the test ends.
func (a *automation) listen(t *testing.T, address string, key []byte) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("Webhook-Signature") != webhook.Sign(key, r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), b) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.got = append(a.got, string(b))
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
}

// TestRevoke takes access back at an issuer and by automation: also when that is
// down, and the process is killed meanwhile. The token is in no file.
func TestRevoke(t *testing.T) {
	shop, issuer := startShop(t)
	address, key := freeport.Address(t), []byte(strings.Repeat("k", 32))
	config := filepath.Join(t.TempDir(), "gatebook.yaml")
	listen, data := freeport.Address(t), t.TempDir()
	writeConfig(t, config, `
gateway:
  listeners:
    - {name: shop, address: LISTEN}
  routes:
    - {name: shop, path: /, upstream: UPSTREAM}
identity:
  oidc:
    - {name: shop, issuer: "`+issuer+`", audiences: [shop-api]}
act:
  providers:
    - {name: login, kind: token, url: "`+issuer+`/revoke", client_id: nightly-billing, key: nightly-billing-demo-secret}
    - {name: own, kind: webhook, url: "http://`+address+`/revoke", key: "whsec_`+base64.StdEncoding.EncodeToString(key)+`", protect: [root@example.com]}
`, listen, shop)
	s := start(t, data, listen, "--config", config)

	// The token of a service account, with which a call is made.
	tok := serviceToken(t, issuer, "nightly-billing")
	if got := withToken(t, s.url+"/v1/orders", tok); got != http.StatusOK {
		t.Fatalf("before: got %d", got)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("Bearer "+tok+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var r revoke.Revocation
	out := command(t, gatebook, "revoke", "token", "--from", file, "--at", "login", "--reason", "found in a build log", "--data", data, "--json")
	if err := json.Unmarshal([]byte(out.stdout), &r); err != nil || out.code != 0 || r.State != revoke.Done || r.Fingerprint == "" {
		t.Fatalf("revoke token: %v\n%s%s", err, out.stdout, out.stderr)
	}
	if introspected(t, issuer, tok) {
		t.Error("the issuer says that the token is valid")
	}
	// The record names it as the events of its calls do, and a block stops them.
	if hit := s.await("kind:=access credential.fingerprint:="+`"`+r.Fingerprint+`"`, 1)[0]; hit.Header.Credential.Client != "nightly-billing" {
		t.Errorf("got %+v", hit.Header.Credential)
	}
	s.cli(0, "block", "credential:"+r.Fingerprint, "--reason", "it is revoked", "--for", "1h")
	if got := withToken(t, s.url+"/v1/orders", tok); got != http.StatusForbidden {
		t.Errorf("blocked: got %d", got)
	}

	// Automation is down: what is decided waits, also over a kill -9.
	waits := s.cli(0, "revoke", "user", "anna@example.com", "--at", "own", "--reason", "laptop stolen")
	id, _, _ := strings.Cut(waits, " ")
	if !strings.Contains(waits, "will be deactivated at own") || !strings.Contains(waits, "the connection was refused") {
		t.Errorf("got %s", waits)
	}
	s.cli(2, "revoke", "user", "root@example.com", "--reason", "a mistake")
	s.cli(2, "revoke", "user", "anna@example.com", "--reason", "twice")
	s.kill()
	own := new(automation)
	own.listen(t, address, key)
	s = start(t, data, listen, "--config", config)
	for limit := time.Now().Add(patience); len(own.all()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("nothing arrives\n%s", s.log.String())
		}
	}
	var told struct {
		Type string
		Data struct{ ID, Action, User string }
	}
	if err := json.Unmarshal([]byte(own.all()[0]), &told); err != nil || told.Data.ID != id || told.Data.User != "anna@example.com" || told.Data.Action != "deactivate" {
		t.Errorf("got %s, %v", own.all()[0], err)
	}
	done := s.await(`note.name:="revocation-done"`, 2)
	if decided := s.await(`note.name:=revocation`, 2); decided[1].Number > done[1].Number && decided[0].Number > done[0].Number {
		t.Errorf("got decisions %d and %d, ends %d and %d", decided[0].Number, decided[1].Number, done[0].Number, done[1].Number)
	}
	if undone := s.cli(0, "revoke", "undo", id, "--reason", "the laptop is found"); !strings.Contains(undone, "anna@example.com is activated at own") {
		t.Errorf("got %s", undone)
	}
	if got := own.all(); len(got) != 2 || !strings.Contains(got[1], `"action":"activate"`) {
		t.Errorf("got %v", got)
	}
	if list := s.cli(0, "revoke", "list"); strings.Count(list, " done ") != 3 {
		t.Errorf("got %s", list)
	}
	s.stop()
	intact(t, data)
	for name, text := range map[string]string{"the log": s.log.String()} {
		if strings.Contains(text, tok[len(tok)-20:]) {
			t.Errorf("%s holds the token", name)
		}
	}
	err := filepath.WalkDir(data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if bytes.Contains(b, []byte(tok[len(tok)-20:])) {
			t.Errorf("%s holds the token", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// serviceToken asks the issuer for the token of a service account.
func serviceToken(t *testing.T, issuer, client string) string {
	t.Helper()
	res := asClient(t, issuer+"/oauth/token", client, url.Values{"grant_type": {"client_credentials"}})
	defer res.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.Token == "" {
		t.Fatalf("no token: %s, %v", res.Status, err)
	}
	return got.Token
}

// introspected asks the issuer whether a token is valid.
func introspected(t *testing.T, issuer, token string) bool {
	t.Helper()
	res := asClient(t, issuer+"/oauth/introspect", "nightly-billing", url.Values{"token": {token}})
	defer res.Body.Close()
	var got struct{ Active bool }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatalf("introspection: %s, %v", res.Status, err)
	}
	return got.Active
}

func asClient(t *testing.T, at, client string, form url.Values) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(client, client+"-demo-secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func withToken(t *testing.T, at, token string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res.StatusCode
}
