package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/act"
)

// TestDemoAttack carries out each attack of gatebook demo attack on the sample
// shop, on an installation that has learned nothing: the catalogue's rule finds
// it, and the block stops the next call.
func TestDemoAttack(t *testing.T) {
	shop, issuer := startShop(t)
	s := serveConfig(t, t.TempDir(), shop, `
gateway:
  listeners:
    - {name: shop, address: LISTEN}
  routes:
    - name: administration
      path: /v1/admin
      upstream: UPSTREAM
      api: {path: /openapi.json, actions: [{match: "/v1/admin/*", action: administer}]}
    - {name: shop, path: /, upstream: UPSTREAM, api: {path: /openapi.json}}
identity:
  oidc:
    - {name: shop, issuer: "`+issuer+`", audiences: [shop-api]}
`)
	// Twice: the second time the same rules find somebody else. Where the gateway
	// and the issuer are is asked of the server.
	for range 2 {
		for _, x := range []struct{ name, rule string }{
			{"exfiltration", "export-burst"}, {"credential", "token-guessing"}, {"scraping", "bola-enumeration"}, {"escalation", "admin-probing"},
		} {
			r := command(t, gatebook, "demo", "attack", x.name, "--block", "--data", s.data)
			r.says(t, 0, "rule "+x.rule, "got 403.", "Undone.", "gatebook show ")
			t.Logf("%s%s", r.stdout, r.stderr)
		}
	}
	if keys := asked(t, s, "keys", "list"); strings.Count(keys, "demo-attack-") != 4 || strings.Count(keys, "revoked") < 4 {
		t.Errorf("the keys of the attacks: %s", keys)
	}
	command(t, gatebook, "demo", "attack", "nothing", "--data", s.data).says(t, 2, "exfiltration, credential, scraping, escalation")
	s.stop()
	intact(t, s.data)
}

// TestRuleActs lets a rule block by itself: the scraper's next call is refused,
// the decision names rule and incident, and a person undoes it.
func TestRuleActs(t *testing.T) {
	shop, issuer := startShop(t)
	s := serveConfig(t, t.TempDir(), shop, `
gateway:
  listeners:
    - {name: shop, address: LISTEN}
  routes:
    - {name: shop, path: /, upstream: UPSTREAM, api: {path: /openapi.json}}
act:
  rules:
    - {rule: bola-enumeration, for: 15m, dry_run: false}
`)
	command(t, gatebook, "demo", "attack", "scraping", "--data", s.data, "--gateway", s.url, "--issuer", issuer).says(t, 0, "bola-enumeration")
	var m act.Measure
	for limit := time.Now().Add(patience); m.ID == ""; time.Sleep(20 * time.Millisecond) {
		if out := asked(t, s, "measures", "--json"); out != "" {
			if err := json.Unmarshal([]byte(out), &m); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
		}
		if time.Now().After(limit) {
			t.Fatalf("the rule did nothing\n%s", s.log.String())
		}
	}
	if m.State != act.InForce || m.Kind != "block" || m.Rule != "bola-enumeration" || m.Incident == "" || !strings.HasPrefix(m.Subject, "principal:p_") || m.Until.Sub(m.Since) != 15*time.Minute {
		t.Errorf("got %+v", m)
	}
	decision := s.await("kind:=decision note.name:=block", 1)[0]
	if decision.Number != m.Decision || decision.Who.Subject != "" {
		t.Errorf("the decision: got %+v", decision)
	}
	s.cli(0, "undo", m.ID, "--reason", "it was a test")
	s.stop()
	intact(t, s.data)
}
