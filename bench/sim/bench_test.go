package main

import (
	"testing"

	"github.com/gatebook/gatebook/internal/detect"
)

// BenchmarkWorld runs the rules that come with Gatebook over a world of
// attacks, which is made before and not measured: events a second of the
// processor's time, of the whole world. It says the sum of all findings, to
// compare two versions of the engine.
//
//	GOMAXPROCS=1 go test -run '^$' -bench World -benchtime 1x ./bench/sim
func BenchmarkWorld(b *testing.B) {
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		b.Fatal(err)
	}
	w := newWorld(1, 300_000)
	w.attack(false)
	var days [][]item
	w.each(func(items []item) { days = append(days, items) })
	b.ResetTimer()
	b.ReportAllocs()
	for b.Loop() {
		r, feed := newRun(w), &plain{}
		feed.start(set)
		for _, items := range days {
			begin := cpuTime()
			found := feed.add(items)
			r.took += cpuTime() - begin
			r.events += len(items)
			r.take(found)
		}
		r.take(feed.end())
		b.ReportMetric(float64(r.events)/r.took.Seconds(), "events/cpu-s")
		b.Logf("%d events, %d findings, sum %x", r.events, r.findings, r.hash.Sum(nil))
	}
}
