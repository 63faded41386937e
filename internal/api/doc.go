// Package api is the HTTP API of the operations listener: search, events and
// their proofs, live tail, counts, export, keys and verification as JSON under
// /api/v1, health, metrics, and the ledger's checkpoint and tiles as C2SP
// tlog-tiles.
//
// It promises that nothing of the record is answered without a bearer token
// (health is; metrics and tiles are if configured so), that a web page cannot
// talk to it by rebinding a name to this machine, that every error is a problem
// of RFC 9457 that says what to do, and that every request has bounds. The
// record is reached through [reading.Room] only, which authorises and records
// each look.
//
// Each operation is one [route] made of Go types; parameters, JSON bodies and
// the OpenAPI document at /api/v1/openapi.json all follow from them.
//
// It is not for the console's pages, which another package serves, and it does
// not log in people: whoever configures it gives the tokens.
package api
