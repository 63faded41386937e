package jwt

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

// asks lets the issuer be asked about opaque tokens. The names have letters
// that Basic must escape (RFC 6749, section 2.3.1).
func asks(cfg *Config) {
	cfg.Issuers[0].Introspection = Introspection{ClientID: "gate:book", Secret: "s&cret"}
}

// answer is that of an active token, changed as claimSet is.
func answer(changes ...any) map[string]any {
	return claimSet(time.Now(), append([]any{"active", true, "iss", nil}, changes...)...)
}

// TestOpaque: what an issuer says of a token, and what is recorded of it.
func TestOpaque(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newTestIssuer(newSigner(t, "k1", jose.ES256))
		r := newResolver(t, is, asks)
		run(t, r)
		now := time.Now()
		for _, tt := range []struct {
			name, token string
			answer      map[string]any
			reason      string
			subject     string
		}{
			{"all that a token can say", "t1", answer(), identity.TokenActive, "u-71c4"},
			{"its issuer named", "t2", answer("iss", issuerURL), identity.TokenActive, "u-71c4"},
			{"another issuer named", "t3", answer("iss", "https://other.example"), identity.WrongIssuer, ""},
			{"no audience", "t4", answer("aud", nil), identity.TokenActive, "u-71c4"},
			{"another audience", "t5", answer("aud", "hr-api"), identity.WrongAudience, ""},
			{"no expiry", "t6", answer("exp", nil), identity.TokenActive, "u-71c4"},
			{"expired, though active", "t7", answer("exp", now.Add(-time.Hour).Unix()), identity.TokenExpired, ""},
			{"of a client", "t8", answer("sub", nil, "client_id", "stock-sync"), identity.TokenActive, "stock-sync"},
			{"of a user without sub", "t9", answer("sub", nil, "username", "alice"), identity.TokenActive, "alice"},
			{"of nobody", "t10", answer("sub", nil, "client_id", nil), identity.MalformedToken, ""},
			{"delegated", "t11", answer("act", map[string]any{"sub": "checkout"}), identity.TokenActive, "u-71c4"},
			{"bound, without a proof", "t12", answer("cnf", map[string]any{"jkt": "x"}), identity.ProofMissing, ""},
			{"not active", "t13", map[string]any{"active": false, "sub": "u-71c4"}, identity.TokenInactive, ""},
			{"unknown", "t14", nil, identity.TokenInactive, ""},
			{"encrypted: five parts", "eyJh.b.c.d.e", answer(), identity.TokenActive, "u-71c4"},
		} {
			is.set(func() { is.answers = map[string]map[string]any{tt.token: tt.answer} })
			id := r.Resolve(t.Context(), bearer(tt.token))
			if id == nil || id.Principal.Reason != tt.reason || id.Subject != tt.subject {
				t.Errorf("%s: got %+v, want %s of %q", tt.name, id, tt.reason, tt.subject)
				continue
			}
			if id.Credential.Method != identity.MethodBearer || id.Credential.Fingerprint != redact.Fingerprint(testKey, tt.token) || id.Principal.Issuer != issuerURL {
				t.Errorf("%s: got %+v %+v", tt.name, id.Principal, id.Credential)
			}
			if (id.Principal.Level == event.LevelVerified) != (tt.subject != "") {
				t.Errorf("%s: got level %d", tt.name, id.Principal.Level)
			}
			switch tt.token {
			case "t1":
				if id.Credential.Client != "shop-web" || !slices.Equal(id.Credential.Scopes, []string{"customers:read", "orders:read"}) || id.Name != "Alice Moreau" ||
					!id.Credential.Expires.After(now) || id.Principal.Kind != event.User || id.Principal.ID != identity.Pseudonym(testKey, issuerURL, "u-71c4") {
					t.Errorf("%s: got %+v", tt.name, id)
				}
			case "t6":
				if !id.Credential.Expires.IsZero() {
					t.Errorf("%s: it expires %v", tt.name, id.Credential.Expires)
				}
			case "t8":
				if id.Principal.Kind != event.Service {
					t.Errorf("%s: it is a %s", tt.name, id.Principal.Kind)
				}
			case "t9":
				if id.Principal.Kind != event.User || id.Name != "Alice Moreau" {
					t.Errorf("%s: it is a %s, %q", tt.name, id.Principal.Kind, id.Name)
				}
			case "t11":
				if !slices.Equal(id.Chain, []string{"checkout"}) {
					t.Errorf("%s: got %v", tt.name, id.Chain)
				}
			}
		}
	})
}

// TestOpaqueBound: a token that is bound to a key needs the proof of it.
func TestOpaqueBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newTestIssuer(newSigner(t, "k1", jose.ES256))
		r := newResolver(t, is, asks)
		run(t, r)
		client, thief, own := newSigner(t, "", jose.ES256), newSigner(t, "", jose.ES256), newCertificate(t)
		jwk := jose.JSONWebKey{Key: client.key.Public()}
		jkt, err := jwk.Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		is.answers = map[string]map[string]any{
			"by-proof":       answer("cnf", map[string]any{"jkt": base64.RawURLEncoding.EncodeToString(jkt)}),
			"by-certificate": answer("cnf", map[string]any{"x5t#S256": thumbprint(own.Raw)}),
		}
		proof := func(k signer, id string) *capture.Evidence {
			ev := bearer("by-proof")
			ev.Method, ev.URL = "POST", "https://api.example/orders"
			ev.DPoP = []string{proofOf(t, k, map[string]any{"jti": id, "htm": ev.Method, "htu": ev.URL, "iat": time.Now().Unix(), "ath": thumbprint([]byte("by-proof"))}, nil)}
			return ev
		}
		once := proof(client, "1")
		certified := bearer("by-certificate")
		certified.Unverified = own
		for _, tt := range []struct {
			name   string
			ev     *capture.Evidence
			reason string
			level  event.Level
		}{
			{"with its proof", once, identity.ProofVerified, event.LevelBound},
			{"with the same proof again", once, identity.ProofReplayed, event.LevelClaimed},
			{"with the proof of another key", proof(thief, "2"), identity.ProofInvalid, event.LevelClaimed},
			{"without a proof", bearer("by-proof"), identity.ProofMissing, event.LevelClaimed},
			{"with its certificate", certified, identity.CertificateBound, event.LevelBound},
			{"without its certificate", bearer("by-certificate"), identity.ProofMissing, event.LevelClaimed},
		} {
			if id := r.Resolve(t.Context(), tt.ev); id.Principal.Reason != tt.reason || id.Principal.Level != tt.level {
				t.Errorf("%s: got %s level %d, want %s level %d", tt.name, id.Principal.Reason, id.Principal.Level, tt.reason, tt.level)
			}
		}
	})
}

// TestOpaqueKept: an answer counts for its time, for all calls, and no longer.
func TestOpaqueKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newTestIssuer(newSigner(t, "k1", jose.ES256))
		r := newResolver(t, is, asks)
		run(t, r)
		is.set(func() {
			is.answers = map[string]map[string]any{
				"good":  answer("exp", time.Now().Add(time.Hour).Unix()),
				"brief": answer("exp", time.Now().Add(10*time.Second).Unix()),
			}
		})
		all := func(token string) string {
			t.Helper()
			var calls sync.WaitGroup
			got := make([]string, 100)
			for i := range got {
				calls.Go(func() { got[i] = reason(r, bearer(token)) })
			}
			calls.Wait()
			slices.Sort(got)
			return strings.Join(slices.Compact(got), " ")
		}
		expect := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: got %q, want %q", what, got, want)
			}
		}
		expect("a hundred calls", all("good"), identity.TokenActive)
		expect("with a token that is none", all("bad"), identity.TokenInactive)
		expect("with one that ends soon", all("brief"), identity.TokenActive)
		expect("asked", is.questions(), "bad brief good")
		time.Sleep(41 * time.Second) // its end, and the skew
		expect("with one that has ended", all("brief"), identity.TokenExpired)
		is.set(func() { is.answers = nil }) // all are revoked
		expect("revoked, not yet noticed", all("good"), identity.TokenActive)
		expect("asked", is.questions(), "")
		time.Sleep(20 * time.Second)
		expect("revoked", all("good"), identity.TokenInactive)
		expect("a token that is none, again", all("bad"), identity.TokenInactive)
		expect("asked", is.questions(), "bad good")
	})
}

// TestOpaqueSlow: an issuer that hangs or fails holds up nobody for long, and
// is left alone when it fails.
func TestOpaqueSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		is := newTestIssuer(newSigner(t, "k1", jose.ES256))
		r := newResolver(t, is, func(cfg *Config) {
			asks(cfg)
			cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		})
		run(t, r)
		hang := make(chan struct{})
		is.set(func() { is.hang, is.answers = hang, map[string]map[string]any{"good": answer(), "next": answer()} })
		d := took(func() {
			if got := reason(r, bearer("good")); got != identity.IssuerUnavailable {
				t.Errorf("a hanging issuer: got %s", got)
			}
		})
		if d != 300*time.Millisecond {
			t.Errorf("the call was held up for %v", d)
		}
		if d := took(func() { reason(r, bearer("good")) }); d != 0 {
			t.Errorf("the next one was held up for %v", d)
		}
		for i := range maxQuestions - 1 {
			reason(r, bearer(fmt.Sprint("made-up-", i)))
		}
		if got := reason(r, bearer("one-more")); got != identity.CheckOverloaded {
			t.Errorf("one question too many: got %s", got)
		}
		close(hang)
		is.set(func() { is.hang = nil })
		synctest.Wait()
		if got := reason(r, bearer("good")); got != identity.TokenActive {
			t.Errorf("after the late answer: got %s", got)
		}
		is.questions()

		is.set(func() { is.secret = "another" })
		if got := reason(r, bearer("next")); got != identity.IssuerUnavailable {
			t.Errorf("a wrong secret: got %s", got)
		}
		if got := reason(r, bearer("other")); got != identity.IssuerUnavailable || is.questions() != "next" {
			t.Errorf("an issuer that failed was asked again, or %s", got)
		}
		is.set(func() { is.secret = "" })
		time.Sleep(time.Second)
		if got := reason(r, bearer("next")); got != identity.TokenActive {
			t.Errorf("after a second: got %s", got)
		}
		synctest.Wait()
		if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "check its id and secret") || !strings.Contains(text, "answers questions about tokens again") ||
			strings.Contains(text, "s&cret") || strings.Contains(text, "next") {
			t.Errorf("the log is:\n%s", text)
		}
	})
}

// TestOpaqueFirst: the first call after a start comes while the issuer's
// discovery document is being read.
func TestOpaqueFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newTestIssuer(newSigner(t, "k1", jose.ES256))
		hang := make(chan struct{})
		is.hang, is.answers = hang, map[string]map[string]any{"good": answer()}
		r := newResolver(t, is, asks)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx)
		synctest.Wait()
		time.AfterFunc(100*time.Millisecond, func() { close(hang) })
		if got := reason(r, bearer("good")); got != identity.TokenActive {
			t.Errorf("got %s", got)
		}
	})
}

// TestOpaqueNotSent: what can be no opaque token of an issuer is not sent
// there.
func TestOpaqueNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := newTestIssuer(newSigner(t, "k1", jose.ES256))
		r := newResolver(t, is, asks)
		run(t, r)
		for _, token := range []string{"gbk_k3wz7q2m5a_6mf2c7nq4zj5w3ykz2tq6o5d7xh4b3ei2gq4vyq", strings.Repeat("x", maxToken+1)} {
			if id := r.Resolve(t.Context(), bearer(token)); id != nil {
				t.Errorf("%.10s: got %+v", token, id.Principal)
			}
		}
		reason(r, bearer(newSigner(t, "k2", jose.ES256).sign(t, claimSet(time.Now()), nil)))
		if asked := is.questions(); asked != "" {
			t.Errorf("the issuer was asked about %s", asked)
		}
	})
}

// TestOpaqueOfSeveral: the issuer to whom a token is active counts.
func TestOpaqueOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newTestIssuer(newSigner(t, "k1", jose.ES256)), newTestIssuer(newSigner(t, "k2", jose.ES256))
		second.names = "https://second.example"
		second.answers = map[string]map[string]any{"t": answer("sub", "bob")}
		r := newResolver(t, first, func(cfg *Config) {
			asks(cfg)
			cfg.Issuers = append(cfg.Issuers, cfg.Issuers[0])
			cfg.Issuers[1].URL = second.names
			cfg.Client.Transport = both{first, second}
		})
		run(t, r)
		if id := r.Resolve(t.Context(), bearer("t")); id.Subject != "bob" || id.Principal.Issuer != second.names {
			t.Errorf("of the second: got %+v", id)
		}
		if got := reason(r, bearer("of-none")); got != identity.TokenInactive {
			t.Errorf("of none: got %s", got)
		}
		second.set(func() { second.down = true })
		if got := reason(r, bearer("of-the-one-that-is-down")); got != identity.IssuerUnavailable {
			t.Errorf("of one that is down: got %s", got)
		}
	})
}

// both sends requests to the issuer that they are for.
type both struct{ first, second *testIssuer }

func (b both) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasPrefix(req.URL.String(), b.second.names) {
		return b.second.RoundTrip(req)
	}
	return b.first.RoundTrip(req)
}

// TestOpaqueConfig: settings that cannot work are refused.
func TestOpaqueConfig(t *testing.T) {
	for _, tt := range []struct {
		in   Introspection
		keys string
		want string
	}{
		{Introspection{URL: issuerURL + "/introspect"}, "", "client id: is empty"},
		{Introspection{ClientID: "gatebook", URL: "http://issuer.example/introspect"}, "", "http lets the network forge tokens"},
		{Introspection{ClientID: "gatebook"}, issuerURL + "/keys", "url: is empty"},
	} {
		_, err := New(Config{Key: testKey, Issuers: []Issuer{{URL: issuerURL, KeysURL: tt.keys, AnyAudience: true, Introspection: tt.in}}})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %s", tt.in, err, tt.want)
		}
	}
}
