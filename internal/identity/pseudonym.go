package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// Pseudonym returns the stable name of a principal in headers of events: "p_"
// and the first 128 bits, in hex, of HMAC-SHA256 under the installation's key
// over the issuer, a NUL and the subject. Without the key it says nothing
// about the subject, and it cannot be guessed.
func Pseudonym(key redact.Key, issuer, subject string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(issuer))
	mac.Write([]byte{0})
	mac.Write([]byte(subject))
	var out [2 + 32]byte
	copy(out[:], "p_")
	var sum [sha256.Size]byte
	hex.Encode(out[2:], mac.Sum(sum[:0])[:16])
	return string(out[:])
}

// CertificateFingerprint returns "sha256:" and the hash of the certificate in
// hex. A certificate is no secret, so the hash needs no key and can be
// compared with what other tools print.
func CertificateFingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Refused returns the identity of a credential that did not verify: unknown,
// level 1, with the claim kept apart. The caller may add what else is known
// of the credential.
func Refused(method, reason, claimed string) *capture.Identity {
	return &capture.Identity{
		Principal:  event.Principal{Kind: event.Unknown, Level: event.LevelClaimed, Reason: reason},
		Credential: event.Credential{Method: method},
		Claimed:    Clip(claimed),
	}
}

// maxClaim is the limit of a claimed name in bytes.
const maxClaim = 256

// Clip returns s as it may be kept as a claim: valid UTF-8, at most 256 bytes.
func Clip(s string) string {
	if len(s) > maxClaim {
		n := maxClaim
		for n > maxClaim-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
