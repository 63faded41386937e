package identity

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/jwt"
	"github.com/gatebook/gatebook/internal/redact"
)

// TestOpaque: tokens that only their issuer can read, from a real one that is
// asked about them: a person's, a service's, one that was revoked, and those
// of an issuer that is gone.
func TestOpaque(t *testing.T) {
	const believe = 200 * time.Millisecond
	ask := jwt.Introspection{ClientID: "stock-sync", Secret: "stock-sync-demo-secret", Believe: believe, Wait: 5 * time.Second}
	w := newWorldOf(t, untrustedPeers, issuer.Config{Opaque: true}, ask)
	alice := w.token()
	if strings.Count(alice, ".") == 2 {
		t.Fatalf("the issuer gave out a token that can be read")
	}
	e := w.expect("person", bearer(alice), event.LevelVerified, identity.TokenActive)
	if e.Principal.Kind != event.User || e.Principal.Issuer != w.issuer.URL || e.Principal.ID != identity.Pseudonym(key, w.issuer.URL, "u-71c4") ||
		e.Who.Subject != "u-71c4" || e.Credential.Client != "shop-web" || !slices.Contains(e.Credential.Scopes, "orders:read") ||
		!e.Credential.Expires.After(time.Now()) || e.Credential.Fingerprint != redact.Fingerprint(key, alice) || e.Credential.Method != identity.MethodBearer {
		t.Errorf("person: got %+v %+v %+v", e.Principal, e.Credential, e.Who)
	}
	e = w.expect("service", bearer(w.got(w.issuer.ServiceToken(t.Context(), "stock-sync"))), event.LevelVerified, identity.TokenActive)
	if e.Principal.Kind != event.Service || e.Who.Subject != "stock-sync" {
		t.Errorf("service: got %+v %+v", e.Principal, e.Who)
	}
	w.expect("another API's", bearer(w.got(w.issuer.ServiceToken(t.Context(), "hr-sync"))), event.LevelClaimed, identity.WrongAudience)
	e = w.expect("made up", bearer("2YotnFZFEjr1zCsicMWpAA"), event.LevelClaimed, identity.TokenInactive)
	if e.Principal.ID != "" || e.Who.Subject != "" || e.Principal.Kind != event.Unknown {
		t.Errorf("made up: got %+v %+v", e.Principal, e.Who)
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.issuer.URL+"/revoke", strings.NewReader(url.Values{"token": {alice}, "client_id": {"shop-web"}}.Encode()))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("revoking: %s", resp.Status)
	}
	time.Sleep(2 * believe) // an answer counts so long
	w.expect("revoked", bearer(alice), event.LevelClaimed, identity.TokenInactive)

	service := w.got(w.issuer.ServiceToken(t.Context(), "stock-sync"))
	must(t, w.issuer.Close())
	w.expect("of an issuer that is gone", bearer(service), event.LevelClaimed, identity.IssuerUnavailable)
}
