package record

import (
	"bytes"
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

var allClasses = [event.Classes]bool{true, true, true}

// decide returns the event that decides r.
func decide(r *ledger.Removal) *event.Event {
	e := testEvent(0)
	return &event.Event{Header: event.Header{
		ID: e.ID, Kind: event.Decision, Arrived: e.Arrived, Completed: e.Arrived, Capture: event.Capture{Method: "self"},
		Note: &event.Note{Name: r.Name, Facts: r.Facts()},
	}}
}

// removalStory records, seals some of it, decides to erase every seventh
// record and to let payloads expire, and carries it out.
type removalStory struct {
	decided []ledger.Removal // that were acknowledged
	ids     map[uint64]event.ID
	encrypt bool
}

func (s *removalStory) run(t *testing.T, d *crashDisk, cfg Config, before func()) {
	t.Helper()
	if on(t, d, &cfg, s.encrypt) != nil {
		return
	}
	s.ids = map[uint64]event.ID{}
	r, err := Open(cfg)
	if err != nil {
		return
	}
	const size = 2 * storyEvents
	for i := range size / storyGroup {
		if !storyCommit(t, r, i*storyGroup, s.ids) {
			return
		}
		if i%8 == 7 && r.w.publish() != nil {
			return
		}
	}
	if r.sealFinished(context.Background()) != nil {
		return
	}
	if before != nil {
		before()
	}
	var sevenths []uint64
	for n := uint64(0); n < size; n += 7 {
		sevenths = append(sevenths, n)
	}
	today := ledger.Day(time.Now())
	var numbers []uint64
	for _, x := range []ledger.Removal{
		{Name: ledger.NoteErase, Classes: allClasses, Records: ledger.RangesOf(sevenths)},
		{Name: ledger.NoteExpire, Classes: [event.Classes]bool{event.ClassPayload: true}, From: "2026-01-01", Until: today, Below: 280, RoutesExcept: []string{"kept"}, Except: ledger.Ranges{{From: 30, To: 50}}},
	} {
		it, err := r.seal(decide(&x))
		if err != nil {
			t.Fatal(err)
		}
		it.done = make(chan result, 1)
		r.commit([]*item{it})
		res := <-it.done
		if res.err != nil {
			return
		}
		x.Number = res.receipt.Number
		s.decided = append(s.decided, x)
		numbers = append(numbers, x.Number)
	}
	if _, err := r.carryOut(context.Background(), numbers, r.rollNow); err != nil {
		return
	}
	if !storyCommit(t, r, size, s.ids) || r.w.publish() != nil || r.sealFinished(context.Background()) != nil {
		return
	}
	r.w.close()
}

// TestPowerLossWhileRemoving cuts the power at each write of a removal. What
// survives must verify, before and after it is taken up again; afterwards no
// covered envelope is left in any file, and every other one is.
func TestPowerLossWhileRemoving(t *testing.T) { powerLossWhileRemoving(t, false) }

// TestPowerLossWhileRemovingEncrypted is the same with keys, which are made and
// destroyed meanwhile.
func TestPowerLossWhileRemovingEncrypted(t *testing.T) { powerLossWhileRemoving(t, true) }

func powerLossWhileRemoving(t *testing.T, encrypt bool) {
	signer, vkey := testKey(t)
	cfg := Config{Signer: signer, Key: vkey, SegmentSize: 16 << 10}
	whole, from := newCrashDisk(), 0
	(&removalStory{encrypt: encrypt}).run(t, whole, cfg, func() { from = whole.ops })
	t.Logf("%d writes, syncs and renames, the removal begins at %d", whole.ops, from)
	step, seeds := 1, uint64(2)
	if encrypt && !*every {
		step, seeds = 3, 1
	}
	if testing.Short() {
		step = 7
	}
	for fuse := from; fuse <= whole.ops; fuse += step {
		d := newCrashDisk()
		d.fuse = fuse
		s := removalStory{encrypt: encrypt}
		s.run(t, d, cfg, nil)
		for seed := range seeds {
			s.survived(t, d.crash(rand.New(rand.NewPCG(uint64(fuse), seed))), cfg, fuse)
		}
	}
}

func (s *removalStory) survived(t *testing.T, d *crashDisk, cfg Config, fuse int) {
	t.Helper()
	if err := on(t, d, &cfg, s.encrypt); err != nil {
		t.Fatal(err)
	}
	if report := ledger.Verify(cfg.Disk, ledger.VerifyOptions{Keys: cfg.ledgerKeys()}); !report.OK() {
		t.Fatalf("power lost at %d: before it is taken up again: %v %v", fuse, report.Problems, report.Unreadable)
	}
	r, err := Open(cfg)
	if err != nil {
		t.Fatalf("power lost at %d: opening: %v", fuse, err)
	}
	var numbers []uint64
	for _, x := range s.decided {
		numbers = append(numbers, x.Number)
	}
	if _, err := r.carryOut(context.Background(), numbers, r.rollNow); err != nil {
		t.Fatalf("power lost at %d: carrying it out: %v", fuse, err)
	}
	s.removed(t, d, &cfg, fuse)
	if did, err := r.carryOut(context.Background(), numbers, r.rollNow); err != nil || did.Envelopes+uint64(did.Files+did.Journals) > 0 {
		t.Fatalf("power lost at %d: carrying it out once more did %+v, %v, want nothing", fuse, did, err)
	}
	if err := r.w.close(); err != nil {
		t.Fatal(err)
	}
	report := ledger.Verify(cfg.Disk, ledger.VerifyOptions{Decode: true, Keys: cfg.ledgerKeys()})
	if !report.OK() || len(report.Removals) < len(s.decided) || report.Locked > 0 {
		t.Fatalf("power lost at %d: verify: %v %v, %d decisions, want at least %d", fuse, report.Problems, report.Unreadable, len(report.Removals), len(s.decided))
	}
}

// removed checks that exactly the covered envelopes are gone.
func (s *removalStory) removed(t *testing.T, d *crashDisk, cfg *Config, fuse int) {
	t.Helper()
	l, err := ledger.OpenWithKeys(cfg.Disk, cfg.ledgerKeys())
	if err != nil {
		t.Fatal(err)
	}
	text := everything(t, d)
	for n, id := range s.ids {
		rec, err := l.Record(n)
		if err != nil {
			t.Fatalf("power lost at %d: record %d: %v", fuse, n, err)
		}
		e, err := rec.Open()
		if err != nil || e.ID != id {
			t.Fatalf("power lost at %d: record %d: %v", fuse, n, err)
		}
		for c := range event.Class(event.Classes) {
			covered := false
			for i := range s.decided {
				covered = covered || s.decided[i].Covers(c, n, ledger.Day(e.Arrived), "")
			}
			if got := rec.Envelopes[c] == nil; got != covered {
				t.Fatalf("power lost at %d: the %s envelope of record %d: gone is %v, want %v", fuse, c, n, got, covered)
			}
		}
	}
	for i := 0; i < 2*storyEvents && len(s.decided) > 0; i += 7 {
		if strings.Contains(text, `"`+subjectOf(i)+`"`) {
			t.Fatalf("power lost at %d: %s is still in a file", fuse, subjectOf(i))
		}
	}
}

func subjectOf(i int) string { return testEvent(i).Who.Subject }

// everything returns the bytes of all files, and of all blocks in them
// uncompressed.
func everything(t *testing.T, fsys fs.FS) string {
	t.Helper()
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var all bytes.Buffer
	err = fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		all.Write(b)
		for i := 0; i < len(b); {
			k := bytes.Index(b[i:], []byte("\x28\xb5\x2f\xfd"))
			if k < 0 {
				break
			}
			i += k
			if out, err := dec.DecodeAll(b[i:], nil); len(out) > 0 || err == nil {
				all.Write(out)
			}
			i += 4
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestRemoveWhileRecording erases from sealed segments and from the newest one
// while events are recorded.
func TestRemoveWhileRecording(t *testing.T) {
	signer, vkey := testKey(t)
	dir := t.TempDir()
	r, stop := running(t, Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: 256 << 10, Publish: 10 * time.Millisecond})
	defer stop()
	appendMany(t, r, 0, 2000, 16)
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	var victims []uint64
	err = l.Range(0, l.Size(), func(n uint64, s *event.Sealed) error {
		if e, err := s.Open(); err != nil || e.Sequence%5 == 0 {
			victims = append(victims, n)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := r.Append(t.Context(), decide(&ledger.Removal{Name: ledger.NoteErase, Classes: allClasses, Records: ledger.RangesOf(victims), Count: 1200}))
	if err != nil {
		t.Fatal(err)
	}
	more := make(chan struct{})
	go func() { defer close(more); appendMany(t, r, 3000, 500, 4) }()
	did, err := r.CarryOut(t.Context(), receipt.Number)
	if err != nil || did.Envelopes < 1200 {
		t.Fatalf("got %+v, %v, want at least 1200 envelopes", did, err)
	}
	if err := l.Forget(); err != nil {
		t.Fatal(err)
	}
	for _, n := range victims {
		if s, err := l.Record(n); err != nil || s.Envelopes != [event.Classes]*event.Envelope{} {
			t.Fatalf("record %d: %v, %v", n, s, err)
		}
	}
	<-more
	stop()
	report := ledger.Verify(os.DirFS(dir), ledger.VerifyOptions{Decode: true})
	if !report.OK() || report.Size != 2501 || len(report.Removals) != 1 || report.Removals[0].Missing != 1200 || report.Envelopes < 3*2500-1200 {
		t.Errorf("got %+v", report)
	}
}

// TestRemoveOnlyWhatWasDecided asks for the removal of what is no decision.
func TestRemoveOnlyWhatWasDecided(t *testing.T) {
	signer, vkey := testKey(t)
	r, stop := running(t, Config{Dir: t.TempDir(), Signer: signer, Key: vkey})
	defer stop()
	appendMany(t, r, 0, 3, 1)
	for _, n := range []uint64{1, 99} {
		if did, err := r.CarryOut(t.Context(), n); err == nil || did.Envelopes > 0 {
			t.Errorf("carrying out record %d did %+v", n, did)
		}
	}
}
