// Package otlp reads what programs send by the OpenTelemetry protocol over HTTP
// (OTLP/HTTP 1.x, protobuf or JSON): spans and log records that are of calls of
// HTTP or gRPC, by the semantic conventions of OpenTelemetry, stable and those
// before 1.23.
//
// It promises one event for each span of a server that is of a call, with the
// same id however often it is sent, and for each log record that says the method
// and the target of a call. All else is passed over. It is not for metrics.
//
// What a program says of its callers is at most an assertion.
package otlp
