package mtls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

var testKey = redact.Key("a key of at least sixteen bytes")

// ca signs certificates.
type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCA(t *testing.T, name string) ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ca{&x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}}, key}
}

func (c ca) issue(t *testing.T, subject pkix.Name, uris []string, dns ...string) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: subject, DNSNames: dns,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	for _, s := range uris {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		template.URIs = append(template.URIs, u)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert, c.key.Public(), c.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// TestWho names machines and services.
func TestWho(t *testing.T) {
	r, err := New(Config{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	root := newCA(t, "Plant CA")
	machine := pkix.Name{CommonName: "press-7", OrganizationalUnit: []string{"hall 2"}}
	for _, tt := range []struct {
		name            string
		cert            *x509.Certificate
		kind            event.PrincipalKind
		issuer, subject string
	}{
		{"machine", root.issue(t, machine, nil), event.Machine, "mtls:Plant CA", "CN=press-7,OU=hall 2"},
		{"by DNS name", root.issue(t, pkix.Name{}, nil, "a.example", "b.example"), event.Machine, "mtls:Plant CA", "a.example"},
		{"SPIFFE", root.issue(t, machine, []string{"spiffe://prod.example/ns/shop/sa/billing"}), event.Service, "spiffe://prod.example", "spiffe://prod.example/ns/shop/sa/billing"},
		{"two URIs are no SVID", root.issue(t, machine, []string{"spiffe://a/b", "spiffe://a/c"}), event.Machine, "mtls:Plant CA", "CN=press-7,OU=hall 2"},
		{"no workload", root.issue(t, machine, []string{"spiffe://prod.example"}), event.Machine, "mtls:Plant CA", "CN=press-7,OU=hall 2"},
		{"capitals in the domain", root.issue(t, machine, []string{"spiffe://Prod/x"}), event.Machine, "mtls:Plant CA", "CN=press-7,OU=hall 2"},
		{"port", root.issue(t, machine, []string{"spiffe://prod:1/x"}), event.Machine, "mtls:Plant CA", "CN=press-7,OU=hall 2"},
		{"dots", root.issue(t, machine, []string{"spiffe://prod/x/../y"}), event.Machine, "mtls:Plant CA", "CN=press-7,OU=hall 2"},
		{"query", root.issue(t, machine, []string{"spiffe://prod/x?y"}), event.Machine, "mtls:Plant CA", "CN=press-7,OU=hall 2"},
		{"another scheme", root.issue(t, pkix.Name{}, []string{"urn:x:1"}), event.Machine, "mtls:Plant CA", "urn:x:1"},
	} {
		for range 2 {
			id := r.Resolve(t.Context(), &capture.Evidence{Certificates: []*x509.Certificate{tt.cert}})
			if id.Principal.Kind != tt.kind || id.Principal.Issuer != tt.issuer || id.Subject != tt.subject {
				t.Errorf("%s: got %s %q %q, want %s %q %q", tt.name, id.Principal.Kind, id.Principal.Issuer, id.Subject, tt.kind, tt.issuer, tt.subject)
			}
			if id.Principal.Level != event.LevelBound || id.Principal.Reason != identity.CertificateVerified ||
				id.Principal.ID != identity.Pseudonym(testKey, tt.issuer, tt.subject) ||
				id.Credential.Fingerprint != identity.CertificateFingerprint(tt.cert) {
				t.Errorf("%s: got %+v", tt.name, id)
			}
		}
	}
}

// TestRenewal: a new certificate of the same machine is the same principal;
// the same name from another CA is not.
func TestRenewal(t *testing.T) {
	r, err := New(Config{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	who := func(c *x509.Certificate) string {
		return r.Resolve(t.Context(), &capture.Evidence{Certificates: []*x509.Certificate{c}}).Principal.ID
	}
	a, b, name := newCA(t, "A"), newCA(t, "B"), pkix.Name{CommonName: "press-7"}
	if one, two := who(a.issue(t, name, nil)), who(a.issue(t, name, nil)); one != two {
		t.Errorf("after renewal: %s became %s", one, two)
	}
	if one, two := who(a.issue(t, name, nil)), who(b.issue(t, name, nil)); one == two {
		t.Error("two CAs name the same machine")
	}
}

// TestRefused: what was not verified is a claim.
func TestRefused(t *testing.T) {
	now := time.Now()
	r, err := New(Config{Key: testKey, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	cert := newCA(t, "A").issue(t, pkix.Name{CommonName: "press-7"}, []string{"spiffe://prod/x"})
	verified := &capture.Evidence{Certificates: []*x509.Certificate{cert}}
	r.Resolve(t.Context(), verified)
	for _, tt := range []struct {
		name   string
		ev     *capture.Evidence
		later  time.Duration
		reason string
	}{
		{"not verified", &capture.Evidence{Unverified: cert}, 0, identity.CertificateUntrusted},
		{"ended while connected", verified, 2 * time.Hour, identity.CertificateExpired},
		{"not begun", verified, -2 * time.Hour, identity.CertificateExpired},
	} {
		now = time.Now().Add(tt.later)
		id := r.Resolve(t.Context(), tt.ev)
		if id.Principal.Reason != tt.reason || id.Principal.Level != event.LevelClaimed || id.Principal.Kind != event.Unknown ||
			id.Principal.ID != "" || id.Subject != "" || id.Claimed != "CN=press-7" {
			t.Errorf("%s: got %+v", tt.name, id)
		}
		if id.Credential.Fingerprint != identity.CertificateFingerprint(cert) {
			t.Errorf("%s: fingerprint %q", tt.name, id.Credential.Fingerprint)
		}
	}
	if id := r.Resolve(t.Context(), &capture.Evidence{}); id != nil {
		t.Errorf("no certificate: got %+v", id)
	}
}
