package record

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkAppend measures acknowledged events of about 2 KB at several numbers
// of callers, with the percentiles of the acknowledgement.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("inflight=%d", callers), func(b *testing.B) { benchmarkAppend(b, callers) })
	}
}

func benchmarkAppend(b *testing.B, callers int) {
	signer, vkey := testKey(b)
	r, stop := running(b, Config{Dir: b.TempDir(), Signer: signer, Key: vkey})
	defer stop()
	body := strings.Repeat(`{"id":4711,"name":"value"},`, 45)
	took := make([][]time.Duration, callers)
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < b.N; i += callers {
				e := testEvent(i)
				e.Payload.Response.Body = body
				start := time.Now()
				if _, err := r.Append(context.Background(), e); err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Since(start))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}
