package reading_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/pack"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/bigledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

// benchEvents is how many events the benchmarks of this package have:
//
//	go test -run=^$ -bench=. ./internal/reading -reading.events=5000000 -reading.ledger=/var/tmp/ledger
var (
	benchEvents = flag.Int("reading.events", 50_000, "events in the ledgers of the benchmarks")
	benchLedger = flag.String("reading.ledger", "", "folder in which these ledgers, and the index of one, are kept from run to run")
)

// benchEvent returns event n of the benchmarks' ledger, which fills a day.
func benchEvent(n, total int) *event.Event {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(float64(24*time.Hour) / float64(total) * float64(n)))
	who := n * 7919 % 20_000
	e := readingtest.Call(at, fmt.Sprintf("user-%05d", who), "GET", fmt.Sprintf("/v1/customers/%d", n*31%500_000), 200)
	e.Payload = &event.Payload{Response: event.Message{Body: fmt.Sprintf(`{"id":%d,"name":"customer %d","balance":"%d.00","tags":["a","b"]}`, n*31%500_000, who, n%977)}}
	return e
}

// sealedLedger makes a ledger of n events, or returns the one that was kept.
func sealedLedger(b *testing.B, n int) (dir string, signer note.Signer, key string) {
	b.Helper()
	return keptLedger(b, n, *benchLedger, func(i int) *event.Event { return benchEvent(i, n) })
}

// keptLedger is sealedLedger for any events of 2026-11-20. It is kept in the
// folder kept, unless that is empty.
func keptLedger(b *testing.B, n int, kept string, made func(i int) *event.Event) (dir string, signer note.Signer, key string) {
	b.Helper()
	began := time.Now()
	skey, key, err := note.GenerateKey(rand.Reader, "gatebook.test/bench")
	if err != nil {
		b.Fatal(err)
	}
	dir = filepath.Join(b.TempDir(), "ledger")
	if kept != "" {
		dir = filepath.Join(kept, "ledger")
		if old, err := os.ReadFile(filepath.Join(kept, "keys")); err == nil {
			skey, key, _ = strings.Cut(string(old), "\n")
		}
	}
	if signer, err = note.NewSigner(skey); err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ledger.CheckpointFile)); err == nil {
		return dir, signer, key
	}
	if err := bigledger.Make(dir, signer, key, n, "2026-11-20", made); err != nil {
		b.Fatal(err)
	}
	if kept != "" {
		if err := os.WriteFile(filepath.Join(kept, "keys"), []byte(skey+"\n"+key), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("a ledger of %d events in %v", n, time.Since(began).Round(time.Second))
	return dir, signer, key
}

// opened opens the ledger, with a recorder on it, as a server does.
func opened(b *testing.B, dir string, signer note.Signer, key string) (*ledger.Ledger, reading.Config) {
	b.Helper()
	rec, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: key, Publish: 20 * time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- rec.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		b.Fatal(err)
	}
	return l, reading.Config{Ledger: l, Files: os.DirFS(dir), Feed: rec, Appender: rec, Pseudonym: func(_, s string) string { return "p_" + fmt.Sprintf("%032x", s)[:32] }}
}

// scattered returns count different numbers below n, by chance but always the
// same.
func scattered(count, n int) []uint64 {
	r := mathrand.New(mathrand.NewPCG(1, 2))
	seen := map[uint64]bool{}
	var list []uint64
	for len(list) < count {
		if k := r.Uint64N(uint64(n)); !seen[k] {
			seen[k] = true
			list = append(list, k)
		}
	}
	return list
}

// cpu returns the processor time of this process so far, of which a busy
// machine says more than the clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportCPU adds the processor time of each iteration since began.
func reportCPU(b *testing.B, began time.Duration) {
	b.ReportMetric(float64((cpu()-began).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// benchSize is a whole number of blocks.
func benchSize() int { return *benchEvents / ledger.BlockRecords * ledger.BlockRecords }

// BenchmarkProve reads one event of a large ledger, by chance which, and makes
// and checks the proof that it is in it.
func BenchmarkProve(b *testing.B) {
	n := benchSize()
	dir, signer, key := sealedLedger(b, n)
	l, _ := opened(b, dir, signer, key)
	c, _, err := l.Checkpoint()
	if err != nil {
		b.Fatal(err)
	}
	numbers := scattered(10_000, n)
	i, used := 0, cpu()
	for b.Loop() {
		k := numbers[i%len(numbers)]
		i++
		s, err := l.Read(k) // the header, as gatebook prove does
		if err != nil {
			b.Fatal(err)
		}
		proof, err := l.Prove(k, c.Size)
		if err != nil {
			b.Fatal(err)
		}
		if err := proof.Check(s.Header, c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/event")
	reportCPU(b, used)
}

// found is an index that has found what it is told: how fast the index is is
// measured in its own package.
type found struct {
	reading.Index
	hits []index.Hit
}

func (f found) Search(context.Context, index.Query) ([]index.Hit, error) { return f.hits, nil }

// BenchmarkEvidence makes an evidence pack of a thousand events of a large
// ledger, scattered over all of it, with its page, and verifies it.
func BenchmarkEvidence(b *testing.B) {
	const events = 1000
	n := benchSize()
	dir, signer, key := sealedLedger(b, n)
	_, cfg := opened(b, dir, signer, key)
	var hits []index.Hit
	for _, k := range scattered(events, n) {
		hits = append(hits, index.Hit{Number: k, Time: benchEvent(int(k), n).Arrived})
	}
	cfg.Index = found{hits: hits}
	cfg.Status = func() reading.IndexStatus { return reading.IndexStatus{Indexed: 1 << 62} }
	var zip bytes.Buffer
	var made *evidence.Pack
	b.Run("make", func(b *testing.B) {
		used := cpu()
		for b.Loop() {
			zip.Reset()
			// A new room has a new cache of blocks: nothing is read twice.
			fresh := cfg
			var err error
			if fresh.Ledger, err = ledger.Open(os.DirFS(dir)); err != nil {
				b.Fatal(err)
			}
			p, key, err := reading.New(fresh).Evidence(b.Context(), admin, reading.Evidence{
				Query: reading.Query{LogsQL: "operation.method:=GET"}, Disclose: []event.Class{event.ClassWho, event.ClassWhat},
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := pack.Write(&zip, p, key); err != nil {
				b.Fatal(err)
			}
			made = p
		}
		b.ReportMetric(float64(zip.Len())/1e6, "MB")
		reportCPU(b, used)
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/pack")
	})
	var inner bytes.Buffer
	if err := made.Write(&inner, nil); err != nil {
		b.Fatal(err)
	}
	b.Run("verify", func(b *testing.B) {
		used := cpu()
		for b.Loop() {
			rep, err := evidence.Verify(bytes.NewReader(zip.Bytes()), int64(zip.Len()), evidence.Options{Key: key})
			if err != nil || !rep.OK() || rep.Events != events {
				b.Fatalf("%v, %+v", err, rep)
			}
		}
		b.ReportMetric(float64(inner.Len())/1e6, "MB-without-page")
		reportCPU(b, used)
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/pack")
	})
	b.Run("paths", func(b *testing.B) { paths1000(b, cfg.Ledger, hits) })
}

// paths1000 makes a proof of its own for each event, for comparison: that is
// what C2SP tlog-proof has.
func paths1000(b *testing.B, l *ledger.Ledger, hits []index.Hit) {
	size, bytes := l.Size(), 0
	for b.Loop() {
		bytes = 0
		for _, h := range hits {
			proof, err := l.Prove(h.Number, size)
			if err != nil {
				b.Fatal(err)
			}
			for _, hash := range proof.Path {
				bytes += base64.StdEncoding.EncodedLen(len(hash)) + 1
			}
		}
	}
	b.ReportMetric(float64(bytes)/1e6, "MB")
}

// BenchmarkBacktest runs a rule over a large ledger as gatebook rules backtest
// does: the events are exported over HTTP, without payloads, decoded beside the
// engine, and judged by it.
func BenchmarkBacktest(b *testing.B) {
	n := benchSize()
	dir, signer, key := sealedLedger(b, n)
	_, cfg := opened(b, dir, signer, key)
	cfg.Status = func() reading.IndexStatus { return reading.IndexStatus{Down: time.Now()} }
	room := reading.New(cfg)
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		b.Fatal(err)
	}
	who := admin
	who.NoPayload = true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum, err := room.Export(r.Context(), who, reading.Export{Query: reading.Query{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}}, w)
		if err != nil || !sum.Complete {
			b.Error(sum, err)
		}
	}))
	b.Cleanup(srv.Close)
	for _, name := range []string{"bola-enumeration", "request-flood", "user-exfil-volume"} {
		only := set.Only(set.Rule(name))
		b.Run(name, func(b *testing.B) {
			used, judging := cpu(), time.Duration(0)
			for b.Loop() {
				res, err := http.Get(srv.URL)
				if err != nil {
					b.Fatal(err)
				}
				events := make(chan []*event.Event, 4)
				go func() {
					defer close(events)
					var batch []*event.Event
					s := bufio.NewScanner(res.Body)
					s.Buffer(make([]byte, 64<<10), 8<<20)
					for s.Scan() {
						e, _, err := detect.ParseLine(s.Bytes())
						if err != nil {
							b.Error(err)
							return
						}
						if batch = append(batch, e); len(batch) == 256 {
							events <- batch
							batch = nil
						}
					}
					events <- batch
				}()
				e := detect.New(detect.Config{Rules: only, Lateness: 10 * time.Second})
				for batch := range events {
					begin := time.Now()
					for _, ev := range batch {
						e.Add(ev, -1)
					}
					judging += time.Since(begin)
				}
				e.Flush()
				res.Body.Close()
				if got := int(e.Stats().Events); got != n {
					b.Errorf("%d events were judged, want %d", got, n)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/backtest")
			b.ReportMetric(judging.Seconds()/float64(b.N), "s-engine/backtest")
			reportCPU(b, used)
		})
	}
}
