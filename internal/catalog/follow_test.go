package catalog

import (
	"context"
	"crypto/rand"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// brittle is a disk that can be broken.
type brittle struct {
	fs.FS
	broken atomic.Bool
}

func (b *brittle) Open(name string) (fs.File, error) {
	if b.broken.Load() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.FS.Open(name)
}

// recorded makes a ledger of n calls.
func recorded(t *testing.T, n int) (dir string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/ledger")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	for i := range n {
		h := call(i, func(h *event.Header) {
			h.Completed, h.Outcome.Decision = h.Arrived, "allowed"
			h.ID = event.NewID(h.Arrived, [8]byte{byte(i)})
		})
		if _, err := r.Append(ctx, &event.Event{Header: *h}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return dir
}

// fixed is a feed of a ledger that does not grow.
type fixed uint64

func (f fixed) Size() uint64 { return uint64(f) }
func (f fixed) Wait(ctx context.Context, size uint64) (uint64, error) {
	if uint64(f) > size {
		return uint64(f), nil
	}
	<-ctx.Done()
	return uint64(f), ctx.Err()
}

// TestFollow follows a ledger that cannot be read for a time: the follower
// goes on when it can, ends when it is told to also while it cannot, and is
// taken up where it was.
func TestFollow(t *testing.T) {
	dir := recorded(t, 20)
	path := filepath.Join(t.TempDir(), "catalog", "catalog.gz")
	synctest.Test(t, func(t *testing.T) {
		disk := &brittle{FS: os.DirFS(dir)}
		l, err := ledger.Open(disk)
		if err != nil {
			t.Fatal(err)
		}
		follow := func() (*Catalog, func()) {
			c := New(Limits{})
			f, err := NewFollower(FollowerConfig{Catalog: c, Feed: fixed(20), Ledger: l, Path: path, Origin: "o", Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- f.Run(ctx) }()
			return c, func() {
				cancel()
				if err := <-done; err != nil {
					t.Errorf("following: %v", err)
				}
			}
		}
		disk.broken.Store(true)
		c, stop := follow()
		time.Sleep(5 * time.Minute)
		if got := c.Next(); got != 0 {
			t.Errorf("from a broken disk %d records", got)
		}
		stop()

		c, stop = follow()
		time.Sleep(time.Second)
		disk.broken.Store(false)
		time.Sleep(time.Minute)
		if s := c.Status(); s.Next != 20 || s.Calls != 20 {
			t.Errorf("when it can be read again: %+v", s)
		}
		stop()

		disk.broken.Store(true) // the snapshot is enough
		c, stop = follow()
		if s := c.Status(); s.Next != 20 || s.Calls != 20 {
			t.Errorf("taken up again: %+v", s)
		}
		stop()
	})
}
