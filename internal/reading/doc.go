// Package reading is the one door to the record for people and tools.
//
// [Room] authorises each search, view, proof, export and tail, takes what it
// shows from the ledger, where each record is checked against the tree and its
// commitments, and records the look itself as an event before the answer is
// handed out. An answer whose look cannot be recorded is refused.
//
// The search index is a help and never evidence: it names records by their
// numbers, and a number whose record does not check is reported as a [Problem]
// and never shown. What comes straight from the index, such as counts, is
// marked as derived. While the index is down or behind, the room says so and
// answers from the ledger what the ledger can.
//
// Look events are searchable like all others, but a query that does not name
// the field kind does not find them, so that looking does not bury what is
// looked for.
//
// The package is not for writing to the record, other than its own look and
// decision events, and it knows nothing of HTTP.
package reading
