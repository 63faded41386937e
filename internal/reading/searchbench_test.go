package reading_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/bigledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

// questions are those of the console's measurement, test/console/measure: each
// i asks for something else.
var questions = []struct {
	name string
	ask  func(i int) reading.Search
}{
	{"object", func(i int) reading.Search { return first(fmt.Sprintf(`what.objects:"customer/%d"`, 4711+13*i)) }},
	{"person", func(i int) reading.Search { return first(fmt.Sprintf(`who.email:="user-%05d@shop.test"`, 100+37*i)) }},
	{"refused-of-app", func(i int) reading.Search {
		return first(fmt.Sprintf(`outcome.status:=403 credential.client:=app-%d`, i%30))
	}},
	{"route-and-status", func(i int) reading.Search {
		return first(fmt.Sprintf(`operation.route:="/v1/customers/{id}" outcome.status:=404 credential.client:=app-%d`, i%30))
	}},
	{"word", func(i int) reading.Search { return first(fmt.Sprint(5000 + 17*i)) }},
	{"nothing", func(i int) reading.Search { return first(fmt.Sprintf(`who.email:="nobody-%d@shop.test"`, i)) }},
	{"newest", func(int) reading.Search { return first(`kind:=access edge:big`) }},
	{"oldest", func(int) reading.Search {
		s := first(`kind:=access edge:big`)
		s.Oldest = true
		return s
	}},
}

// first asks for the first hundred rows, as the console does for some fifty, without payloads.
func first(q string) reading.Search {
	return reading.Search{Query: reading.Query{LogsQL: q}, Limit: 100}
}

// BenchmarkSearch asks each question of the record as the console does, from the
// question to the hundred records that were read, checked and decoded, and the
// look that was sealed; cold with an engine and a room that were just started (the
// system has read the files before), and warm, after a question of the same kind.
//
//	go test -run '^$' -bench Search -benchtime 20x ./internal/reading -reading.events=5000000 -reading.ledger=/var/tmp/ledger
func BenchmarkSearch(b *testing.B) {
	n := benchSize()
	kept := *benchLedger
	if kept == "" {
		kept = b.TempDir()
	}
	kept = filepath.Join(kept, "shop")
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	dir, signer, key := keptLedger(b, n, kept, func(i int) *event.Event {
		return bigledger.ShopCall(day.Add(time.Duration(float64(24*time.Hour)*(float64(i)+0.5)/float64(n))), uint64(i))
	})
	l, cfg := opened(b, dir, signer, key)
	cfg.Status = func() reading.IndexStatus { return reading.IndexStatus{Indexed: 1 << 62} }
	who := admin
	who.NoPayload = true
	var engine int // process
	start := func() (*reading.Room, func()) {
		s, stop := benchEngine(b, filepath.Join(kept, "index"), readingtest.Source{Feed: cfg.Feed, Ledger: l}, uint64(n))
		fresh := cfg
		fresh.Index = s.Client()
		engine = s.Status().PID
		return reading.New(fresh), stop
	}
	for _, q := range questions {
		run := func(name string, cold bool) {
			b.Run(q.name+"/"+name, func(b *testing.B) {
				room, stop := start()
				defer func() { stop() }()
				if !cold {
					if _, err := room.Search(b.Context(), who, q.ask(0)); err != nil {
						b.Fatal(err)
					}
				}
				var took []time.Duration
				hits, i, used := 0, 0, cpu()+cpuOf(engine)
				b.ResetTimer()
				for b.Loop() {
					if cold && i > 0 {
						b.StopTimer()
						stop()
						room, stop = start()
						b.StartTimer()
					}
					i++
					began := time.Now()
					res, err := room.Search(b.Context(), who, q.ask(i))
					if err != nil || len(res.Problems) > 0 {
						b.Fatal(err, res)
					}
					took = append(took, time.Since(began))
					hits += len(res.Hits)
				}
				slices.Sort(took)
				b.ReportMetric(float64(hits)/float64(b.N), "hits")
				b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
				b.ReportMetric(ms(took[len(took)-1]), "worst-ms")
				if !cold {
					b.ReportMetric(ms(cpu()+cpuOf(engine)-used)/float64(b.N), "cpu-ms/op")
				}
			})
		}
		run("cold", true)
		run("warm", false)
	}
}

func ms(d time.Duration) float64 { return math.Round(float64(d.Microseconds())/10) / 100 }

// cpuOf returns the processor time of another process so far, 0 where the system
// does not tell.
func cpuOf(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(after)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// benchEngine runs the engine on dir, until the returned function is called, and
// waits until it has the first n records of the source.
func benchEngine(b *testing.B, dir string, source index.Source, n uint64) (*index.Supervisor, func()) {
	b.Helper()
	s, err := index.NewSupervisor(readingtest.Engine(dir))
	if err != nil {
		b.Fatal(err)
	}
	f, err := index.NewFollower(index.FollowerConfig{Source: source, Engine: s})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 2)
	go func() { ended <- s.Run(ctx) }()
	if _, err := s.Session(ctx); err != nil {
		b.Fatal(err)
	}
	feeding, enough := context.WithCancel(ctx)
	go func() { ended <- f.Run(feeding) }()
	for p := f.Progress(); p.Cursor < n; p = f.Progress() {
		if p.LastError != "" {
			b.Fatal(p.LastError)
		}
		time.Sleep(50 * time.Millisecond)
	}
	enough()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	return s, func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}
