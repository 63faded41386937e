package identity

import (
	"encoding/base64"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/redact"
)

// Authorization returns the scheme in lower case and the credentials of the
// call's Authorization header. It returns false if there is none, or more
// than one: which of two the API will read cannot be known.
func Authorization(ev *capture.Evidence) (scheme, credentials string, ok bool) {
	if len(ev.Authorization) != 1 {
		return "", "", false
	}
	scheme, credentials = splitScheme(ev.Authorization[0])
	return scheme, credentials, credentials != ""
}

// Bearer returns the token if the call has exactly one Authorization header
// and its scheme is Bearer or DPoP.
func Bearer(ev *capture.Evidence) (token string, ok bool) {
	scheme, token, ok := Authorization(ev)
	return token, ok && (scheme == "bearer" || scheme == "dpop")
}

// Basic takes the credentials of the Basic scheme apart.
func Basic(credentials string) (user, password string, ok bool) {
	b, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return "", "", false
	}
	user, password, ok = strings.Cut(string(b), ":")
	return user, password, ok
}

// splitScheme splits the value of an Authorization header. A value without a
// scheme is all credentials, unless it is the name of one.
func splitScheme(value string) (scheme, credentials string) {
	value = strings.TrimSpace(value)
	scheme, credentials, ok := strings.Cut(value, " ")
	if !ok {
		switch scheme = strings.ToLower(value); scheme {
		case "bearer", "basic", "dpop":
			return scheme, ""
		}
		return "", value
	}
	switch scheme { // the usual spellings, without an allocation
	case "Bearer", "bearer":
		scheme = "bearer"
	default:
		scheme = strings.ToLower(scheme)
	}
	return scheme, strings.TrimSpace(credentials)
}

// minSecret is the least length of a secret that is looked for in the rest of
// a call. Taking a password of three letters out of every text would say more
// about it than leaving it.
const minSecret = 4

// secrets returns every exact value in ev that must not be kept.
func secrets(ev *capture.Evidence) []string {
	n := len(ev.Authorization) + len(ev.Keys) + len(ev.DPoP)
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	add := func(s string) {
		if len(s) >= minSecret {
			out = append(out, s)
		}
	}
	for _, value := range ev.Authorization {
		scheme, credentials := splitScheme(value)
		add(credentials)
		if scheme == "basic" {
			if _, password, ok := Basic(credentials); ok {
				add(password)
			}
		}
	}
	for _, key := range ev.Keys {
		add(key)
	}
	for _, proof := range ev.DPoP {
		add(proof)
	}
	return out
}

// fingerprintOf returns the fingerprint of what is secret in the value of an
// Authorization header, as package redact makes it.
func fingerprintOf(key redact.Key, value string) string {
	scheme, credentials := splitScheme(value)
	if credentials == "" {
		return ""
	}
	if scheme == "basic" {
		if _, password, ok := Basic(credentials); ok {
			return redact.Fingerprint(key, password)
		}
	}
	return redact.Fingerprint(key, credentials)
}
