package ledger

import (
	"errors"
	"fmt"
)

// EvidenceError says that the evidence does not hold: bytes that could be read
// are not the bytes that were sealed.
type EvidenceError struct {
	File   string // relative to the ledger
	Where  string // offset, record or hash within it; may be empty
	Reason string // one sentence without a full stop
}

// Error names the file, the place and the reason.
func (e *EvidenceError) Error() string {
	if e.Where == "" {
		return fmt.Sprintf("%s: %s", e.File, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", e.File, e.Where, e.Reason)
}

// ErrNotFound is the error of a record that the ledger does not have.
var ErrNotFound = errors.New("no such record")

// ErrVersion is the error of a ledger that a newer Gatebook wrote.
var ErrVersion = errors.New("the ledger was written by a newer version of Gatebook")
