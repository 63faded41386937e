package delivery

import (
	"fmt"
	"time"

	"github.com/gatebook/gatebook/internal/policy"
)

// Settings are what an edge needs so that its events are like those of the
// server's own gateway: the same people have the same pseudonyms, the same
// secrets the same fingerprints.
type Settings struct {
	Edge           string   `json:"edge"`                      // the edge's name: that of its token
	Origin         string   `json:"origin"`                    // of the ledger
	Key            []byte   `json:"key"`                       // of fingerprints and pseudonyms; secret
	Issuers        []Issuer `json:"issuers"`                   // of tokens
	MTLS           bool     `json:"mtls,omitempty"`            // a verified client certificate is the caller
	TrustedHeaders *Headers `json:"trusted_headers,omitempty"` // nil: none
	Redact         Redact   `json:"redact"`                    //
	Classify       Classify `json:"classify"`                  //
	Left           []string `json:"left,omitempty"`            // ways to recognise callers that the server has and an edge has not
}

// Issuer is one issuer of tokens. See identity.oidc in docs/config.md.
type Issuer struct {
	Name         string        `json:"name"`
	URL          string        `json:"url"`
	Audiences    []string      `json:"audiences"`
	Algorithms   []string      `json:"algorithms"`
	KeysURL      string        `json:"keys_url,omitempty"`
	Skew         time.Duration `json:"skew"`
	Groups       []string      `json:"groups,omitempty"`
	Tenant       string        `json:"tenant,omitempty"`
	Type         string        `json:"type,omitempty"`
	Timeout      time.Duration `json:"timeout"`
	Certificates string        `json:"certificates,omitempty"` // PEM of the authorities instead of the system's
}

// Headers are those of an authenticating proxy.
type Headers struct {
	Peers  []string `json:"peers"` // networks
	User   string   `json:"user,omitempty"`
	Email  string   `json:"email,omitempty"`
	Groups string   `json:"groups,omitempty"`
	Tenant string   `json:"tenant,omitempty"`
}

// Redact says what is replaced, beside the rules that are built in.
type Redact struct {
	Headers []string `json:"headers,omitempty"`
	Query   []string `json:"query,omitempty"`
	Fields  []string `json:"fields,omitempty"`
	Cookies []string `json:"cookies,omitempty"`
	Keep    []string `json:"keep,omitempty"`
}

// Classify says which classes of data are counted.
type Classify struct {
	Off     bool     `json:"off,omitempty"`
	Omit    []string `json:"omit,omitempty"`
	Fields  []string `json:"fields,omitempty"` // class=name
	MaxBody int64    `json:"max_body"`
}

// Measures are what is in force.
type Measures struct {
	Version   string    `json:"version"` // changes with the rest
	Measures  []Measure `json:"measures"`
	Protected []string  `json:"protected,omitempty"` // subjects whose calls pass whatever there is
}

// Measure is policy.Measure.
type Measure struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	DryRun  bool      `json:"dry_run,omitempty"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until,omitzero"`
	Rate    float64   `json:"rate,omitempty"`
	Burst   int       `json:"burst,omitempty"`
}

// MeasuresOf returns the measures of a set, which may be nil, without a
// version.
func MeasuresOf(s *policy.Set) Measures {
	out := Measures{Measures: []Measure{}}
	for _, m := range s.Measures() {
		out.Measures = append(out.Measures, Measure{ID: m.ID, Kind: string(m.Kind), Subject: m.Subject.String(), DryRun: m.DryRun, Since: m.Since, Until: m.Until, Rate: m.Rate, Burst: m.Burst})
	}
	for _, p := range s.Protected() {
		out.Protected = append(out.Protected, p.String())
	}
	return out
}

// Compile makes a set of measures, after the one before, which may be nil.
func (m *Measures) Compile(before *policy.Set) (*policy.Set, error) {
	var list []policy.Measure
	for _, x := range m.Measures {
		subject, err := policy.ParseSubject(x.Subject)
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", x.ID, err)
		}
		list = append(list, policy.Measure{ID: x.ID, Kind: policy.Kind(x.Kind), Subject: subject, DryRun: x.DryRun, Since: x.Since, Until: x.Until, Rate: x.Rate, Burst: x.Burst})
	}
	var protected []policy.Subject
	for _, text := range m.Protected {
		p, err := policy.ParseSubject(text)
		if err != nil {
			return nil, fmt.Errorf("what is protected: %w", err)
		}
		protected = append(protected, p)
	}
	return policy.Compile(list, protected, before)
}
