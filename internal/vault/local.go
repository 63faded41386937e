package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/gatebook/gatebook/ledger"
)

// Local is a key-encryption key in a file: AES-256-GCM with a random nonce,
// which authenticates the id of the data key too.
type Local struct {
	name string
	aead cipher.AEAD
}

var _ Wrapper = (*Local)(nil)

const (
	localSize   = 32
	localDomain = "gatebook/data-key/v1\x00"
)

// NewLocalKey returns the text of a new key.
func NewLocalKey() string {
	b := make([]byte, localSize)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// ParseLocal reads a key as [NewLocalKey] writes it; white space around it is
// left out.
func ParseLocal(text string) (*Local, error) {
	secret, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil || len(secret) != localSize {
		return nil, fmt.Errorf("it is not an encryption key: it must be %d hex digits", 2*localSize)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(localDomain), secret...))
	clear(secret)
	return &Local{"file:" + hex.EncodeToString(sum[:8]), aead}, nil
}

// Name implements [Wrapper]: the beginning of the key's hash.
func (l *Local) Name() string { return l.name }

// Wrap implements [Wrapper].
func (l *Local) Wrap(id ledger.KeyID, secret []byte) ([]byte, error) {
	return l.aead.Seal(nil, nil, secret, additional(id)), nil
}

// Unwrap implements [Wrapper].
func (l *Local) Unwrap(id ledger.KeyID, wrapped []byte) ([]byte, error) {
	secret, err := l.aead.Open(nil, nil, wrapped, additional(id))
	if err != nil {
		return nil, errors.New("it does not decrypt: it was changed")
	}
	return secret, nil
}

func additional(id ledger.KeyID) []byte { return append([]byte(localDomain), id[:]...) }
