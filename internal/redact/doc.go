// Package redact takes credentials out of what a call carried, before any of
// it is kept: headers, cookies, query, path and bodies. A credential becomes a
// keyed fingerprint ("fp:" and 32 hex digits), so that "who used this token"
// is still a search and the token itself is nowhere.
//
// It promises that the same secret has the same fingerprint wherever it is
// found: the fingerprint of "Authorization: Bearer X" is that of X alone, that
// of Basic is that of the decoded password (the user name is kept), that of a
// cookie is that of its value, that of a query or form parameter is that of
// its decoded value, and that of a JSON string is that of the string it means.
//
// A secret is found in one of three ways: by the name it goes under (a header,
// a parameter, a field), by its shape (JSON Web Tokens, keys of well-known
// issuers, private keys, "Bearer xxx" in a text), or because the call is known
// to use it: the secrets of the earlier parts of a call are replaced wherever
// the later parts repeat them, also percent-encoded or in base64. When in
// doubt the value goes: input that is invalid or cut short is read as text,
// and a secret that the cut went through is dropped ([Mark]).
//
// The package is not for personal data, which is classified elsewhere, and it
// cannot see a secret without name, shape or earlier use: forty characters of
// an AWS secret key in prose look like any hash. It has no clock, no
// goroutine and no network.
package redact
