// Package classify finds classes of sensitive data in the bodies of calls, and
// counts them: how many e-mail addresses, card numbers, names an answer gave
// out, and how many records it had.
//
// It reads a body as it passes, in pieces of any size, and keeps no more of it
// than the value that it is looking at. The same bytes give the same counts
// however they are cut. JSON (also one text after the other, and in
// server-sent events), XML, CSV, forms and plain text are read for what they
// are. Content codings are undone before, by package capture.
//
// A value is recognised by its shape and check digits, by the name of its
// field in ten languages, or by both: what a shape alone cannot tell (nine
// digits can be a Dutch citizen's number, or an order's) counts only under a
// telling name. docs/classes.md lists the classes and how each is found.
//
// What is found is learned for each field of a route. A field that has been
// confirmed often enough is counted by its path, and only a sample of its
// values is looked at again, so that steady traffic costs little and drift
// shows. What is learned are hashes of paths, counters and classes: **no value
// is stored**, in memory or in a snapshot.
//
// The package is not for taking data out (that is package redact), and not a
// proof that data is absent: a name or a date under a field that does not tell
// cannot be seen. It has no clock, no randomness and no I/O.
package classify
