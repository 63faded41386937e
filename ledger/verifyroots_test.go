package ledger

import (
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// TestRoots compares the roots of all sizes, which the verifier makes from
// blocks that it saw once and in any order, with those of x/mod/sumdb/tlog.
func TestRoots(t *testing.T) {
	const records = 5*BlockRecords + 77
	leaves := make([]Hash, records)
	var hashes hashList
	for i := range leaves {
		header := []byte{byte(i), byte(i >> 8)}
		leaves[i] = RecordHash(header)
		added, err := tlog.StoredHashes(int64(i), header, hashes)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, added...)
	}
	f := func(missing int) {
		t.Helper()
		v := new(verifier)
		judged := 0
		for size := records + 2; size >= 0; size-- {
			v.expectRoot(uint64(size), func(root Hash, known bool) {
				judged++
				if want := size <= records && (missing < 0 || size <= missing*BlockRecords); known != want {
					t.Errorf("without block %d, %d records: known %v, want %v", missing, size, known, want)
				}
				if !known {
					return
				}
				if want, err := tlog.TreeHash(int64(size), hashes); err != nil || root != want {
					t.Errorf("%d records: got root %s, want %s, %v", size, root, want, err)
				}
			})
		}
		v.sortRoots()
		var wg sync.WaitGroup
		for first := records / BlockRecords * BlockRecords; first >= 0; first -= BlockRecords {
			wg.Go(func() {
				block := leaves[first:min(first+BlockRecords, records)]
				if first/BlockRecords == missing {
					return
				}
				root := v.block(uint64(first), block)
				if len(block) == BlockRecords {
					v.known(span{first: uint64(first) / BlockRecords, hashes: []Hash{root}})
				}
			})
		}
		wg.Wait()
		v.blocks = join(v.blocks)
		v.judgeRoots()
		if judged != records+3 {
			t.Errorf("got %d roots judged, want %d", judged, records+3)
		}
	}
	f(-1)
	for missing := range 6 {
		f(missing)
	}
}

type hashList []Hash

func (l hashList) ReadHashes(indexes []int64) ([]Hash, error) {
	out := make([]Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l[x]
	}
	return out, nil
}
