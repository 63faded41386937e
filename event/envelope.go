package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// Class names an envelope.
type Class uint8

// The classes of envelope, in the order in which they are stored.
const (
	ClassWho Class = iota
	ClassWhat
	ClassPayload
	Classes = 3 // how many there are
)

var classNames = [Classes]string{"who", "what", "payload"}

// String returns "who", "what" or "payload".
func (c Class) String() string {
	if c < Classes {
		return classNames[c]
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// ParseClass is the inverse of [Class.String].
func ParseClass(s string) (Class, error) {
	for i, name := range classNames {
		if s == name {
			return Class(i), nil
		}
	}
	return 0, fmt.Errorf("envelope class %q: want who, what or payload", clip(s, 40))
}

// SaltSize is the size of an envelope's salt in bytes.
const SaltSize = 16

// Salt keeps the content of an erased envelope from being guessed from its
// commitment: it is random for each envelope, and is erased with it.
type Salt [SaltSize]byte

// Hash is a SHA-256 hash. The zero Hash means "none".
type Hash [sha256.Size]byte

// IsZero reports whether h is the zero Hash.
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns h in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Envelope is an envelope as it is stored: its bytes and the salt of its
// commitment.
type Envelope struct {
	Salt Salt
	Data []byte
}

// Commitment returns SHA-256 over the ASCII text "gatebook/envelope/v1", a
// NUL, one byte for the class, the salt, and the envelope's bytes.
func Commitment(class Class, salt Salt, data []byte) Hash {
	var stack [512]byte // most envelopes fit, and are then hashed in one piece
	b := append(stack[:0], commitDomain...)
	b = append(b, byte(class))
	b = append(b, salt[:]...)
	if len(b)+len(data) <= len(stack) {
		return sha256.Sum256(append(b, data...))
	}
	return hashOf(string(b), data)
}

func hashOf(prefix string, data []byte) (sum Hash) {
	h := sha256.New()
	io.WriteString(h, prefix)
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}

const commitDomain = "gatebook/envelope/v1\x00"

// Sealed is an event as it is stored: the header's bytes and the envelopes,
// nil where there is none. It must not be changed.
type Sealed struct {
	Header    []byte
	Envelopes [Classes]*Envelope
}

// Size returns the bytes that s takes, for queues that count bytes.
func (s *Sealed) Size() int {
	n := len(s.Header)
	for _, env := range s.Envelopes {
		if env != nil {
			n += len(env.Data) + SaltSize
		}
	}
	return n
}

// Check reports whether env is the envelope of the class that the commitment
// was made for.
func (env *Envelope) Check(class Class, commit Hash) bool {
	return Commitment(class, env.Salt, env.Data) == commit
}

// MarshalText writes h as [Hash.String] does; the zero Hash is empty.
func (h Hash) MarshalText() ([]byte, error) {
	if h.IsZero() {
		return nil, nil
	}
	return []byte(h.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*h = Hash{}
		return nil
	}
	if len(b) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("hash %q: want 64 hex digits", clip(string(b), 70))
	}
	if _, err := hex.Decode(h[:], b); err != nil {
		return fmt.Errorf("hash %q: want 64 hex digits", clip(string(b), 70))
	}
	return nil
}
