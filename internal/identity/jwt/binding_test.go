package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strconv"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
)

func newCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "machine-7"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func thumbprint(raw []byte) string {
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// TestCertificateBound is RFC 8705: the token is worth something with its
// certificate only.
func TestCertificateBound(t *testing.T) {
	k := newSigner(t, "k1", jose.ES256)
	r := newResolver(t, newTestIssuer(k), nil)
	run(t, r)
	own, other := newCertificate(t), newCertificate(t)
	token := k.sign(t, claimSet(time.Now(), "cnf", map[string]any{"x5t#S256": thumbprint(own.Raw)}), nil)
	for _, tt := range []struct {
		name   string
		change func(*capture.Evidence)
		reason string
		level  event.Level
	}{
		{"its certificate", func(ev *capture.Evidence) { ev.Certificates = []*x509.Certificate{own, other} }, identity.CertificateBound, 4},
		{"its certificate, self-signed", func(ev *capture.Evidence) { ev.Unverified = own }, identity.CertificateBound, 4},
		{"another certificate", func(ev *capture.Evidence) { ev.Certificates = []*x509.Certificate{other, own} }, identity.ProofInvalid, 1},
		{"no certificate", func(*capture.Evidence) {}, identity.ProofMissing, 1},
	} {
		ev := bearer(token)
		tt.change(ev)
		id := r.Resolve(t.Context(), ev)
		if id.Principal.Reason != tt.reason || id.Principal.Level != tt.level {
			t.Errorf("%s: got %s level %d, want %s level %d", tt.name, id.Principal.Reason, id.Principal.Level, tt.reason, tt.level)
		}
		if tt.level == 1 {
			checkClaim(t, tt.name, id)
		}
	}
	odd := bearer(k.sign(t, claimSet(time.Now(), "cnf", map[string]any{"jwk": map[string]any{}}), nil))
	if got := reason(r, odd); got != identity.ProofMissing {
		t.Errorf("bound in an unknown way: got %s, want %s", got, identity.ProofMissing)
	}
}

// proofOf makes a DPoP proof with the client's key for the claims.
func proofOf(t *testing.T, k signer, claims map[string]any, header map[jose.HeaderKey]any) string {
	t.Helper()
	extra := map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: k.key.Public()}}
	for name, v := range header {
		extra[name] = v
	}
	return k.sign(t, claims, extra)
}

// TestDPoP is RFC 9449, section 4.3, check by check.
func TestDPoP(t *testing.T) {
	k, client, thief := newSigner(t, "k1", jose.ES256), newSigner(t, "", jose.ES256), newSigner(t, "", jose.ES256)
	now := time.Now()
	r := newResolver(t, newTestIssuer(k), func(c *Config) { c.Now = func() time.Time { return now } })
	run(t, r)
	jwk := jose.JSONWebKey{Key: client.key.Public()}
	jkt, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	token := k.sign(t, claimSet(now, "cnf", map[string]any{"jkt": base64.RawURLEncoding.EncodeToString(jkt)}), nil)
	n := 0
	claims := func(changes ...any) map[string]any {
		n++
		m := map[string]any{"jti": "proof-" + strconv.Itoa(n), "htm": "POST", "htu": "https://api.example/orders",
			"iat": now.Unix(), "ath": thumbprint([]byte(token))}
		for i := 0; i < len(changes); i += 2 {
			m[changes[i].(string)] = changes[i+1]
		}
		return m
	}
	first := proofOf(t, client, claims(), nil)
	for _, tt := range []struct {
		name   string
		proofs []string
		reason string
	}{
		{"good", []string{first}, identity.ProofVerified},
		{"the same again", []string{first}, identity.ProofReplayed},
		{"another", []string{proofOf(t, client, claims(), nil)}, identity.ProofVerified},
		{"same address, other spelling", []string{proofOf(t, client, claims("htu", "HTTPS://API.example:443/orders"), nil)}, identity.ProofVerified},
		{"none", nil, identity.ProofMissing},
		{"two", []string{proofOf(t, client, claims(), nil), proofOf(t, client, claims(), nil)}, identity.ProofInvalid},
		{"no proof at all", []string{"x"}, identity.ProofInvalid},
		{"another key", []string{proofOf(t, thief, claims(), nil)}, identity.ProofInvalid},
		{"another key, claiming the right one", []string{proofOf(t, thief, claims(), map[jose.HeaderKey]any{"jwk": jwk})}, identity.ProofInvalid},
		{"private key inside", []string{proofOf(t, client, claims(), map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: client.key}})}, identity.ProofInvalid},
		{"another type", []string{proofOf(t, client, claims(), map[jose.HeaderKey]any{"typ": "JWT"})}, identity.ProofInvalid},
		{"another method", []string{proofOf(t, client, claims("htm", "GET"), nil)}, identity.ProofInvalid},
		{"another path", []string{proofOf(t, client, claims("htu", "https://api.example/admin"), nil)}, identity.ProofInvalid},
		{"another host", []string{proofOf(t, client, claims("htu", "https://evil.example/orders"), nil)}, identity.ProofInvalid},
		{"another token", []string{proofOf(t, client, claims("ath", thumbprint([]byte("x"))), nil)}, identity.ProofInvalid},
		{"too old", []string{proofOf(t, client, claims("iat", now.Add(-2*time.Minute).Unix()), nil)}, identity.ProofInvalid},
		{"of the future", []string{proofOf(t, client, claims("iat", now.Add(2*time.Minute).Unix()), nil)}, identity.ProofInvalid},
		{"no time", []string{proofOf(t, client, claims("iat", nil), nil)}, identity.ProofInvalid},
		{"no id", []string{proofOf(t, client, claims("jti", ""), nil)}, identity.ProofInvalid},
	} {
		ev := &capture.Evidence{Authorization: []string{"DPoP " + token}, DPoP: tt.proofs, Method: "POST", URL: "https://api.example/orders"}
		id := r.Resolve(t.Context(), ev)
		if id.Principal.Reason != tt.reason {
			t.Errorf("%s: got %s, want %s", tt.name, id.Principal.Reason, tt.reason)
		}
		want := event.LevelClaimed
		if tt.reason == identity.ProofVerified {
			want = event.LevelBound
		}
		if id.Principal.Level != want {
			t.Errorf("%s: level %d, want %d", tt.name, id.Principal.Level, want)
		}
	}
}

// TestProofsAreRemembered for as long as they can be used, and not for ever.
func TestProofsAreRemembered(t *testing.T) {
	now := time.Now()
	p := newProofs(func() time.Time { return now }, 1000)
	id := sha256.Sum256([]byte("a"))
	if !p.first(id, now) {
		t.Fatal("a new proof was seen before")
	}
	for i := range 24 { // for twice the window others come
		now = now.Add(5 * time.Second)
		p.first(sha256.Sum256([]byte{byte(i)}), now)
	}
	if p.first(id, now) {
		t.Error("a proof was forgotten while it could be used")
	}
	for i := range 100_000 {
		p.first(sha256.Sum256([]byte(strconv.Itoa(i))), now)
	}
	if n := len(p.young) + len(p.old); n > 2000 {
		t.Errorf("%d proofs are kept, want at most 2000", n)
	}
}
