package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// maxSameKey bounds how many keys are tried for one token: those of one key
// id, or, if the token names none, those of its algorithm.
const maxSameKey = 8

// minRSA is the least size of an RSA key in bytes (NIST SP 800-131A).
const minRSA = 256

// keySet is one state of an issuer's keys. It is not changed after
// [parseKeySet].
type keySet struct {
	raw  string          // as fetched, to see whether anything changed
	keys []*key          // in the issuer's order
	ids  map[keyID]*key  // by thumbprint
	kids map[string]bool // key ids
}

// keyID is a key's RFC 7638 thumbprint.
type keyID [32]byte

// key is one public key.
type key struct {
	id  keyID
	jwk jose.JSONWebKey
}

// parseKeySet reads a JWK set. Keys that cannot verify a signature (symmetric,
// private, weak, unknown, for encryption) are left out, as RFC 7517, section
// 5, asks. A set without a single usable key is an error: it would take all
// tokens out of use.
func parseKeySet(raw []byte) (*keySet, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("reading key set: %w", err)
	}
	s := &keySet{raw: string(raw), ids: map[keyID]*key{}, kids: map[string]bool{}}
	for _, member := range doc.Keys {
		var k key
		if k.jwk.UnmarshalJSON(member) != nil || !usable(&k.jwk) {
			continue
		}
		sum, err := k.jwk.Thumbprint(crypto.SHA256)
		if err != nil {
			continue
		}
		k.id = keyID(sum)
		s.keys = append(s.keys, &k)
		s.ids[k.id] = &k
		s.kids[k.jwk.KeyID] = true
	}
	if len(s.keys) == 0 {
		return nil, errors.New("reading key set: it has no key that can verify a signature")
	}
	return s, nil
}

func usable(k *jose.JSONWebKey) bool {
	if k.Use != "" && k.Use != "sig" || !k.Valid() {
		return false
	}
	switch pub := k.Key.(type) {
	case *rsa.PublicKey:
		return pub.Size() >= minRSA
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// find returns the keys that may have signed a token with the key id and the
// algorithm. A token without a key id may be of any key of its kind.
func (s *keySet) find(kid string, alg jose.SignatureAlgorithm) []*key {
	var out []*key
	for _, k := range s.keys {
		if kid != "" && k.jwk.KeyID != kid || !fits(&k.jwk, alg) {
			continue
		}
		if out = append(out, k); len(out) == maxSameKey {
			break
		}
	}
	return out
}

// fits reports whether k is of the kind that alg needs, and not reserved for
// another algorithm. The curve is checked when the signature is.
func fits(k *jose.JSONWebKey, alg jose.SignatureAlgorithm) bool {
	if k.Algorithm != "" && k.Algorithm != string(alg) {
		return false
	}
	switch k.Key.(type) {
	case *rsa.PublicKey:
		return alg[0] == 'R' || alg[0] == 'P'
	case *ecdsa.PublicKey:
		return alg[:2] == "ES"
	case ed25519.PublicKey:
		return alg == jose.EdDSA
	}
	return false
}
