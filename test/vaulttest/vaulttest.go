// Package vaulttest is the test that every key-encryption key must pass. It is
// for tests only.
package vaulttest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/ledger"
)

// Wrapper checks a key-encryption key: w, again the same opened a second time,
// and another one of the same kind.
func Wrapper(t *testing.T, w, again, other vault.Wrapper) {
	t.Helper()
	if w.Name() == "" || strings.ContainsAny(w.Name(), "\n\r") {
		t.Errorf("its name %q is not one line", w.Name())
	}
	if w.Name() != again.Name() || w.Name() == other.Name() {
		t.Errorf("names: %q, the same key %q, another key %q", w.Name(), again.Name(), other.Name())
	}
	id, secret := ledger.KeyID{1, 2, 3}, bytes.Repeat([]byte{0xa5, 0x5a}, ledger.DataKeySize/2)
	wrapped, err := w.Wrap(id, secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wrapped, secret[:8]) {
		t.Error("the wrapped key has the secret in it")
	}
	for _, k := range []vault.Wrapper{w, again} {
		if got, err := k.Unwrap(id, wrapped); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("unwrapped: got %x, %v, want %x", got, err, secret)
		}
	}
	if got, err := other.Unwrap(id, wrapped); err == nil {
		t.Errorf("another key unwrapped it: %x", got)
	}
	for i := range wrapped {
		b := bytes.Clone(wrapped)
		b[i] ^= 0x40
		if got, err := w.Unwrap(id, b); err == nil && !bytes.Equal(got, secret) {
			t.Errorf("byte %d changed: unwrapped as %x", i, got)
		}
	}
	for _, n := range []int{0, 1, len(wrapped) - 1} {
		if _, err := w.Unwrap(id, wrapped[:n]); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
}

// Bound checks that a key that was wrapped for one id is not unwrapped for
// another.
func Bound(t *testing.T, w vault.Wrapper) {
	t.Helper()
	wrapped, err := w.Wrap(ledger.KeyID{1}, make([]byte, ledger.DataKeySize))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Unwrap(ledger.KeyID{2}, wrapped); err == nil {
		t.Error("unwrapped for another id")
	}
}
