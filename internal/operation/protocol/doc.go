// Package protocol observes the calls of protocols that say in their content
// what they do: gRPC, GraphQL, JSON-RPC with MCP, language models, SOAP,
// uploads, WebSocket and server-sent events. It gives the event the operation's
// own name, type and parts, the objects that the call names, counts of
// messages, and a readable text in place of protobuf and of streamed answers.
//
// It is a [capture.Observer]. What it keeps of a call is bounded: the beginning
// of the request's body, messages up to a limit, one line of a stream.
//
// It is not for routes: internal/operation has them.
package protocol
