//go:build linux

package main

import (
	"math/bits"
	"time"
)

// hist counts durations in buckets that are never wider than 1/128 of their
// value, from 1 ns to 2^63 ns. The zero value is an empty histogram. It is not
// safe for concurrent use.
type hist struct {
	counts [histBuckets]uint64
	total  uint64
	max    uint64
}

const (
	histBits    = 7 // each power of two has 2^histBits buckets
	histBuckets = (64-histBits)<<histBits + 1<<histBits
)

// bucket is the place of v: exact below 2^(histBits+1), logarithmic above.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-histBits-1, 0)
	return shift<<histBits + int(v>>shift)
}

// bucketMax is the largest value that falls into bucket i.
func bucketMax(i int) uint64 {
	if i < 2<<histBits {
		return uint64(i)
	}
	shift := i>>histBits - 1
	mantissa := uint64(i - shift<<histBits)
	return (mantissa+1)<<shift - 1
}

// add counts d; a negative d counts as zero.
func (h *hist) add(d time.Duration) {
	v := uint64(max(d, 0))
	h.counts[bucket(v)]++
	h.total++
	h.max = max(h.max, v)
}

// quantile returns a value that a share q of all values do not exceed, at most
// 1/128 too large; 0 for an empty histogram.
func (h *hist) quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := uint64(q*float64(h.total) + 0.5)
	rank = min(max(rank, 1), h.total)
	var seen uint64
	for i, n := range h.counts {
		seen += n
		if seen >= rank {
			return time.Duration(min(bucketMax(i), h.max))
		}
	}
	return time.Duration(h.max)
}
