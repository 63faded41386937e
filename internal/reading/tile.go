package reading

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Tile returns a tile of the ledger's tree, with the content of C2SP
// tlog-tiles; with level -1 the entry bundle, which holds the headers of
// events. It returns only what the newest checkpoint covers, else an error that
// wraps [ledger.ErrNotFound]. What it returns never changes.
//
// Where tiles are public no look is recorded: who is a reader without a name.
// Else the first entry bundle that a reader gets in [tileSession] is recorded as
// a look "tiles"; bundles hold headers only.
func (r *Room) Tile(ctx context.Context, who Reader, t tlog.Tile) ([]byte, error) {
	if who.Name != "" && t.L < 0 {
		if err := r.tileLook(ctx, who); err != nil {
			return nil, err
		}
	}
	c, _, err := r.Checkpoint()
	if err != nil {
		return nil, err
	}
	level := max(t.L, 0)
	var total uint64
	if level < 8 {
		total = c.Size >> (8 * level)
	}
	first := uint64(t.N) * ledger.BlockRecords
	if t.H != 8 || t.N < 0 || t.W < 1 || t.W > ledger.BlockRecords || first/ledger.BlockRecords != uint64(t.N) || first+uint64(t.W) > total {
		return nil, fmt.Errorf("tile %d of level %d, %d wide: %w under the checkpoint of %d records", t.N, t.L, t.W, ledger.ErrNotFound, c.Size)
	}
	if t.L < 0 {
		return r.entries(first, first+uint64(t.W))
	}
	b := make([]byte, t.W*tlog.HashSize)
	name := ledger.TileName(t.L)
	f, err := r.cfg.Files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	defer f.Close()
	ra, ok := f.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("reading %s: its file system cannot read at an offset", name)
	}
	if n, err := ra.ReadAt(b, int64(first)*tlog.HashSize); n < len(b) {
		if err == io.EOF {
			return nil, &ledger.EvidenceError{File: name, Where: fmt.Sprintf("hash %d", first+uint64(n/tlog.HashSize)), Reason: "it is missing: the file is cut short"}
		}
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return b, nil
}

// tileSession is how long one look stands for the entry bundles that a reader
// gets.
const tileSession = 10 * time.Minute

// tileLooks is when each reader's look at tiles was last recorded.
type tileLooks struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (r *Room) tileLook(ctx context.Context, who Reader) error {
	who, err := r.admit(who, ActTiles)
	if err != nil {
		return err
	}
	t, now := &r.tiles, r.cfg.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.last[who.Name]; ok && now.Sub(last) < tileSession {
		return nil
	}
	if err := r.look(ctx, who, ActTiles, "", nil); err != nil {
		return err
	}
	if t.last == nil {
		t.last = map[string]time.Time{}
	}
	t.last[who.Name] = now
	return nil
}

func (r *Room) entries(from, to uint64) ([]byte, error) {
	var b []byte
	err := r.cfg.Ledger.Range(from, to, func(_ uint64, s *event.Sealed) error {
		b = ledger.AppendEntry(b, s.Header)
		return nil
	})
	return b, err
}
