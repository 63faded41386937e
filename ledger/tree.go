package ledger

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of the tree.
type Hash = tlog.Hash

// RecordHash returns the hash of a record's leaf: SHA-256 over a zero byte and
// the encoded header (RFC 6962, section 2.1).
func RecordHash(header []byte) Hash {
	var stack [1024]byte // longer headers are rare, and allocate
	return sha256.Sum256(append(append(stack[:0], 0), header...))
}

func nodeHash(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// Tree is the right edge of a Merkle tree: all that is needed to add records
// and to know the root. The zero value is the empty tree.
type Tree struct {
	size  uint64
	stack [64]Hash // roots of the complete subtrees, largest first
	depth int
}

// Size returns the number of records.
func (t *Tree) Size() uint64 { return t.size }

// Add appends a leaf. For each tile level of which a hash is now complete it
// calls emit (which may be nil), level 0 first.
func (t *Tree) Add(leaf Hash, emit func(level int, h Hash)) {
	if emit != nil {
		emit(0, leaf)
	}
	t.push(leaf)
	height := 0
	for n := t.size; n&1 == 1; n >>= 1 {
		height++
		t.join()
		if emit != nil && height%8 == 0 {
			emit(height/8, t.stack[t.depth-1])
		}
	}
	t.size++
}

// addBlock appends a complete subtree of [BlockRecords] records, of which the
// size of t must be a multiple.
func (t *Tree) addBlock(root Hash) {
	t.push(root)
	for n := t.size / BlockRecords; n&1 == 1; n >>= 1 {
		t.join()
	}
	t.size += BlockRecords
}

func (t *Tree) push(h Hash) {
	t.stack[t.depth] = h
	t.depth++
}

func (t *Tree) join() {
	t.depth--
	t.stack[t.depth-1] = nodeHash(t.stack[t.depth-1], t.stack[t.depth])
}

// Root returns the root of the tree; of the empty tree it is SHA-256 of
// nothing.
func (t *Tree) Root() Hash { return t.rootWith(nil) }

// rootWith returns the root of the tree that more records follow, fewer than
// its smallest complete subtree has: parts are the roots of their complete
// subtrees, largest first.
func (t *Tree) rootWith(parts []Hash) Hash {
	all := append(t.stack[:t.depth:t.depth], parts...)
	if len(all) == 0 {
		return sha256.Sum256(nil)
	}
	h := all[len(all)-1]
	for i := len(all) - 2; i >= 0; i-- {
		h = nodeHash(all[i], h)
	}
	return h
}

// RestoreTree returns the tree of the first size records, read from the tile
// files of fsys.
func RestoreTree(fsys fs.FS, size uint64) (*Tree, error) {
	t := &Tree{size: size}
	var done uint64
	for height := 63; height >= 0; height-- {
		if size&(1<<height) == 0 {
			continue
		}
		h, err := tileHashes{fsys}.subtree(height, done>>height)
		if err != nil {
			return nil, err
		}
		t.stack[t.depth] = h
		t.depth++
		done += 1 << height
	}
	return t, nil
}

// tileHashes reads the tree's hashes from the tile files; it is a
// [tlog.HashReader].
type tileHashes struct{ fsys fs.FS }

// ReadHashes returns the hashes with the given stored indexes.
func (t tileHashes) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		h, err := t.subtree(level, uint64(n))
		if err != nil {
			return nil, err
		}
		hashes[i] = h
	}
	return hashes, nil
}

// subtree returns the root of the complete subtree of the given height that
// holds the records [n·2^height, (n+1)·2^height).
func (t tileHashes) subtree(height int, n uint64) (Hash, error) {
	width := uint64(1) << (height % 8)
	hashes, err := t.read(height/8, n*width, int(width))
	if err != nil {
		return Hash{}, err
	}
	return fold(hashes), nil
}

// fold returns the root over a power of two of hashes. It overwrites them.
func fold(hashes []Hash) Hash {
	for n := len(hashes); n > 1; n /= 2 {
		for i := range n / 2 {
			hashes[i] = nodeHash(hashes[2*i], hashes[2*i+1])
		}
	}
	return hashes[0]
}

// read returns count hashes from position start of the file of a tile level.
func (t tileHashes) read(level int, start uint64, count int) ([]Hash, error) {
	b := make([]byte, count*sha256.Size)
	name := TileName(level)
	f, err := t.fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	defer f.Close()
	ra, ok := f.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("reading %s: its file system cannot read at an offset", name)
	}
	if n, err := ra.ReadAt(b, int64(start)*sha256.Size); err != nil && (err != io.EOF || n < len(b)) {
		if err == io.EOF {
			return nil, &EvidenceError{name, fmt.Sprintf("hash %d", start+uint64(n/sha256.Size)), "it is missing: the file is cut short"}
		}
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	hashes := make([]Hash, count)
	for i := range hashes {
		copy(hashes[i][:], b[i*sha256.Size:])
	}
	return hashes, nil
}
