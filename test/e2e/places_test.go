package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestImpossibleTravel has a user call from London and, a moment later, from the
// north of China: by a file of places the rule finds it on live traffic, and
// gatebook rules run finds the same in the ledger, byte for byte.
func TestImpossibleTravel(t *testing.T) {
	mmdb, err := filepath.Abs("../../../shared/data/geo/GeoIP2-City-Test.mmdb")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mmdb); err != nil {
		t.Skipf("the test database of places is not here: %v", err)
	}
	shop, _ := startShop(t)
	text := `
gateway:
  listeners:
    - {name: shop, address: LISTEN, trusted_proxies: [127.0.0.0/8]}
  routes:
    - {name: shop, path: /, upstream: UPSTREAM}
`
	s := serveConfig(t, t.TempDir(), shop, text)
	if live := asked(t, s, "rules", "live"); !strings.Contains(live, "inactive: no places") {
		t.Errorf("without a file: %s", live)
	}
	s.stop()
	s = serveConfig(t, s.data, shop, text+"detect: {places: "+mmdb+"}\n")
	if live := asked(t, s, "rules", "live"); strings.Contains(live, "inactive") {
		t.Errorf("with a file: %s", live)
	}
	secret := asked(t, s, "keys", "add", "anna", "--kind", "user")
	for _, from := range []string{"81.2.69.142", "175.16.199.1"} {
		req, err := http.NewRequest(http.MethodGet, s.url+"/v1/customers", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-API-Key", strings.TrimSpace(secret))
		req.Header.Set("X-Forwarded-For", from)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	var found string
	for limit := time.Now().Add(patience); found == ""; time.Sleep(20 * time.Millisecond) {
		found = asked(t, s, "alerts", "findings", "--rule", "impossible-travel", "--json")
		if time.Now().After(limit) {
			t.Fatalf("the rule finds nothing\n%s", s.log.String())
		}
	}
	// The record says by which file.
	if note := s.await(`kind:=system note.name:=rules note.facts:places_sha256`, 1); len(note) != 1 {
		t.Errorf("got %v", note)
	}
	events := filepath.Join(t.TempDir(), "events.jsonl")
	s.cli(0, "export", "-o", events)
	again := command(t, gatebook, "rules", "run", events, "--places", mmdb, "--lateness", "1s")
	if again.code != 0 || !strings.Contains(again.stdout, strings.TrimSpace(found)) {
		t.Errorf("the same run again: got\n%s%s\nwant in it\n%s", again.stdout, again.stderr, found)
	}
	command(t, gatebook, "rules", "run", events, "--places", events).says(t, 2, "it is not a file in the MaxMind DB format")
	s.stop()
	intact(t, s.data)
}
