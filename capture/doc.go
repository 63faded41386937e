// Package capture turns HTTP calls into events: who called, what passed, when,
// and how it ended. It is the recorder of the gateway, and by [Middleware] of
// any net/http server.
//
// It promises that every call that it is given becomes exactly one event,
// however the call ends: answered, refused, aborted by either side, cut by a
// shutdown, or left by a handler that panicked. Bodies are recorded while they
// pass, up to a limit for each direction, so that the memory for a call does
// not depend on its size. Nothing leaves the package that has not been through
// internal/redact: headers, path, query, bodies and trailers, in that order,
// with the secrets that the identifier found known from the beginning.
//
// # Durability
//
// A route is [Served] or [Recorded].
//
// Served: the answer does not wait. The event goes to [Sink.Put] when the
// answer has been handed on.
//
// Recorded: an answer is not complete before [Sink.Append] has said that its
// record is durable.
//
//   - An answer whose body is not longer than [Options.Hold] is held as a
//     whole. If it cannot be recorded the caller gets a 503 with a problem
//     document (RFC 9457) that has the reason, and nothing of the answer. For
//     gRPC that is the status UNAVAILABLE.
//   - A longer one is passed on when it outgrows Hold, and one that is flushed
//     (server-sent events, gRPC messages) is passed on as it comes. What is
//     withheld then is the end: the last byte where the length is known to the
//     client or the connection's end is the body's, else the end of the chunks
//     or of the HTTP/2 stream, and all trailers. If it cannot be recorded the
//     connection (or the stream) is cut, so that no client can take what it
//     has for an answer; gRPC gets the status UNAVAILABLE.
//   - The event of an upgraded connection (WebSocket) comes at its end, so
//     nothing of it can be held. The connection is closed after the record.
//   - Informational answers (1xx) are not held.
//
// A refusal says that the answer was not given. It does not say that the API
// has done nothing.
//
// The event of a held answer is complete before the answer is sent, so it says
// what was to be sent, and its completion is the moment when the record was
// asked for. A recorded event whose client was gone by then says so only if
// that was seen before.
//
// # Bodies
//
// The hash and the length in an event are those of the body as it passed. The
// text is decompressed (gzip, deflate, br and zstd, up to three in a row), to a
// bounded length. A body in another content coding, or one that is not text at
// all (images, protobuf), is not kept, because secrets in it could not be
// found: the event says that it is truncated. So is one of br or zstd whose
// window is larger than 8 MiB. The record of a WebSocket holds the text
// messages, one to a line; compressed and binary ones are left out.
//
// # What a call is about
//
// An [Observer] sees the whole of what passes, without the content codings
// above and before redaction, and says at the end what operation it was,
// which objects it touched and what data it held. It is not asked for anything
// before a byte is passed on, and what it says is bounded and redacted like the
// rest. What could not be shown to it (another coding, or a coded body that it
// could not follow) makes the event [event.Header] Partial. So does a body of br
// or zstd that is longer than what is recorded, if 64 others are passing:
// their windows are what bounds the memory.
//
// # Traces
//
// The event names the distributed trace that a request says it is part of, by
// traceparent, b3 or X-B3-TraceId: [event.Header] Trace. That is a claim of the
// caller's. Nothing is added to the request, and no trace is begun.
//
// # Errors and refusals
//
// The codes of [event.Outcome] are the constants of this package; there are no
// others.
package capture
