package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

var testKey = redact.Key("a key of at least sixteen bytes")

// fixed is a resolver with one answer.
type fixed struct{ id *capture.Identity }

func (f fixed) Resolve(context.Context, *capture.Evidence) *capture.Identity { return f.id }
func (f fixed) Sources() Sources                                             { return Sources{} }

func verified(method, subject string, level event.Level, reason string) fixed {
	return fixed{&capture.Identity{
		Principal:  event.Principal{Kind: event.User, ID: Pseudonym(testKey, method, subject), Issuer: method, Level: level, Reason: reason},
		Credential: event.Credential{Method: method, Fingerprint: "fp:" + method},
		Subject:    subject,
	}}
}

func refused(method, reason, claimed, fingerprint string) fixed {
	id := Refused(method, reason, claimed)
	id.Credential.Fingerprint = fingerprint
	return fixed{id}
}

func newChain(t testing.TB, rs ...Resolver) *Chain {
	t.Helper()
	c, err := New(Config{Resolvers: rs, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPrecedence holds the rules for more than one kind of evidence.
func TestPrecedence(t *testing.T) {
	cert := verified(MethodMTLS, "machine-7", event.LevelBound, CertificateVerified)
	badCert := refused(MethodMTLS, CertificateUntrusted, "CN=evil", "sha256:0")
	token := verified(MethodJWT, "alice", event.LevelVerified, SignatureVerified)
	boundToken := verified(MethodJWT, "alice", event.LevelBound, CertificateBound)
	badToken := refused(MethodJWT, TokenExpired, "alice", "fp:1")
	key := verified(MethodAPIKey, "billing", event.LevelVerified, KeyMatched)
	asserted := verified(MethodHeader, "bob", event.LevelAsserted, PeerTrusted)
	forged := refused(MethodHeader, UntrustedPeer, "root", "")
	none := fixed{}
	opaque := []string{"Bearer opaque-token"}

	for _, tt := range []struct {
		name      string
		resolvers []Resolver
		auth      []string
		subject   string
		level     event.Level
		reason    string
		claimed   string
		chain     string
	}{
		{"nothing", []Resolver{none}, nil, "", 0, NoCredential, "", ""},
		{"certificate", []Resolver{cert, none}, nil, "machine-7", 4, CertificateVerified, "", ""},
		{"token", []Resolver{token}, nil, "alice", 3, SignatureVerified, "", ""},
		{"the token names, the machine is nearest", []Resolver{cert, token}, nil, "alice", 3, SignatureVerified, "", "machine-7"},
		{"bound to the certificate", []Resolver{cert, boundToken}, nil, "alice", 4, CertificateBound, "", ""},
		{"a bad token does not hide the machine", []Resolver{cert, badToken}, nil, "machine-7", 4, CertificateVerified, "alice", ""},
		{"the first that verifies", []Resolver{badToken, key, asserted}, nil, "billing", 3, KeyMatched, "alice", ""},
		{"the first of two", []Resolver{token, key}, nil, "alice", 3, SignatureVerified, "", ""},
		{"a forged header beside a token", []Resolver{token, forged}, nil, "alice", 3, SignatureVerified, "root", ""},
		{"a forged header alone", []Resolver{forged}, nil, "", 1, UntrustedPeer, "root", ""},
		{"a forged header beside a bad token", []Resolver{badToken, forged}, nil, "", 1, TokenExpired, "alice", ""},
		{"a forged header beside an opaque token", []Resolver{forged}, opaque, "", 1, OpaqueToken, "root", ""},
		{"a bad certificate", []Resolver{badCert}, nil, "", 1, CertificateUntrusted, "CN=evil", ""},
		{"a bad certificate and a bad token", []Resolver{badCert, badToken}, nil, "", 1, TokenExpired, "alice", ""},
		{"asserted through a machine", []Resolver{cert, asserted}, nil, "bob", 2, PeerTrusted, "", "machine-7"},
	} {
		id := newChain(t, tt.resolvers...).Identify(t.Context(), &capture.Evidence{Authorization: tt.auth})
		if id.Subject != tt.subject || id.Principal.Level != tt.level || id.Principal.Reason != tt.reason ||
			id.Claimed != tt.claimed || strings.Join(id.Chain, ",") != tt.chain {
			t.Errorf("%s: got %q level %d %s, claimed %q, chain %v; want %q level %d %s, claimed %q, chain %s", tt.name,
				id.Subject, id.Principal.Level, id.Principal.Reason, id.Claimed, id.Chain,
				tt.subject, tt.level, tt.reason, tt.claimed, tt.chain)
		}
		if len(id.Chain) != len(id.Credential.Delegation) {
			t.Errorf("%s: %d subjects for %d delegates", tt.name, len(id.Chain), len(id.Credential.Delegation))
		}
		if id.Principal.Level < event.LevelAsserted && (id.Principal.ID != "" || id.Subject != "") {
			t.Errorf("%s: a claim became an identity: %+v", tt.name, id)
		}
	}
}

// TestAlone is what is left when no resolver knows the credential.
func TestAlone(t *testing.T) {
	c := newChain(t)
	for _, tt := range []struct {
		name                string
		ev                  capture.Evidence
		method, reason      string
		fingerprintOf, says string
	}{
		{"nothing", capture.Evidence{}, MethodNone, NoCredential, "", ""},
		{"empty header", capture.Evidence{Authorization: []string{""}}, MethodNone, NoCredential, "", ""},
		{"opaque", capture.Evidence{Authorization: []string{"Bearer s3cr3t"}}, MethodBearer, OpaqueToken, "s3cr3t", ""},
		{"scheme in capitals", capture.Evidence{Authorization: []string{"BEARER  s3cr3t "}}, MethodBearer, OpaqueToken, "s3cr3t", ""},
		{"basic", capture.Evidence{Authorization: []string{basic("eve", "pass:word")}}, MethodBasic, NotChecked, "pass:word", "eve"},
		{"broken basic", capture.Evidence{Authorization: []string{"Basic %%%"}}, MethodBasic, NotChecked, "%%%", ""},
		{"no scheme", capture.Evidence{Authorization: []string{"s3cr3t"}}, MethodOther, SchemeUnknown, "s3cr3t", ""},
		{"no token", capture.Evidence{Authorization: []string{"Bearer "}}, MethodBearer, MalformedCredential, "", ""},
		{"digest", capture.Evidence{Authorization: []string{"Digest abc"}}, MethodOther, SchemeUnknown, "abc", ""},
		{"two headers", capture.Evidence{Authorization: []string{"Bearer one1", "Bearer two2"}}, MethodOther, AmbiguousCredential, "one1", ""},
		{"key", capture.Evidence{Keys: []string{"key-1", "key-2"}}, MethodAPIKey, NotChecked, "key-1", ""},
	} {
		id := c.Identify(t.Context(), &tt.ev)
		want := ""
		if tt.fingerprintOf != "" {
			want = redact.Fingerprint(testKey, tt.fingerprintOf)
		}
		if id.Credential.Method != tt.method || id.Principal.Reason != tt.reason || id.Credential.Fingerprint != want || id.Claimed != tt.says {
			t.Errorf("%s: got %s %s %s %q, want %s %s %s %q", tt.name, id.Credential.Method, id.Principal.Reason,
				id.Credential.Fingerprint, id.Claimed, tt.method, tt.reason, want, tt.says)
		}
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// TestSecrets lists what must be looked for in the rest of a call.
func TestSecrets(t *testing.T) {
	auth := basic("eve", "hunter22")
	id := newChain(t).Identify(t.Context(), &capture.Evidence{
		Authorization: []string{auth, "Bearer token-1"}, Keys: []string{"key-1", "abc"}, DPoP: []string{"proof-1"},
	})
	want := []string{strings.TrimPrefix(auth, "Basic "), "hunter22", "token-1", "key-1", "proof-1"}
	if !slices.Equal(id.Secrets, want) {
		t.Errorf("got %q, want %q", id.Secrets, want)
	}
}

// TestRevoke: the next call with a revoked credential is a claim.
func TestRevoke(t *testing.T) {
	c := newChain(t, verified(MethodJWT, "alice", event.LevelVerified, SignatureVerified))
	show := func() (event.Level, string, string) {
		id := c.Identify(t.Context(), &capture.Evidence{})
		return id.Principal.Level, id.Principal.Reason, id.Subject + "/" + id.Claimed
	}
	c.Revoke("fp:jwt")
	if level, reason, who := show(); level != event.LevelClaimed || reason != CredentialRevoked || who != "/alice" {
		t.Errorf("revoked: got level %d %s %s", level, reason, who)
	}
	c.Revoke("fp:another")
	c.Restore("fp:jwt")
	if level, reason, who := show(); level != event.LevelVerified || reason != SignatureVerified || who != "alice/" {
		t.Errorf("restored: got level %d %s %s", level, reason, who)
	}
	bearer := &capture.Evidence{Authorization: []string{"Bearer opaque"}}
	alone := newChain(t)
	alone.Revoke(redact.Fingerprint(testKey, "opaque"))
	if id := alone.Identify(t.Context(), bearer); id.Principal.Reason != CredentialRevoked {
		t.Errorf("an opaque token can be revoked too: got %s", id.Principal.Reason)
	}
}

// runner is a resolver that ends with err, or with the context.
type runner struct {
	fixed
	err   error
	ended bool
}

func (r *runner) Run(ctx context.Context) error {
	if r.err == nil {
		<-ctx.Done()
	}
	r.ended = true
	return r.err
}

// TestRun: it lasts as long as the context, unless a resolver fails.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began, good := time.Now(), &runner{}
		if err := newChain(t, fixed{}, good).Run(ctx); err != nil || !good.ended || time.Since(began) != time.Hour {
			t.Errorf("got %v after %v, want nil after 1h", err, time.Since(began))
		}
		if began = time.Now(); newChain(t).Run(ctx) != nil || time.Since(began) != 0 {
			t.Error("a chain without resolvers does not end with its context")
		}
		good, bad := &runner{}, &runner{err: os.ErrClosed}
		if err := newChain(t, good, bad).Run(t.Context()); !errors.Is(err, os.ErrClosed) || !good.ended {
			t.Errorf("got %v, want %v, and the other stopped", err, os.ErrClosed)
		}
	})
}

func TestPseudonym(t *testing.T) {
	// HMAC-SHA256("key of sixteen b", "https://a" NUL "alice"), from openssl.
	got := Pseudonym(redact.Key("key of sixteen b"), "https://a", "alice")
	if want := "p_" + "a1d6b63031c423758d38c901c0734eb1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if Pseudonym(testKey, "ab", "c") == Pseudonym(testKey, "a", "bc") {
		t.Error("issuer and subject run together")
	}
}

func TestClip(t *testing.T) {
	long := strings.Repeat("ä", 200)
	if got := Clip(long); got != long[:256] {
		t.Errorf("got %d bytes, want 256", len(got))
	}
	if got := Clip("x" + long); got != "x"+long[:254] {
		t.Errorf("got %d bytes, want 255: a character was cut", len(got))
	}
	if got := Clip("a\xffb"); got != "a\uFFFDb" {
		t.Errorf("got %q", got)
	}
}

func TestNewRefusesShortKey(t *testing.T) {
	if _, err := New(Config{Key: redact.Key("short")}); err == nil {
		t.Error("a key of five bytes was accepted")
	}
}

// TestReasonsDocumented compares the table in docs/identity.md with Reasons.
func TestReasonsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/identity.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| reason | level | meaning |\n|---|---|---|\n")
	seen := map[string]bool{}
	for _, r := range Reasons() {
		if seen[r.Code] {
			t.Errorf("%s is listed twice", r.Code)
		}
		seen[r.Code] = true
		want.WriteString("| `" + r.Code + "` | " + string('0'+rune(r.Level)) + " | " + r.Meaning + " |\n")
	}
	if !strings.Contains(string(raw), want.String()) {
		t.Errorf("docs/identity.md must contain this table:\n%s", want.String())
	}
}
