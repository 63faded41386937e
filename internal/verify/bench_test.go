package verify_test

import (
	"flag"
	"io"
	"testing"

	"github.com/gatebook/gatebook/internal/verify"
)

var benchEvents = flag.Int("verify.events", 200_000, "events in the ledger of BenchmarkVerify")

// BenchmarkVerify verifies a ledger of events of about 1 KB, with all
// envelopes, and with the headers alone.
func BenchmarkVerify(b *testing.B) {
	dir, vkey := makeLedgerOf(b, *benchEvents, 16<<20)
	for _, f := range []struct {
		name string
		opts verify.Options
	}{{"all", verify.Options{Key: vkey}}, {"headers", verify.Options{Key: vkey, HeadersOnly: true}}} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				if code := verify.Run(dir, f.opts, io.Discard, io.Discard); code != verify.Intact {
					b.Fatalf("exit code %d", code)
				}
			}
			b.ReportMetric(float64(*benchEvents)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
