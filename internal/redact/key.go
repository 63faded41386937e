package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"log/slog"
	"unsafe"
)

// Key is the installation's key for fingerprints. Whoever has it can test a
// guess of a secret against a fingerprint; without it nothing can be tested.
// It must be at least [MinKey] random bytes, and must not change, or old and
// new fingerprints of one secret differ.
type Key []byte

// MinKey is the least length of a [Key] in bytes.
const MinKey = 16

// String returns [Mark], so that a key is not printed by accident.
func (Key) String() string { return Mark }

// GoString returns [Mark].
func (Key) GoString() string { return Mark }

// LogValue returns [Mark].
func (Key) LogValue() slog.Value { return slog.StringValue(Mark) }

// Fingerprint returns "fp:" and the first 128 bits of HMAC-SHA256(key, secret)
// in lower-case hex. The same secret under the same key always gives the same
// fingerprint.
func Fingerprint(key Key, secret string) string {
	return newHasher(key).fingerprint(secret)
}

const (
	fingerprintPrefix = "fp:"
	fingerprintBytes  = 16
	fingerprintLen    = len(fingerprintPrefix) + 2*fingerprintBytes
)

// hasher makes fingerprints without allocating anything but the result. It is
// for one goroutine at a time.
type hasher struct {
	mac hash.Hash
	sum [sha256.Size]byte
	out [fingerprintLen]byte
}

func newHasher(key Key) *hasher {
	h := &hasher{mac: hmac.New(sha256.New, key)}
	copy(h.out[:], fingerprintPrefix)
	return h
}

func (h *hasher) fingerprint(secret string) string {
	h.mac.Reset()
	// The hash only reads the bytes; a copy of a long token would cost more
	// than hashing it.
	h.mac.Write(unsafe.Slice(unsafe.StringData(secret), len(secret)))
	sum := h.mac.Sum(h.sum[:0])
	hex.Encode(h.out[len(fingerprintPrefix):], sum[:fingerprintBytes])
	return string(h.out[:])
}

// isFingerprint reports whether s is what [Fingerprint] returns, so that what
// has been redacted once is left alone.
func isFingerprint(s string) bool {
	if len(s) != fingerprintLen || s[:len(fingerprintPrefix)] != fingerprintPrefix {
		return false
	}
	for i := len(fingerprintPrefix); i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Mark stands where a secret was that has no fingerprint: one that was cut
// short, and every [Secret] that is printed.
const Mark = "[redacted]"

// Secret is a string that must not be printed: every way to format, log or
// encode it gives [Mark]. Convert it with string(s) where the value is needed.
type Secret string

// String returns [Mark].
func (Secret) String() string { return Mark }

// GoString returns [Mark].
func (Secret) GoString() string { return Mark }

// MarshalText returns [Mark].
func (Secret) MarshalText() ([]byte, error) { return []byte(Mark), nil }

// MarshalJSON returns [Mark] as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Mark + `"`), nil }

// LogValue returns [Mark].
func (Secret) LogValue() slog.Value { return slog.StringValue(Mark) }
