// Package erasure removes people's data from the record, and keeps the proof:
// it finds what is meant, seals the decision, and has the recorder and the
// index carry it out.
//
// [Keeper] promises that nothing is removed before the decision is sealed and
// durable; that what a crash interrupts is taken up again at the next start;
// that what is under a legal hold is not removed; and that what it says in a
// dry run is what it then does, as far as the record has not grown meanwhile.
// What was decided, and what is held, it reads from the sealed record at each
// start: there is no other state that could be lost or changed.
//
// What is meant is found in the ledger itself, event by event. The search
// index is not asked: it may be behind, and is no evidence.
//
// The package is not for backups, file systems' free blocks, or anything else
// outside of the data directory; see docs/erasure.md.
package erasure
