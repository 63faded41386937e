package people

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gatebook/gatebook/internal/state"
)

// Config is what [New] needs. DB and Key are required.
type Config struct {
	DB  *state.DB
	Key []byte // secret of this installation; what is derived from it names known browsers

	Idle    time.Duration // a session ends after so long without a request; 0: 1 hour
	Longest time.Duration // a session ends after so long in any case; 0: 12 hours
	Confirm time.Duration // how long a sign-in counts for what cannot be undone; 0: 15 minutes

	Memory uint32 // KiB that the hash of a password takes; 0: 64 MiB

	NoPasswords bool // nobody signs in with a password, and no local accounts are made

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nothing is logged
}

// People are the accounts and sessions. Make one with [New]. It is safe for
// concurrent use.
type People struct {
	cfg    Config
	db     *state.DB
	device []byte // authenticates the cookies of known browsers
	slow   throttle
	cost   cost          // of new hashes
	decoy  string        // a hash that no password has: it is compared where there is none, so that the work is the same
	work   chan struct{} // a slot for each password that may be hashed at a time

	mu   sync.Mutex // guards open
	open map[string]map[*bound]struct{}
}

// Errors. [Throttled] is one more.
var (
	// ErrCredentials is the error of a name, password, link or session that
	// lets nobody in. It does not say which of the reasons it is.
	ErrCredentials = errors.New("the name or the password is not right, or the account is disabled")
	// ErrNotFound is the error of an account or session that is not there.
	ErrNotFound = errors.New("there is no such account or session")
	// ErrRefused is the error of a change that cannot be made as it was asked
	// for. The error that wraps it says why.
	ErrRefused = errors.New("this cannot be done")
)

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// steps make the tables. Times are milliseconds since 1970, 0 is never.
var steps = []string{`
CREATE TABLE people_accounts (
	id        TEXT PRIMARY KEY,
	name      TEXT NOT NULL UNIQUE,  -- as cleanName returns it
	role      TEXT NOT NULL,
	issuer    TEXT NOT NULL,         -- of OpenID Connect; empty: a local account
	subject   TEXT NOT NULL,
	password  TEXT NOT NULL,         -- PHC string of argon2id; empty: none yet
	created   INTEGER NOT NULL,
	signed_in INTEGER NOT NULL,
	disabled  INTEGER NOT NULL       -- 0 or 1
) STRICT;
CREATE UNIQUE INDEX people_subjects ON people_accounts (issuer, subject) WHERE issuer <> '';
CREATE TABLE people_sessions (
	hash      BLOB PRIMARY KEY,      -- SHA-256 of the cookie
	id        TEXT NOT NULL UNIQUE,
	account   TEXT REFERENCES people_accounts (id) ON DELETE CASCADE, -- NULL: the administrator of the data directory
	method    TEXT NOT NULL,
	began     INTEGER NOT NULL,
	seen      INTEGER NOT NULL,
	expires   INTEGER NOT NULL,
	address   TEXT NOT NULL,
	agent     TEXT NOT NULL
) STRICT;
CREATE TABLE people_links (
	hash    BLOB PRIMARY KEY,        -- SHA-256 of the link
	account TEXT REFERENCES people_accounts (id) ON DELETE CASCADE, -- NULL: the administrator of the data directory
	expires INTEGER NOT NULL
) STRICT;
`, `
ALTER TABLE people_sessions ADD COLUMN provider BLOB; -- SHA-256 of the session at the provider; NULL: it said none
`}

// New returns the people of a state.
func New(ctx context.Context, cfg Config) (*People, error) {
	cfg.Idle = cmp.Or(cfg.Idle, time.Hour)
	cfg.Longest = cmp.Or(cfg.Longest, 12*time.Hour)
	cfg.Confirm = cmp.Or(cfg.Confirm, 15*time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	device, err := hkdf.Key(sha256.New, cfg.Key, nil, "gatebook: known browsers", 32)
	if err != nil {
		return nil, err
	}
	if err := cfg.DB.Migrate(ctx, "people", steps...); err != nil {
		return nil, err
	}
	c := cost{argonTime, cmp.Or(cfg.Memory, argonMemory), argonLanes}
	return &People{cfg: cfg, db: cfg.DB, device: device, cost: c, decoy: format(c, random(saltLen), random(hashLen)), work: make(chan struct{}, maxWork), open: map[string]map[*bound]struct{}{}}, nil
}

// sweepEvery is how often sessions and links that have ended are deleted.
const sweepEvery = 10 * time.Minute

// Run deletes sessions and links that have ended, with the addresses in them,
// until ctx ends.
func (p *People) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := p.sweep(ctx); err != nil && ctx.Err() == nil {
			p.cfg.Log.Error("deleting ended sessions", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (p *People) sweep(ctx context.Context) error {
	now := p.cfg.Now()
	return p.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM people_sessions WHERE expires <= ? OR seen <= ?", millis(now), millis(now.Add(-p.cfg.Idle)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM people_links WHERE expires <= ?", millis(now))
		return err
	})
}

// Passwords reports whether people can sign in with a password.
func (p *People) Passwords() bool { return !p.cfg.NoPasswords }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
