package jwt

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/redact"
)

const (
	issuerURL = "https://issuer.example"
	audience  = "shop-api"
)

var testKey = redact.Key("a key of at least sixteen bytes")

// testIssuer answers for discovery and keys. It is an http.RoundTripper, so
// that tests run in a synctest bubble.
type testIssuer struct {
	mu      sync.Mutex
	keys    []any // published, as they are to be encoded
	down    bool
	hang    chan struct{} // if not nil, answers wait until it is closed
	names   string        // the issuer that discovery names
	fetches int           // of the key set

	answers map[string]map[string]any // about opaque tokens
	asked   []string                  // opaque tokens
	secret  string                    // of the client gatebook; empty: gatebook-secret
}

func newTestIssuer(keys ...signer) *testIssuer {
	is := &testIssuer{names: issuerURL}
	is.publish(keys...)
	return is
}

func (is *testIssuer) publish(keys ...signer) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.keys = nil
	for _, k := range keys {
		is.keys = append(is.keys, k.public())
	}
}

func (is *testIssuer) set(f func()) {
	is.mu.Lock()
	defer is.mu.Unlock()
	f()
}

func (is *testIssuer) count() int {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.fetches
}

func (is *testIssuer) RoundTrip(req *http.Request) (*http.Response, error) {
	is.mu.Lock()
	if req.URL.Path == "/keys" {
		is.fetches++
	}
	if req.URL.Path == "/introspect" {
		is.asked = append(is.asked, req.PostFormValue("token"))
	}
	hang, down, names, keys := is.hang, is.down, is.names, is.keys
	is.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	if down {
		return nil, io.ErrUnexpectedEOF
	}
	w := httptest.NewRecorder()
	base := req.URL.Scheme + "://" + req.URL.Host
	switch req.URL.Path {
	case "/.well-known/openid-configuration":
		json.NewEncoder(w).Encode(map[string]any{"issuer": names, "jwks_uri": base + "/keys", "introspection_endpoint": base + "/introspect"})
	case "/keys":
		json.NewEncoder(w).Encode(map[string]any{"keys": keys})
	case "/introspect":
		is.introspect(w, req)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

// introspect answers the client gatebook (RFC 7662).
func (is *testIssuer) introspect(w http.ResponseWriter, req *http.Request) {
	is.mu.Lock()
	defer is.mu.Unlock()
	if id, secret, _ := req.BasicAuth(); id != "gate%3Abook" || secret != cmp.Or(is.secret, "s%26cret") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	answer := is.answers[req.PostFormValue("token")]
	if answer == nil {
		answer = map[string]any{"active": false}
	}
	json.NewEncoder(w).Encode(answer)
}

// questions returns the opaque tokens that were asked about since the last
// time, sorted.
func (is *testIssuer) questions() string {
	is.mu.Lock()
	defer is.mu.Unlock()
	asked := is.asked
	is.asked = nil
	slices.Sort(asked)
	return strings.Join(asked, " ")
}

// signer is a key of an issuer or of a client.
type signer struct {
	kid string
	alg jose.SignatureAlgorithm
	key crypto.Signer
}

func newSigner(t testing.TB, kid string, alg jose.SignatureAlgorithm) signer {
	t.Helper()
	s := signer{kid: kid, alg: alg}
	var err error
	switch alg {
	case jose.ES256:
		s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		s.key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s signer) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.key.Public(), KeyID: s.kid, Algorithm: string(s.alg), Use: "sig"}
}

// sign makes a compact token. The header's extra members replace its own.
func (s signer) sign(t testing.TB, payload any, extra map[jose.HeaderKey]any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", s.kid)
	for name, v := range extra {
		opts.WithHeader(name, v)
	}
	jws, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: s.key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jws.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// claimSet returns the claims of a good token, changed by pairs of name and
// value; nil takes a claim away.
func claimSet(now time.Time, changes ...any) map[string]any {
	m := map[string]any{
		"iss": issuerURL, "sub": "u-71c4", "aud": audience, "client_id": "shop-web", "scope": "orders:read customers:read",
		"exp": now.Add(10 * time.Minute).Unix(), "iat": now.Unix(), "nbf": now.Unix(),
		"name": "Alice Moreau", "email": "alice@shop.example", "roles": []string{"support"},
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(m, changes[i].(string))
		} else {
			m[changes[i].(string)] = changes[i+1]
		}
	}
	return m
}

// newResolver returns a resolver for the issuer, changed by f.
func newResolver(t testing.TB, is *testIssuer, f func(*Config)) *Resolver {
	t.Helper()
	cfg := Config{
		Issuers: []Issuer{{URL: issuerURL, Audiences: []string{audience}}},
		Key:     testKey,
		Client:  &http.Client{Transport: is},
	}
	if f != nil {
		f(&cfg)
	}
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs r until the test ends, and returns when the keys are there or the
// first attempt has failed.
func run(t testing.TB, r *Resolver) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	for _, is := range r.issuers {
		is.keys.find(ctx, "first", jose.ES256)
	}
}

func bearer(token string) *capture.Evidence {
	return &capture.Evidence{Authorization: []string{"Bearer " + token}}
}

// reason resolves a token and returns the reason.
func reason(r *Resolver, ev *capture.Evidence) string {
	id := r.Resolve(context.Background(), ev)
	if id == nil {
		return ""
	}
	return id.Principal.Reason
}

// part replaces one part of a token by what f makes of it.
func part(token string, n int, f func(string) string) string {
	parts := strings.Split(token, ".")
	parts[n] = f(parts[n])
	return strings.Join(parts, ".")
}
