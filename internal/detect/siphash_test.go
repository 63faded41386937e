package detect

import "testing"

// TestSipHash compares with the vectors of the reference implementation: the
// key is 00 01 … 0f, and the input of vector n is 00 01 … n-1.
func TestSipHash(t *testing.T) {
	var secret Secret
	for i := range secret {
		secret[i] = byte(i)
	}
	h := newHasher(secret)
	in := make([]byte, 0, 64)
	want := map[int]uint64{
		0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 7: 0xab0200f58b01d137, 8: 0x93f5f5799a932462,
		15: 0xa129ca6149be45e5, 16: 0x3f2acc7f57c29bdb, 63: 0x958a324ceb064572,
	}
	for n := range 64 {
		if w, ok := want[n]; ok && h.sum(in) != w {
			t.Errorf("of %d bytes: got %#x, want %#x", n, h.sum(in), w)
		}
		in = append(in, byte(n))
	}
}
