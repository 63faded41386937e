//go:build unix

package detect

import (
	"flag"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// cpu returns how long the process has computed: figures of a machine that
// others use too.
func cpu(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkCatalogue runs all rules over a morning of calls.
func BenchmarkCatalogue(b *testing.B) {
	set := catalogue(b)
	events := stream(1, 100000)
	b.ReportAllocs()
	runtime.GC()
	b.ResetTimer()
	begin := cpu(b)
	for n := 0; n < b.N; {
		e := New(Config{Rules: set})
		for _, ev := range events[:min(len(events), b.N-n)] {
			e.Add(ev, -1)
			n++
		}
	}
	used := cpu(b) - begin
	b.ReportMetric(float64(b.N)/used.Seconds(), "events/cpu-s")
}

// BenchmarkRules runs each rule alone: what it costs an event of a morning.
func BenchmarkRules(b *testing.B) {
	set := catalogue(b)
	events := stream(1, 20000)
	for _, r := range set.Rules {
		if r.Quiet {
			continue
		}
		only := set.only(r)
		b.Run(r.Name, func(b *testing.B) {
			begin := cpu(b)
			for n := 0; n < b.N; {
				e := New(Config{Rules: only})
				for _, ev := range events[:min(len(events), b.N-n)] {
					e.Add(ev, -1)
					n++
				}
			}
			b.ReportMetric(float64((cpu(b)-begin).Nanoseconds())/float64(b.N), "cpu-ns/event")
		})
	}
}

// BenchmarkActors fills an engine with the state of many actors, each of whom
// makes a few calls, and says what it holds.
var actorsFlag = flag.Int("actors", 20_000, "how many actors BenchmarkActors has")

func BenchmarkActors(b *testing.B) {
	set := catalogue(b)
	actors := *actorsFlag
	for b.Loop() {
		e := New(Config{Rules: set, MaxKeys: actors})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range 2 * actors {
			who := i % actors
			e.Add(call(i, time.Duration(i)*time.Millisecond, "principal.kind", "user", "principal.id", fmt.Sprint("p_", who), "principal.level", "3",
				"credential.fingerprint", fmt.Sprint("hmac:", who), "operation.action", "read", "operation.route", "/customers/{id}", "outcome.status", "200",
				"who.address", fmt.Sprintf("198.%d.%d.7", who>>8&255, who&255), "what.asked", fmt.Sprint("customer/", who), "data", "email", "records", "1"), -1)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		s := e.Stats()
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
		b.ReportMetric(float64(s.Keys), "groups")
		b.ReportMetric(float64(s.Dropped), "dropped")
		runtime.KeepAlive(e)
	}
}
