package reading_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	"github.com/gatebook/gatebook/test/readingtest"
)

// benchEvents is how many events the benchmarks of this package have:
//
//	go test -run=^$ -bench=. ./internal/reading -reading.events=5000000 -reading.ledger=/var/tmp/ledger
var (
	benchEvents = flag.Int("reading.events", 50_000, "events in the ledger of BenchmarkProve and BenchmarkEvidence")
	benchLedger = flag.String("reading.ledger", "", "folder in which that ledger is kept from run to run")
)

// benchSegment is the number of records of a sealed segment of the benchmarks.
const benchSegment = 256 * 256

// benchEvent returns event n of the benchmarks' ledger, which fills a day.
func benchEvent(n, total int) *event.Event {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC).Add(time.Duration(float64(24*time.Hour) / float64(total) * float64(n)))
	who := n * 7919 % 20_000
	e := readingtest.Call(at, fmt.Sprintf("user-%05d", who), "GET", fmt.Sprintf("/v1/customers/%d", n*31%500_000), 200)
	e.Payload = &event.Payload{Response: event.Message{Body: fmt.Sprintf(`{"id":%d,"name":"customer %d","balance":"%d.00","tags":["a","b"]}`, n*31%500_000, who, n%977)}}
	return e
}

// sealedLedger makes a ledger of n events as the recorder would have sealed it:
// the block files, the tree and the checkpoint. It skips the journal, through
// which five million events take minutes.
func sealedLedger(b *testing.B, n int) (dir string, signer note.Signer, key string) {
	b.Helper()
	began := time.Now()
	skey, key, err := note.GenerateKey(rand.Reader, "gatebook.test/bench")
	if err != nil {
		b.Fatal(err)
	}
	dir = filepath.Join(b.TempDir(), "ledger")
	if *benchLedger != "" {
		dir = filepath.Join(*benchLedger, "ledger")
		if old, err := os.ReadFile(filepath.Join(*benchLedger, "keys")); err == nil {
			skey, key, _ = strings.Cut(string(old), "\n")
		}
	}
	if signer, err = note.NewSigner(skey); err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, ledger.CheckpointFile)); err == nil {
		return dir, signer, key
	}
	leaves := make([]ledger.Hash, n)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for first := 0; first < n; first += benchSegment {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := sealSegment(dir, first, min(first+benchSegment, n), n, leaves); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	var tree ledger.Tree
	tiles := map[int][]byte{}
	for _, h := range leaves {
		tree.Add(h, func(level int, h ledger.Hash) { tiles[level] = append(tiles[level], h[:]...) })
	}
	signed, err := ledger.Checkpoint{Origin: signer.Name(), Size: tree.Size(), Root: tree.Root()}.Sign(signer)
	if err != nil {
		b.Fatal(err)
	}
	write := func(name string, content []byte) {
		if err := writeFile(filepath.Join(dir, name), func(w *bufio.Writer) error { _, err := w.Write(content); return err }); err != nil {
			b.Fatal(err)
		}
	}
	for level, hashes := range tiles {
		write(ledger.TileName(level), hashes)
	}
	write(ledger.FormatFile, []byte(ledger.Format{Origin: signer.Name(), Key: key}.Text()))
	write(ledger.CheckpointFile, signed)
	if *benchLedger != "" {
		if err := os.WriteFile(filepath.Join(*benchLedger, "keys"), []byte(skey+"\n"+key), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("a ledger of %d events in %v", n, time.Since(began).Round(time.Second))
	return dir, signer, key
}

func writeFile(name string, write func(w *bufio.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// sealSegment writes the records [from, to) of n, and notes their leaves.
func sealSegment(dir string, from, to, n int, leaves []ledger.Hash) error {
	var envelopes [event.Classes]bytes.Buffer
	var writers [event.Classes]*ledger.EnvelopeWriter
	for c := range writers {
		var err error
		if writers[c], err = ledger.NewEnvelopeWriter(&envelopes[c], nil); err != nil {
			return err
		}
	}
	err := writeFile(filepath.Join(dir, ledger.SealedName(uint64(from))), func(w *bufio.Writer) error {
		blocks, err := ledger.NewBlockWriter(w)
		if err != nil {
			return err
		}
		var items []byte
		for i := from; i < to; i++ {
			var salts [event.Classes]event.Salt
			for c := range salts {
				binary.BigEndian.PutUint64(salts[c][:], uint64(i)*0x9E3779B97F4A7C15+uint64(c))
			}
			s, err := benchEvent(i, n).Seal(&salts)
			if err != nil {
				return err
			}
			leaves[i] = ledger.RecordHash(s.Header)
			items = ledger.AppendEntry(items, s.Header)
			for c, env := range s.Envelopes {
				if err := writers[c].Add(uint64(i), env); err != nil {
					return err
				}
			}
			if (i+1)%ledger.BlockRecords == 0 {
				if err := blocks.Block(uint64(i+1-ledger.BlockRecords), ledger.BlockRecords, items); err != nil {
					return err
				}
				items = items[:0]
			}
		}
		return blocks.Close()
	})
	for c := range event.Class(event.Classes) {
		if err != nil {
			break
		}
		if err = writers[c].Close(); err == nil {
			err = writeFile(filepath.Join(dir, ledger.EnvelopeName(c, "2026-11-20", uint64(from))), func(w *bufio.Writer) error {
				_, err := w.Write(envelopes[c].Bytes())
				return err
			})
		}
	}
	return err
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
