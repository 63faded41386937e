// Package age wraps data keys to an age identity: a key file that other tools
// make, keep and print too (age-keygen). An identity of the post-quantum kind
// (AGE-SECRET-KEY-PQ-1…) works as one of X25519 (AGE-SECRET-KEY-1…) does.
//
// The id of the data key is inside of what is encrypted, so that a wrapped key
// cannot be put in the place of another.
package age

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	lib "filippo.io/age"

	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/ledger"
)

// Key is an age identity and its recipient.
type Key struct {
	name      string
	identity  lib.Identity
	recipient lib.Recipient
}

var _ vault.Wrapper = (*Key)(nil)

// Is reports whether text is that of an identity file.
func Is(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "AGE-SECRET-KEY-") {
			return true
		}
	}
	return false
}

// Parse reads an identity file as age-keygen writes it. It must have one
// identity, which cannot be a plugin's.
func Parse(text string) (*Key, error) {
	identities, err := lib.ParseIdentities(strings.NewReader(text))
	if err != nil {
		return nil, errors.New("it is not an age identity file: make one with age-keygen")
	}
	if len(identities) != 1 {
		return nil, fmt.Errorf("it has %d age identities, want one", len(identities))
	}
	k := &Key{identity: identities[0]}
	switch id := identities[0].(type) {
	case *lib.X25519Identity:
		k.recipient, k.name = id.Recipient(), id.Recipient().String()
	case *lib.HybridIdentity:
		k.recipient, k.name = id.Recipient(), id.Recipient().String()
	default:
		return nil, errors.New("it is an age identity of a kind that is not supported: make one with age-keygen")
	}
	if len(k.name) > 80 { // post-quantum recipients have two thousand characters
		sum := sha256.Sum256([]byte(k.name))
		k.name = "age1pq-" + hex.EncodeToString(sum[:8])
	}
	k.name = "age:" + k.name
	return k, nil
}

// Name implements [vault.Wrapper]: the recipient, which is public, or its hash.
func (k *Key) Name() string { return k.name }

// Wrap implements [vault.Wrapper].
func (k *Key) Wrap(id ledger.KeyID, secret []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := lib.Encrypt(&b, k.recipient)
	if err != nil {
		return nil, fmt.Errorf("encrypting with age: %w", err)
	}
	if _, err := w.Write(append(id[:], secret...)); err != nil {
		return nil, fmt.Errorf("encrypting with age: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypting with age: %w", err)
	}
	return b.Bytes(), nil
}

// Unwrap implements [vault.Wrapper].
func (k *Key) Unwrap(id ledger.KeyID, wrapped []byte) ([]byte, error) {
	r, err := lib.Decrypt(bytes.NewReader(wrapped), k.identity)
	if err != nil {
		return nil, errors.New("it does not decrypt with this age identity")
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(len(id)+ledger.DataKeySize+1)))
	if err != nil {
		return nil, errors.New("it does not decrypt with this age identity: it was changed")
	}
	secret, ours := bytes.CutPrefix(b, id[:])
	if !ours {
		return nil, errors.New("it is another data key, put in this one's place")
	}
	return secret, nil
}
