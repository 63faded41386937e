package record

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/ledger"
)

// TestPowerLoss cuts the power at every single write and sync of a story that
// makes a ledger, records, rolls, seals and stops, and opens what survived: no
// acknowledged event may be missing, and the ledger must verify.
func TestPowerLoss(t *testing.T) {
	signer, vkey := testKey(t)
	powerLoss(t, Config{Signer: signer, Key: vkey, SegmentSize: 16 << 10}, false)
}

// TestPowerLossEncrypted is the same with encrypted envelopes: the keys are on
// the same disk, so the power also goes at each write that makes or destroys
// one.
func TestPowerLossEncrypted(t *testing.T) {
	signer, vkey := testKey(t)
	powerLoss(t, Config{Signer: signer, Key: vkey, SegmentSize: 16 << 10}, true)
}

func powerLoss(t *testing.T, cfg Config, encrypt bool) {
	whole := newCrashDisk()
	story(t, whole, cfg, encrypt)
	total := whole.ops
	t.Logf("%d writes, syncs and renames", total)
	step, seeds := 1, uint64(2)
	if encrypt && !*every {
		step, seeds = 3, 1
	}
	if testing.Short() {
		step = 11
	}
	for fuse := 1; fuse <= total; fuse += step {
		d := newCrashDisk()
		d.fuse = fuse
		acked := story(t, d, cfg, encrypt)
		for seed := range seeds {
			after := d.crash(rand.New(rand.NewPCG(uint64(fuse), seed)))
			survived(t, after, cfg, encrypt, acked, fuse)
		}
	}
}

// every makes the long tests complete: with keys there are twice as many writes
// at which the power can go, of which a third is taken otherwise.
var every = flag.Bool("every", false, "cut the power at every write, also with encryption")

// storyEvents is such that two rounds fill a sealed block and more.
const (
	storyEvents = 150
	storyGroup  = 6
)

// story returns the events that were acknowledged before the power went.
func story(t *testing.T, d *crashDisk, cfg Config, encrypt bool) map[uint64]event.ID {
	t.Helper()
	acked := map[uint64]event.ID{}
	for round := range 2 {
		if on(t, d, &cfg, encrypt) != nil {
			return acked
		}
		r, err := Open(cfg)
		if err != nil {
			return acked
		}
		for i := range storyEvents / storyGroup {
			// One goroutine and no clock, so that the same fuse gives the
			// same story.
			if !storyCommit(t, r, round*storyEvents+i*storyGroup, acked) {
				return acked
			}
			if i%8 == 7 && r.w.publish() != nil {
				return acked
			}
		}
		if r.w.old() {
			t.Fatal("the segment is old already")
		}
		r.w.since = r.w.since.Add(-r.cfg.SealAfter) // its time has come
		if r.rollOld(); r.w == nil {
			return acked
		}
		if r.sealFinished(context.Background()) != nil {
			return acked
		}
		if r.w.close() != nil {
			return acked
		}
	}
	return acked
}

// storyCommit commits one group, and notes what was acknowledged.
func storyCommit(t *testing.T, r *Recorder, from int, acked map[uint64]event.ID) bool {
	t.Helper()
	var group []*item
	var ids []event.ID
	for i := range storyGroup {
		e := testEvent(from + i)
		it, err := r.seal(e)
		if err != nil {
			t.Fatal(err)
		}
		it.done = make(chan result, 1)
		group, ids = append(group, it), append(ids, e.ID)
	}
	r.commit(group)
	for i, it := range group {
		res := <-it.done
		if res.err != nil {
			return false
		}
		acked[res.receipt.Number] = ids[i]
	}
	return true
}

// on puts the ledger, and its keys if it is encrypted, on the disk d.
func on(t *testing.T, d *crashDisk, cfg *Config, encrypt bool) error {
	d.rooms, cfg.Disk = true, room{d, "ledger"}
	if !encrypt {
		return nil
	}
	v, err := vault.Open(vault.Config{Disk: room{d, "keys"}, Key: testKEK()})
	cfg.Keys = v
	return err
}

var testKEK = sync.OnceValue(func() *vault.Local {
	key, err := vault.ParseLocal(vault.NewLocalKey())
	if err != nil {
		panic(err)
	}
	return key
})

func survived(t *testing.T, d *crashDisk, cfg Config, encrypt bool, acked map[uint64]event.ID, fuse int) {
	t.Helper()
	if err := on(t, d, &cfg, encrypt); err != nil {
		t.Fatalf("power lost at %d: opening the keys: %v", fuse, err)
	}
	opts := ledger.VerifyOptions{Keys: cfg.ledgerKeys()}
	if before := ledger.Verify(cfg.Disk, opts); !before.OK() && len(acked) > 0 {
		t.Fatalf("power lost at %d: before it is opened again: %v %v", fuse, before.Problems, before.Unreadable)
	}
	r, err := Open(cfg)
	if err != nil {
		t.Fatalf("power lost at %d, %d acknowledged: opening: %v", fuse, len(acked), err)
	}
	l, err := ledger.OpenWithKeys(cfg.Disk, cfg.ledgerKeys())
	if err != nil {
		t.Fatalf("power lost at %d: %v", fuse, err)
	}
	for n, id := range acked {
		s, err := l.Record(n)
		if err != nil {
			t.Fatalf("power lost at %d: acknowledged record %d: %v", fuse, n, err)
		}
		e, err := s.Open()
		if err != nil || e.ID != id || e.Who == nil {
			t.Fatalf("power lost at %d: record %d is not the acknowledged one: %v", fuse, n, err)
		}
	}
	if err := r.w.close(); err != nil {
		t.Fatalf("power lost at %d: closing: %v", fuse, err)
	}
	report := ledger.Verify(cfg.Disk, opts)
	if !report.OK() || report.Locked > 0 {
		t.Fatalf("power lost at %d: verify: %v %v", fuse, report.Problems, report.Unreadable)
	}
	if encrypt {
		tidy(t, d, &cfg, fuse)
	}
}

// tidy checks, once all is sealed that can be, that each key is of a file that
// is there, that each envelope file has one, and that nothing is in clear.
func tidy(t *testing.T, d *crashDisk, cfg *Config, fuse int) {
	t.Helper()
	r, err := Open(*cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.sealFinished(t.Context()); err != nil {
		t.Fatalf("power lost at %d: sealing: %v", fuse, err)
	}
	if err := r.w.close(); err != nil {
		t.Fatal(err)
	}
	if err := on(t, d, cfg, true); err != nil {
		t.Fatal(err)
	}
	r, err = Open(*cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.w.abandon()
	for _, file := range cfg.Keys.Files() {
		if _, err := fs.Stat(cfg.Disk, file); err != nil {
			t.Fatalf("power lost at %d: a key is left of %s, which is not there", fuse, file)
		}
	}
	for name, f := range d.now {
		if strings.HasSuffix(name, ".env") {
			id, err := ledger.EnvelopeKey(cfg.Disk, strings.TrimPrefix(name, "ledger/"))
			if err != nil || id.IsZero() {
				t.Fatalf("power lost at %d: %s: not encrypted: %v", fuse, name, err)
			}
		}
		for _, text := range []string{"192.0.2.1", "/customers/1", "xxxxxxxx"} {
			if bytes.Contains(f.data, []byte(text)) {
				t.Fatalf("power lost at %d: %s has %q in clear", fuse, name, text)
			}
		}
	}
}

// TestDiskFull fills the disk, makes room again, and reads what was sealed of
// it: served calls go on and are counted, recorded ones are refused.
func TestDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signer, vkey := testKey(t)
		d := newCrashDisk()
		d.noSpace = &fs.PathError{Op: "write", Path: "journal", Err: syscall.ENOSPC}
		r, err := Open(Config{Disk: d, Signer: signer, Key: vkey, SegmentSize: 16 << 10})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { r.loop(ctx) })
		if _, err := r.Append(ctx, testEvent(0)); err != nil {
			t.Fatal(err)
		}
		d.setFull(d.size())
		refused := 0
		for i := range 40 {
			if _, err := r.Append(ctx, testEvent(i)); err != nil {
				if !errors.Is(err, ErrStopped) || !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("got %v, want ErrStopped because of ENOSPC", err)
				}
				refused++
			}
		}
		if refused == 0 {
			t.Fatal("nothing was refused on a full disk")
		}
		for i := range 7 {
			r.Put(testEvent(i))
		}
		time.Sleep(5 * time.Second)
		if got := r.Stats(); got.Lost != 7 || got.Failure == "" {
			t.Errorf("got %+v, want 7 lost and a failure", got)
		}
		d.setFull(0)
		time.Sleep(5 * time.Second)
		if _, err := r.Append(ctx, testEvent(9)); err != nil {
			t.Errorf("with room again: %v", err)
		}
		cancel()
		wg.Wait()
		if err := r.finish(); err != nil {
			t.Fatal(err)
		}
		checkGap(t, d, 7, "disk-full")
	})
}

func checkGap(t *testing.T, d Disk, count uint64, reason string) {
	t.Helper()
	l, err := ledger.Open(d)
	if err != nil {
		t.Fatal(err)
	}
	var got uint64
	err = l.Range(0, l.Size(), func(n uint64, s *event.Sealed) error {
		e, err := s.Open()
		if err != nil {
			return err
		}
		if e.Kind == event.Gap {
			if e.Lost.Reason != reason || e.Lost.From.IsZero() || e.Lost.To.Before(e.Lost.From) {
				t.Errorf("gap: %+v", e.Lost)
			}
			got += e.Lost.Count
		}
		return nil
	})
	if err != nil || got != count {
		t.Errorf("got gaps of %d calls, %v, want %d", got, err, count)
	}
	if report := ledger.Verify(d, ledger.VerifyOptions{}); !report.OK() {
		t.Errorf("verify: %v %v", report.Problems, report.Unreadable)
	}
}

func (d *crashDisk) setFull(n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = n
}

func (d *crashDisk) size() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// TestQueueFull puts more than the queue holds while nothing is committed.
func TestQueueFull(t *testing.T) {
	signer, vkey := testKey(t)
	d := newCrashDisk()
	r, err := Open(Config{Disk: d, Signer: signer, Key: vkey, SegmentSize: 64 << 10, Queue: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 25 {
		r.Put(testEvent(i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.loop(ctx)
	if err := r.finish(); err != nil {
		t.Fatal(err)
	}
	checkGap(t, d, 15, "queue-full")
}
