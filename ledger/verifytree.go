package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
)

// tree makes the tree from the records, compares each tile hash with it, and
// the roots with the checkpoints.
func (v *verifier) tree() {
	size := v.covered + uint64(len(v.open0))
	v.report.Size = size
	level := v.level0()
	for l := 0; ; l++ {
		v.levels = append(v.levels, level)
		if err := v.tileFile(l, level); err != nil {
			v.problem(TileName(l), "", err)
		}
		if len(level) < BlockRecords {
			break
		}
		level = v.levelUp(level)
	}
}

// tileSizes returns the sizes of the tile files, from level 0 up to the last
// that is there.
func tileSizes(fsys fs.FS) []int64 {
	var sizes []int64
	for {
		info, err := fs.Stat(fsys, TileName(len(sizes)))
		if err != nil {
			return sizes
		}
		sizes = append(sizes, info.Size())
	}
}

// level0 returns the leaf hashes in blocks; a block that could not be read is
// nil.
func (v *verifier) level0() []Hash {
	leaves := make([]Hash, 0, v.covered+uint64(len(v.open0)))
	for _, block := range v.leaves {
		if block == nil {
			block = make([]Hash, BlockRecords)
		}
		leaves = append(leaves, block...)
	}
	return append(leaves, v.open0...)
}

// levelUp returns the hashes of the next tile level.
func (v *verifier) levelUp(level []Hash) []Hash {
	up := make([]Hash, len(level)/BlockRecords)
	v.opts.Parallel(len(up), func(i int) {
		up[i] = fold(slices.Clone(level[i*BlockRecords : (i+1)*BlockRecords]))
	})
	return up
}

// tileFile compares the file of a tile level with the hashes that it must
// have. Hashes of records that are not known are not compared. A file that is behind is as it is after a crash; one that is cut
// short of the checkpoint is not.
func (v *verifier) tileFile(level int, want []Hash) error {
	name := TileName(level)
	b, err := fs.ReadFile(v.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = nil, nil
	}
	if err != nil {
		return err
	}
	for i := range want {
		if len(b) < (i+1)*len(want[i]) {
			covered := v.report.Checkpoint.Size >> (8 * level)
			if uint64(i) < covered {
				v.wrong(name, fmt.Sprintf("hash %d", i), "it is missing, and %d after it: the file is cut short", len(want)-i-1)
			}
			return nil
		}
		have := Hash(b[i*len(want[i]):])
		if have == want[i] || v.blindTo(level, i) {
			continue
		}
		if have == (Hash{}) && uint64(i) >= v.report.Checkpoint.Size>>(8*level) {
			continue // not written before the power went; no checkpoint covers it
		}
		v.wrong(name, fmt.Sprintf("hash %d", i), "it is not the hash of the records")
	}
	// A server that goes on writing adds hashes of records that came after the
	// journal was read. Those that were there before must have their records.
	before := int64(0)
	if level < len(v.tiles) {
		before = v.tiles[level]
	}
	if extra := before - int64(len(want)*len(Hash{})); extra > 0 && len(v.report.Unreadable) == 0 {
		v.wrong(name, fmt.Sprintf("hash %d", len(want)), "there are %d bytes more than the records have hashes", extra)
	}
	return nil
}

// blindTo reports whether a hash depends on records that are not known, of
// which a problem tells already.
func (v *verifier) blindTo(level, i int) bool {
	from := uint64(i) << (8 * level)
	to := from + 1<<(8*level)
	return slices.ContainsFunc(v.unknown, func(r [2]uint64) bool { return r[0] < to && from < r[1] })
}

// rootAt returns the root of the first size records.
func (v *verifier) rootAt(size uint64) (Hash, bool) {
	if size > v.report.Size {
		return Hash{}, false
	}
	if size == v.edge.Size() && size == v.report.Size {
		return v.edge.Root(), true
	}
	t := new(Tree)
	for _, leaf := range v.level0()[:size] {
		t.Add(leaf, nil)
	}
	return t.Root(), true
}

// checkpoints compares the tree with the published checkpoint and the older
// ones that were given.
func (v *verifier) checkpoints() {
	size, c := v.report.Size, v.report.Checkpoint
	switch {
	case v.checkpoint == nil && size > 0:
		v.wrong(CheckpointFile, "", "it is missing, but there are %d records", size)
	case c.Origin == "":
		// It was not readable, which is reported.
	case c.Size < v.covered && len(v.report.Unreadable) == 0:
		v.wrong(CheckpointFile, "", "it is for %d records, but %d are sealed, which are never sealed before a checkpoint covers them: it was replaced by an older one", c.Size, v.covered)
	case c.Size > size && len(v.report.Unreadable) == 0:
		v.wrong(CheckpointFile, "", "it is for %d records, but there are only %d: the newest %d records were removed", c.Size, size, c.Size-size)
	case len(v.report.Unreadable) > 0:
		v.report.Notes = append(v.report.Notes, "not all could be read, so the root of the tree was not compared with the checkpoint")
	default:
		if root, _ := v.rootAt(c.Size); root != c.Root {
			v.wrong(CheckpointFile, "", "its root is not that of the records")
		}
		if c.Size < size {
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("%d records are newer than the published checkpoint; the checkpoints of their own frames were checked", size-c.Size))
		}
	}
	for i, b := range v.opts.Since {
		v.since(sinceName(i), b)
	}
}

func (v *verifier) since(name string, b []byte) {
	c, err := ParseCheckpoint(b, v.key)
	if err != nil {
		v.wrong(name, "", "%s", err)
		return
	}
	v.report.Since = append(v.report.Since, c)
	root, ok := v.rootAt(c.Size)
	switch {
	case len(v.report.Unreadable) > 0:
	case !ok:
		v.wrong(name, "", "it is for %d records, but there are only %d: records were removed", c.Size, v.report.Size)
	case root != c.Root:
		v.wrong(name, "", "the first %d records are not the ones that it was signed for: the ledger was rewritten, or this is another history", c.Size)
	}
}

// strangers reports files in the ledger that are no part of one.
func (v *verifier) strangers() {
	entries, err := fs.ReadDir(v.fsys, ".")
	v.problem(".", "", err)
	known := []string{FormatFile, CheckpointFile, WitnessedFile, CosignedDir, JournalDir, SealedDir, EnvelopeDir, TileDir, "lock"}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) && path.Ext(e.Name()) != TempExt {
			v.wrong(e.Name(), "", "the file is no part of a ledger")
		}
	}
	tiles, err := fs.ReadDir(v.fsys, TileDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.problem(TileDir, "", err)
	}
	for _, e := range tiles {
		level, err := strconv.Atoi(e.Name())
		if err != nil || strconv.Itoa(level) != e.Name() || level > 0 && v.report.Size>>(8*level) == 0 && !v.emptyFile(TileDir+"/"+e.Name()) {
			v.wrong(TileDir+"/"+e.Name(), "", "the file is no part of a ledger of %d records", v.report.Size)
		}
	}
}

func (v *verifier) emptyFile(name string) bool {
	info, err := fs.Stat(v.fsys, name)
	return err == nil && info.Size() == 0
}
