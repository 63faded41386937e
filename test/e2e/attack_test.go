package e2e

import (
	"strings"
	"testing"
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
	for _, x := range []struct{ name, rule string }{
		{"exfiltration", "app-exfil-volume"}, {"credential", "token-guessing"}, {"scraping", "bola-enumeration"}, {"escalation", "admin-probing"},
	} {
		r := command(t, gatebook, "demo", "attack", x.name, "--block", "--data", s.data, "--gateway", s.url, "--issuer", issuer)
		r.says(t, 0, "rule "+x.rule, "got 403.", "Undone.", "gatebook show ")
		t.Logf("%s%s", r.stdout, r.stderr)
	}
	if keys := asked(t, s, "keys", "list"); strings.Count(keys, "demo-attack-") != 2 || strings.Count(keys, "revoked") < 2 {
		t.Errorf("the keys of the attacks: %s", keys)
	}
	command(t, gatebook, "demo", "attack", "nothing", "--data", s.data).says(t, 2, "exfiltration, credential, scraping, escalation")
	s.stop()
	intact(t, s.data)
}
