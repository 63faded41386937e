package objects_test

import (
	mathrand "math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkFollow is what it costs to follow a real ledger: to read each record
// with who and what, check and decode it, and keep what it touched.
func BenchmarkFollow(b *testing.B) {
	h := newHouse(b)
	r := mathrand.New(mathrand.NewPCG(1, 1))
	for range 3000 {
		e := random(r, len(h.calls))
		if e.What != nil && len(e.What.Objects) > 50 {
			e.What.Objects, e.What.Asked = e.What.Objects[:50], 0
		}
		h.put(e)
	}
	dir, n, objects := h.dir, 0, 0
	for _, e := range h.calls {
		objects += len(e.What.Objects)
	}
	h.flush = 1 << 18
	began := processor(b)
	for b.Loop() {
		h.dir = filepath.Join(dir, strconv.Itoa(n))
		n++
		if err := h.open().CatchUp(b.Context(), 1<<20); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processor(b)-began)/1000/float64(n*len(h.calls)), "cpu-µs/event")
	b.ReportMetric(float64(objects)/float64(len(h.calls)), "objects/event")
}

// processor is the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
