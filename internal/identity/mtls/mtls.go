// Package mtls identifies machines and services by the client certificate of
// their connection.
//
// The TLS handshake has proved that the client has the certificate's key, and
// the listener has verified the chain; this package says who that is. A
// certificate with a SPIFFE ID (one URI in the subject alternative names, with
// the scheme spiffe) is a service, named by that ID. Any other is a machine,
// named by its subject, or, without one, by its first alternative name, so
// that the name outlives the renewal of the certificate. The name of the CA
// goes into the issuer: two CAs may use one name for different machines.
//
// It does not verify chains, and asks no one about revocation; see
// [identity.Chain.Revoke].
package mtls

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/cache"
	"github.com/gatebook/gatebook/internal/redact"
)

// Config is what a [Resolver] needs.
type Config struct {
	Key redact.Key       // the installation's key
	Now func() time.Time // nil means time.Now
}

// Resolver identifies by certificate. Use [New].
type Resolver struct {
	key   redact.Key
	now   func() time.Time
	known *cache.Cache[*x509.Certificate, *capture.Identity] // a connection has one certificate for all its calls
}

var _ identity.Resolver = (*Resolver)(nil)

// maxKnown bounds the certificates whose identity is kept.
const maxKnown = 4096

// New returns a resolver.
func New(cfg Config) (*Resolver, error) {
	if len(cfg.Key) < redact.MinKey {
		return nil, fmt.Errorf("mtls: the installation's key has %d bytes, want at least %d", len(cfg.Key), redact.MinKey)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Resolver{key: cfg.Key, now: cfg.Now, known: cache.New[*x509.Certificate, *capture.Identity](maxKnown)}, nil
}

// Sources implements [identity.Resolver].
func (r *Resolver) Sources() identity.Sources { return identity.Sources{} }

// Resolve implements [identity.Resolver].
func (r *Resolver) Resolve(_ context.Context, ev *capture.Evidence) *capture.Identity {
	switch {
	case len(ev.Certificates) > 0:
	case ev.Unverified != nil:
		return refused(ev.Unverified, identity.CertificateUntrusted)
	default:
		return nil
	}
	cert := ev.Certificates[0]
	if now := r.now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return refused(cert, identity.CertificateExpired)
	}
	id, ok := r.known.Get(cert)
	if !ok {
		id = r.identify(cert)
		r.known.Put(cert, id)
	}
	return id
}

func (r *Resolver) identify(cert *x509.Certificate) *capture.Identity {
	kind, issuer, subject := event.Machine, "mtls:"+name(cert.Issuer.CommonName, cert.Issuer.String()), subject(cert)
	if id, domain, ok := spiffeID(cert.URIs); ok {
		kind, issuer, subject = event.Service, "spiffe://"+domain, id
	}
	out := &capture.Identity{
		Principal: event.Principal{
			Kind:   kind,
			ID:     identity.Pseudonym(r.key, issuer, subject),
			Issuer: issuer,
			Level:  event.LevelBound,
			Reason: identity.CertificateVerified,
		},
		Credential: credential(cert),
		Subject:    subject,
		Issued:     cert.NotBefore,
		Name:       cert.Subject.CommonName,
		Groups:     cert.Subject.OrganizationalUnit,
	}
	if len(cert.EmailAddresses) > 0 {
		out.Email = cert.EmailAddresses[0]
	}
	return out
}

func refused(cert *x509.Certificate, reason string) *capture.Identity {
	out := identity.Refused(identity.MethodMTLS, reason, subject(cert))
	out.Credential = credential(cert)
	return out
}

func credential(cert *x509.Certificate) event.Credential {
	return event.Credential{
		Method:      identity.MethodMTLS,
		Fingerprint: identity.CertificateFingerprint(cert),
		Algorithm:   cert.PublicKeyAlgorithm.String(),
		Expires:     cert.NotAfter.UTC(),
	}
}

// subject returns the name in a certificate. It is empty if there is none.
func subject(cert *x509.Certificate) string {
	s := cert.Subject.String()
	for _, u := range cert.URIs {
		s = cmp.Or(s, u.String())
	}
	return cmp.Or(s, first(cert.DNSNames), first(cert.EmailAddresses))
}

func name(common, full string) string { return cmp.Or(common, full) }

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// maxSPIFFE is the limit of a SPIFFE ID in bytes (SPIFFE-ID, section 2.3).
const maxSPIFFE = 2048

// spiffeID returns the SPIFFE ID of an X.509-SVID and its trust domain. An
// X.509-SVID has exactly one URI (X509-SVID, section 2); a certificate whose
// ID is not well-formed has none.
func spiffeID(uris []*url.URL) (id, domain string, ok bool) {
	if len(uris) != 1 {
		return "", "", false
	}
	id = uris[0].String()
	rest, ok := strings.CutPrefix(id, "spiffe://")
	if !ok || len(id) > maxSPIFFE {
		return "", "", false
	}
	domain, path, _ := strings.Cut(rest, "/")
	if domain == "" || len(domain) > 255 || strings.ContainsFunc(domain, func(c rune) bool { return !domainChar(c) }) {
		return "", "", false
	}
	if path == "" { // a trust domain is no workload
		return "", "", false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." ||
			strings.ContainsFunc(segment, func(c rune) bool { return !domainChar(c) && (c < 'A' || c > 'Z') }) {
			return "", "", false
		}
	}
	return id, domain, true
}

func domainChar(c rune) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}
