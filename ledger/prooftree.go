package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"sort"
)

// A proof of many records walks the tree of RFC 6962, section 2.1, from the
// root down, left before right. It holds the hash of each largest subtree
// in which there is no record to prove, in the order of the walk, and nothing
// else: what lies above the proven records is made from them. 1,000 records of
// five million take about 12,000 hashes, where a path for each takes 22,000.
//
// A proof may have bounds: sizes of older trees. The walk then goes down where
// a subtree holds records on both sides of a bound, so that the root of the
// older tree can be made from the same hashes, and the proof is one of
// consistency too.

// errTreeProof is the error of a proof that does not fit its records.
var errTreeProof = errors.New("the proof does not fit the records")

// walk is a walk over a tree, for the records and bounds that are asked for;
// both ascend.
type walk struct {
	records []uint64
	bounds  []uint64
}

// goesInto reports whether the walk goes into the subtree of the records
// [from, to), of which there are at least two.
func (w *walk) goesInto(from, to uint64) bool {
	i := sort.Search(len(w.bounds), func(i int) bool { return w.bounds[i] > from })
	return w.holds(from, to) || i < len(w.bounds) && w.bounds[i] < to
}

// holds reports whether a record to prove is among [from, to).
func (w *walk) holds(from, to uint64) bool {
	i := sort.Search(len(w.records), func(i int) bool { return w.records[i] >= from })
	return i < len(w.records) && w.records[i] < to
}

func (w *walk) check(size uint64) error {
	for i, n := range w.records {
		if n >= size || i > 0 && n <= w.records[i-1] {
			return fmt.Errorf("%w: record %d of a tree of %d is out of order or beyond it", errTreeProof, n, size)
		}
	}
	for i, n := range w.bounds {
		if n < 1 || n > size || i > 0 && n <= w.bounds[i-1] {
			return fmt.Errorf("%w: the bound %d of a tree of %d is out of order or beyond it", errTreeProof, n, size)
		}
	}
	return nil
}

// split returns where RFC 6962 divides n records, at least two: the largest
// power of two below n.
func split(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// ProveRecords returns the proof that the given records are in the tree of the
// first size records, of which the trees of the sizes in bounds are
// beginnings. Records and bounds ascend, each once; see [CheckRecords].
func (l *Ledger) ProveRecords(records, bounds []uint64, size uint64) ([]Hash, error) {
	w := &walk{records, bounds}
	if err := w.check(size); err != nil {
		return nil, err
	}
	if size > l.Size() {
		return nil, fmt.Errorf("proving records of a tree of %d, with %d in the ledger: %w", size, l.Size(), ErrNotFound)
	}
	files := &heldFiles{fsys: l.fsys, files: make(map[string]fs.File)}
	defer files.close()
	p := &prover{walk: w, tiles: tileHashes{files}}
	if size > 0 {
		if err := p.prove(0, size); err != nil {
			return nil, fmt.Errorf("proving %d records: %w", len(records), err)
		}
	}
	return p.proof, nil
}

// prover makes a proof.
type prover struct {
	*walk
	tiles tileHashes
	proof []Hash
}

func (p *prover) prove(from, to uint64) error {
	switch n := to - from; {
	case n == 1 && p.holds(from, to):
		return nil
	case n > 1 && p.goesInto(from, to):
		mid := from + split(n)
		if err := p.prove(from, mid); err != nil {
			return err
		}
		return p.prove(mid, to)
	}
	h, err := p.hash(from, to)
	p.proof = append(p.proof, h)
	return err
}

// hash returns the root of the subtree of the records [from, to).
func (p *prover) hash(from, to uint64) (Hash, error) {
	n := to - from
	if n&(n-1) == 0 {
		height := bits.TrailingZeros64(n)
		return p.tiles.subtree(height, from>>height)
	}
	mid := from + split(n)
	left, err := p.hash(from, mid)
	if err != nil {
		return Hash{}, err
	}
	right, err := p.hash(mid, to)
	return nodeHash(left, right), err
}

// CheckRecords returns the root of the tree of size records, in which the
// records have the given leaves, and the roots of the trees of the sizes in
// bounds. It fails if the proof is not one for these records and bounds. It
// takes memory in proportion to what it is given, whatever size says.
func CheckRecords(size uint64, records []uint64, leaves []Hash, bounds []uint64, proof []Hash) (root Hash, older []Hash, err error) {
	c := &checker{walk: walk{records, bounds}, leaves: leaves, proof: proof, older: make([][]Hash, len(bounds))}
	if err := c.check(size); err != nil {
		return Hash{}, nil, err
	}
	if len(records) != len(leaves) || size == 0 {
		return Hash{}, nil, errTreeProof
	}
	if root, err = c.hash(0, size, math.MaxUint64); err != nil {
		return Hash{}, nil, err
	}
	if len(c.proof) != 0 || len(c.leaves) != 0 {
		return Hash{}, nil, fmt.Errorf("%w: %d hashes are left over", errTreeProof, len(c.proof))
	}
	for _, parts := range c.older {
		h := parts[len(parts)-1]
		for i := len(parts) - 2; i >= 0; i-- {
			h = nodeHash(parts[i], h)
		}
		older = append(older, h)
	}
	return root, older, nil
}

// checker follows a proof.
type checker struct {
	walk
	leaves []Hash
	proof  []Hash
	older  [][]Hash // for each bound, the roots of the largest subtrees before it, left to right
}

// hash returns the root of the subtree of the records [from, to), and notes it
// for the bounds of whose trees it is a largest subtree: those that it lies
// before and its parent, which ends before record above, does not.
func (c *checker) hash(from, to, above uint64) (h Hash, err error) {
	n := to - from
	switch {
	case n == 1 && c.holds(from, to):
		h, c.leaves = c.leaves[0], c.leaves[1:]
	case n > 1 && c.goesInto(from, to):
		mid := from + split(n)
		left, err := c.hash(from, mid, to)
		if err != nil {
			return h, err
		}
		right, err := c.hash(mid, to, to)
		if err != nil {
			return h, err
		}
		h = nodeHash(left, right)
	case len(c.proof) == 0:
		return h, fmt.Errorf("%w: it is too short", errTreeProof)
	default:
		h, c.proof = c.proof[0], c.proof[1:]
	}
	for i, b := range c.bounds {
		if to <= b && b < above {
			c.older[i] = append(c.older[i], h)
		}
	}
	return h, nil
}

// heldFiles keeps the files that are opened through it open until close. It is
// not safe for concurrent use.
type heldFiles struct {
	fsys  fs.FS
	files map[string]fs.File
}

// Open returns the file, whose Close does nothing.
func (h *heldFiles) Open(name string) (fs.File, error) {
	f := h.files[name]
	if f == nil {
		var err error
		if f, err = h.fsys.Open(name); err != nil {
			return nil, err
		}
		h.files[name] = f
	}
	ra, ok := f.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("reading %s: its file system cannot read at an offset", name)
	}
	return heldFile{f, ra}, nil
}

func (h *heldFiles) close() {
	for _, f := range h.files {
		f.Close()
	}
}

type heldFile struct {
	fs.File
	io.ReaderAt
}

func (heldFile) Close() error { return nil }
