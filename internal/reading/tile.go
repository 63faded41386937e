package reading

import (
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Tile returns a tile of the ledger's tree, with the content of C2SP
// tlog-tiles; with level -1 the entry bundle, which holds the headers of
// events. It returns only what the newest checkpoint covers, else an error that
// wraps [ledger.ErrNotFound]. What it returns never changes. Tiles are the
// published part of the ledger: no look is recorded.
func (r *Room) Tile(t tlog.Tile) ([]byte, error) {
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

func (r *Room) entries(from, to uint64) ([]byte, error) {
	var b []byte
	err := r.cfg.Ledger.Range(from, to, func(_ uint64, s *event.Sealed) error {
		b = ledger.AppendEntry(b, s.Header)
		return nil
	})
	return b, err
}
