package ledger

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"
)

// hashTree returns a ledger that has nothing but the tiles of a tree of size
// records, and the leaves.
func hashTree(size int) (*Ledger, []Hash) {
	var t Tree
	tiles := map[int][]byte{}
	leaves := make([]Hash, size)
	for i := range leaves {
		leaves[i] = RecordHash(fmt.Appendf(nil, "record %d", i))
		t.Add(leaves[i], func(level int, h Hash) { tiles[level] = append(tiles[level], h[:]...) })
	}
	files := fstest.MapFS{}
	for level, b := range tiles {
		files[TileName(level)] = &fstest.MapFile{Data: b}
	}
	return &Ledger{fsys: files, size: uint64(size)}, leaves
}

func rootOf(leaves []Hash) Hash {
	var t Tree
	for _, h := range leaves {
		t.Add(h, nil)
	}
	return t.Root()
}

func pick(leaves []Hash, records []uint64) []Hash {
	var list []Hash
	for _, n := range records {
		list = append(list, leaves[n])
	}
	return list
}

// TestProveRecordsSmall proves each set of records of each small tree, with
// each bound.
func TestProveRecordsSmall(t *testing.T) {
	for size := range uint64(9) {
		l, leaves := hashTree(int(size))
		for set := range uint64(1) << size {
			var records []uint64
			for n := range size {
				if set&(1<<n) != 0 {
					records = append(records, n)
				}
			}
			for bound := range size + 1 {
				var bounds []uint64
				if bound > 0 {
					bounds = []uint64{bound}
				}
				checkProof(t, l, leaves, records, bounds)
			}
		}
	}
}

func checkProof(t *testing.T, l *Ledger, leaves []Hash, records, bounds []uint64) {
	t.Helper()
	size := uint64(len(leaves))
	if size == 0 {
		return
	}
	proof, err := l.ProveRecords(records, bounds, size)
	if err != nil {
		t.Fatalf("records %v, bounds %v of %d: %v", records, bounds, size, err)
	}
	root, older, err := CheckRecords(size, records, pick(leaves, records), bounds, proof)
	if want := rootOf(leaves); err != nil || root != want {
		t.Fatalf("records %v, bounds %v of %d: root %v, want %v (%v)", records, bounds, size, root, want, err)
	}
	for i, b := range bounds {
		if want := rootOf(leaves[:b]); older[i] != want {
			t.Fatalf("records %v, bound %d of %d: older root %v, want %v", records, b, size, older[i], want)
		}
	}
	if len(proof) > 0 {
		if _, _, err := CheckRecords(size, records, pick(leaves, records), bounds, proof[1:]); err == nil {
			t.Fatalf("records %v of %d: a proof that is too short is accepted", records, size)
		}
	}
	if _, _, err := CheckRecords(size, records, pick(leaves, records), bounds, append(slices.Clone(proof), Hash{})); err == nil {
		t.Fatalf("records %v of %d: a proof that is too long is accepted", records, size)
	}
}

// TestProveRecordsLarge proves records of a tree with three levels of tiles,
// and compares the proof of one record with that of another implementation.
func TestProveRecordsLarge(t *testing.T) {
	const size = 70_001
	l, leaves := hashTree(size)
	r := rand.New(rand.NewPCG(1, 2))
	var records []uint64
	for n := range uint64(size) {
		if r.IntN(300) == 0 {
			records = append(records, n)
		}
	}
	checkProof(t, l, leaves, records, []uint64{1, 4096, 65_535, 65_536, 69_999, size})
	checkProof(t, l, leaves, nil, nil)
	checkProof(t, l, leaves, []uint64{0, size - 1}, nil)
	for _, n := range []uint64{0, 255, 256, 40_000, size - 1} {
		proof, err := l.ProveRecords([]uint64{n}, nil, size)
		if err != nil {
			t.Fatal(err)
		}
		path, err := tlog.ProveRecord(size, int64(n), tileHashes{l.fsys})
		if err != nil {
			t.Fatal(err)
		}
		got, want := slices.Clone(proof), slices.Clone(path)
		for _, list := range [][]Hash{got, want} {
			slices.SortFunc(list, func(a, b Hash) int { return slices.Compare(a[:], b[:]) })
		}
		if !slices.Equal(got, want) {
			t.Errorf("record %d: the proof has %d hashes that are not those of tlog's path, %d", n, len(got), len(want))
		}
	}
}

// TestCheckRecordsRefuses shows what is no proof, however large it says the
// tree is.
func TestCheckRecordsRefuses(t *testing.T) {
	l, leaves := hashTree(20)
	records := []uint64{3, 4, 17}
	proof, err := l.ProveRecords(records, nil, 20)
	if err != nil {
		t.Fatal(err)
	}
	root := rootOf(leaves)
	refused := func(name string, size uint64, records []uint64, leaves []Hash, bounds []uint64, proof []Hash) {
		t.Helper()
		if got, _, err := CheckRecords(size, records, leaves, bounds, proof); err == nil && got == root {
			t.Errorf("%s: accepted", name)
		}
	}
	three := pick(leaves, records)
	for i := range proof {
		other := slices.Clone(proof)
		other[i][0] ^= 1
		refused(fmt.Sprintf("hash %d changed", i), 20, records, three, nil, other)
	}
	refused("a leaf changed", 20, records, []Hash{three[0], three[1], three[1]}, nil, proof)
	refused("leaves swapped", 20, records, []Hash{three[1], three[0], three[2]}, nil, proof)
	refused("another record", 20, []uint64{3, 5, 17}, three, nil, proof)
	refused("a record less", 20, records[:2], three[:2], nil, proof)
	refused("a leaf less", 20, records, three[:2], nil, proof)
	refused("a record twice", 20, []uint64{3, 3, 17}, three, nil, proof)
	refused("records out of order", 20, []uint64{4, 3, 17}, three, nil, proof)
	refused("a record beyond the tree", 20, []uint64{3, 4, 20}, three, nil, proof)
	refused("a bound beyond the tree", 20, records, three, []uint64{21}, proof)
	refused("a bound of nothing", 20, records, three, []uint64{0}, proof)
	refused("another size", 21, records, three, nil, proof)
	refused("a huge size", 1<<63-1, records, three, nil, proof)
	refused("no size", 0, nil, nil, nil, nil)
}
