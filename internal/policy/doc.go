// Package policy judges calls by the measures in force: which are blocked,
// which come too often, which must show that their caller has proven anew who
// they are.
//
// A [Set] holds the measures of one moment, made ready by [Compile]. It
// promises that a judgement costs the same however many measures there are,
// but for those on the very subject of the call; that a measure whose time is
// over does nothing, without anybody having to take it out; and that a caller
// under protection is never refused. It reads no clock and does no I/O: the
// time is part of the question. A Set is immutable but for the buckets of its
// throttles, which are atomic, and safe for concurrent use. [Live] holds the
// one in force.
//
// The package does not decide which measures there are: that is internal/act.
package policy
