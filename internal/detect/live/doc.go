// Package live runs detection over the ledger as it grows.
//
// [Follower] gives each sealed event to the engine, in the order of the ledger,
// and keeps what is found, in the order in which it was found. It promises that
// what it keeps is what a run over the ledger finds, byte for byte, also after
// it was killed: the engine depends on the order of the ledger only, its state
// is saved with the number of the next record, and what is found again is known
// by its id.
//
// A run over the ledger waits for the next event before it judges one; a person
// who is to hear of an attack does not. So the engine is told the time, and
// judges early. If an event comes afterwards that belongs before one that was
// judged, the follower goes back to a saved state and judges again: what was
// wrong is then superseded. See docs/alerts.md.
//
// It is not for what becomes of a finding: that is for the package alert.
package live
