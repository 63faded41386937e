// Package jsonrpc reads JSON-RPC 2.0 calls and answers, and what the Model
// Context Protocol (MCP) says in them: which tool was called with which
// arguments, which resource was read, which prompt was asked for.
//
// It reads one message, a batch, or the server-sent events in which MCP's
// streamable HTTP transport answers. It promises to take any bytes without a
// panic, and bounds what it keeps.
//
// It is not for checking that a message is right: a call with wrong parameters
// is a call.
package jsonrpc
