// Package index makes the ledger searchable: a view of it that can be thrown
// away and rebuilt, kept in VictoriaLogs.
//
// Four parts:
//
//   - [Client] speaks the HTTP API of VictoriaLogs, to the engine that Gatebook
//     runs by itself or to a remote cluster, in the same way.
//   - [Supervisor] runs the engine as a child process (package engine), restarts
//     it, and puts damaged days aside.
//   - [Follower] feeds the index from the ledger, exactly once for each event,
//     through crashes of either side.
//   - [Source] is what the follower needs of the ledger; the caller implements it.
//
// What it promises: each event of the source is in the index once, within about
// a second of being sealed when the index keeps up, and [Progress] says how far
// it has come when it does not. Nothing here can stop or delay the caller's own
// work: the engine is another process, and every wait ends with its context.
//
// What it is not: evidence. The engine has no checksums, so a hit is only a
// ledger number; the caller reads the event from the ledger and shows that.
//
// # Rows
//
// A [Row] becomes one object in the index: its fields, `_time`, its ledger number
// as `n` and the stream field `tenant`. The text that a bare word searches is the
// field `_msg`. Rows longer than 240 KiB are stored with their longest values cut,
// so that the needle at the end of a huge body is the one thing not found.
package index
