// Package identity tests, against a real OpenID Connect issuer, that each
// event says the right level and reason: calls go over real connections
// through the recording middleware, and the tokens come from the issuer's own
// endpoints. It is a module of its own, so that the issuer does not become a
// dependency of Gatebook.
package identity
