// Package grpc reads gRPC calls: how many messages passed in each direction,
// and, where the service's descriptors are known, what the messages say. They
// are decoded to JSON, since a record that only has protobuf's bytes answers no
// question, and a secret in them could not be found.
//
// Descriptors come from a file that protoc made, from .proto sources
// ([Compile]), or from the server itself by reflection
// (internal/operation/grpc/reflection).
//
// It takes any bytes in any cut without a panic, and keeps a bounded beginning
// of each direction. A message in another compression than gzip is counted and
// not read.
package grpc
