package objects

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/disk"
)

var benchEvents = flag.Int("objects.events", 100_000, "events of the view that benchmarks ask")

// full is a feed that has all its records.
type full uint64

func (f full) Size() uint64 { return uint64(f) }

func (f full) Wait(ctx context.Context, _ uint64) (uint64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// touched returns what event n of total touched, which fill thirty days: one in
// ten reads a list of fifty customers, one in two one customer; the others are
// other things. Customers are asked for with a heavy tail. The same n gives the
// same.
func touched(v *View, n uint64, total int) touch {
	r := rand.New(rand.NewPCG(n, 11))
	t := touch{number: n, at: nanos(day.Add(time.Duration(float64(30*24*time.Hour) / float64(total) * float64(n))))}
	add := func(typ string, id int, asked uint32) {
		name := typ + "/" + strconv.Itoa(id)
		h := v.hash(name)
		if !slices.ContainsFunc(t.objects, func(p posting) bool { return p.hash == h }) {
			t.objects = append(t.objects, posting{h, asked})
		}
	}
	customer := func() int { return 1 + int(200_000*r.Float64()*r.Float64()) }
	data := ""
	switch k := r.IntN(10); {
	case k == 0:
		for range 50 {
			add("customer", customer(), 0)
		}
		data = "email name phone"
	case k < 6:
		add("customer", customer(), 1)
		data = []string{"email name", "card email name", ""}[r.IntN(3)]
	default:
		add("order", r.IntN(500_000), 1)
		add("product", r.IntN(5000), 1)
	}
	user := r.IntN(2000)
	t.by = By{fmt.Sprintf("p_%032x", user), "user", fmt.Sprintf("app-%d", user%30), "", "read", data}.encode()
	return t
}

// BenchmarkObject is the question of gatebook object TYPE/ID --since 30d over
// thirty days of events, and what keeping the view costs:
//
//	go test -run=^$ -bench=Object ./internal/objects -objects.events=5000000
func BenchmarkObject(b *testing.B) {
	size, dir := *benchEvents, b.TempDir()
	v, err := Open(Config{Disk: disk.Dir(dir), Feed: full(size), Key: make([]byte, 32)})
	if err != nil {
		b.Fatal(err)
	}
	v.last = func(uint64) (string, error) { return "", nil }
	ctx, stop := context.WithCancel(b.Context())
	merged := make(chan struct{})
	go func() { defer close(merged); v.runMerge(ctx) }()
	var keeping time.Duration
	for n := uint64(0); n < uint64(size); {
		var some []touch
		for to := min(n+batch, uint64(size)); n < to; n++ {
			some = append(some, touched(v, n, size))
		}
		began := time.Now()
		v.work.Lock()
		err := v.add(b.Context(), n, some)
		v.work.Unlock()
		if err != nil {
			b.Fatal(err)
		}
		keeping += time.Since(began)
	}
	stop()
	<-merged
	for did := true; did; {
		if did, err = v.mergeSome(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	b.Logf("%d events: %v in add, %.1f bytes of files an event, %d segments, %d postings in memory, heap %.1f MB", size, keeping.Round(time.Millisecond), float64(bytesOf(b, dir))/float64(size), len(v.segments), len(v.recent.postings), float64(mem.HeapAlloc)/1e6)
	for user := range 2000 {
		id := fmt.Sprintf("p_%032x", user)
		v.names.of[id] = known{Name: Name{Subject: fmt.Sprint("user-", user), Email: fmt.Sprintf("user-%d@example.com", user)}}
	}
	for _, name := range []string{"customer/4711", "customer/7", "customer/199999"} {
		b.Run(name, func(b *testing.B) {
			var calls uint64
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				got, err := v.Find(b.Context(), name, day, day.Add(31*24*time.Hour))
				if err != nil {
					b.Fatal(err)
				}
				calls = 0
				asks := make([]Ask, 0, len(got.Groups))
				for _, g := range got.Groups {
					calls += g.Calls
					asks = append(asks, Ask{g.Principal, g.Newest})
				}
				if _, err := v.Names(b.Context(), asks); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(calls), "calls")
		})
	}
}

func bytesOf(b *testing.B, dir string) int64 {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return sum
}
