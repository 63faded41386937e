package verify_test

import (
	"flag"
	"io"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/verify"
	"github.com/gatebook/gatebook/ledger"
)

var benchEvents = flag.Int("verify.events", 200_000, "events in the ledger of BenchmarkVerify")

// BenchmarkVerify verifies a ledger of events with all three envelopes, about
// 1 KB each, as it is when nothing was recorded for a while: all but the last
// one or two journal segments are sealed. The segments are as small against the
// ledger as those of 64 MiB are against some million events. It is done once
// with all envelopes, and once with the headers alone.
func BenchmarkVerify(b *testing.B) {
	dir, vkey := makeLedgerOf(b, *benchEvents, 4<<20, func(_ *record.Recorder, dir string) bool {
		journals, _ := filepath.Glob(filepath.Join(dir, ledger.JournalDir, "*"))
		return len(journals) <= 2
	})
	for _, f := range []struct {
		name string
		opts verify.Options
	}{{"all", verify.Options{Key: vkey}}, {"headers", verify.Options{Key: vkey, HeadersOnly: true}}} {
		b.Run(f.name, func(b *testing.B) {
			before := processorTime()
			for b.Loop() {
				if code := verify.Run(dir, f.opts, io.Discard, io.Discard); code != verify.Intact {
					b.Fatalf("exit code %d", code)
				}
			}
			spent := processorTime() - before
			b.ReportMetric(float64(spent.Nanoseconds())/1e3/float64(*benchEvents)/float64(b.N), "cpu-µs/event")
			b.ReportMetric(float64(*benchEvents)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// processorTime returns the processor time that the test spent, which other
// work on the machine changes less than the time that passes.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
