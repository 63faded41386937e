// Package format holds docs/FORMAT.md to the code: its examples are made
// again and compared, and verify.py, a second verifier that follows that
// document in another language, must accept what the recorder writes and
// notice what is changed.
//
// It needs python3 and the command zstd, and skips without them.
package format
