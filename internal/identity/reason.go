package identity

import "github.com/gatebook/gatebook/event"

// The reasons of a level, as they are sealed in events. They are stable: a
// code is never renamed and never reused. [Reasons] explains them.
const (
	CertificateVerified = "certificate-verified"
	CertificateBound    = "certificate-bound"
	ProofVerified       = "proof-verified"
	SignatureVerified   = "signature-verified"
	TokenActive         = "token-active"
	KeyMatched          = "key-matched"
	PasswordMatched     = "password-matched"
	PeerTrusted         = "peer-trusted"

	TokenExpired        = "token-expired"
	TokenNotYetValid    = "token-not-yet-valid"
	WrongAudience       = "wrong-audience"
	WrongIssuer         = "wrong-issuer"
	WrongType           = "wrong-type"
	AlgorithmNotAllowed = "algorithm-not-allowed"
	UnknownKey          = "unknown-key"
	BadSignature        = "bad-signature"
	MalformedToken      = "malformed-token"
	IssuerUnavailable   = "issuer-unavailable"
	ProofMissing        = "proof-missing"
	ProofInvalid        = "proof-invalid"
	ProofReplayed       = "proof-replayed"
	OpaqueToken         = "opaque-token"
	TokenInactive       = "token-inactive"

	KeyUnknown           = "key-unknown"
	KeyRevoked           = "key-revoked"
	KeyExpired           = "key-expired"
	PasswordWrong        = "password-wrong"
	TooManyAttempts      = "too-many-attempts"
	CheckOverloaded      = "check-overloaded"
	UntrustedPeer        = "untrusted-peer"
	AmbiguousCredential  = "ambiguous-credential"
	CertificateUntrusted = "certificate-untrusted"
	CertificateExpired   = "certificate-expired"
	CredentialRevoked    = "credential-revoked"
	MalformedCredential  = "malformed-credential"
	SchemeUnknown        = "scheme-unknown"
	NotChecked           = "not-checked"

	NoCredential = "no-credential"
)

// Reason explains a code.
type Reason struct {
	Code    string
	Level   event.Level // that it comes with
	Meaning string      // one sentence
}

// Reasons returns all reasons, the highest level first. docs/identity.md has
// the same table.
func Reasons() []Reason {
	return []Reason{
		{CertificateVerified, event.LevelBound, "A client certificate was verified against a configured CA, and the TLS handshake proved its key."},
		{CertificateBound, event.LevelBound, "A verified token names the client's certificate (RFC 8705), and the TLS handshake proved its key."},
		{ProofVerified, event.LevelBound, "A verified token names a key, and a fresh DPoP proof of that key came with the call (RFC 9449)."},
		{SignatureVerified, event.LevelVerified, "The token's signature, issuer, audience and times hold."},
		{TokenActive, event.LevelVerified, "The issuer, asked about the token, said that it is active and whose it is (RFC 7662)."},
		{KeyMatched, event.LevelVerified, "The API key is one of Gatebook's own, and is valid."},
		{PasswordMatched, event.LevelVerified, "User name and password match the password file."},
		{PeerTrusted, event.LevelAsserted, "A proxy on the list of trusted peers stated the identity in a header."},

		{TokenExpired, event.LevelClaimed, "The token is authentic, but has expired."},
		{TokenNotYetValid, event.LevelClaimed, "The token is authentic, but is not valid yet (nbf, or iat in the future)."},
		{WrongAudience, event.LevelClaimed, "The token is authentic, but was issued for another API."},
		{WrongIssuer, event.LevelClaimed, "The token's issuer is none of the configured ones."},
		{WrongType, event.LevelClaimed, "The token's type (typ) is not that of an access token."},
		{AlgorithmNotAllowed, event.LevelClaimed, "The token's algorithm is not on the issuer's list; none and the HMAC family never are."},
		{UnknownKey, event.LevelClaimed, "The issuer answers, and has no key of the token's key id and algorithm."},
		{BadSignature, event.LevelClaimed, "The token's signature does not fit the issuer's key."},
		{MalformedToken, event.LevelClaimed, "The token cannot be read, or lacks a claim that it must have (exp, and sub or a client)."},
		{IssuerUnavailable, event.LevelClaimed, "The issuer had to be asked, for the token's key or about the token, and did not answer in time."},
		{ProofMissing, event.LevelClaimed, "The token is bound to its sender, and the call does not bring the proof: it may be stolen."},
		{ProofInvalid, event.LevelClaimed, "The token is bound to its sender, and the proof is of another key, call, token or time."},
		{ProofReplayed, event.LevelClaimed, "The token is bound to its sender, and its proof has been used before."},
		{OpaqueToken, event.LevelClaimed, "A bearer token that only its issuer can read, and none is configured to be asked; it is known by its fingerprint."},
		{TokenInactive, event.LevelClaimed, "The issuer, asked about the token, said that it is not active: unknown to it, expired or revoked."},

		{KeyUnknown, event.LevelClaimed, "The API key is none of Gatebook's own; it is known by its fingerprint."},
		{KeyRevoked, event.LevelClaimed, "The API key was revoked."},
		{KeyExpired, event.LevelClaimed, "The API key has expired."},
		{PasswordWrong, event.LevelClaimed, "User name and password do not match the password file."},
		{TooManyAttempts, event.LevelClaimed, "The password was not checked: there were too many wrong ones for this user in the last minute."},
		{CheckOverloaded, event.LevelClaimed, "The password or token was not checked: too many others were being checked."},
		{UntrustedPeer, event.LevelClaimed, "An identity header came from a peer that is not on the list of trusted ones."},
		{AmbiguousCredential, event.LevelClaimed, "Two values came where one belongs, so neither is believed."},
		{CertificateUntrusted, event.LevelClaimed, "The client's certificate was not verified against a configured CA."},
		{CertificateExpired, event.LevelClaimed, "The client's certificate ended (or has not begun) while its connection was open."},
		{CredentialRevoked, event.LevelClaimed, "The credential was revoked in Gatebook."},
		{MalformedCredential, event.LevelClaimed, "The credential cannot be read."},
		{SchemeUnknown, event.LevelClaimed, "The Authorization header has a scheme that Gatebook does not know."},
		{NotChecked, event.LevelClaimed, "Nothing is configured that could check the credential."},

		{NoCredential, event.LevelNone, "The call brought no credential."},
	}
}
