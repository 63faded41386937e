package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var attackCount = flag.Int("attacks", 3, "how many attacks TestAlertLatency measures")

// guardedShop describes itself, and answers for any customer.
const guardedShop = `{"openapi":"3.1.0","info":{"title":"shop","version":"1"},"paths":{"/customers/{id}":{"get":{"operationId":"getCustomer","parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],"responses":{"200":{"description":"OK"}}}}}}`

// TestAlertLatency has one user after the other read customers that nobody
// named to them (bola-enumeration), and measures the time from the answer to
// the call that completes the pattern to the notice at a webhook. Each must
// come; how fast is printed, not judged: with -attacks 100 -v it is the figure
// in docs/performance.md.
func TestAlertLatency(t *testing.T) {
	notices := make(chan time.Time, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if at := time.Now(); bytes.Contains(b, []byte(`"change":"opened"`)) && bytes.Contains(b, []byte("bola-enumeration")) {
			notices <- at
		}
	}))
	defer hook.Close()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/openapi.json" {
			io.WriteString(w, guardedShop)
			return
		}
		fmt.Fprintf(w, `{"id":%q,"name":"Ada"}`, filepath.Base(r.URL.Path))
	}))
	defer shop.Close()
	key := filepath.Join(t.TempDir(), "hook.key")
	if err := os.WriteFile(key, []byte("whsec_aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMg==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveConfig(t, t.TempDir(), shop.URL, `
gateway:
  listeners:
    - {name: shop, address: LISTEN}
  routes:
    - {name: shop, path: /, upstream: UPSTREAM, api: {path: /openapi.json}}
alerts:
  receivers:
    - {name: hook, kind: webhook, url: "`+hook.URL+`", key_file: "`+key+`"}
`)
	var took []time.Duration
	for i := range *attackCount {
		call := s.userKey(fmt.Sprintf("user-%d", i))
		for j := range 15 {
			if got := call(fmt.Sprintf("/customers/%d", 100*i+j)); got != 200 {
				t.Fatalf("attack %d: got %d", i, got)
			}
		}
		last := time.Now()
		select {
		case at := <-notices:
			took = append(took, at.Sub(last))
		case <-time.After(patience):
			t.Fatalf("attack %d: no notice came\n%s", i, s.log.String())
		}
	}
	slices.Sort(took)
	t.Logf("%d attacks: p50 %v, p99 %v, longest %v", len(took), took[len(took)/2], took[(len(took)-1)*99/100], took[len(took)-1])
}

// userKey makes an API key of a user, and returns what calls with it.
func (s *server) userKey(name string) (call func(path string) int) {
	s.t.Helper()
	out := command(s.t.(*testing.T), gatebook, "keys", "add", name, "--kind", "user", "--data", s.data)
	secret := strings.TrimSpace(out.stdout)
	if out.code != 0 || secret == "" {
		s.t.Fatalf("keys add: %s%s", out.stdout, out.stderr)
	}
	return func(path string) int {
		s.t.Helper()
		req, err := http.NewRequest("GET", s.url+path, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("X-API-Key", secret)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		defer res.Body.Close()
		io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
}
