// Package ledger reads, proves and verifies the record of a Gatebook
// installation, and holds the byte formats that it is made of.
//
// A ledger is a folder, read through [io/fs]:
//
//	format                             the version, the origin and the public key
//	checkpoint                         the newest published signed checkpoint
//	witnessed                          the newest checkpoint that witnesses cosigned
//	cosigned/<day>                     the history of those
//	stamped/<size>.checkpoint, .tsr    checkpoints that an authority time-stamped
//	journal/<first>.journal            frames of records, as they were committed
//	sealed/<first>.entries             the same records, compressed, in blocks of 256
//	envelope/<class>/<day>/<first>.env the envelopes of sealed records
//	tile/<level>                       the hashes of the tree
//
// where <first> is the number of the first record, in twenty decimal digits.
//
// It promises that what it returns is what was sealed: each record is checked
// against the tree, each envelope against its commitment, and what does not
// match is an [EvidenceError], never a result. A file that cannot be read is
// another error: "the evidence does not hold" and "the disk is broken" are
// told apart throughout.
//
// The tree is that of RFC 6962 with SHA-256. Checkpoints are C2SP
// tlog-checkpoint, signed as C2SP signed-note with Ed25519; tiles and entry
// bundles have the content of C2SP tlog-tiles. docs/FORMAT.md describes every
// byte.
//
// The package is not for writing a ledger: internal/record is the only
// writer. It has no clock, no goroutine and no network.
package ledger
