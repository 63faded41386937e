package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"sync/atomic"
)

// tree makes the tree from the roots of the blocks, compares each tile hash
// with it, and the roots with what was expected of them.
func (v *verifier) tree() {
	v.report.Size = v.covered
	v.tailBlocks()
	v.blocks = join(v.blocks)
	v.judgeRoots()
	level := v.blocks
	for l := 1; len(level) > 0; l++ {
		for _, s := range level {
			for i := 0; i < len(s.hashes); i += BlockRecords {
				v.compareTile(l, s.first+uint64(i), s.hashes[i:min(i+BlockRecords, len(s.hashes))])
			}
		}
		level = levelUp(level)
	}
	v.tileSizes()
}

// tailBlocks hashes the records of the journal that are not sealed.
func (v *verifier) tailBlocks() {
	for _, s := range join(v.tail) {
		v.report.Size = max(v.report.Size, s.end())
		first := min((s.first+BlockRecords-1)/BlockRecords*BlockRecords, s.end())
		if first > s.first { // after a gap: its block is not known
			v.compareTile(0, s.first, s.hashes[:first-s.first])
		}
		count := int(s.end()-first+BlockRecords-1) / BlockRecords
		roots := span{first: first / BlockRecords, hashes: make([]Hash, count)}
		v.opts.Parallel(count, func(i int) {
			from := first + uint64(i)*BlockRecords
			to := min(from+BlockRecords, s.end())
			roots.hashes[i] = v.block(from, s.hashes[from-s.first:to-s.first])
		})
		if s.end()%BlockRecords != 0 && count > 0 {
			roots.hashes = roots.hashes[:count-1]
		}
		v.known(roots)
	}
}

// levelUp returns the hashes of the next tile level, as far as all below them
// are known.
func levelUp(level []span) []span {
	var up []span
	for _, s := range level {
		next := span{first: (s.first + BlockRecords - 1) / BlockRecords}
		for from := next.first * BlockRecords; from+BlockRecords <= s.end(); from += BlockRecords {
			next.hashes = append(next.hashes, fold(slices.Clone(s.hashes[from-s.first:from-s.first+BlockRecords])))
		}
		if len(next.hashes) > 0 {
			up = append(up, next)
		}
	}
	return up
}

// tileFile is the file of a tile level, as it was before the records were read.
type tileFile struct {
	name string
	file fileAt // nil: there is none, or it could not be opened
	size int64
	lost atomic.Bool // it could not be read, which is reported
}

// hashes returns the number of hashes that are there.
func (t *tileFile) hashes() uint64 { return uint64(t.size) / uint64(len(Hash{})) }

// openTiles opens the tile files, from level 0 up to the last that is there.
func (v *verifier) openTiles() {
	for {
		t := &tileFile{name: TileName(len(v.tiles))}
		f, size, err := openAt(v.fsys, t.name)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		v.tiles = append(v.tiles, t)
		if err != nil {
			v.lostTile(t, err)
			continue
		}
		t.file, t.size = f, size
		v.closers = append(v.closers, f)
	}
}

// lostTile reports once that a tile file cannot be read.
func (v *verifier) lostTile(t *tileFile, err error) {
	if !t.lost.Swap(true) {
		v.problem(t.name, "", err)
	}
}

// tile returns the file of a level, or an empty one.
func (v *verifier) tile(level int) *tileFile {
	if level < len(v.tiles) {
		return v.tiles[level]
	}
	return &tileFile{name: TileName(level)}
}

// compareTile compares up to [BlockRecords] hashes of a tile level, of which
// first is the number of the first one, with those in its file, as far as it
// goes.
func (v *verifier) compareTile(level int, first uint64, want []Hash) {
	t := v.tile(level)
	if t.file == nil || first >= t.hashes() {
		return
	}
	want = want[:min(uint64(len(want)), t.hashes()-first)]
	var buf [BlockRecords * len(Hash{})]byte
	b := buf[:len(want)*len(Hash{})]
	if n, err := t.file.ReadAt(b, int64(first)*int64(len(Hash{}))); n < len(b) {
		if errors.Is(err, io.EOF) {
			err = &EvidenceError{t.name, fmt.Sprintf("hash %d", first), "the file was cut while it was read"}
		}
		v.lostTile(t, err)
		return
	}
	for i := range want {
		have := Hash(b[i*len(Hash{}):])
		if have == want[i] {
			continue
		}
		n := first + uint64(i)
		if have == (Hash{}) && n >= v.report.Checkpoint.Size>>(8*level) {
			continue // not written before the power went; no checkpoint covers it
		}
		v.wrong(t.name, fmt.Sprintf("hash %d", n), "it is not the hash of the records")
	}
}

// tileSizes compares the sizes of the tile files with the number of records. A
// file that is behind is as it is after a crash; one that is cut short of the
// checkpoint is not.
func (v *verifier) tileSizes() {
	for level := 0; level < len(v.tiles) || v.report.Size>>(8*level) > 0; level++ {
		t, want := v.tile(level), v.report.Size>>(8*level)
		if t.lost.Load() {
			continue
		}
		if have := t.hashes(); have < want && have < v.report.Checkpoint.Size>>(8*level) {
			v.wrong(t.name, fmt.Sprintf("hash %d", have), "it is missing, and %d after it: the file is cut short", want-have-1)
		}
		// A server that goes on writing adds hashes of records that came after
		// the journal was read. Those that were there before must have their
		// records.
		if extra := t.size - int64(want)*int64(len(Hash{})); extra > 0 && len(v.report.Unreadable) == 0 {
			v.wrong(t.name, fmt.Sprintf("hash %d", want), "there are %d bytes more than the records have hashes", extra)
		}
	}
}

// strangers reports files in the ledger that are no part of one.
func (v *verifier) strangers() {
	entries, err := fs.ReadDir(v.fsys, ".")
	v.problem(".", "", err)
	known := []string{FormatFile, CheckpointFile, WitnessedFile, CosignedDir, StampedDir, JournalDir, SealedDir, EnvelopeDir, TileDir, "lock"}
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
