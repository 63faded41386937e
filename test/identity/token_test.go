package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/apikey"
	"github.com/gatebook/gatebook/internal/redact"
)

const untrustedPeers, trustedPeers = "10.0.0.0/8", "127.0.0.0/8"

// TestValid: a person, a service, and a backend that acts for the person.
func TestValid(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	alice := w.token()
	e := w.expect("person", bearer(alice), event.LevelVerified, identity.SignatureVerified)
	if e.Principal.Kind != event.User || e.Principal.Issuer != w.issuer.URL || e.Credential.Client != "shop-web" ||
		e.Principal.ID != identity.Pseudonym(key, w.issuer.URL, "u-71c4") || e.Who.Subject != "u-71c4" ||
		e.Who.Email != "alice@shop.example" || !slices.Contains(e.Credential.Scopes, "orders:read") ||
		e.Credential.Algorithm != "ES256" || e.Credential.KeyID == "" || !e.Credential.Expires.After(time.Now()) ||
		e.Credential.Fingerprint != redact.Fingerprint(key, alice) || !slices.Equal(e.Who.Groups, []string{"support"}) {
		t.Errorf("person: got %+v %+v %+v", e.Principal, e.Credential, e.Who)
	}

	e = w.expect("service", bearer(w.got(w.issuer.ServiceToken(t.Context(), "stock-sync"))), event.LevelVerified, identity.SignatureVerified)
	if e.Principal.Kind != event.Service || e.Who.Subject != "stock-sync" || e.Credential.Client != "stock-sync" {
		t.Errorf("service: got %+v %+v", e.Principal, e.Credential)
	}

	acting := w.got(w.issuer.ExchangeToken(t.Context(), "checkout", alice))
	e = w.expect("delegated", bearer(acting), event.LevelVerified, identity.SignatureVerified)
	want := []event.Delegate{{ID: identity.Pseudonym(key, w.issuer.URL, "checkout"), Issuer: w.issuer.URL}}
	if e.Who.Subject != "u-71c4" || !slices.Equal(e.Credential.Delegation, want) || !slices.Equal(e.Who.Chain, []string{"checkout"}) {
		t.Errorf("delegated: got %+v %+v %+v, want delegation %+v", e.Principal, e.Credential, e.Who, want)
	}
}

// TestRefused: expired, another API's, and forged in the known ways.
func TestRefused(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	good := w.token()
	w.issuer.SetTokenLifetime(-time.Hour)
	expired := w.token()
	w.issuer.SetTokenLifetime(time.Hour)
	other := w.got(w.issuer.ServiceToken(t.Context(), "hr-sync"))
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	elsewhere, err := issuer.Start(issuer.Config{})
	must(t, err)
	defer elsewhere.Close()

	for _, tt := range []struct{ name, token, reason, claimed string }{
		{"expired", expired, identity.TokenExpired, "u-71c4"},
		{"another API's", other, identity.WrongAudience, "hr-sync"},
		{"of another issuer", w.got(elsewhere.UserToken(t.Context(), "alice", "shop-web")), identity.WrongIssuer, "u-71c4"},
		{"algorithm none", unsigned(good), identity.AlgorithmNotAllowed, "u-71c4"},
		{"HS256 with the public key", confused(t, w, good), identity.AlgorithmNotAllowed, "u-71c4"},
		{"signed by a stranger under the issuer's key id", resign(t, good, own, kidOf(t, good)), identity.BadSignature, "u-71c4"},
		{"signed by a stranger under another key id", resign(t, good, own, "mine"), identity.UnknownKey, "u-71c4"},
		{"cut", good[:len(good)-10], identity.BadSignature, "u-71c4"},
		{"garbage", "eyJhbGciOiJFUzI1NiJ9.x.y", identity.MalformedToken, ""},
		{"opaque", "2YotnFZFEjr1zCsicMWpAA", identity.OpaqueToken, ""},
	} {
		e := w.expect(tt.name, bearer(tt.token), event.LevelClaimed, tt.reason)
		if e.Who.Claimed != tt.claimed || e.Credential.Fingerprint != redact.Fingerprint(key, tt.token) {
			t.Errorf("%s: claimed %q fingerprint %s, want %q", tt.name, e.Who.Claimed, e.Credential.Fingerprint, tt.claimed)
		}
	}
	w.expect("good, after all that", bearer(good), event.LevelVerified, identity.SignatureVerified)
	w.expect("nothing", nil, event.LevelNone, identity.NoCredential)
}

// TestRotation: the new key is found by itself, the old one ends when the
// issuer withdraws it.
func TestRotation(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	old := w.token()
	w.expect("before", bearer(old), event.LevelVerified, identity.SignatureVerified)
	must(t, w.issuer.RotateKey())
	fresh := w.token()
	if kidOf(t, old) == kidOf(t, fresh) {
		t.Fatal("the issuer did not rotate its key")
	}
	w.eventually("the new key", bearer(fresh), identity.SignatureVerified)
	w.expect("the old key, still published", bearer(old), event.LevelVerified, identity.SignatureVerified)

	must(t, w.issuer.RotateKey())
	w.issuer.DropOldKeys()
	w.eventually("the third key", bearer(w.token()), identity.SignatureVerified)
	w.eventually("the first key, withdrawn", bearer(old), identity.UnknownKey)
}

// TestIssuerDown: what is known goes on; what is not known is not called a
// forgery.
func TestIssuerDown(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	first, second := w.token(), w.got(w.issuer.ServiceToken(t.Context(), "stock-sync"))
	w.expect("up", bearer(first), event.LevelVerified, identity.SignatureVerified)
	must(t, w.issuer.RotateKey())
	rotated := w.token()
	must(t, w.issuer.Close())
	w.expect("down, token seen before", bearer(first), event.LevelVerified, identity.SignatureVerified)
	w.expect("down, new token of a known key", bearer(second), event.LevelVerified, identity.SignatureVerified)
	w.eventually("down, token of a key that is not known", bearer(rotated), identity.IssuerUnavailable)
}

// TestSlowIssuer: an issuer that hangs delays the calls of a moment by a
// moment, and no others.
func TestSlowIssuer(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	known := w.token()
	w.expect("before", bearer(known), event.LevelVerified, identity.SignatureVerified)
	must(t, w.issuer.RotateKey())
	fresh := w.token()
	time.Sleep(minInterval)
	w.slow.hang()
	for i := range 5 {
		// A second is far more than it takes, and far less than the issuer does.
		e, took := w.call(bearer(fresh))
		if e.Principal.Reason != identity.IssuerUnavailable || took > time.Second {
			t.Errorf("call %d with a new key: %s after %v, want %s at once", i, e.Principal.Reason, took, identity.IssuerUnavailable)
		}
		w.expect("known key", bearer(known), event.LevelVerified, identity.SignatureVerified)
	}
	w.slow.free()
	w.eventually("when it answers again", bearer(fresh), identity.SignatureVerified)
}

// TestRevoked: an authentic token that was revoked in Gatebook.
func TestRevoked(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	token := w.token()
	e := w.expect("before", bearer(token), event.LevelVerified, identity.SignatureVerified)
	w.chain.Revoke(e.Credential.Fingerprint)
	w.expect("after", bearer(token), event.LevelClaimed, identity.CredentialRevoked)
}

// TestForgedHeaders: what a stranger writes about himself is never an
// identity; a trusted proxy's word is, at level 2.
func TestForgedHeaders(t *testing.T) {
	forged := http.Header{"X-Forwarded-User": {"root"}, "X-Forwarded-For": {"10.0.0.1"}, "Forwarded": {"for=10.0.0.1"}}
	w := newWorld(t, untrustedPeers)
	if e := w.expect("stranger", forged, event.LevelClaimed, identity.UntrustedPeer); e.Who.Claimed != "root" || e.Who.Address == "10.0.0.1" {
		t.Errorf("stranger: got claim %q, address %q", e.Who.Claimed, e.Who.Address)
	}
	both := bearer(w.token())
	both["X-Forwarded-User"] = forged["X-Forwarded-User"]
	if e := w.expect("alice, as root", both, event.LevelVerified, identity.SignatureVerified); e.Who.Subject != "u-71c4" || e.Who.Claimed != "root" {
		t.Errorf("alice, as root: got %+v", e.Who)
	}
	w = newWorld(t, trustedPeers)
	if e := w.expect("proxy", forged, event.LevelAsserted, identity.PeerTrusted); e.Who.Subject != "root" {
		t.Errorf("proxy: got %+v", e.Who)
	}
}

// TestAPIKey: made, used, revoked.
func TestAPIKey(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	secret, info := w.addKey("press-7")
	e := w.expect("key", http.Header{"X-Api-Key": {secret}}, event.LevelVerified, identity.KeyMatched)
	if e.Principal.Kind != event.Machine || e.Who.Subject != "press-7" || e.Credential.KeyID != info {
		t.Errorf("got %+v %+v", e.Principal, e.Credential)
	}
	must(t, w.keys.Revoke(info))
	w.expect("revoked", http.Header{"X-Api-Key": {secret}}, event.LevelClaimed, identity.KeyRevoked)
	w.expect("foreign", http.Header{"X-Api-Key": {"sk_live_foreign"}}, event.LevelClaimed, identity.KeyUnknown)
}

// TestCertificate: a certificate that no CA vouches for is a claim, and makes
// no token better or worse.
func TestCertificate(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	cert := selfSigned(t)
	e, _ := w.call(nil, cert)
	if e.Principal.Level != event.LevelClaimed || e.Principal.Reason != identity.CertificateUntrusted || e.Who.Claimed != "CN=press-7" {
		t.Errorf("certificate: got %+v, claimed %q", e.Principal, e.Who.Claimed)
	}
	if e, _ = w.call(bearer(w.token()), cert); e.Principal.Level != event.LevelVerified || e.Who.Subject != "u-71c4" {
		t.Errorf("certificate and token: got %+v", e.Principal)
	}
}

// TestMutualTLS: a verified certificate is level 4; if a token comes through
// it, the token says for whom, and the machine is the nearest delegate.
func TestMutualTLS(t *testing.T) {
	w := newWorld(t, untrustedPeers)
	cert := selfSigned(t)
	ca := x509.NewCertPool()
	ca.AddCert(cert.Leaf)
	w.serve(&tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: ca})

	e, _ := w.call(nil, cert)
	machine := e.Principal
	if machine.Kind != event.Machine || machine.Level != event.LevelBound || machine.Reason != identity.CertificateVerified ||
		machine.Issuer != "mtls:press-7" || e.Who.Subject != "CN=press-7" {
		t.Errorf("machine: got %+v", machine)
	}
	e, _ = w.call(bearer(w.token()), cert)
	want := []event.Delegate{{ID: machine.ID, Issuer: machine.Issuer}}
	if e.Who.Subject != "u-71c4" || e.Principal.Level != event.LevelVerified || !slices.Equal(e.Credential.Delegation, want) {
		t.Errorf("alice through the machine: got %+v %+v", e.Principal, e.Credential)
	}
	if e, _ = w.call(bearer("opaque"), cert); e.Principal != machine {
		t.Errorf("the machine with an opaque token: got %+v, want %+v", e.Principal, machine)
	}
}

func (w *world) addKey(name string) (secret, id string) {
	w.t.Helper()
	s, info, err := w.keys.Add(apikey.Spec{Name: name, Kind: event.Machine})
	must(w.t, err)
	return string(s), info.ID
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	must(t, err)
	var h struct {
		Kid string `json:"kid"`
	}
	must(t, json.Unmarshal(raw, &h))
	return h.Kid
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func unsigned(token string) string {
	return encode(`{"alg":"none","typ":"JWT"}`) + "." + strings.Split(token, ".")[1] + "."
}

// confused signs with HMAC, with the issuer's published key as the secret.
func confused(t *testing.T, w *world, token string) string {
	t.Helper()
	resp, err := http.Get(w.issuer.URL + "/keys")
	must(t, err)
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	must(t, json.NewDecoder(resp.Body).Decode(&set))
	der, err := x509.MarshalPKIXPublicKey(set.Keys[0].Key)
	must(t, err)
	input := encode(fmt.Sprintf(`{"alg":"HS256","kid":%q}`, set.Keys[0].KeyID)) + "." + strings.Split(token, ".")[1]
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// resign signs the token's claims with another key.
func resign(t *testing.T, token string, key crypto.Signer, kid string) string {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(t, err)
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid).WithType("JWT"))
	must(t, err)
	jws, err := s.Sign(payload)
	must(t, err)
	compact, err := jws.CompactSerialize()
	must(t, err)
	return compact
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "press-7"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
