package config

import (
	"fmt"
	"io"
)

// Secret is a text that never prints: every way to format, log or marshal it
// gives [Redacted], or nothing if it is empty. The zero value is no secret.
type Secret struct{ value string }

// Redacted is what is printed in place of a secret.
const Redacted = "[redacted]"

// NewSecret hides s.
func NewSecret(s string) Secret { return Secret{s} }

// Reveal returns the secret. Each call is a place to look at in a review.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.value == "" }

// String returns [Redacted], or nothing if there is no secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return Redacted
}

// Format prints s as [Secret.String] does, whatever the verb, so that %#v and
// %x do not reach into the struct.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText does as [Secret.String]. JSON and slog use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
