// Package protocols holds Gatebook against other people's clients and servers
// of protocols that say in their content what they do: gRPC with its
// interoperability suite and reflection, GraphQL, MCP, and the OpenAI client.
// It is a module of its own, since Gatebook needs none of them.
package protocols
