// Package query parses, prints and matches the part of LogsQL that Gatebook
// vouches for: in live tail, silences, policies and rules it is matched in
// process, in searches it is handed to the index, and both give the same
// answer.
//
// The language, with f for the name of a field:
//
//	word                 the word, in one of the searchable fields
//	"a phrase"           the words in this order, with what is between them
//	pre*  "a pre"*       something that begins with this, at the start of a word
//	f:word f:"a phrase" f:pre*
//	f:=exact f:="exact value" f:="begin"* f:!=exact
//	f:""  f:*            no value; any value
//	f:>5 f:>=1KB f:<2s f:<=2026-11-23T10:00:00Z
//	f:range(1, 5]        a round bracket leaves the bound out, a square one keeps it in
//	f:in(a, "b c")       one of these values
//	f:(a or b*)          any of the above, for one field
//	a b, a and b; a or b; not a, !a, -a; ( ); *
//
// A word is a run of letters, digits and underscores, and words are compared
// with their letter case. "Not" binds tightest, then "and", then "or".
//
// It promises that [Query.LogsQL] means to VictoriaLogs v1.121.0 what
// [Query.Match] says, and that [Query.String] is a fixed point of parsing.
// What is richer (pipes, regular expressions, functions) is refused with an
// [Error], and can go to the index as it is.
//
// The agreement has edges. The index stores a column of numbers as numbers,
// and then looks for words in them by value: on negative numbers and on
// fractions, a word or prefix that is only a part of the number ("5" in "-5",
// "1." in "1.5") is found by Match and may not be found by the index.
// Fractions of several digits may change in their last digit when the index
// merges its parts, and are then not found by their exact value.
// Integers above 2^53, and times as nanoseconds, are compared as floating-point
// numbers: a time within 256 ns of a bound may be on either side of it.
package query
