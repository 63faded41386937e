// Package gateway is the reverse proxy that records: it takes calls, finds
// their route, carries them to the API behind it, and lets package capture
// make an event of each.
//
// It promises to change nothing that it need not. Bodies are streamed in both
// directions as they come, with flat memory, whatever their size. It serves
// HTTP/1.1 and HTTP/2 (over TLS, and in cleartext with prior knowledge), gRPC
// with trailers, WebSocket and other upgrades, server-sent events, 1xx answers
// and Expect: 100-continue. What it changes:
//
//   - hop-by-hop fields are removed (RFC 9110, section 7.6.1), Via is added;
//   - X-Forwarded-For, -Host and -Proto say what the gateway saw. What an
//     untrusted peer claims in them, in Forwarded, X-Forwarded-Port or
//     X-Real-Ip is dropped; a trusted peer's are kept and added to;
//   - on routes with ForwardIdentity the Gatebook-Principal header fields say
//     who calls, and those of the caller are dropped; on all others they are
//     dropped too, so that an API may trust them;
//   - CONNECT is refused, and so are an upgrade to h2c (ignored) and a path
//     that another reading (dots, double slashes, encoded slashes, backslashes)
//     would give to another route.
//
// # What is recorded
//
// Each call that net/http hands on, answered or not. Of what net/http refuses
// by itself there is an event with peer, status and code, but no request,
// where it can be seen: malformed requests and too large headers over
// cleartext HTTP/1.1, and TLS handshakes that failed. Not seen are malformed
// requests within TLS, HTTP/2 protocol errors, and connections that never sent
// a request.
//
// # Behind the seam
//
// The serving side is net/http's server; [Gateway.exchange] sees only an
// Exchange and a request. The carrying side is a carrier: package http1 for
// cleartext HTTP/1.1, net/http's Transport for TLS and HTTP/2.
package gateway
