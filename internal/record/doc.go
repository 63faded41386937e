// Package record is the only writer of the ledger. Callers hand it events; one
// goroutine commits them in groups: it appends a frame to the journal, makes
// it durable with one fdatasync, advances the tree, answers the callers and
// wakes the followers. Each durable group carries its own signed checkpoint.
//
// It promises that an event for which [Recorder.Append] returned without an
// error survives the loss of power; that events taken by [Recorder.Put] are
// durable within milliseconds, or counted and sealed as a gap; that a torn
// tail is cut when the ledger is opened, and nothing else ever is; and that
// after a failed write it starts over from what is on the disk. A second
// process on the same ledger is refused.
//
// Behind the commit, a second goroutine seals finished journal segments: it
// compresses their records in blocks of 256 and moves the envelopes into files
// by class and day. See docs/FORMAT.md for the bytes.
//
// It is not for reading: that is package ledger.
package record
