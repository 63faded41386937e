// Package graphql reads GraphQL requests over HTTP: the operations that a call
// asks for, their root fields and arguments, how deep they reach, and what they
// cost. It understands the forms of the GraphQL-over-HTTP specification (GET
// parameters, a JSON body, the older application/graphql body), batches, and
// persisted queries as Apollo's clients send them.
//
// It promises to take any bytes without a panic and in time and memory that are
// bounded by the size of the document: tokens are limited, fragments are
// counted once each, however often they are spread, and a cycle of fragments
// ends. It needs no schema, so it says what was asked for and not what the
// types are.
//
// It is not for validating or answering a request.
package graphql
