package jwt

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/identity"
)

// proofWindow is how far the time of a DPoP proof may be from ours, either
// way. Gatebook hands out no nonces, so it is what bounds a stolen proof.
const proofWindow = time.Minute

// checkBinding returns why the call does not show the key that the token is
// bound to, or "" if it does. A token whose cnf names neither a certificate
// nor a DPoP key is bound in a way that we cannot check, and so is refused.
func (r *Resolver) checkBinding(v *verdict, ev *capture.Evidence, compact string) (reason string) {
	if v.certificate == "" && v.jkt == "" {
		return identity.ProofMissing
	}
	if v.certificate != "" {
		if reason := checkCertificate(v.certificate, ev); reason != "" {
			return reason
		}
	}
	if v.jkt != "" {
		return r.proofs.check(v.jkt, ev, compact)
	}
	return ""
}

// checkCertificate compares the client's certificate with a token's
// x5t#S256. Any certificate will do, since the handshake proved its key:
// RFC 8705, section 4, allows self-signed ones.
func checkCertificate(want string, ev *capture.Evidence) (reason string) {
	cert := ev.Unverified
	if len(ev.Certificates) > 0 {
		cert = ev.Certificates[0]
	}
	if cert == nil {
		return identity.ProofMissing
	}
	sum := sha256.Sum256(cert.Raw)
	if base64.RawURLEncoding.EncodeToString(sum[:]) != want {
		return identity.ProofInvalid
	}
	return ""
}

// proofs checks DPoP proofs (RFC 9449, section 4.3) and remembers them for as
// long as they could be used again.
type proofs struct {
	now   func() time.Time
	limit int // of each generation

	mu         sync.Mutex // guards what follows
	young, old map[[32]byte]struct{}
	turned     time.Time // when young became empty
}

func newProofs(now func() time.Time, limit int) *proofs {
	return &proofs{now: now, limit: limit, young: map[[32]byte]struct{}{}}
}

func (p *proofs) check(jkt string, ev *capture.Evidence, compact string) (reason string) {
	switch len(ev.DPoP) {
	case 0:
		return identity.ProofMissing
	case 1:
	default:
		return identity.ProofInvalid
	}
	proof := ev.DPoP[0]
	if len(proof) > maxToken {
		return identity.ProofInvalid
	}
	jws, err := jose.ParseSignedCompact(proof, algorithms)
	if err != nil {
		return identity.ProofInvalid
	}
	header := jws.Signatures[0].Protected
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	k := header.JSONWebKey
	if normalType(typ) != "dpop+jwt" || k == nil || !usable(k) {
		return identity.ProofInvalid
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil || base64.RawURLEncoding.EncodeToString(sum) != jkt {
		return identity.ProofInvalid
	}
	payload, err := jws.Verify(k.Key)
	if err != nil {
		return identity.ProofInvalid
	}
	var claims struct {
		ID       string   `json:"jti"`
		Method   string   `json:"htm"`
		URL      string   `json:"htu"`
		IssuedAt *seconds `json:"iat"`
		Token    string   `json:"ath"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return identity.ProofInvalid
	}
	now, issued := p.now(), claims.IssuedAt.time()
	ath := sha256.Sum256([]byte(compact))
	switch {
	case claims.ID == "", claims.IssuedAt == nil,
		claims.Method != ev.Method,
		!sameURL(claims.URL, ev.URL),
		claims.Token != base64.RawURLEncoding.EncodeToString(ath[:]),
		now.Sub(issued).Abs() > proofWindow:
		return identity.ProofInvalid
	case !p.first(sha256.Sum256([]byte(jkt+" "+claims.ID)), now):
		return identity.ProofReplayed
	}
	return ""
}

// first reports whether id is seen for the first time. A proof can be used
// until a window after its time, which can be a window ahead of ours: so what
// was seen is kept for at least two windows. If so many come that the limit
// is reached before, the oldest are forgotten early; only holders of bound
// tokens can bring that about.
func (p *proofs) first(id [32]byte, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.turned) > 2*proofWindow || len(p.young) >= p.limit {
		p.old, p.young, p.turned = p.young, map[[32]byte]struct{}{}, now
	}
	_, young := p.young[id]
	_, old := p.old[id]
	p.young[id] = struct{}{}
	return !young && !old
}

// sameURL compares the address in a proof with that of the call, as RFC 9449,
// section 4.3, asks: without query and fragment, scheme and host in any letter
// case, with or without the default port.
func sameURL(a, b string) bool {
	x, ok := plainURL(a)
	if !ok {
		return false
	}
	y, ok := plainURL(b)
	return ok && x == y
}

func plainURL(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "", false
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + host + path, true
}
