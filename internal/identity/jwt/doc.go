// Package jwt verifies JSON Web Tokens that came as bearer tokens, by the keys
// that their issuers publish (OpenID Connect Discovery, RFC 7517, RFC 9068).
//
// It promises:
//
//   - Only configured issuers are asked and believed, and a discovery document
//     that names another issuer is refused. Keys come from the issuer's key
//     set and never from the token (jwk, jku, x5u and x5c are ignored).
//   - Only the algorithms on the issuer's list are accepted; none and the HMAC
//     family cannot be put on it.
//   - A token is verified once. The result is kept by the token's SHA-256,
//     and time, binding and the presence of its key in the key set are checked
//     on each call.
//   - Bad tokens do not become load for the issuer: an unknown key leads to
//     one fetch for all callers, and at most one in [Config.MinInterval].
//   - A slow issuer does not become latency: a fetch holds up calls for
//     [Config.Wait] after it began, and no call after that. If the issuer is
//     down, the keys that are known go on being used.
//   - A token that is bound to its sender (cnf: RFC 8705, RFC 9449) is worth
//     nothing without the proof.
//
// What it is not for: encrypted tokens (JWE) and opaque ones, which are left
// to others, and the login of people.
package jwt
