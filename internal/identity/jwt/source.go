package jwt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/internal/identity"
)

// maxDocument bounds a discovery document or a key set, in bytes.
const maxDocument = 1 << 20

// source is where one issuer's keys come from. Its run owns the fetching;
// callers look at the newest set, and ask for a fetch if it lacks a key.
type source struct {
	issuer *issuer
	client *http.Client
	cfg    *Config
	set    atomic.Pointer[keySet] // newest; nil: none was ever fetched
	// introspection is the endpoint that discovery names; nil: none
	introspection atomic.Pointer[string]
	wake          chan struct{} // capacity 1: a fetch is wanted
	keysURL       string        // run's: where the keys are; empty: to be discovered
	mu            sync.Mutex    // guards what follows
	flight        *flight       // the fetch that is wanted or under way; nil: none
	attempts      int           // fetches that ended
	ended         time.Time     // when the last one ended
	failed        bool          // the last one did not bring a set
	err           error         // why
}

// flight is one fetch.
type flight struct {
	began time.Time
	done  chan struct{} // closed when it has ended
}

func newSource(cfg *Config, is *issuer) *source {
	client := *cfg.Client
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) >= 5 {
			return errors.New("too many redirects")
		}
		return is.checkURL(req.URL.String())
	}
	return &source{issuer: is, client: &client, cfg: cfg, wake: make(chan struct{}, 1), keysURL: is.KeysURL}
}

// find returns the keys for a token's key id and algorithm, the set that they
// are of, and if there are none, the reason. It asks the issuer if it must
// and may.
func (s *source) find(ctx context.Context, kid string, alg jose.SignatureAlgorithm) (keys []*key, set *keySet, reason string) {
	if set = s.set.Load(); set != nil {
		if keys = set.find(kid, alg); len(keys) > 0 {
			return keys, set, ""
		}
		if set.kids[kid] { // the key is known, and is not for this algorithm
			return nil, set, identity.UnknownKey
		}
	}
	known := s.refetch(ctx)
	if set = s.set.Load(); set != nil {
		if keys = set.find(kid, alg); len(keys) > 0 {
			return keys, set, ""
		}
	}
	if set == nil || !known {
		return nil, set, identity.IssuerUnavailable
	}
	return nil, set, identity.UnknownKey
}

// refetch has the keys fetched again, unless that was done a moment ago, and
// waits a little. It reports whether the set is now as new as it can be.
func (s *source) refetch(ctx context.Context) bool {
	s.mu.Lock()
	f := s.want()
	if f == nil {
		defer s.mu.Unlock()
		return !s.failed
	}
	wait := s.cfg.Wait
	if s.attempts == 0 {
		wait = s.cfg.FirstWait
	}
	s.mu.Unlock()

	// The limit counts from the beginning of the fetch: a fetch that hangs
	// holds up the calls of a moment and not all that come while it hangs.
	timer := time.NewTimer(time.Until(f.began.Add(wait)))
	defer timer.Stop()
	select {
	case <-f.done:
		s.mu.Lock()
		defer s.mu.Unlock()
		return !s.failed
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// endpoint returns where the issuer introspects tokens, as its discovery
// document says; empty if it does not say. While the document was never read,
// it waits for the fetch that reads it, which is how the first call after a
// start finds its issuer.
func (s *source) endpoint(ctx context.Context) string {
	if p := s.introspection.Load(); p != nil {
		return *p
	}
	s.mu.Lock()
	f := s.want()
	s.mu.Unlock()
	if f != nil {
		select {
		case <-f.done:
		case <-ctx.Done():
		}
	}
	if p := s.introspection.Load(); p != nil {
		return *p
	}
	return ""
}

// suspect has the keys fetched again, unless that was done a moment ago,
// without waiting: an issuer may have put a new key under an old key id.
func (s *source) suspect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want()
}

// want returns the fetch under way, or has a new one begun; nil if the last
// one was a moment ago. The caller holds mu.
func (s *source) want() *flight {
	if s.flight != nil {
		return s.flight
	}
	if s.attempts > 0 && time.Since(s.ended) < s.cfg.MinInterval {
		return nil
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return s.begin()
}

// begin makes the next flight; the caller holds mu.
func (s *source) begin() *flight {
	s.flight = &flight{began: time.Now(), done: make(chan struct{})}
	return s.flight
}

// run fetches the keys now, when they are wanted, and at intervals.
func (s *source) run(ctx context.Context) {
	for {
		s.mu.Lock()
		if s.flight == nil {
			s.begin()
		}
		select { // whoever wanted a fetch gets this one
		case <-s.wake:
		default:
		}
		s.mu.Unlock()

		err := s.fetch(ctx)

		s.mu.Lock()
		s.report(err)
		s.attempts++
		s.ended, s.failed, s.err = time.Now(), err != nil, err
		close(s.flight.done)
		s.flight = nil
		s.mu.Unlock()

		next := s.cfg.RefreshInterval
		if err != nil {
			next = min(next, s.cfg.MinInterval)
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// report logs a change from answering to not answering and back; the caller
// holds mu.
func (s *source) report(err error) {
	switch {
	case err != nil && !s.failed && !errors.Is(err, context.Canceled):
		s.cfg.Log.Warn("fetching the keys of an issuer", "issuer", s.issuer.URL, "err", err)
	case err == nil && s.failed:
		s.cfg.Log.Info("an issuer answers again", "issuer", s.issuer.URL)
	}
}

// fetch replaces the key set by what the issuer publishes now.
func (s *source) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.FetchTimeout)
	defer cancel()
	discovered := false
	if s.keysURL == "" {
		if err := s.discover(ctx); err != nil {
			return err
		}
		discovered = true
	}
	raw, err := s.get(ctx, s.keysURL)
	if err != nil && !discovered && s.issuer.KeysURL == "" {
		s.keysURL = "" // it may have moved: look again the next time
	}
	if err != nil {
		return err
	}
	if old := s.set.Load(); old != nil && old.raw == string(raw) {
		return nil
	}
	set, err := parseKeySet(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", s.keysURL, err)
	}
	s.set.Store(set)
	return nil
}

// discover reads the issuer's discovery document.
func (s *source) discover(ctx context.Context) error {
	at := strings.TrimSuffix(s.issuer.URL, "/") + "/.well-known/openid-configuration"
	raw, err := s.get(ctx, at)
	if err != nil {
		return err
	}
	var doc struct {
		Issuer  string `json:"issuer"`
		KeysURL string `json:"jwks_uri"`
		AskURL  string `json:"introspection_endpoint"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if doc.Issuer != s.issuer.URL {
		return fmt.Errorf("%s: it names the issuer %q, but %q is configured: they must be the same, to the last slash", at, doc.Issuer, s.issuer.URL)
	}
	if err := s.issuer.checkURL(doc.KeysURL); err != nil {
		return fmt.Errorf("%s: jwks_uri: %w", at, err)
	}
	s.keysURL = doc.KeysURL
	if doc.AskURL != "" && s.issuer.Introspection.ClientID != "" {
		if err := s.issuer.checkURL(doc.AskURL); err != nil {
			return fmt.Errorf("%s: introspection_endpoint: %w", at, err)
		}
		s.introspection.Store(&doc.AskURL)
	}
	return nil
}

func (s *source) get(ctx context.Context, at string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", at, resp.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err == nil && len(raw) > maxDocument {
		err = fmt.Errorf("more than %d bytes", maxDocument)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", at, err)
	}
	return raw, nil
}

// status returns how the keys are.
func (s *source) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{Issuer: s.issuer.URL, Attempts: s.attempts, Last: s.ended, Err: s.err}
	if set := s.set.Load(); set != nil {
		st.Keys = len(set.keys)
	}
	return st
}
