package ledger

import (
	"cmp"
	"slices"
	"sort"
)

// span is a run of consecutive hashes: leaves, or roots of a tile level.
type span struct {
	first  uint64 // number of the first one, counted in hashes of its level
	name   string // of the file that they are from, where that matters
	hashes []Hash
}

func (s *span) end() uint64 { return s.first + uint64(len(s.hashes)) }

// expectedRoot is a size at which the root of the tree is compared with
// something.
type expectedRoot struct {
	size  uint64
	judge func(root Hash, known bool)
	parts []Hash // see [Tree.rootWith]; nil until its block was read
}

// expectRoot has judge called with the root of the first size records, once
// the tree is there. known is false if there are not so many records, or some
// of them could not be read. It must be called before the records are read:
// however many sizes there are, they are read once.
func (v *verifier) expectRoot(size uint64, judge func(root Hash, known bool)) {
	v.roots = append(v.roots, expectedRoot{size: size, judge: judge})
}

// sortRoots ends the time of expectRoot.
func (v *verifier) sortRoots() {
	slices.SortStableFunc(v.roots, func(a, b expectedRoot) int { return cmp.Compare(a.size, b.size) })
}

// block takes the leaves of up to [BlockRecords] records, of which first is a
// multiple: it compares them with their tile, keeps what is needed for the
// roots that end among them, and returns their root. It may be called for
// several blocks at the same time.
func (v *verifier) block(first uint64, leaves []Hash) Hash {
	v.compareTile(0, first, leaves)
	i := sort.Search(len(v.roots), func(i int) bool { return v.roots[i].size > first })
	if end := first + uint64(len(leaves)); len(leaves) == BlockRecords && (i == len(v.roots) || v.roots[i].size >= end) {
		var scratch [BlockRecords]Hash
		copy(scratch[:], leaves)
		return fold(scratch[:])
	}
	var t Tree
	for _, leaf := range leaves {
		t.Add(leaf, nil)
		for ; i < len(v.roots) && v.roots[i].size == first+t.size; i++ {
			v.roots[i].parts = slices.Clone(t.stack[:t.depth])
		}
	}
	return t.Root()
}

// known adds roots of blocks that were read.
func (v *verifier) known(roots span) {
	if len(roots.hashes) == 0 {
		return
	}
	v.mu.Lock()
	v.blocks = append(v.blocks, roots)
	v.mu.Unlock()
}

// join puts spans in order, and makes one of those that follow each other.
func join(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var out []span
	for _, s := range spans {
		if k := len(out); k > 0 && out[k-1].end() == s.first {
			out[k-1].hashes = append(out[k-1].hashes, s.hashes...)
			continue
		}
		out = append(out, s)
	}
	return out
}

// judgeRoots goes once along the blocks from the first, as far as all are
// known, and has the roots judged that were expected.
func (v *verifier) judgeRoots() {
	var blocks []Hash
	if len(v.blocks) > 0 && v.blocks[0].first == 0 {
		blocks = v.blocks[0].hashes
	}
	var t Tree
	for i := range v.roots {
		r := &v.roots[i]
		for t.size+BlockRecords <= r.size && t.size/BlockRecords < uint64(len(blocks)) {
			t.addBlock(blocks[t.size/BlockRecords])
		}
		switch rest := r.size - t.size; {
		case rest == 0:
			r.judge(t.Root(), true)
		case rest < BlockRecords && r.parts != nil:
			r.judge(t.rootWith(r.parts), true)
		default:
			r.judge(Hash{}, false)
		}
	}
}
