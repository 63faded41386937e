package apikey

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

// Issuer is who vouches for the owners of API keys.
const Issuer = "gatebook"

// PollInterval is how often a running server looks whether another process
// changed the file.
const PollInterval = time.Second

// flushInterval is how often times of last use are written.
const flushInterval = time.Minute

// Config is what a [Resolver] needs.
type Config struct {
	Store   *Store   // must not be nil
	Headers []string // header fields that hold API keys; nil means X-Api-Key and Api-Key
	Query   []string // query parameters that hold API keys; nil means api_key and apikey
}

// Resolver identifies by API key: of the configured headers and parameters,
// or, for Gatebook's own keys, of the Authorization header with the scheme
// Bearer, ApiKey, Token or none. Use [New].
type Resolver struct {
	store   *Store
	sources identity.Sources
}

var (
	_ identity.Resolver = (*Resolver)(nil)
	_ identity.Runner   = (*Resolver)(nil)
)

// New returns a resolver.
func New(cfg Config) (*Resolver, error) {
	if cfg.Store == nil {
		return nil, errors.New("apikey: store: is missing")
	}
	if cfg.Headers == nil {
		cfg.Headers = []string{"X-Api-Key", "Api-Key"}
	}
	if cfg.Query == nil {
		cfg.Query = []string{"api_key", "apikey"}
	}
	return &Resolver{cfg.Store, identity.Sources{KeyHeaders: cfg.Headers, KeyQuery: cfg.Query}}, nil
}

// Sources implements [identity.Resolver].
func (r *Resolver) Sources() identity.Sources { return r.sources }

// Run follows the changes that other processes make to the store, and writes
// the times of last use, until ctx ends. Two resolvers with one store may
// both be run.
func (r *Resolver) Run(ctx context.Context) error {
	s := r.store
	poll, flush := time.NewTicker(PollInterval), time.NewTicker(flushInterval)
	defer poll.Stop()
	defer flush.Stop()
	var last string // the last complaint, which is not repeated each second
	complain := func(err error) {
		if text := errText(err); text != last {
			if last = text; err != nil {
				s.log.Warn("keeping API keys", "err", err)
			}
		}
	}
	for {
		select {
		case <-ctx.Done():
			return s.Flush()
		case <-poll.C:
			complain(s.Reload())
		case <-flush.C:
			if err := s.Flush(); err != nil {
				complain(err)
			}
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Resolve implements [identity.Resolver].
func (r *Resolver) Resolve(_ context.Context, ev *capture.Evidence) *capture.Identity {
	foreign := ""
	for _, key := range ev.Keys {
		if strings.HasPrefix(key, Prefix) {
			return r.store.identify(key)
		}
		if foreign == "" {
			foreign = key
		}
	}
	scheme, credentials, _ := identity.Authorization(ev)
	if strings.HasPrefix(credentials, Prefix) && slices.Contains([]string{"", "bearer", "apikey", "token"}, scheme) {
		return r.store.identify(credentials)
	}
	if foreign != "" {
		return r.store.unknown(foreign)
	}
	return nil
}

// entry is a key with the identities that it can come to.
type entry struct {
	record
	valid, revoked, expired *capture.Identity
}

func newEntry(installation redact.Key, r record) *entry {
	valid := &capture.Identity{
		Principal: event.Principal{
			Kind:   r.Kind,
			ID:     identity.Pseudonym(installation, Issuer, r.Name),
			Issuer: Issuer,
			Level:  event.LevelVerified,
			Reason: identity.KeyMatched,
		},
		Credential: event.Credential{
			Method: identity.MethodAPIKey, KeyID: r.ID, Fingerprint: r.Fingerprint, Scopes: r.Scopes, Expires: r.Expires,
		},
		Subject: r.Name,
		Name:    r.Name,
		Issued:  r.Created,
	}
	refused := func(reason string) *capture.Identity {
		id := identity.Refused(identity.MethodAPIKey, reason, r.Name)
		id.Principal.Issuer = Issuer
		id.Credential = valid.Credential
		id.Credential.Scopes = nil // granted once, and no longer
		return id
	}
	return &entry{r, valid, refused(identity.KeyRevoked), refused(identity.KeyExpired)}
}

// identify recognises one of our own keys. An id that does not exist costs the
// same comparison as one that does.
func (s *Store) identify(key string) *capture.Identity {
	id, ok := parse(s.prefix, key)
	if !ok {
		return s.unknown(key)
	}
	var want digest
	e := (*s.keys.Load())[id]
	if e != nil {
		want = e.Hash
	}
	got := hash(s.key, key)
	if subtle.ConstantTimeCompare(got[:], want[:]) == 0 || e == nil {
		return s.unknown(key)
	}
	now := s.now()
	switch {
	case !e.Revoked.IsZero():
		return e.revoked
	case !e.Expires.IsZero() && !now.Before(e.Expires):
		return e.expired
	}
	s.touch(id, now)
	return e.valid
}

// unknown identifies a key that is not ours, or is none at all.
func (s *Store) unknown(key string) *capture.Identity {
	id := identity.Refused(identity.MethodAPIKey, identity.KeyUnknown, "")
	id.Credential.Fingerprint = redact.Fingerprint(s.key, key)
	return id
}
