package jwt

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"
)

// Own is an issuer with what is its own.
type Own struct {
	Issuer
	Name        string         // for errors
	Authorities *x509.CertPool // who may vouch for its server; nil: those of the system
	Timeout     time.Duration  // of one fetch; 0: as Config has it
}

// NewAll returns the resolvers of many issuers: one for all whose client is the
// system's, and one for each that has its own authorities. Without issuers it is
// one that records claims as such. Issuers, Client and FetchTimeout of c are not
// used.
func NewAll(c Config, list []Own) ([]*Resolver, error) {
	var out []*Resolver
	common := c
	common.Issuers, common.Client, common.FetchTimeout = nil, nil, 0
	for _, o := range list {
		if o.Authorities == nil {
			common.Issuers = append(common.Issuers, o.Issuer)
			common.FetchTimeout = max(common.FetchTimeout, o.Timeout)
			continue
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.TLSClientConfig = &tls.Config{RootCAs: o.Authorities}
		alone := c
		alone.Issuers, alone.Client, alone.FetchTimeout = []Issuer{o.Issuer}, &http.Client{Transport: transport}, o.Timeout
		r, err := New(alone)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Name, err)
		}
		out = append(out, r)
	}
	if len(common.Issuers) == 0 && len(out) > 0 {
		return out, nil
	}
	r, err := New(common)
	if err != nil {
		return nil, err
	}
	return append(out, r), nil
}
