package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// testKey makes a signing key.
func testKey(t testing.TB) (note.Signer, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/ledger")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return signer, vkey
}

func testEvent(i int) *event.Event {
	at := time.Now()
	var random [8]byte
	rand.Read(random[:])
	return &event.Event{
		Header: event.Header{
			ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Completed: at.Add(time.Millisecond),
			Sequence:  uint64(i + 1),
			Principal: event.Principal{Kind: event.User, ID: "p_1", Level: event.LevelVerified},
			Operation: event.Operation{Protocol: "http/1.1", Method: "GET", Route: "/customers/{id}"},
			Outcome:   event.Outcome{Status: 200, Decision: "allowed"},
		},
		Who:     &event.Who{Subject: fmt.Sprintf("user-%d", i), Address: "192.0.2.1"},
		What:    &event.What{Path: fmt.Sprintf("/customers/%d", i)},
		Payload: &event.Payload{Response: event.Message{Body: strings.Repeat("x", i%700)}},
	}
}

// running is a recorder that runs until stop is called.
func running(t testing.TB, cfg Config) (r *Recorder, stop func()) {
	t.Helper()
	r, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return r, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping the recorder: %v", err)
		}
	})
}

func appendMany(t testing.TB, r *Recorder, from, count, at int) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range at {
		wg.Go(func() {
			for i := range next {
				if _, err := r.Append(context.Background(), testEvent(i)); err != nil {
					t.Errorf("event %d: %v", i, err)
				}
			}
		})
	}
	for i := range count {
		next <- from + i
	}
	close(next)
	wg.Wait()
}

// awaitPublished waits until the published checkpoint covers size records.
func awaitPublished(t testing.TB, dir string, size uint64) {
	t.Helper()
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if c, _, err := l.Checkpoint(); err != nil || c.Size >= size {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// verified fails the test unless the ledger in dir holds, with the given number
// of records.
func verified(t testing.TB, dir string, size uint64) {
	t.Helper()
	report := ledger.Verify(os.DirFS(dir), ledger.VerifyOptions{Decode: true})
	for _, p := range append(report.Problems, report.Unreadable...) {
		t.Errorf("verify: %s", p)
	}
	if report.Size != size {
		t.Errorf("verify: got %d records, want %d", report.Size, size)
	}
	if want := size * event.Classes; report.Envelopes < want-event.Classes*10 {
		t.Errorf("verify: got %d envelopes, want about %d", report.Envelopes, want)
	}
}

func TestAppendSealReopen(t *testing.T) {
	dir := t.TempDir()
	signer, vkey := testKey(t)
	cfg := Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: 256 << 10}
	const rounds, each = 3, 1000
	for round := range rounds {
		r, stop := running(t, cfg)
		appendMany(t, r, round*each, each, 32)
		awaitPublished(t, dir, r.Size())
		if err := r.sealFinished(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := r.Size(), uint64((round+1)*each); got != want {
			t.Fatalf("got %d records, want %d", got, want)
		}
		verified(t, dir, r.Size())
		stop()
		verified(t, dir, r.Size())
	}
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	sealed, journals := l.Segments()
	if sealed < rounds*each/2 || len(journals) > 6 {
		t.Errorf("got %d sealed records and %d journal segments: sealing lags", sealed, len(journals))
	}
	seen := map[uint64]bool{}
	err = l.Range(0, l.Size(), func(n uint64, s *event.Sealed) error {
		e, err := s.Open()
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if e.Who == nil || e.What == nil || e.What.Path != fmt.Sprintf("/customers/%d", e.Sequence-1) {
			return fmt.Errorf("record %d: its envelopes are not its own: %+v", n, e.What)
		}
		seen[e.Sequence] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != rounds*each {
		t.Errorf("got %d different events, want %d", len(seen), rounds*each)
	}
}

// TestAppendAll records a list in its order, through a queue that is smaller.
func TestAppendAll(t *testing.T) {
	dir := t.TempDir()
	signer, vkey := testKey(t)
	r, stop := running(t, Config{Dir: dir, Signer: signer, Key: vkey, QueueBytes: 64 << 10})
	var list []*event.Event
	for i := range 1000 {
		list = append(list, testEvent(i))
	}
	receipts, err := r.AppendAll(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Size(); n != 1000 {
		t.Fatalf("%d records are durable, want 1000", n)
	}
	for i, receipt := range receipts {
		if receipt.Number != uint64(i) || len(receipt.Checkpoint) == 0 {
			t.Fatalf("the receipt of event %d is %d, with a checkpoint of %d bytes", i, receipt.Number, len(receipt.Checkpoint))
		}
	}
	stop()
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	err = l.Range(0, l.Size(), func(n uint64, s *event.Sealed) error {
		if e, err := s.Open(); err != nil || e.ID != list[n].ID {
			t.Errorf("record %d is another event than the list's (%v)", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.AppendAll(t.Context(), list[:1]); !errors.Is(err, ErrStopped) {
		t.Errorf("after the stop: got %v, want ErrStopped", err)
	}
}

func TestProofs(t *testing.T) {
	dir := t.TempDir()
	signer, vkey := testKey(t)
	r, stop := running(t, Config{Dir: dir, Signer: signer, Key: vkey})
	var old []byte
	for i := range 600 {
		receipt, err := r.Append(t.Context(), testEvent(i))
		if err != nil {
			t.Fatal(err)
		}
		if i == 300 {
			old = receipt.Checkpoint
		}
	}
	stop()
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	cp, _, err := l.Checkpoint()
	if err != nil || cp.Size != 600 {
		t.Fatalf("checkpoint: %+v, %v", cp, err)
	}
	for _, n := range []uint64{0, 1, 255, 256, 299, 599} {
		s, err := l.Record(n)
		if err != nil {
			t.Fatal(err)
		}
		p, err := l.Prove(n, cp.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Check(s.Header, cp); err != nil {
			t.Errorf("record %d: %v", n, err)
		}
		if err := p.Check(append([]byte("x"), s.Header...), cp); err == nil {
			t.Errorf("record %d: the proof also proves other bytes", n)
		}
	}
	v, _ := note.NewVerifier(vkey)
	older, err := ledger.ParseCheckpoint(old, v)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := l.ProveConsistency(older.Size, cp.Size)
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.CheckConsistency(proof, older, cp); err != nil {
		t.Error(err)
	}
	older.Root[0] ^= 1
	if err := ledger.CheckConsistency(proof, older, cp); err == nil {
		t.Error("another history passed for consistent")
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	signer, vkey := testKey(t)
	cfg := Config{Dir: t.TempDir(), Signer: signer, Key: vkey}
	_, stop := running(t, cfg)
	if _, err := Open(cfg); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	stop()
	_, stop = running(t, cfg)
	stop()
}

func TestOtherKeyIsRefused(t *testing.T) {
	signer, vkey := testKey(t)
	cfg := Config{Dir: t.TempDir(), Signer: signer, Key: vkey}
	_, stop := running(t, cfg)
	stop()
	cfg.Signer, cfg.Key = testKey(t)
	if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), "belongs to the key") {
		t.Errorf("got %v, want an error about the key", err)
	}
}

// fileAnchor keeps the checkpoint in a variable.
type memoryAnchor struct{ b []byte }

func (a *memoryAnchor) Load() ([]byte, error) { return a.b, nil }
func (a *memoryAnchor) Store(old, new []byte) error {
	if string(old) != string(a.b) {
		return errors.New("another checkpoint was stored")
	}
	a.b = new
	return nil
}

func TestRollbackIsRefused(t *testing.T) {
	signer, vkey := testKey(t)
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	anchor := &memoryAnchor{}
	cfg := Config{Dir: dir, Signer: signer, Key: vkey, Anchor: anchor}
	r, stop := running(t, cfg)
	appendMany(t, r, 0, 10, 1)
	stop()
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	r, stop = running(t, cfg)
	appendMany(t, r, 10, 10, 1)
	stop()
	cfg.Dir = backup
	if _, err := Open(cfg); !errors.Is(err, ErrRollback) {
		t.Errorf("a restored backup: got %v, want ErrRollback", err)
	}
	cfg.Anchor = nil
	r, stop = running(t, cfg) // nobody knows of the later records here
	stop()
	_ = r

	// The newest records are cut off, the checkpoint stays.
	name := filepath.Join(dir, filepath.FromSlash(ledger.JournalName(0)))
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, info.Size()-100); err != nil {
		t.Fatal(err)
	}
	cfg.Dir = dir
	if _, err := Open(cfg); !errors.Is(err, ErrRollback) {
		t.Errorf("records cut off: got %v, want ErrRollback", err)
	}
	if after, _ := os.Stat(name); after.Size() != info.Size()-100 {
		t.Errorf("the evidence was changed by opening it: %d bytes, want %d", after.Size(), info.Size()-100)
	}
}

func TestWait(t *testing.T) {
	signer, vkey := testKey(t)
	r, stop := running(t, Config{Dir: t.TempDir(), Signer: signer, Key: vkey})
	defer stop()
	got := make(chan uint64)
	go func() {
		n, err := r.Wait(context.Background(), 0)
		if err != nil {
			t.Error(err)
		}
		got <- n
	}()
	r.Put(testEvent(0))
	if n := <-got; n != 1 {
		t.Errorf("got %d records, want 1", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
