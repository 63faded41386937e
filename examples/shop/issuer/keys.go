package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// key is one signing key. It is also what the library asks for when it signs
// (private half) and, as published, when it writes the key set (public half).
type key struct {
	id      string
	alg     jose.SignatureAlgorithm
	private crypto.Signer
}

func (k key) ID() string                                  { return k.id }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return k.alg }
func (k key) Key() any                                    { return k.private }

// published is the public half of a key.
type published struct{ key }

func (p published) Algorithm() jose.SignatureAlgorithm { return p.alg }
func (p published) Use() string                        { return "sig" }
func (p published) Key() any                           { return p.private.Public() }

var (
	_ op.SigningKey = key{}
	_ op.Key        = published{}
)

// newKey makes a key for ES256 or RS256.
func newKey(alg jose.SignatureAlgorithm) (key, error) {
	k := key{id: rand.Text()[:12], alg: alg}
	var err error
	switch alg {
	case jose.ES256:
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256:
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		return key{}, fmt.Errorf("algorithm %q: want ES256 or RS256", alg)
	}
	if err != nil {
		return key{}, fmt.Errorf("making a %s key: %w", alg, err)
	}
	return k, nil
}

// keyring holds the key that signs and those that are still published.
type keyring struct {
	mu   sync.Mutex // guards keys
	keys []key      // newest first; never empty; the first one signs
}

// rotate puts a new key in front and keeps as many old ones as told.
func (r *keyring) rotate(k key, old int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append([]key{k}, r.keys[:min(old, len(r.keys))]...)
}

// dropOld leaves the signing key only.
func (r *keyring) dropOld() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = r.keys[:1]
}

// signing returns the key that signs.
func (r *keyring) signing() key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[0]
}

// all returns what the key set shows.
func (r *keyring) all() []op.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]op.Key, len(r.keys))
	for i, k := range r.keys {
		out[i] = published{k}
	}
	return out
}
