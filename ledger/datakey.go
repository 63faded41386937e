package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
)

// KeyID names a data key. It is random, and stands in clear beside what the
// key encrypts. The zero value names none.
type KeyID [16]byte

// String returns the id as 32 lower-case hex digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether it names no key.
func (id KeyID) IsZero() bool { return id == KeyID{} }

// ParseKeyID is the inverse of [KeyID.String].
func ParseKeyID(s string) (KeyID, error) {
	var id KeyID
	if len(s) != hex.EncodedLen(len(id)) {
		return id, fmt.Errorf("%q is not the id of a key: want 32 lower-case hex digits", s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil || id.String() != s || id.IsZero() {
		return KeyID{}, fmt.Errorf("%q is not the id of a key: want 32 lower-case hex digits", s)
	}
	return id, nil
}

// DataKeySize is the size of the secret of a data key: AES-256.
const DataKeySize = 32

// DataKey encrypts the envelopes of one file, with AES-256-GCM. It is safe for
// concurrent use.
type DataKey struct {
	id   KeyID
	aead cipher.AEAD
}

// NewDataKey returns the data key of the given id and secret, which is not
// kept.
func NewDataKey(id KeyID, secret []byte) (*DataKey, error) {
	if len(secret) != DataKeySize || id.IsZero() {
		return nil, fmt.Errorf("a data key has %d bytes and an id, this one has %d", DataKeySize, len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	// The nonce is random for each envelope of a frame and each block. A file
	// has far fewer than the 2^32 that NIST SP 800-38D allows for one key.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &DataKey{id, aead}, nil
}

// ID returns the key's id.
func (k *DataKey) ID() KeyID { return k.id }

const (
	gcmNonce    = 12
	gcmTag      = 16
	gcmOverhead = gcmNonce + gcmTag
)

// seal appends nonce, ciphertext and tag of text to b.
func (k *DataKey) seal(b, text, additional []byte) []byte {
	return k.aead.Seal(b, nil, text, additional)
}

// open is the inverse of seal.
func (k *DataKey) open(sealed, additional []byte) ([]byte, error) {
	text, err := k.aead.Open(nil, nil, sealed, additional)
	if err != nil {
		return nil, fmt.Errorf("it cannot be decrypted with the key %s: its bytes were changed, or this is another key", k.id)
	}
	return text, nil
}

// Keys gives the data key of an id. It is safe for concurrent use. Its errors
// wrap [ErrKeyDestroyed] if the key was destroyed on purpose; all others mean
// that the key cannot be had, which says nothing of the evidence.
type Keys func(id KeyID) (*DataKey, error)

// get returns a key; nil Keys have none.
func (keys Keys) get(id KeyID) (*DataKey, error) {
	if keys == nil {
		return nil, ErrNoKey
	}
	key, err := keys(id)
	if err != nil {
		return nil, &keyError{id, err}
	}
	return key, nil
}

// keyError is the error of a data key that cannot be had.
type keyError struct {
	id  KeyID
	err error
}

func (e *keyError) Error() string { return fmt.Sprintf("the data key %s: %v", e.id, e.err) }
func (e *keyError) Unwrap() error { return e.err }

// ErrNoKey is the error of envelopes that are encrypted while no keys were
// given.
var ErrNoKey = errors.New("the envelopes are encrypted, and no keys were given")

// ErrKeyDestroyed is the error of a data key that was destroyed on purpose:
// what it encrypted can be read by nobody.
var ErrKeyDestroyed = errors.New("it was destroyed, so that nobody can read what it encrypted")
