package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that a record is in a ledger: the audit path of RFC 6962,
// section 2.1.1, from the record's leaf to the root of a checkpoint.
type Proof struct {
	Number uint64 // of the record
	Size   uint64 // of the tree
	Path   []Hash // from the leaf upwards
}

// Prove returns the proof that record n is in the tree of the first size
// records.
func (l *Ledger) Prove(n, size uint64) (Proof, error) {
	if n >= size || size > l.Size() {
		return Proof{}, fmt.Errorf("proving record %d in a tree of %d, with %d in the ledger: %w", n, size, l.Size(), ErrNotFound)
	}
	path, err := tlog.ProveRecord(int64(size), int64(n), tileHashes{l.fsys})
	if err != nil {
		return Proof{}, fmt.Errorf("proving record %d: %w", n, err)
	}
	return Proof{n, size, path}, nil
}

// Check reports whether the proof leads from the header to the root of the
// checkpoint.
func (p Proof) Check(header []byte, c Checkpoint) error {
	if c.Size != p.Size {
		return fmt.Errorf("the proof is for a tree of %d records, the checkpoint for one of %d", p.Size, c.Size)
	}
	if err := tlog.CheckRecord(p.Path, int64(p.Size), c.Root, int64(p.Number), RecordHash(header)); err != nil {
		return fmt.Errorf("the proof does not lead from the record to the checkpoint")
	}
	return nil
}

// ProveConsistency returns the proof of RFC 6962, section 2.1.2, that the tree
// of the first old records is a beginning of that of the first size.
func (l *Ledger) ProveConsistency(old, size uint64) ([]Hash, error) {
	if old == 0 || old > size || size > l.Size() {
		return nil, fmt.Errorf("proving that %d records begin %d, with %d in the ledger: %w", old, size, l.Size(), ErrNotFound)
	}
	return tlog.ProveTree(int64(size), int64(old), tileHashes{l.fsys})
}

// CheckConsistency reports whether the proof shows that the tree of the older
// checkpoint is a beginning of that of the newer.
func CheckConsistency(proof []Hash, older, newer Checkpoint) error {
	if older.Size == newer.Size && older.Root == newer.Root {
		return nil
	}
	if older.Size == 0 || older.Size > newer.Size {
		return fmt.Errorf("a checkpoint of %d records does not begin one of %d", older.Size, newer.Size)
	}
	if err := tlog.CheckTree(proof, int64(newer.Size), newer.Root, int64(older.Size), older.Root); err != nil {
		return fmt.Errorf("the ledger of %d records is not a continuation of the one of %d", newer.Size, older.Size)
	}
	return nil
}

// Root returns the root of the tree of the first size records.
func (l *Ledger) Root(size uint64) (Hash, error) {
	t, err := RestoreTree(l.fsys, size)
	if err != nil {
		return Hash{}, err
	}
	return t.Root(), nil
}
