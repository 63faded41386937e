// Package witness has both ends of C2SP tlog-witness: what asks witnesses to
// cosign the checkpoints of a ledger and keeps what they answered, and a small
// witness that others can ask.
//
// A [Follower] submits the newest published checkpoint, with the proof that it
// continues the one that the witness saw before, and keeps the cosignatures in
// the ledger's folder, where a verifier finds them: the newest checkpoint that
// enough witnesses cosigned in [ledger.WitnessedFile], and older ones, one a
// minute, in [ledger.CosignedDir]. It promises that the recorder never waits for
// it, and that a slow or dead witness does not keep the others from being asked.
//
// A [Server] cosigns what is consistent with all that it has cosigned before.
// It promises that it never cosigns a smaller or another tree, also after it
// was killed at any moment.
//
// The package is not for judging: whether a ledger and its cosignatures hold is
// package ledger's to say.
package witness
