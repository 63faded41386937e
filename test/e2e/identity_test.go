package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/test/freeport"
)

// visitor calls a gateway from an address of its own.
type visitor struct {
	t      *testing.T
	client *http.Client
}

// visitorFrom returns a visitor whose end of the socket has the loopback address.
func visitorFrom(t *testing.T, address string) visitor {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return visitor{t, &http.Client{Transport: transport}}
}

// get calls with the headers, each "name: value", and returns how long the
// answer took.
func (c visitor) get(url string, headers ...string) time.Duration {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), "GET", url, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	began := time.Now()
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		c.t.Errorf("%s: status %d, %v", url, res.StatusCode, err)
	}
	return time.Since(began)
}

// TestForgedIdentity: what a stranger writes into a header never becomes an
// identity or an address; what a trusted proxy writes does, at level 2.
func TestForgedIdentity(t *testing.T) {
	const proxy, stranger = "127.0.0.1", "127.0.0.2"
	data := t.TempDir()
	behind := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if strings.HasPrefix(name, "Gatebook-") || strings.Contains(name, "_") {
				t.Errorf("%s: the API got the forged header %s", r.URL.Path, name)
			}
		}
	}))
	t.Cleanup(behind.Close)
	s := serveConfig(t, data, behind.URL, `
gateway:
  listeners:
    - name: main
      address: LISTEN
      trusted_proxies: [127.0.0.1/32]
  routes:
    - name: api
      upstream: UPSTREAM
identity:
  trusted_headers:
    peers: [127.0.0.1/32]
`)
	for _, c := range []struct {
		name, from                        string
		headers                           []string
		level                             int
		reason, subject, claimed, address string
	}{
		{"proxy-user", proxy, []string{"X-Forwarded-User: alice", "X-Forwarded-Email: alice@example.com", "X-Forwarded-For: 203.0.113.7"},
			2, "peer-trusted", "alice", "", "203.0.113.7"},
		{"proxy-chain", proxy, []string{"X-Forwarded-For: 198.51.100.66, 203.0.113.7"}, 0, "no-credential", "", "", "203.0.113.7"},
		{"proxy-ipv6", proxy, []string{"X-Forwarded-For: 2001:db8::7"}, 0, "no-credential", "", "", "2001:db8::7"},
		// A proxy that writes one of the two headers passes on what others wrote into the other.
		{"proxy-forwarded", proxy, []string{"Forwarded: for=203.0.113.7"}, 0, "no-credential", "", "", proxy},
		{"proxy-twice", proxy, []string{"X-Forwarded-User: alice", "X-Forwarded-User: mallory"}, 1, "ambiguous-credential", "", "alice, mallory", proxy},
		{"proxy-silent", proxy, nil, 0, "no-credential", "", "", proxy},

		{"user", stranger, []string{"X-Forwarded-User: alice", "X-Forwarded-Email: alice@example.com", "X-Forwarded-Groups: admin"}, 1, "untrusted-peer", "", "alice", stranger},
		{"spelling", stranger, []string{"x-FORWARDED-user: alice"}, 1, "untrusted-peer", "", "alice", stranger},
		{"for", stranger, []string{"X-Forwarded-For: 203.0.113.7"}, 0, "no-credential", "", "", stranger},
		{"for-proxy", stranger, []string{"X-Forwarded-User: alice", "X-Forwarded-For: 127.0.0.1"}, 1, "untrusted-peer", "", "alice", stranger},
		{"forwarded", stranger, []string{"Forwarded: for=203.0.113.7;by=127.0.0.1"}, 0, "no-credential", "", "", stranger},
		{"real-ip", stranger, []string{"X-Real-IP: 203.0.113.7", "True-Client-IP: 203.0.113.7"}, 0, "no-credential", "", "", stranger},
		{"principal", stranger, []string{"Gatebook-Principal: alice", "Gatebook-Level: 4", "Gatebook_Principal: alice", "X_Forwarded_User: alice"}, 0, "no-credential", "", "", stranger},
		{"certificate", stranger, []string{"X-Forwarded-Client-Cert: Subject=\"CN=alice\"", "X-Client-Cert: alice"}, 0, "no-credential", "", "", stranger},
		{"remote-user", stranger, []string{"Remote-User: alice", "X-Remote-User: alice", "X-Auth-Request-User: alice"}, 0, "no-credential", "", "", stranger},
	} {
		visitorFrom(t, c.from).get(s.url+"/forged/"+c.name, c.headers...)
		hit := s.await(`what.path:="/forged/`+c.name+`"`, 1)[0]
		p := hit.Header.Principal
		if p.Level != c.level || p.Reason != c.reason || hit.Who.Subject != c.subject || hit.Who.Claimed != c.claimed || hit.Who.Address != c.address {
			t.Errorf("%s: got level %d %s, subject %q, claimed %q, address %s", c.name, p.Level, p.Reason, hit.Who.Subject, hit.Who.Claimed, hit.Who.Address)
		}
		if (p.ID != "") != (c.level >= 2) || (hit.Who.Email != "") != (c.level >= 2) {
			t.Errorf("%s: got principal %q, e-mail %q", c.name, p.ID, hit.Who.Email)
		}
		if peer, _, err := net.SplitHostPort(hit.Who.Peer); err != nil || peer != c.from {
			t.Errorf("%s: got the peer %q, want %s and a port", c.name, hit.Who.Peer, c.from)
		}
	}
	s.stop()
	intact(t, data)
}

// TestTokens: tokens of a real issuer, and forged ones, have the right level
// and reason; also after the issuer has changed its key, and has gone.
func TestTokens(t *testing.T) {
	idp, stale := startIssuer(t, "127.0.0.1:0"), startIssuer(t, "127.0.0.1:0", "--lifetime", "-10m")
	stranger := startIssuer(t, "127.0.0.1:0")
	data := t.TempDir()
	s := serveConfig(t, data, api(t, "{}"), `
gateway:
  listeners:
    - name: main
      address: LISTEN
  routes:
    - name: api
      upstream: UPSTREAM
identity:
  oidc:
    - name: shop
      issuer: `+idp.url+`
      audiences: [shop-api]
    - name: stale
      issuer: `+stale.url+`
      audiences: [shop-api]
`)
	valid, spare := idp.token(t, "stock-sync"), idp.token(t, "nightly-billing")
	head, claims := part(t, valid, 0), part(t, valid, 1)
	kid, _ := head["kid"].(string)
	from := visitorFrom(t, "127.0.0.1")
	judge := func(name, token string, level int, reason string) found {
		t.Helper()
		from.get(s.url+"/token/"+name, "Authorization: Bearer "+token, "X-Forwarded-User: grace")
		hit := s.await(`what.path:="/token/`+name+`"`, 1)[0]
		p := hit.Header.Principal
		if p.Level != level || p.Reason != reason || hit.Header.Credential.Fingerprint == "" || (p.ID != "") != (level >= 2) {
			t.Errorf("%s: got level %d %s, want %d %s; principal %q, credential %+v", name, p.Level, p.Reason, level, reason, p.ID, hit.Header.Credential)
		}
		return hit
	}
	hit := judge("valid", valid, 3, "signature-verified")
	if c := hit.Header.Credential; c.Method != "jwt" || c.Client != "stock-sync" || hit.Header.Principal.Issuer != idp.url || hit.Who.Subject != "stock-sync" {
		t.Errorf("valid: got %+v of %+v, %q", c, hit.Header.Principal, hit.Who.Subject)
	}
	hit = judge("expired", stale.token(t, "stock-sync"), 1, "token-expired")
	if hit.Who.Subject != "" || hit.Who.Claimed != "stock-sync" {
		t.Errorf("expired: got subject %q, claimed %q", hit.Who.Subject, hit.Who.Claimed)
	}
	judge("wrong-audience", idp.token(t, "hr-sync"), 1, "wrong-audience")
	judge("wrong-issuer", stranger.token(t, "stock-sync"), 1, "wrong-issuer")
	judge("alg-none", forge(t, map[string]any{"alg": "none", "kid": kid}, claims), 1, "algorithm-not-allowed")
	judge("alg-None", forge(t, map[string]any{"alg": "nOnE"}, claims), 1, "algorithm-not-allowed")
	judge("alg-hmac", forge(t, map[string]any{"alg": "HS256", "kid": kid}, claims), 1, "algorithm-not-allowed")
	judge("unknown-key", forge(t, map[string]any{"alg": "ES256", "kid": "mine"}, claims), 1, "unknown-key")
	judge("known-kid", forge(t, map[string]any{"alg": "ES256", "kid": kid}, claims), 1, "bad-signature")
	judge("own-jwks", forge(t, map[string]any{"alg": "ES256", "kid": "mine", "jku": stranger.url + "/keys"}, claims), 1, "unknown-key")
	body := strings.Split(valid, ".")
	claims["sub"], claims["client_id"] = "grace", "shop-web"
	judge("changed", body[0]+"."+encoded(t, claims)+"."+body[2], 1, "bad-signature")
	judge("cut", valid[:len(valid)-20], 1, "bad-signature")
	judge("no-signature", body[0]+"."+body[1]+".", 1, "bad-signature")

	if !testing.Short() {
		idp.cmd.Process.Signal(syscall.SIGHUP)
		var rotated string
		waitFor(t, "the issuer signs with another key", func() bool {
			rotated = idp.token(t, "stock-sync")
			return part(t, rotated, 0)["kid"] != kid
		})
		// Keys are fetched again no sooner than ten seconds after the last time.
		waitFor(t, "a token of the new key is believed", func() bool {
			from.get(s.url+"/rotated", "Authorization: Bearer "+rotated)
			return len(s.search(`what.path:="/rotated" principal.level:=3`)) > 0
		})
		judge("old-key", valid, 3, "signature-verified")
	}
	idp.stop()
	judge("issuer-stopped", valid, 3, "signature-verified")
	judge("issuer-stopped-new-token", spare, 3, "signature-verified")
	s.stop()
	intact(t, data)
}

// TestIssuerDownFromTheStart: calls are served although no key was ever
// fetched, and their tokens are believed as soon as the issuer is there.
func TestIssuerDownFromTheStart(t *testing.T) {
	address := freeport.Address(t)
	before := startIssuer(t, address)
	token := before.token(t, "stock-sync")
	before.stop()
	data := t.TempDir()
	s := serveConfig(t, data, api(t, "{}"), `
gateway:
  listeners:
    - name: main
      address: LISTEN
  routes:
    - name: api
      upstream: UPSTREAM
identity:
  oidc:
    - name: shop
      issuer: http://`+address+`
      audiences: [shop-api]
`)
	from := visitorFrom(t, "127.0.0.1")
	for range 20 {
		// Far more than it takes; a fetch for each call would take longer.
		if took := from.get(s.url+"/down", "Authorization: Bearer "+token); took > 5*time.Second {
			t.Errorf("the call took %v", took)
		}
	}
	began := time.Now()
	from.get(s.url+"/down", "Authorization: Bearer "+token)
	t.Logf("a call took %v", time.Since(began))
	for _, hit := range s.await(`what.path:="/down"`, 21) {
		if p := hit.Header.Principal; p.Level != 1 || p.Reason != "issuer-unavailable" || hit.Who.Subject != "" || hit.Header.Outcome.Status != 200 {
			t.Errorf("got %+v, subject %q, status %d", p, hit.Who.Subject, hit.Header.Outcome.Status)
		}
	}
	if !testing.Short() {
		token = startIssuer(t, address).token(t, "stock-sync")
		waitFor(t, "the token is believed", func() bool {
			from.get(s.url+"/up", "Authorization: Bearer "+token)
			return len(s.search(`what.path:="/up" principal.level:=3`)) > 0
		})
	}
	s.stop()
	intact(t, data)
}

// TestOpaqueTokens: an issuer is asked about tokens that only it can read. The
// answer is in the record, and the tokens and the client's secret are nowhere.
func TestOpaqueTokens(t *testing.T) {
	iss := startIssuer(t, "127.0.0.1:0", "--opaque")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("nightly-billing-demo-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	s := serveConfig(t, data, api(t, "{}"), `
gateway:
  listeners:
    - name: main
      address: LISTEN
  routes:
    - name: api
      upstream: UPSTREAM
identity:
  oidc:
    - name: shop
      issuer: `+iss.url+`
      audiences: [shop-api]
      introspection:
        client_id: nightly-billing
        client_secret_file: `+secret+`
        wait: 5s
`)
	from := visitorFrom(t, "127.0.0.1")
	token, made := iss.token(t, "stock-sync"), "2YotnFZFEjr1zCsicMWpAA-made-up"
	for _, tt := range []struct {
		path, token, reason, subject string
		level                        int
	}{
		{"/active", token, "token-active", "stock-sync", 3},
		{"/made-up", made, "token-inactive", "", 1},
	} {
		from.get(s.url+tt.path, "Authorization: Bearer "+tt.token)
		hit := s.await(`what.path:="`+tt.path+`"`, 1)[0]
		p, c := hit.Header.Principal, hit.Header.Credential
		if p.Level != tt.level || p.Reason != tt.reason || hit.Who.Subject != tt.subject || c.Method != "bearer" || c.Fingerprint == "" || c.Client != tt.subject {
			t.Errorf("%s: got %+v %+v, subject %q", tt.path, p, c, hit.Who.Subject)
		}
	}
	s.stop()
	intact(t, data)
	filepath.WalkDir(data, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		for _, text := range []string{token, made, "nightly-billing-demo-secret"} {
			if bytes.Contains(b, []byte(text)) {
				t.Errorf("%s holds a secret", name)
			}
		}
		return err
	})
}

// part decodes the header (0) or the claims (1) of a token.
func part(t *testing.T, token string, n int) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func encoded(t *testing.T, v map[string]any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// forge makes a token as somebody does who has not the issuer's key: signed
// with a key of its own, with a public value as the secret, or not at all.
func forge(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	text := encoded(t, header) + "." + encoded(t, claims)
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	switch header["alg"] {
	case "ES256":
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case "HS256":
		mac := hmac.New(sha256.New, []byte("public"))
		mac.Write([]byte(text))
		signature = mac.Sum(nil)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}
