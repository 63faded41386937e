// Package alert makes of findings what people work with: incidents.
//
// Findings about one entity join one open incident. An incident opens when its
// findings weigh enough: a finding of level medium or above, or 100 points of
// risk. It has a severity, a story in order, the events with their places in
// the ledger, a state, and somebody to whom it was given.
//
// A change of an incident that people should hear of is a [Notice]. This
// package hands notices on and delivers none: that is for the packages below
// it.
//
// It is not evidence. Evidence is the sealed events that an incident names, and
// the sealed decisions by which it was opened, raised and closed.
package alert
