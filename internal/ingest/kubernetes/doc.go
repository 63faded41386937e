// Package kubernetes reads the audit log of a Kubernetes API server as events:
// the file that it writes, a JSON object a line, and the lists that its webhook
// backend sends. The source of the fields is the API group audit.k8s.io/v1.
//
// It promises one event for each call, at its end (the stages ResponseComplete
// and Panic), with the same id however often it is read; and that the contents
// of Secrets, which an audit policy can have logged, are not kept.
//
// An event says what the API server says. The API server has verified who made
// the call, and Gatebook has not: the level is that of an assertion over a
// trusted hop.
package kubernetes
