package jwt

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

// TestGood holds every field of a good token's identity.
func TestGood(t *testing.T) {
	k := newSigner(t, "k1", jose.ES256)
	r := newResolver(t, newTestIssuer(k), func(c *Config) { c.Issuers[0].Tenant = "org_id" })
	run(t, r)
	now := time.Now()
	proven := now.Add(-time.Hour).Truncate(time.Second).UTC()
	token := k.sign(t, claimSet(now, "auth_time", proven.Unix(), "org_id", "org_9", "act", map[string]any{
		"sub": "checkout", "act": map[string]any{"sub": "gateway", "iss": "https://other.example"}}), nil)
	want := &capture.Identity{
		Principal: event.Principal{Kind: event.User, ID: identity.Pseudonym(testKey, issuerURL, "u-71c4"), Issuer: issuerURL,
			Level: event.LevelVerified, Reason: identity.SignatureVerified},
		Credential: event.Credential{Method: "jwt", KeyID: "k1", Fingerprint: redact.Fingerprint(testKey, token),
			Algorithm: "ES256", Client: "shop-web", Scopes: []string{"customers:read", "orders:read"},
			Expires: now.Add(10 * time.Minute).Truncate(time.Second).UTC(),
			Delegation: []event.Delegate{
				{ID: identity.Pseudonym(testKey, issuerURL, "checkout"), Issuer: issuerURL},
				{ID: identity.Pseudonym(testKey, "https://other.example", "gateway"), Issuer: "https://other.example"}}},
		Subject: "u-71c4", Name: "Alice Moreau", Email: "alice@shop.example", Groups: []string{"support"}, Tenant: "org_9",
		Chain: []string{"checkout", "gateway"}, Issued: now.Truncate(time.Second).UTC(), Proven: proven,
	}
	for _, call := range []string{"first", "cached"} {
		if got := r.Resolve(t.Context(), bearer(token)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s call:\ngot  %+v\nwant %+v", call, got, want)
		}
	}
}

// TestRefused: each way to fail has its reason, and leaves a claim only.
func TestRefused(t *testing.T) {
	k, stranger, rsaKey := newSigner(t, "k1", jose.ES256), newSigner(t, "k1", jose.ES256), newSigner(t, "k2", jose.RS256)
	unknown := newSigner(t, "k9", jose.ES256)
	r := newResolver(t, newTestIssuer(k, rsaKey), nil)
	run(t, r)
	now := time.Now()
	good := claimSet(now)
	token := k.sign(t, good, nil)
	deep := map[string]any{"sub": "a"}
	for range maxDelegation {
		deep = map[string]any{"sub": "a", "act": deep}
	}
	ago := func(d time.Duration) int64 { return now.Add(-d).Unix() }

	for _, tt := range []struct{ name, token, reason string }{
		{"good", token, identity.SignatureVerified},
		{"good RS256", rsaKey.sign(t, good, nil), identity.SignatureVerified},
		{"audience in a list", k.sign(t, claimSet(now, "aud", []string{"x", audience}), nil), identity.SignatureVerified},
		{"expired within the skew", k.sign(t, claimSet(now, "exp", ago(20*time.Second)), nil), identity.SignatureVerified},
		{"no type", k.sign(t, good, map[jose.HeaderKey]any{"typ": ""}), identity.SignatureVerified},
		{"type in full", k.sign(t, good, map[jose.HeaderKey]any{"typ": "application/AT+jwt"}), identity.SignatureVerified},
		{"expired", k.sign(t, claimSet(now, "exp", ago(time.Minute)), nil), identity.TokenExpired},
		{"not yet", k.sign(t, claimSet(now, "nbf", ago(-time.Minute)), nil), identity.TokenNotYetValid},
		{"issued tomorrow", k.sign(t, claimSet(now, "iat", ago(-24*time.Hour)), nil), identity.TokenNotYetValid},
		{"another API's", k.sign(t, claimSet(now, "aud", "hr-api"), nil), identity.WrongAudience},
		{"no audience", k.sign(t, claimSet(now, "aud", nil), nil), identity.WrongAudience},
		{"another issuer", k.sign(t, claimSet(now, "iss", "https://evil.example"), nil), identity.WrongIssuer},
		{"issuer with a slash", k.sign(t, claimSet(now, "iss", issuerURL+"/"), nil), identity.WrongIssuer},
		{"no issuer", k.sign(t, claimSet(now, "iss", nil), nil), identity.WrongIssuer},
		{"claims in capitals", k.sign(t, claimSet(now, "iss", nil, "ISS", issuerURL), nil), identity.WrongIssuer},
		{"unsigned", unsigned(token), identity.AlgorithmNotAllowed},
		{"HS256 with the public key", confused(t, token, rsaKey), identity.AlgorithmNotAllowed},
		{"logout token", k.sign(t, good, map[jose.HeaderKey]any{"typ": "logout+jwt"}), identity.WrongType},
		{"unknown key", unknown.sign(t, good, nil), identity.UnknownKey},
		{"known key id, another algorithm", signer{"k1", jose.RS256, rsaKey.key}.sign(t, good, nil), identity.UnknownKey},
		{"forged under a known key id", stranger.sign(t, good, nil), identity.BadSignature},
		{"forged, with its key inside", stranger.sign(t, good, map[jose.HeaderKey]any{"jwk": stranger.public()}), identity.BadSignature},
		{"forged, with no key id", stranger.sign(t, good, map[jose.HeaderKey]any{"kid": ""}), identity.BadSignature},
		{"claims exchanged", part(token, 1, func(string) string { return encode(`{"iss":"` + issuerURL + `","sub":"root","exp":9999999999}`) }), identity.BadSignature},
		{"signature cut", part(token, 2, func(s string) string { return s[:20] }), identity.BadSignature},
		{"no signature", part(token, 2, func(string) string { return "" }), identity.BadSignature},
		{"no exp", k.sign(t, claimSet(now, "exp", nil), nil), identity.MalformedToken},
		{"exp as text", k.sign(t, claimSet(now, "exp", "tomorrow"), nil), identity.MalformedToken},
		{"nobody", k.sign(t, claimSet(now, "sub", nil, "client_id", nil), nil), identity.MalformedToken},
		{"sub twice", part(token, 1, func(string) string { return encode(`{"sub":"a","sub":"b"}`) }), identity.MalformedToken},
		{"act too deep", k.sign(t, claimSet(now, "act", deep), nil), identity.MalformedToken},
		{"act without a name", k.sign(t, claimSet(now, "act", map[string]any{"x": 1}), nil), identity.MalformedToken},
		{"not base64", part(token, 0, func(s string) string { return s + "=" }), identity.MalformedToken},
		{"two parts", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0", identity.MalformedToken},
		{"three dots, no token", "a.b.c", identity.MalformedToken},
		{"huge", token + strings.Repeat("A", maxToken), identity.MalformedToken},
		{"critical extension", part(token, 0, func(string) string { return encode(`{"alg":"ES256","kid":"k1","crit":["b64"],"b64":false}`) }), identity.MalformedToken},
		{"opaque", "s3cr3t", ""},
		{"encrypted", "eyJhbGciOiJkaXIifQ.a.b.c.d", ""},
	} {
		for _, call := range []string{"first", "second"} {
			id := r.Resolve(t.Context(), bearer(tt.token))
			if id == nil {
				if tt.reason != "" {
					t.Errorf("%s: %s call: nothing, want %s", tt.name, call, tt.reason)
				}
				continue
			}
			if id.Principal.Reason != tt.reason {
				t.Errorf("%s: %s call: got %s, want %s", tt.name, call, id.Principal.Reason, tt.reason)
			}
			if id.Credential.Fingerprint != redact.Fingerprint(testKey, tt.token) {
				t.Errorf("%s: wrong fingerprint %s", tt.name, id.Credential.Fingerprint)
			}
			if id.Principal.Reason != identity.SignatureVerified {
				checkClaim(t, tt.name, id)
			}
		}
	}
}

// checkClaim fails if anything of a refused token looks like a fact.
func checkClaim(t *testing.T, name string, id *capture.Identity) {
	t.Helper()
	if id.Principal.Kind != event.Unknown || id.Principal.Level != event.LevelClaimed || id.Principal.ID != "" ||
		id.Subject != "" || id.Name != "" || id.Email != "" || id.Groups != nil || id.Chain != nil ||
		id.Credential.Client != "" || id.Credential.Scopes != nil || id.Credential.Delegation != nil {
		t.Errorf("%s: a claim became a fact: %+v", name, id)
	}
	if id.Principal.Issuer != "" && id.Principal.Issuer != issuerURL {
		t.Errorf("%s: issuer %q is not configured", name, id.Principal.Issuer)
	}
	if (id.Principal.Reason == identity.TokenExpired || id.Principal.Reason == identity.BadSignature && name != "claims exchanged") && id.Claimed != "u-71c4" {
		t.Errorf("%s: claimed %q, want the token's sub", name, id.Claimed)
	}
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// unsigned makes the token one of algorithm none.
func unsigned(token string) string {
	token = part(token, 0, func(string) string { return encode(`{"alg":"none","kid":"k1"}`) })
	return part(token, 2, func(string) string { return "" })
}

// confused signs with HMAC under the issuer's public key in PEM, the classic
// confusion of algorithms.
func confused(t *testing.T, token string, k signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(k.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	token = part(token, 0, func(string) string { return encode(`{"alg":"HS256","kid":"k2"}`) })
	signed := token[:strings.LastIndexByte(token, '.')]
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// TestKind tells services from people, over what issuers are known to write.
func TestKind(t *testing.T) {
	k := newSigner(t, "k1", jose.ES256)
	r := newResolver(t, newTestIssuer(k), nil)
	run(t, r)
	for _, tt := range []struct {
		name           string
		changes        []any
		kind           event.PrincipalKind
		client, scopes string
	}{
		{"person", nil, event.User, "shop-web", "customers:read orders:read"},
		{"RFC 9068", []any{"sub", "billing", "client_id", "billing"}, event.Service, "billing", "customers:read orders:read"},
		{"no sub", []any{"sub", nil, "client_id", "billing", "scope", nil}, event.Service, "billing", ""},
		{"Auth0", []any{"sub", "x@clients", "client_id", nil, "azp", "x", "gty", "client-credentials"}, event.Service, "x", "customers:read orders:read"},
		{"Entra", []any{"client_id", nil, "azp", "app-1", "idtyp", "app", "scope", nil, "scp", "Files.Read Files.Read"}, event.Service, "app-1", "Files.Read"},
		{"Okta", []any{"client_id", nil, "cid", "app-2", "scope", nil, "scp", []string{"b", "a"}}, event.User, "app-2", "a b"},
		{"Keycloak", []any{"preferred_username", "service-account-shop-web"}, event.Service, "shop-web", "customers:read orders:read"},
		{"Kubernetes", []any{"sub", "system:serviceaccount:default:x", "client_id", nil}, event.Service, "", "customers:read orders:read"},
		{"odd claims", []any{"client_id", 7, "name", 1.5, "groups", map[string]any{}}, event.User, "", "customers:read orders:read"},
	} {
		id := r.Resolve(t.Context(), bearer(k.sign(t, claimSet(time.Now(), tt.changes...), nil)))
		if id.Principal.Kind != tt.kind || id.Credential.Client != tt.client || strings.Join(id.Credential.Scopes, " ") != tt.scopes {
			t.Errorf("%s: got %s %q %v, want %s %q [%s]", tt.name, id.Principal.Kind, id.Credential.Client, id.Credential.Scopes,
				tt.kind, tt.client, tt.scopes)
		}
		if id.Principal.Level != event.LevelVerified {
			t.Errorf("%s: level %d, %s", tt.name, id.Principal.Level, id.Principal.Reason)
		}
	}
}

// TestNoIssuers: without configuration a token is read and not believed.
func TestNoIssuers(t *testing.T) {
	k := newSigner(t, "k1", jose.ES256)
	r, err := New(Config{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	id := r.Resolve(t.Context(), bearer(k.sign(t, claimSet(time.Now()), nil)))
	if id.Principal.Reason != identity.NotChecked || id.Claimed != "u-71c4" {
		t.Errorf("got %s, claimed %q", id.Principal.Reason, id.Claimed)
	}
	checkClaim(t, "no issuers", id)
}

// TestConfigErrors: all at once, each with where it is and what to do.
func TestConfigErrors(t *testing.T) {
	_, err := New(Config{Issuers: []Issuer{
		{URL: "http://issuer.example", Audiences: []string{"a"}},
		{URL: "https://issuer.example"},
		{URL: "https://a.example", Audiences: []string{"a"}, Algorithms: []string{"RS256", "HS256", "none"}},
		{URL: "issuer", Audiences: []string{""}},
		{URL: "https://b.example", AnyAudience: true},
		{URL: "https://b.example", AnyAudience: true, KeysURL: "ftp://x/"},
		{URL: "https://b.example", AnyAudience: true},
		{URL: "http://127.0.0.1:5556", AnyAudience: true},
	}})
	for _, want := range []string{
		"installation's key has 0 bytes", "issuers[0]: url:", "use https", "issuers[1]: audiences: is empty",
		`issuers[2]: algorithms: "HS256"`, `"none"`, "issuers[3]: url:", "audiences: one is empty",
		"issuers[5]: keys url:", "issuers[6]: url: https://b.example is listed twice",
	} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("want %q in:\n%v", want, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "issuers[7]") {
		t.Errorf("http on the loopback interface is refused: %v", err)
	}
}
