// Package openapi reads descriptions of APIs: OpenAPI 3.0 and 3.1 and Swagger
// 2.0, in JSON or YAML.
//
// It takes what operations need (paths, methods, names, security, parameters
// with fixed values) and passes over the rest, so that a document which is
// wrong in its schemas is still of use, and recursion in them does no harm.
// References within the document are followed for path items and parameters;
// others are not, since they would have to be fetched. Size is bounded.
package openapi
