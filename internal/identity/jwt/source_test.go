package jwt

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/internal/identity"
)

// took returns how long f takes on the bubble's clock.
func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// TestRotation: a new key is found at its first token, the old one goes on
// until it is withdrawn, and then its tokens are refused, cached or not.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newSigner(t, "old", jose.ES256), newSigner(t, "new", jose.ES256)
		is := newTestIssuer(old)
		r := newResolver(t, is, nil)
		run(t, r)
		long := func(k signer) string {
			return k.sign(t, claimSet(time.Now(), "exp", time.Now().Add(time.Hour).Unix()), nil)
		}
		oldToken, newToken := long(old), long(next)
		expect := func(when, token, want string) {
			t.Helper()
			if got := reason(r, bearer(token)); got != want {
				t.Errorf("%s: got %s, want %s", when, got, want)
			}
		}
		expect("before", oldToken, identity.SignatureVerified)
		is.publish(old, next)
		time.Sleep(11 * time.Second)
		expect("after the rotation", newToken, identity.SignatureVerified)
		expect("after the rotation, old", oldToken, identity.SignatureVerified)
		is.publish(next)
		expect("withdrawn, not yet noticed", oldToken, identity.SignatureVerified)
		time.Sleep(6 * time.Minute)
		expect("withdrawn", oldToken, identity.UnknownKey)
		expect("withdrawn, new", newToken, identity.SignatureVerified)
	})
}

// TestBadTokensAreNoLoad: a thousand unknown keys are one fetch, and only the
// first call waits.
func TestBadTokensAreNoLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newSigner(t, "k1", jose.ES256)
		is := newTestIssuer(k)
		r := newResolver(t, is, nil)
		run(t, r)
		mixed := signer{"k1", jose.RS256, newSigner(t, "", jose.RS256).key}.sign(t, claimSet(time.Now()), nil)
		time.Sleep(time.Minute)
		before := is.count()
		d := took(func() {
			for i := range 1000 {
				k.kid = "k" + strings.Repeat("x", i%50+1)
				if got := reason(r, bearer(k.sign(t, claimSet(time.Now()), nil))); got != identity.UnknownKey {
					t.Fatalf("call %d: got %s, want %s", i, got, identity.UnknownKey)
				}
			}
		})
		for range 10 { // a key id that is known needs no fetch, whatever the algorithm
			time.Sleep(20 * time.Second)
			r.Resolve(t.Context(), bearer(mixed))
		}
		if n := is.count() - before; n != 1 || d > 100*time.Millisecond {
			t.Errorf("%d fetches in %v, want one, in no time", n, d)
		}
	})
}

// TestSameKeyID: an issuer puts a new key under an old key id.
func TestSameKeyID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := newSigner(t, "k", jose.ES256), newSigner(t, "k", jose.ES256)
		is := newTestIssuer(old)
		r := newResolver(t, is, nil)
		run(t, r)
		time.Sleep(time.Minute)
		is.publish(next)
		token := next.sign(t, claimSet(time.Now()), nil)
		if got := reason(r, bearer(token)); got != identity.BadSignature {
			t.Fatalf("first call: got %s, want %s", got, identity.BadSignature)
		}
		synctest.Wait() // for the fetch that it led to
		if got := reason(r, bearer(token)); got != identity.SignatureVerified {
			t.Errorf("second call: got %s, want %s", got, identity.SignatureVerified)
		}
	})
}

// TestIssuerDown: known keys go on, unknown ones are not called unknown, and
// when the issuer is back all is well by itself.
func TestIssuerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, next := newSigner(t, "k1", jose.ES256), newSigner(t, "k2", jose.ES256)
		is := newTestIssuer(k, next)
		is.set(func() { is.down = true })
		r := newResolver(t, is, nil)
		run(t, r)
		day := time.Now().Add(24 * time.Hour).Unix()
		token := k.sign(t, claimSet(time.Now(), "exp", day), nil)
		if got := reason(r, bearer(token)); got != identity.IssuerUnavailable {
			t.Errorf("down from the start: got %s, want %s", got, identity.IssuerUnavailable)
		}
		if st := r.Status()[0]; st.Err == nil || st.Keys != 0 || st.Attempts == 0 {
			t.Errorf("status %+v does not say that the issuer is down", st)
		}
		is.set(func() { is.down = false })
		is.publish(k)
		time.Sleep(11 * time.Second)
		if st := r.Status()[0]; st.Err != nil || st.Keys != 1 {
			t.Errorf("back, and nobody called: status %+v", st)
		}
		if got := reason(r, bearer(token)); got != identity.SignatureVerified {
			t.Errorf("back: got %s, want %s", got, identity.SignatureVerified)
		}
		is.set(func() { is.down = true })
		time.Sleep(12 * time.Hour)
		fresh := k.sign(t, claimSet(time.Now()), nil)
		if got := reason(r, bearer(fresh)); got != identity.SignatureVerified {
			t.Errorf("down for half a day, known key: got %s, want %s", got, identity.SignatureVerified)
		}
		if got := reason(r, bearer(next.sign(t, claimSet(time.Now()), nil))); got != identity.IssuerUnavailable {
			t.Errorf("down for half a day, unknown key: got %s, want %s", got, identity.IssuerUnavailable)
		}
	})
}

// TestSlowIssuer: however long the issuer takes, calls wait for a moment, and
// only those that come at the beginning of a fetch.
func TestSlowIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newSigner(t, "k1", jose.ES256)
		is := newTestIssuer(k)
		r := newResolver(t, is, nil)
		run(t, r)
		known := k.sign(t, claimSet(time.Now(), "exp", time.Now().Add(time.Hour).Unix()), nil)
		reason(r, bearer(known))
		hang := make(chan struct{})
		is.set(func() { is.hang = hang })
		time.Sleep(time.Minute)
		stranger := newSigner(t, "k2", jose.ES256)
		unknown := stranger.sign(t, claimSet(time.Now()), nil)
		for i, want := range []time.Duration{100 * time.Millisecond, 0, 0} {
			var got string
			if d := took(func() { got = reason(r, bearer(unknown)) }); d != want || got != identity.IssuerUnavailable {
				t.Errorf("call %d with an unknown key: %s after %v, want %s after %v", i, got, d, identity.IssuerUnavailable, want)
			}
			if d := took(func() { got = reason(r, bearer(known)) }); d != 0 || got != identity.SignatureVerified {
				t.Errorf("call %d with a known key: %s after %v, want %s at once", i, got, d, identity.SignatureVerified)
			}
		}
		is.publish(k, stranger)
		is.set(func() { is.hang = nil })
		close(hang)
		time.Sleep(11 * time.Second)
		if got := reason(r, bearer(unknown)); got != identity.SignatureVerified {
			t.Errorf("when it answers again: got %s, want %s", got, identity.SignatureVerified)
		}
	})
}

// TestFirstFetch: calls that come before the first keys wait for them, but
// not for ever, and not one after the other.
func TestFirstFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newSigner(t, "k1", jose.ES256)
		is := newTestIssuer(k)
		is.hang = make(chan struct{})
		r := newResolver(t, is, nil)
		token := bearer(k.sign(t, claimSet(time.Now()), nil))
		if d := took(func() { run(t, r) }); d != 2*time.Second {
			t.Errorf("the first call waited %v, want 2s", d)
		}
		if d := took(func() { reason(r, token) }); d != 0 {
			t.Errorf("the second call waited %v, want nothing", d)
		}
		close(is.hang)
		synctest.Wait()
		if got := reason(r, token); got != identity.SignatureVerified {
			t.Errorf("got %s, want %s", got, identity.SignatureVerified)
		}
	})
}

// TestDiscoveryNamesAnother: an issuer that says it is someone else is not
// believed.
func TestDiscoveryNamesAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newSigner(t, "k1", jose.ES256)
		is := newTestIssuer(k)
		is.names = issuerURL + "/"
		r := newResolver(t, is, nil)
		run(t, r)
		if got := reason(r, bearer(k.sign(t, claimSet(time.Now()), nil))); got != identity.IssuerUnavailable {
			t.Errorf("got %s, want %s", got, identity.IssuerUnavailable)
		}
		if err := r.Status()[0].Err; err == nil || !strings.Contains(err.Error(), "to the last slash") {
			t.Errorf("the status does not say why: %v", err)
		}
	})
}

// TestKeySet leaves out what cannot verify.
func TestKeySet(t *testing.T) {
	k := newSigner(t, "k1", jose.ES256)
	for _, tt := range []struct {
		name, doc string
		keys      int
	}{
		{"symmetric", `{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"a"}]}`, -1},
		{"empty", `{"keys":[]}`, -1},
		{"no JSON", `<html>`, -1},
		{"unknown kind beside a good one", `{"keys":[{"kty":"XYZ"},` + marshal(t, k) + `]}`, 1},
		{"for encryption", `{"keys":[` + strings.Replace(marshal(t, k), `"sig"`, `"enc"`, 1) + `]}`, -1},
	} {
		set, err := parseKeySet([]byte(tt.doc))
		switch {
		case tt.keys < 0 && err == nil:
			t.Errorf("%s: accepted", tt.name)
		case tt.keys >= 0 && (err != nil || len(set.keys) != tt.keys):
			t.Errorf("%s: got %v, %v, want %d keys", tt.name, set, err, tt.keys)
		}
	}
}

func marshal(t *testing.T, k signer) string {
	t.Helper()
	pub := k.public()
	raw, err := pub.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestRedirect: keys are not fetched over a way that the network can change.
func TestRedirect(t *testing.T) {
	is, err := Issuer{URL: issuerURL, AnyAudience: true}.check()
	if err != nil {
		t.Fatal(err)
	}
	s := newSource(&Config{Client: &http.Client{}}, is)
	for at, ok := range map[string]bool{"https://elsewhere.example/keys": true, "http://elsewhere.example/keys": false} {
		req, err := http.NewRequest(http.MethodGet, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.client.CheckRedirect(req, nil); (err == nil) != ok {
			t.Errorf("redirect to %s: %v", at, err)
		}
	}
}
