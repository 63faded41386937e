// Package identity says who is behind a call, and how far that is proven.
//
// A [Chain] asks its resolvers in order. Each one knows one kind of evidence
// (client certificate, JSON Web Token, API key, Basic, header of a trusted
// proxy) and lives in a subpackage named after it. They see the evidence and
// never the request, so they are tested with tables and cached by credential.
//
// What it promises: an identity is never taken from something that was not
// verified. A token that fails, a header from a stranger or a key that nobody
// knows leaves an unknown principal of level 1 whose claim is kept apart
// ([capture.Identity].Claimed); the reason is one of the stable codes of
// [Reasons]. Every credential, good or bad, leaves its fingerprint. A call
// never waits long for an identity provider.
//
// # More than one kind of evidence
//
// The first credential in the order of the resolvers that verifies names the
// principal. A client certificate says which machine is at the other end, not
// on whose behalf it calls: if another credential verifies as well, that one
// names the principal, and the machine becomes the delegate nearest to the
// call, unless the credential is bound to that very certificate (RFC 8705).
// Two Authorization headers are ambiguous, so neither is believed.
//
// The package is not for deciding who may do what.
package identity
