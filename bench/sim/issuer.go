package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/gatebook/gatebook/event"
)

// issuer gives the simulated callers real tokens: JSON Web Tokens, signed with
// ES256, with the keys and the discovery document of OpenID Connect.
type issuer struct {
	server *httptest.Server
	signer jose.Signer
	mu     sync.Mutex
	tokens map[string]string
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	i := &issuer{tokens: map[string]string{}}
	if i.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "sim"}}, nil); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url(), "jwks_uri": i.url() + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "sim", Algorithm: "ES256", Use: "sig"}}})
	})
	i.server = httptest.NewServer(mux)
	return i, nil
}

func (i *issuer) url() string { return i.server.URL }
func (i *issuer) close()      { i.server.Close() }

// token is that of the caller of an event. Events with the same credential,
// scopes and actors have the same.
func (i *issuer) token(e *event.Event) (string, error) {
	actors := ""
	for _, d := range e.Credential.Delegation {
		actors += " " + d.ID
	}
	key := e.Credential.Fingerprint + "\x00" + strings.Join(e.Credential.Scopes, " ") + "\x00" + actors
	i.mu.Lock()
	defer i.mu.Unlock()
	if t := i.tokens[key]; t != "" {
		return t, nil
	}
	claims := map[string]any{
		"iss": i.url(), "aud": "sim", "sub": e.Who.Subject, "jti": e.Credential.Fingerprint, "client_id": e.Credential.Client, "tenant": e.Who.Tenant,
		"scope": strings.Join(e.Credential.Scopes, " "), "iat": time.Now().Unix(), "exp": time.Now().Add(24 * time.Hour).Unix(),
	}
	if e.Principal.Kind == event.Service {
		claims["sub"] = e.Credential.Client // as with a grant of client credentials
	}
	for _, d := range slices.Backward(e.Credential.Delegation) {
		act := map[string]any{"sub": d.ID, "iss": d.Issuer}
		if inner, ok := claims["act"]; ok {
			act["act"] = inner
		}
		claims["act"] = act
	}
	t, err := jwt.Signed(i.signer).Claims(claims).Serialize()
	if err == nil {
		i.tokens[key] = t
	}
	return t, err
}
