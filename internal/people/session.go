package people

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// Administrator is the name of who signs in with the token of the data
// directory, or with a link that was made with it. They have no account.
const Administrator = "administrator"

// Method is how somebody signed in.
type Method string

// The methods.
const (
	ByPassword Method = "password"
	ByLink     Method = "link"
	ByOIDC     Method = "oidc"
)

// Client is where somebody signs in from.
type Client struct {
	Address string // IP address
	Agent   string // the browser, as it says
	Device  string // the cookie of a known browser; empty: none
}

// Session is one sign-in. Of its secret only a hash is kept.
type Session struct {
	ID      string    `json:"id"`                // public: credential.key_id of what it looks at
	Account string    `json:"account,omitempty"` // its id; absent: the administrator of the data directory
	Name    string    `json:"name"`              // of the account
	Role    string    `json:"role"`              // of the account
	Method  Method    `json:"method"`            // password, link or oidc
	Began   time.Time `json:"began"`             // when they signed in
	Seen    time.Time `json:"seen"`              // the last request, a minute behind
	Idle    time.Time `json:"idle"`              // it ends then without another request
	Expires time.Time `json:"expires"`           // it ends then in any case
	Address string    `json:"address,omitempty"` // where they signed in from
	Agent   string    `json:"agent,omitempty"`   // in which browser, as it says

	Provider   string `json:"-"` // the session at the provider (sid), of one that begins; empty: it said none
	NoPassword bool   `json:"-"` // the account has no password yet: a password is all that can be set
}

// seenEvery is how exactly the last request of a session is kept.
const seenEvery = time.Minute

// Prove returns the account that a name and a password are of. The error is
// [ErrCredentials] or [Throttled]. known is the account of the name all the
// same, nil if there is none: it is for the record, and must not be told.
func (p *People) Prove(ctx context.Context, name, password string, from Client) (a, known *Account, err error) {
	if p.cfg.NoPasswords {
		return nil, nil, ErrCredentials
	}
	clean, err := cleanName(name)
	if err != nil {
		clean = "" // there is no such account, and nobody is told
	}
	known, err = p.Account(ctx, clean)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, nil, err
	}
	if known != nil && known.Name != clean { // an id is no name
		known = nil
	}
	keys := p.keysOf(clean, known, from)
	if err := p.slow.take(p.cfg.Now(), keys...); err != nil {
		return nil, known, err
	}
	hash := ""
	if known != nil && !known.Disabled {
		hash = known.password
	}
	ok, err := p.matches(ctx, hash, password)
	if err != nil {
		return nil, known, err
	}
	if !ok {
		return nil, known, ErrCredentials
	}
	p.slow.succeeded(keys)
	return known, known, nil
}

// keysOf returns what an attempt counts under; the first is of this client and
// name alone.
func (p *People) keysOf(name string, a *Account, from Client) []limited {
	if a != nil && p.knows(from.Device, a) {
		return []limited{{"known " + from.Device, limitKnown}}
	}
	address := network(from.Address)
	return []limited{{"pair " + address + " " + name, limitPair}, {"name " + name, limitName}, {"address " + address, limitAddress}}
}

// New returns a session of an account, nil for the administrator of the data
// directory, and its secret. It counts once it is begun with [People.Begin].
func (p *People) New(a *Account, by Method, from Client) (*Session, string) {
	now := p.cfg.Now().UTC().Truncate(time.Millisecond)
	s := &Session{
		ID: "s" + hex.EncodeToString(random(6)), Name: Administrator, Role: Administrator, Method: by, Began: now, Seen: now,
		Idle: now.Add(p.cfg.Idle), Expires: now.Add(p.cfg.Longest), Address: from.Address, Agent: clip(from.Agent, 256),
	}
	if a != nil {
		s.Account, s.Name, s.Role = a.ID, a.Name, a.Role
		s.NoPassword = a.Invited
	}
	return s, secret()
}

// secret returns 256 random bits.
func secret() string { return base64.RawURLEncoding.EncodeToString(random(32)) }

// maxSessions bounds the sessions of one account: the oldest ends for one more.
const maxSessions = 20

// Begin makes a session valid.
func (p *People) Begin(ctx context.Context, s *Session, secret string) error {
	sum := sha256.Sum256([]byte(secret))
	account := sql.NullString{String: s.Account, Valid: s.Account != ""}
	var ended []string
	err := p.db.Write(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "DELETE FROM people_sessions WHERE id IN (SELECT id FROM people_sessions WHERE account IS ? ORDER BY began DESC LIMIT -1 OFFSET ?) RETURNING id", account, maxSessions-1)
		if err != nil {
			return err
		}
		if ended, err = texts(rows); err != nil {
			return err
		}
		if account.Valid {
			res, err := tx.ExecContext(ctx, "UPDATE people_accounts SET signed_in = ? WHERE id = ? AND NOT disabled", millis(s.Began), s.Account)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 { // it was disabled or removed a moment ago
				return errors.Join(err, ErrCredentials)
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO people_sessions (hash, id, account, method, began, seen, expires, address, agent, provider) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			sum[:], s.ID, account, s.Method, millis(s.Began), millis(s.Seen), millis(s.Expires), s.Address, s.Agent, providerHash(s.Provider))
		return err
	})
	if err == nil {
		p.cut(ended...)
	}
	return err
}

const sessionQuery = `SELECT s.id, s.account, s.method, s.began, s.seen, s.expires, s.address, s.agent, a.name, a.role, a.disabled, a.issuer = '' AND a.password = ''
	FROM people_sessions s LEFT JOIN people_accounts a ON a.id = s.account `

func (p *People) scanSession(row interface{ Scan(...any) error }) (*Session, error) {
	var s Session
	var account, name, role sql.NullString
	var disabled, noPassword sql.NullBool
	var began, seen, expires int64
	err := row.Scan(&s.ID, &account, &s.Method, &began, &seen, &expires, &s.Address, &s.Agent, &name, &role, &disabled, &noPassword)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNotFound
	case err != nil:
		return nil, err
	}
	s.Account, s.Name, s.Role, s.NoPassword = account.String, name.String, role.String, noPassword.Bool
	if !account.Valid {
		s.Name, s.Role = Administrator, Administrator
	}
	s.Began, s.Seen, s.Expires = fromMillis(began), fromMillis(seen), fromMillis(expires)
	s.Idle = s.Seen.Add(p.cfg.Idle)
	if now := p.cfg.Now(); disabled.Bool || !now.Before(s.Expires) || !now.Before(s.Idle) {
		return nil, ErrNotFound
	}
	return &s, nil
}

// Find returns the session of a secret, and counts a request of it. A session
// that is used by another kind of browser than it began in is ended, with
// [ErrMoved] and the session; any other that is not valid is [ErrNotFound].
func (p *People) Find(ctx context.Context, secret, agent string) (*Session, error) {
	sum := sha256.Sum256([]byte(secret))
	s, err := p.scanSession(p.db.QueryRowContext(ctx, sessionQuery+"WHERE s.hash = ?", sum[:]))
	if err != nil {
		return nil, err
	}
	if kindOf(clip(agent, 256)) != kindOf(s.Agent) {
		return s, errors.Join(ErrMoved, p.End(ctx, s.ID))
	}
	now := p.cfg.Now().UTC()
	if now.Sub(s.Seen) < min(seenEvery, p.cfg.Idle/10) {
		return s, nil
	}
	s.Seen, s.Idle = now, now.Add(p.cfg.Idle)
	return s, p.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE people_sessions SET seen = max(seen, ?) WHERE id = ?", millis(now), s.ID)
		return err
	})
}

// ErrMoved is the error of a session whose cookie another kind of browser
// sent: it was copied.
var ErrMoved = errors.New("the session began in another browser")

// kindOf returns what stays of a user agent when the browser is updated.
func kindOf(agent string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' || r == '_' {
			return -1
		}
		return r
	}, agent)
}

// Fresh reports whether somebody signed in a short while ago, as is asked for
// what cannot be undone. Who wants to do that later signs in again, which begins
// another session: a cookie that was copied before stays what it is.
func (p *People) Fresh(s *Session) bool { return p.cfg.Now().Before(p.FreshUntil(s)) }

// FreshUntil returns until when a session is fresh.
func (p *People) FreshUntil(s *Session) time.Time { return s.Began.Add(p.cfg.Confirm) }

// Sessions returns the sessions of an account, or of all; newest first.
func (p *People) Sessions(ctx context.Context, of *Session) ([]Session, error) {
	query, args := sessionQuery+"ORDER BY s.began DESC LIMIT 1000", []any{}
	if of != nil {
		query = sessionQuery + "WHERE s.account IS ? ORDER BY s.began DESC"
		args = []any{sql.NullString{String: of.Account, Valid: of.Account != ""}}
	}
	rows, err := p.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Session{}
	for rows.Next() {
		switch s, err := p.scanSession(rows); {
		case errors.Is(err, ErrNotFound): // it has ended
		case err != nil:
			return nil, err
		default:
			list = append(list, *s)
		}
	}
	return list, rows.Err()
}

// Session returns the session with the public id.
func (p *People) Session(ctx context.Context, id string) (*Session, error) {
	return p.scanSession(p.db.QueryRowContext(ctx, sessionQuery+"WHERE s.id = ?", id))
}

// End ends a session at once, with the answers that it still gets.
func (p *People) End(ctx context.Context, id string) error {
	err := p.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM people_sessions WHERE id = ?", id)
		return err
	})
	if err == nil {
		p.cut(id)
	}
	return err
}

func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
