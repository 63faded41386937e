// Package http1 is a client for HTTP/1.1 over cleartext connections: what the
// gateway needs towards an API, and for the least work per call. A call costs
// one write and, for a short answer, one read; no goroutine is started for it
// unless it has a long body.
//
// It promises to be strict where two parsers could disagree about where a
// message ends: an answer with conflicting lengths, with both a length and a
// transfer coding, with another coding than chunked, with a malformed chunk,
// with folded or malformed field lines, or with bytes after its end is an
// error, or its connection is not used again. What it writes is checked
// likewise.
//
// A connection is used again only after a complete exchange. If one that was
// used before turns out to be closed before any byte of an answer, a call that
// is idempotent and has no body is sent again on a new one.
//
// The package is not for the internet at large: it knows no proxies, no TLS,
// no redirects, no cookies and no HTTP/2.
package http1
