// Package revoke takes access back where it was given: it deactivates accounts
// at an identity provider (SCIM 2.0), revokes tokens at their issuer (RFC 7009),
// and tells automation of one's own by a signed webhook. What the gateway does
// to calls meanwhile is internal/act.
//
// [Desk] promises that nothing is sent before the decision is sealed in the
// record and durable; that what was decided is sent until the provider took it
// or refused it for good, also after a crash at any moment; that what a
// provider is asked for comes in the order in which it was decided, one after
// the other; and that the end is sealed: done, or failed and why. A request can
// arrive twice, after a crash: each of the protocols takes it as one.
//
// # Where what is
//
// The record is the truth about revocations. The state file holds what follows
// from it, and how the attempts go; when it is lost it is made anew from the
// record. The name of an account is in the what envelope of the decision and
// nowhere else: it is read there when it is sent. Once that is erased, the
// account cannot be deactivated any more, and the end says so.
//
// A token is in memory only, until its issuer has answered. It is in no file,
// no event, no log and no error; its fingerprint is, the same by which events
// name the credential. If the process ends before the issuer has answered, the
// revocation has failed, and must be asked for again.
package revoke
