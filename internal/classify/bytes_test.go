package classify

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestHashBytes compares with a hash that is made byte by byte: fields are kept
// on the disk by it, so that it must not change.
func TestHashBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		name := make([]byte, n)
		for i := range name {
			name[i] = byte(r.Uint32())
		}
		seed := r.Uint64()
		h := seed ^ uint64(n)*hashM2
		word := func(b []byte) (w uint64) {
			for i, c := range b {
				w |= uint64(c) << (8 * i)
			}
			return w
		}
		rest := name
		for ; len(rest) >= 8; rest = rest[8:] {
			h = mix(h^hashM1, word(rest[:8])^hashM2)
		}
		if got, want := hashBytes(seed, name), nonzero(mix(h^hashM1, word(rest)^hashM2)); got != want {
			t.Errorf("%d bytes: got %x, want %x", n, got, want)
		}
	}
}

// TestShortEnd compares with a search, over random texts of few letters.
func TestShortEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = "abc#!]\xa2\xdc\x21\x23\x5b\x5d"[r.IntN(12)]
			if r.IntN(20) == 0 {
				b[i] = "\"\\"[r.IntN(2)]
			}
		}
		want := bytes.IndexAny(b, "\"\\")
		if want < 0 {
			want = len(b)
		}
		if got := shortEnd(b); got != min(want, 24) {
			t.Fatalf("%q: got %d, want %d", b, got, min(want, 24))
		}
	}
}
