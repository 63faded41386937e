package jwt

import (
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// FuzzToken: whatever comes, nothing but a token that the issuer signed is an
// identity, and nothing panics.
func FuzzToken(f *testing.F) {
	k := newSigner(f, "k1", jose.ES256)
	r := newResolver(f, newTestIssuer(k), func(c *Config) { c.Wait, c.FirstWait = time.Nanosecond, time.Second })
	run(f, r)
	token := k.sign(f, claimSet(time.Now().Add(time.Hour), "cnf", map[string]any{"jkt": "x"}), nil)
	for _, s := range []string{
		token, unsigned(token), "eyJhbGciOiJFUzI1NiJ9", "a.b.c", "..", "",
		part(token, 1, func(string) string { return encode(`{"iss":"` + issuerURL + `","exp":1e400,"aud":[1]}`) }),
		part(token, 1, func(string) string { return encode(`{"sub":{"a":[]},"act":{"act":null},"scope":["a",["b"]]}`) }),
		part(token, 0, func(string) string { return encode(`{"alg":"ES256","kid":"k1","jwk":{"kty":"EC"}}`) }),
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, token, proof string) {
		id := r.Resolve(t.Context(), &capture.Evidence{Authorization: []string{"DPoP " + token}, DPoP: []string{proof}, URL: proof})
		if id == nil {
			return
		}
		if id.Principal.Level >= event.LevelAsserted || id.Principal.ID != "" || id.Subject != "" {
			t.Fatalf("%q became %+v", token, id)
		}
	})
}

// FuzzClaims: reading claims never panics, and what is accepted has what is
// needed.
func FuzzClaims(f *testing.F) {
	f.Add(`{"sub":"a","exp":1}`)
	f.Add(`{"sub":"a","exp":1e300,"aud":"x","scope":"b a","act":{"sub":"c","act":{"client_id":"d"}}}`)
	f.Add(`{"sub":"a","sub":"b","exp":-1}`)
	f.Fuzz(func(t *testing.T, payload string) {
		tok, err := parse(encode(`{"alg":"ES256"}`) + "." + encode(payload) + ".c2ln")
		if err != nil {
			return
		}
		if tok.claims.subject() == "" || tok.claims.Expires.time().IsZero() {
			t.Fatalf("accepted %q as %+v", payload, tok.claims)
		}
		if y := tok.claims.Expires.time().Year(); y < 1970 || y > 9999 {
			t.Fatalf("%q ends in the year %d", payload, y)
		}
		tok.claims.service()
		tok.groups([]string{"groups"})
	})
}
