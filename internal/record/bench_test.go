package record

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/ledger"
)

// BenchmarkAppend measures acknowledged events of about 2 KB at several numbers
// of callers, with the percentiles of the acknowledgement.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("inflight=%d", callers), func(b *testing.B) { benchmarkAppend(b, callers, nil) })
		b.Run(fmt.Sprintf("inflight=%d,encrypted", callers), func(b *testing.B) {
			keys, err := vault.Open(vault.Config{Disk: Dir(b.TempDir()), Key: testKEK()})
			if err != nil {
				b.Fatal(err)
			}
			benchmarkAppend(b, callers, keys)
		})
	}
}

func benchmarkAppend(b *testing.B, callers int, keys Keys) {
	signer, vkey := testKey(b)
	r, stop := running(b, Config{Dir: b.TempDir(), Signer: signer, Key: vkey, Keys: keys})
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

// BenchmarkFrame measures what encryption adds to a commit, without the disk:
// a frame of 256 events of about 2 KB, in clear and encrypted.
func BenchmarkFrame(b *testing.B) {
	keys, err := vault.Open(vault.Config{Disk: Dir(b.TempDir()), Key: testKEK()})
	if err != nil {
		b.Fatal(err)
	}
	key, err := keys.New("journal/0.journal")
	if err != nil {
		b.Fatal(err)
	}
	var group []*event.Sealed
	for i := range 256 {
		e := testEvent(i)
		e.Payload.Response.Body = strings.Repeat(`{"id":4711,"name":"value"},`, 45)
		s, err := e.Seal(new([event.Classes]event.Salt))
		if err != nil {
			b.Fatal(err)
		}
		group = append(group, s)
	}
	for name, k := range map[string]*ledger.DataKey{"clear": nil, "encrypted": key} {
		b.Run(name, func(b *testing.B) {
			var f ledger.FrameBuilder
			for b.Loop() {
				f.Reset(0, k)
				for _, s := range group {
					f.Add(s)
				}
				f.Finish(ledger.Hash{}, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(group)), "ns/event")
		})
	}
}
