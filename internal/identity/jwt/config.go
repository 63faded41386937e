package jwt

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/internal/identity/cache"
	"github.com/gatebook/gatebook/internal/redact"
)

// Config says whose tokens are believed. Zero values mean the defaults.
type Config struct {
	// Issuers are those whose tokens are verified. Without any, tokens are
	// read, and their claims recorded as such.
	Issuers []Issuer
	// Key is the installation's key.
	Key redact.Key
	// Client fetches discovery documents and key sets. Its redirects are
	// checked by this package; nil means one with the system's settings.
	Client *http.Client
	// CacheSize bounds the tokens whose result is kept; 0 means 16384. As many
	// results of bad tokens are kept apart, so that these cannot push out
	// the good ones.
	CacheSize int
	// Wait bounds how long a fetch of keys may hold up calls, from its
	// beginning; 0 means 100 ms.
	Wait time.Duration
	// FirstWait is Wait for the first fetch after the start; 0 means 2 s.
	FirstWait time.Duration
	// FetchTimeout bounds one fetch; 0 means 5 s.
	FetchTimeout time.Duration
	// MinInterval is the least time between two fetches from one issuer; 0
	// means 10 s.
	MinInterval time.Duration
	// RefreshInterval is the time after which keys are fetched again though
	// nothing is missing; 0 means 5 min. A key that the issuer withdraws is
	// believed for so long.
	RefreshInterval time.Duration
	// Log hears when an issuer stops answering and when it answers again; nil
	// means nobody does.
	Log *slog.Logger
	// Now is the clock that tokens are judged by; nil means time.Now.
	Now func() time.Time
}

// Issuer is one issuer of tokens.
type Issuer struct {
	// URL is the issuer identifier, exactly as in the iss claim. It must be an
	// https URL; http is accepted for loopback addresses.
	URL string
	// KeysURL is the address of the key set. Empty means that it is found by
	// discovery.
	KeysURL string
	// AllowHTTP accepts http for URL and keys, which lets whoever sits on the
	// network forge tokens.
	AllowHTTP bool
	// Audiences are the values of the aud claim of which a token must have at
	// least one. Empty needs AnyAudience.
	Audiences []string
	// AnyAudience accepts tokens that were issued for other APIs.
	AnyAudience bool
	// Algorithms that may sign; empty means RS256, RS384, RS512, PS256, PS384,
	// PS512, ES256, ES384, ES512 and EdDSA.
	Algorithms []string
	// Types are values of the typ header that are accepted; empty means
	// "at+jwt", "JWT" and none. With "at+jwt" alone, tokens must follow RFC 9068.
	Types []string
	// Skew is how far the clocks may differ; 0 means 30 s, negative none.
	Skew time.Duration
	// Groups are the claims that hold roles and groups; empty means "groups"
	// and "roles".
	Groups []string
	// Introspection is how the issuer is asked about tokens that only it can
	// read; zero means it is not.
	Introspection Introspection
	// Tenant is the claim that says which customer's user or app the caller
	// is, such as "tid" or "org_id"; empty means none.
	Tenant string
}

// algorithms that can be allowed at all: asymmetric, and with a key that the
// issuer publishes.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// issuer is an Issuer after its check.
type issuer struct {
	Issuer
	algorithms []jose.SignatureAlgorithm
	keys       *source
}

// New checks cfg and returns a resolver. It fetches nothing; see
// [Resolver.Run]. All that is wrong with cfg is reported at once.
func New(cfg Config) (*Resolver, error) {
	cfg.CacheSize = cmp.Or(cfg.CacheSize, 16384)
	cfg.Wait = cmp.Or(cfg.Wait, 100*time.Millisecond)
	cfg.FirstWait = cmp.Or(cfg.FirstWait, 2*time.Second)
	cfg.FetchTimeout = cmp.Or(cfg.FetchTimeout, 5*time.Second)
	cfg.MinInterval = cmp.Or(cfg.MinInterval, 10*time.Second)
	cfg.RefreshInterval = cmp.Or(cfg.RefreshInterval, 5*time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{}
	}
	r := &Resolver{
		key:     cfg.Key,
		now:     cfg.Now,
		issuers: make(map[string]*issuer, len(cfg.Issuers)),
		good:    cache.New[[32]byte, *verdict](cfg.CacheSize),
		bad:     cache.New[[32]byte, *verdict](cfg.CacheSize),
		proofs:  newProofs(cfg.Now, cfg.CacheSize),
	}
	var errs []error
	if len(cfg.Key) < redact.MinKey {
		errs = append(errs, fmt.Errorf("jwt: the installation's key has %d bytes, want at least %d", len(cfg.Key), redact.MinKey))
	}
	for i, is := range cfg.Issuers {
		checked, err := is.check()
		if err != nil {
			errs = append(errs, fmt.Errorf("jwt: issuers[%d]: %w", i, err))
			continue
		}
		if r.issuers[is.URL] != nil {
			errs = append(errs, fmt.Errorf("jwt: issuers[%d]: url: %s is listed twice: merge the two", i, is.URL))
			continue
		}
		checked.keys = newSource(&cfg, checked)
		r.issuers[is.URL] = checked
		if checked.Introspection.ClientID != "" {
			r.askers = append(r.askers, newAsker(r, &cfg, checked))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func (is Issuer) check() (*issuer, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := is.checkURL(is.URL); err != nil {
		bad("url: %w", err)
	}
	if is.KeysURL != "" {
		if err := is.checkURL(is.KeysURL); err != nil {
			bad("keys url: %w", err)
		}
	}
	if len(is.Audiences) == 0 && !is.AnyAudience {
		bad("audiences: is empty: name the audience of your API's tokens (the aud claim), or allow any")
	}
	if slices.Contains(is.Audiences, "") {
		bad("audiences: one is empty")
	}
	if err := is.Introspection.check(&is); err != nil {
		bad("introspection: %w", err)
	}
	out := &issuer{Issuer: is, algorithms: algorithms}
	if len(is.Algorithms) > 0 {
		out.algorithms = nil
	}
	for _, name := range is.Algorithms {
		alg := jose.SignatureAlgorithm(name)
		if !slices.Contains(algorithms, alg) {
			bad("algorithms: %q cannot be verified with a public key: want some of %v", name, algorithms)
		}
		out.algorithms = append(out.algorithms, alg)
	}
	out.Types = slices.Clone(is.Types)
	if len(is.Types) == 0 {
		out.Types = []string{"at+jwt", "jwt", ""}
	}
	for i, typ := range out.Types {
		out.Types[i] = normalType(typ)
	}
	out.Skew = max(0, cmp.Or(is.Skew, 30*time.Second))
	if len(is.Groups) == 0 {
		out.Groups = []string{"groups", "roles"}
	}
	return out, errors.Join(errs...)
}

// checkURL refuses addresses over which keys cannot be trusted.
func (is Issuer) checkURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return err
	case u.Host == "" || u.User != nil || u.RawQuery != "" && s == is.URL || u.Fragment != "":
		return fmt.Errorf("%q: want an address like https://login.example.com", s)
	case u.Scheme == "https" || u.Scheme == "http" && (is.AllowHTTP || loopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("%q: http lets the network forge tokens: use https, or allow http explicitly", s)
	}
	return fmt.Errorf("%q: want an https address", s)
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// normalType brings a media type in a typ header into one spelling
// (RFC 7515, section 4.1.9).
func normalType(typ string) string {
	return strings.TrimPrefix(strings.ToLower(typ), "application/")
}
