// Package event holds the one fact that Gatebook keeps: the event, a sealed
// statement of who accessed what, when, and how each of these is known.
//
// It promises that an event has exactly one encoding. [Event.Seal] writes it,
// [DecodeHeader] and the envelope decoders refuse any bytes that it would not
// have written, so the bytes can be hashed as they are stored and never have
// to be made canonical again.
//
// An event has a header, which is the leaf of the ledger and is kept as long
// as the ledger, and up to three envelopes (who, what, payload). The header
// holds a salted commitment to each envelope, so that an envelope can be
// disclosed alone, or erased, and the proof of the rest stands.
//
// The package is not for capturing, judging or storing events. It has no
// clock, no goroutine and no network; whoever needs time or randomness
// passes it in.
//
// # Version history
//
//   - 1: the first (2026-11).
//   - 2: what was accessed (2026-11): in the header Operation.Basis to
//     Operation.Scopes, Counts, Received, Partial and Body.Messages; in the
//     envelopes What.Asked, What.Properties, What.Targets, Who.Tenant,
//     TLS.JA4 and Message.Rendered. Nothing that version 1 had changed its meaning.
//   - 3: Trace in the header (2026-11). Nothing else changed.
package event
