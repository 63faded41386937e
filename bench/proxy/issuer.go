//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"
)

// issuer is the OpenID provider of the benchmark: discovery, one ES256 key, and
// tokens that are valid for an hour.
type issuer struct {
	url string
	key *ecdsa.PrivateKey
}

const (
	audience = "bench-api"
	keyID    = "bench-1"
)

// startIssuer serves a new issuer on loopback until the program ends.
func startIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the issuer: %w", err)
	}
	is := &issuer{url: "http://" + l.Addr().String(), key: key}
	point, err := key.PublicKey.Bytes() // 4, then X and Y of 32 bytes each
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /.well-known/openid-configuration", serveJSON(map[string]any{
		"issuer": is.url, "jwks_uri": is.url + "/jwks", "authorization_endpoint": is.url + "/authorize",
		"token_endpoint": is.url + "/token", "response_types_supported": []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
	}))
	mux.Handle("GET /jwks", serveJSON(map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keyID,
		"x": b64(point[1:33]), "y": b64(point[33:]),
	}}}))
	go http.Serve(l, mux)
	return is, nil
}

func serveJSON(v any) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	})
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token returns a signed access token for subject.
func (is *issuer) token(subject string) (string, error) {
	now := time.Now()
	head, err := json.Marshal(map[string]string{"alg": "ES256", "typ": "at+jwt", "kid": keyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": is.url, "aud": audience, "sub": subject, "client_id": "bench-app", "scope": "orders:read orders:write",
		"email": subject + "@example.com", "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"jti": rand.Text(),
	})
	if err != nil {
		return "", err
	}
	signed := b64(head) + "." + b64(claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, is.key, sum[:])
	if err != nil {
		return "", err
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return signed + "." + b64(sig[:]), nil
}

// requests returns the requests of the load, as bytes on the wire: GET and POST
// in turn, each token on one of each.
func (is *issuer) requests(host string, tokens int) ([][]byte, error) {
	body := jsonBody(1024)
	var all [][]byte
	for i := range tokens {
		token, err := is.token(fmt.Sprintf("user-%03d", i))
		if err != nil {
			return nil, err
		}
		const headers = "Host: %s\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\nAuthorization: Bearer %s\r\n"
		common := fmt.Sprintf(headers, host, token)
		all = append(all,
			fmt.Appendf(nil, "GET /v1/orders/%d?expand=lines HTTP/1.1\r\n%s\r\n", 48000+i, common),
			fmt.Appendf(nil, "POST /v1/orders HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", common, len(body), body))
	}
	return all, nil
}
