// Package app is the wiring: it makes the parts of Gatebook and joins them in
// the order of the data. Read app.go aloud and you have heard the whole.
//
// It promises that what starts also ends, in the reverse order of the data:
// calls first, the record last. It decides nothing else; whoever looks for
// behaviour looks in the parts.
package app
