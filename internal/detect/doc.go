// Package detect finds suspicious access: events in, findings out.
//
// Rules are YAML files in the shape of Sigma, with Sigma's correlations and a
// few kinds more; docs/rules.md is their reference. [Load] reads and compiles
// them, and reports everything that is wrong with them. An [Engine] is given
// events, in any order within its lateness, and answers with findings.
//
// Each event counts for its own time, and the engine's time is that of the
// events. Clocks that are wrong, imports of the past and events that were held
// up somewhere do not stop it; see clock.go for what becomes of them.
//
// The package is pure: it reads no clock (the time is that of the events),
// starts no goroutine, and touches no file and no network. Events in the same
// set, whatever their order within the lateness and however often each is
// given, have the same findings, byte for byte, so that a run over the past is
// what a run at that time would have been.
//
// It is not for blocking a call before it is served, and it delivers nothing:
// it says what it found, and why.
package detect
