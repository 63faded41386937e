package index

import "context"

// Source is the ledger as the follower sees it: events numbered from 0 without
// gaps, which never change. Its methods are called from several goroutines.
type Source interface {
	// Size returns how many events are sealed. It does not shrink while the
	// follower runs.
	Size() uint64
	// Rows calls yield with the rows of the events from ≤ number < to, in order,
	// each exactly once; to is at most a size that was seen. An error of yield ends
	// it and is returned. The row and its fields belong to yield during the call.
	// An event that must not be searched (erased, say) is yielded without fields.
	// An error of its own ends the follower: the ledger cannot be read.
	Rows(ctx context.Context, from, to uint64, yield func(Row) error) error
	// Wait returns when more than size events are sealed (nil) or ctx ends (its
	// error).
	Wait(ctx context.Context, size uint64) error
}

// sourceError marks an error of the source, which ends the follower.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "reading the ledger for the index: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }
