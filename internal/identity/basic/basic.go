// Package basic verifies user names and passwords of the Basic scheme
// (RFC 7617) against an htpasswd file with bcrypt hashes.
//
// A check takes bcrypt some 50 ms of processor time, so it is made once for
// each pair of name and password and its result kept under a keyed hash; only
// a few checks run at a time; and after some wrong passwords for a user, new
// ones are refused unchecked for a minute, while the right one, once it has
// been seen, goes on working. A call waits at most [Config.Wait] for its turn.
package basic

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/cache"
	"github.com/gatebook/gatebook/internal/redact"
)

// Issuer is who vouches for the users of a password file.
const Issuer = "htpasswd"

// Config is what a [Resolver] needs. Zero values mean the defaults.
type Config struct {
	Key       redact.Key        // the installation's key
	Users     map[string][]byte // bcrypt hashes by user, as [Load] returns them; not changed while in use
	Wait      time.Duration     // how long a call may wait until its check begins; 0 means 100 ms
	InFlight  int               // checks at a time; 0 means half of the processors, at least 1
	Attempts  int               // wrong passwords a minute for one user that are checked; 0 means 10
	CacheSize int               // results that are kept; 0 means 4096
	Now       func() time.Time  // nil means time.Now
}

// Resolver identifies by user name and password. Use [New].
type Resolver struct {
	cfg    Config
	slots  chan struct{} // one for each check under way
	good   *cache.Cache[[32]byte, *capture.Identity]
	bad    *cache.Cache[[32]byte, time.Time] // when it was found wrong
	absent []byte                            // a hash of no known password, for users that are not there

	mu    sync.Mutex          // guards wrong
	wrong map[string]attempts // by user; all unknown users share ""
}

// attempts counts wrong passwords.
type attempts struct {
	since time.Time
	count int
}

// failureLife is how long a wrong password is known to be wrong, and the
// period over which wrong ones are counted.
const failureLife = time.Minute

var _ identity.Resolver = (*Resolver)(nil)

// New returns a resolver.
func New(cfg Config) (*Resolver, error) {
	if len(cfg.Key) < redact.MinKey {
		return nil, fmt.Errorf("basic: the installation's key has %d bytes, want at least %d", len(cfg.Key), redact.MinKey)
	}
	cfg.Wait = cmp.Or(cfg.Wait, 100*time.Millisecond)
	cfg.InFlight = cmp.Or(cfg.InFlight, max(1, runtime.GOMAXPROCS(0)/2))
	cfg.Attempts = cmp.Or(cfg.Attempts, 10)
	cfg.CacheSize = cmp.Or(cfg.CacheSize, 4096)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Resolver{
		cfg:   cfg,
		slots: make(chan struct{}, cfg.InFlight),
		good:  cache.New[[32]byte, *capture.Identity](cfg.CacheSize),
		bad:   cache.New[[32]byte, time.Time](cfg.CacheSize),
		wrong: map[string]attempts{},
	}
	cost := bcrypt.MinCost
	for _, hash := range cfg.Users {
		if c, err := bcrypt.Cost(hash); err == nil {
			cost = max(cost, c)
		}
	}
	var err error
	if r.absent, err = bcrypt.GenerateFromPassword([]byte("nobody has this password"), cost); err != nil {
		return nil, fmt.Errorf("basic: %w", err)
	}
	return r, nil
}

// Sources implements [identity.Resolver].
func (r *Resolver) Sources() identity.Sources { return identity.Sources{} }

// Resolve implements [identity.Resolver].
func (r *Resolver) Resolve(ctx context.Context, ev *capture.Evidence) *capture.Identity {
	scheme, credentials, ok := identity.Authorization(ev)
	if !ok || scheme != "basic" {
		return nil
	}
	user, password, ok := identity.Basic(credentials)
	if !ok {
		id := identity.Refused(identity.MethodBasic, identity.MalformedCredential, "")
		id.Credential.Fingerprint = redact.Fingerprint(r.cfg.Key, credentials)
		return id
	}
	pair := r.pair(user, password)
	if id, ok := r.good.Get(pair); ok {
		return id
	}
	if reason := r.check(ctx, pair, user, password); reason != "" {
		id := identity.Refused(identity.MethodBasic, reason, user)
		id.Credential.Fingerprint = redact.Fingerprint(r.cfg.Key, password)
		return id
	}
	id := r.accept(user, password)
	r.good.Put(pair, id)
	return id
}

func (r *Resolver) accept(user, password string) *capture.Identity {
	return &capture.Identity{
		Principal: event.Principal{
			Kind:   event.User,
			ID:     identity.Pseudonym(r.cfg.Key, Issuer, user),
			Issuer: Issuer,
			Level:  event.LevelVerified,
			Reason: identity.PasswordMatched,
		},
		Credential: event.Credential{
			Method:      identity.MethodBasic,
			Fingerprint: redact.Fingerprint(r.cfg.Key, password),
		},
		Subject: user,
	}
}

// pair names a user name and password without keeping them.
func (r *Resolver) pair(user, password string) (out [32]byte) {
	mac := hmac.New(sha256.New, r.cfg.Key)
	mac.Write([]byte("gatebook/basic\x00" + user + "\x00" + password))
	mac.Sum(out[:0])
	return out
}

// check returns why the password is not believed, or "" if it is right.
func (r *Resolver) check(ctx context.Context, pair [32]byte, user, password string) (reason string) {
	now := r.cfg.Now()
	if found, ok := r.bad.Get(pair); ok && now.Sub(found) < failureLife {
		return identity.PasswordWrong
	}
	hash, known := r.cfg.Users[user]
	if !known {
		user, hash = "", r.absent // an absent user takes as long as a present one
	}
	if !r.mayTry(user, now) {
		return identity.TooManyAttempts
	}
	if !r.enter(ctx) {
		return identity.CheckOverloaded
	}
	defer func() { <-r.slots }()
	if _, ok := r.good.Get(pair); ok { // another call was quicker
		return ""
	}
	if bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil && known {
		return ""
	}
	r.bad.Put(pair, now)
	r.failed(user, now)
	return identity.PasswordWrong
}

// enter waits for a slot.
func (r *Resolver) enter(ctx context.Context) bool {
	select {
	case r.slots <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(r.cfg.Wait)
	defer timer.Stop()
	select {
	case r.slots <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (r *Resolver) mayTry(user string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.wrong[user]
	return now.Sub(a.since) >= failureLife || a.count < r.cfg.Attempts
}

func (r *Resolver) failed(user string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.wrong[user]
	if now.Sub(a.since) >= failureLife {
		a = attempts{since: now}
	}
	a.count++
	r.wrong[user] = a
}
