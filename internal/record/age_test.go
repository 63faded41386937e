package record

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// TestSealedByAge records far less than a segment holds, and waits: the
// segment is sealed at its age, but not before it completes a block, and does
// not grow young by a restart.
func TestSealedByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signer, vkey := testKey(t)
		d := newCrashDisk()
		cfg := Config{Disk: d, Signer: signer, Key: vkey, SegmentSize: 4 << 20, SealAfter: 10 * time.Minute}

		r, stop := running(t, cfg)
		appendMany(t, r, 0, 100, 1)
		time.Sleep(time.Hour)
		checkSegments(t, d, "an hour old, but no block complete", 0, 1)
		appendMany(t, r, 100, 200, 1)
		time.Sleep(5 * time.Second)
		checkSegments(t, d, "and now there is one", 256, 2) // the rest of the first segment waits for its block

		appendMany(t, r, 300, 300, 1)
		time.Sleep(9 * time.Minute)
		checkSegments(t, d, "the second is young", 256, 2)
		stop()

		r, stop = running(t, cfg)
		time.Sleep(50 * time.Second)
		checkSegments(t, d, "still, after a restart", 256, 2)
		time.Sleep(15 * time.Second)
		checkSegments(t, d, "ten minutes old", 512, 2)
		if got := r.Stats().SealedSegments; got != 1 {
			t.Errorf("got %d segments sealed since the restart, want 1", got)
		}
		time.Sleep(24 * time.Hour)
		checkSegments(t, d, "nothing more came", 512, 2)
		stop()
		if report := ledger.Verify(d, ledger.VerifyOptions{}); !report.OK() || report.Size != 600 {
			t.Errorf("verify: %d records, %v %v", report.Size, report.Problems, report.Unreadable)
		}
	})
}

// TestOldOnFullDisk: an old segment that cannot be followed by another is
// written on, and finished when there is room.
func TestOldOnFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signer, vkey := testKey(t)
		d := &noNewFiles{Disk: newCrashDisk()}
		r, stop := running(t, Config{Disk: d, Signer: signer, Key: vkey, SegmentSize: 4 << 20, SealAfter: time.Minute})
		appendMany(t, r, 0, 300, 1)
		d.full.Store(true)
		time.Sleep(2 * time.Minute)
		if _, err := r.Append(context.Background(), testEvent(300)); err != nil {
			t.Errorf("with no room for another segment: %v", err)
		}
		checkSegments(t, d, "no room", 0, 1)
		d.full.Store(false)
		time.Sleep(5 * time.Second)
		checkSegments(t, d, "room again", 256, 2)
		stop()
		if report := ledger.Verify(d, ledger.VerifyOptions{}); !report.OK() || report.Size != 301 {
			t.Errorf("verify: %d records, %v %v", report.Size, report.Problems, report.Unreadable)
		}
	})
}

// noNewFiles is a disk on which, while it is full, no file can be made.
type noNewFiles struct {
	Disk
	full atomic.Bool
}

func (d *noNewFiles) OpenFile(name string) (File, error) {
	if _, err := fs.Stat(d.Disk, name); d.full.Load() && errors.Is(err, fs.ErrNotExist) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("no space left on device")}
	}
	return d.Disk.OpenFile(name)
}

// checkSegments compares how many records are sealed, and how many journal
// segments there are.
func checkSegments(t *testing.T, d Disk, when string, sealed uint64, journals int) {
	t.Helper()
	synctest.Wait()
	l, err := ledger.Open(d)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if s, j := l.Segments(); s != sealed || len(j) != journals {
		t.Errorf("%s: got %d records sealed and the journal segments %v, want %d and %d segments", when, s, j, sealed, journals)
	}
}
