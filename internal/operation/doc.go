// Package operation says what a call was in the API's own terms: the template
// of its path, the name and action of the operation, the scopes that it needs,
// and the objects that it touched.
//
// Templates come from three places, in this order: people, who pin, merge and
// rename them; a description of the API (package openapi below this one); and
// the traffic itself, by the rule in docs/operations.md. It promises that a
// template that was once used keeps its meaning, that memory is bounded
// whatever is sent, and that a call is never kept waiting.
//
// A [Tracker] is a [capture.Observer]. Decoders of protocols that say more than
// a path does (GraphQL, gRPC, JSON-RPC) are subpackages, chosen by the switch
// in observe.go.
//
// It is not for finding sensitive data in what passes: that is package
// classify. It does not keep the inventory: that is package catalog.
package operation
