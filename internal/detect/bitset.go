package detect

import "math/bits"

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) add(i int) { b[i>>6] |= 1 << (i & 63) }

// take removes and returns the smallest number, not before from; -1: there is none.
func (b bitset) take(from int) int {
	for w := from >> 6; w < len(b); w++ {
		if b[w] != 0 {
			i := bits.TrailingZeros64(b[w])
			b[w] &^= 1 << i
			return w<<6 + i
		}
	}
	return -1
}
