package people

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// How long links count: one that signs in as the administrator is used at once,
// an invitation is passed on first.
const (
	LoginLink      = 15 * time.Minute
	InvitationLink = 72 * time.Hour
)

// LinkPrefix begins the secret of each link, so that scanners of secrets find
// it.
const LinkPrefix = "gbl_"

// maxLinks bounds the links that are open at a time.
const maxLinks = 1000

// Link makes a secret that signs in once: to an account, or, if it is nil, as
// the administrator of the data directory. It ends the links for the same
// account that were made before.
func (p *People) Link(ctx context.Context, a *Account) (secretText string, expires time.Time, err error) {
	account, life := sql.NullString{}, LoginLink
	if a != nil {
		if a.Issuer != "" {
			return "", time.Time{}, refused("%q signs in at %s", a.Name, a.Issuer)
		}
		account, life = sql.NullString{String: a.ID, Valid: true}, InvitationLink
	}
	secretText = LinkPrefix + secret()
	sum := sha256.Sum256([]byte(secretText))
	expires = p.cfg.Now().UTC().Add(life).Truncate(time.Second)
	return secretText, expires, p.db.Write(ctx, func(tx *sql.Tx) error {
		if account.Valid {
			if _, err := tx.ExecContext(ctx, "DELETE FROM people_links WHERE account = ?", a.ID); err != nil {
				return err
			}
		}
		var open int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM people_links WHERE expires > ?", millis(p.cfg.Now())).Scan(&open); err != nil {
			return err
		}
		if open >= maxLinks {
			return refused("%d links are open, which is the most: wait until some have ended", maxLinks)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO people_links VALUES (?, ?, ?)", sum[:], account, millis(expires))
		return err
	})
}

// Follow uses up a link and returns the account that it signs in to, nil for
// the administrator of the data directory. Any that is not valid is
// [ErrCredentials]: there are 256 bits to guess, so that nothing is slowed down.
func (p *People) Follow(ctx context.Context, link string) (*Account, error) {
	sum := sha256.Sum256([]byte(link))
	var account sql.NullString
	var expires int64
	err := p.db.Write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "DELETE FROM people_links WHERE hash = ? RETURNING account, expires", sum[:]).Scan(&account, &expires)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrCredentials
	case err != nil:
		return nil, err
	case expires <= millis(p.cfg.Now()):
		return nil, ErrCredentials
	case !account.Valid:
		return nil, nil
	}
	a, err := p.Account(ctx, account.String)
	if errors.Is(err, ErrNotFound) || err == nil && a.Disabled {
		return nil, ErrCredentials
	}
	return a, err
}

// deviceLife is how long a browser in which somebody signed in is known.
const deviceLife = 180 * 24 * time.Hour

// Known returns the content of a cookie by which a browser is known as one in
// which the account was signed in to, and for how long. It lets nobody in: it
// only keeps the attempts of others from slowing down the owner's.
func (p *People) Known(account string) (cookie string, life time.Duration) {
	b := binary.BigEndian.AppendUint64(random(16), uint64(p.cfg.Now().Add(deviceLife).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, p.sign(b, account)...)), deviceLife
}

func (p *People) sign(b []byte, account string) []byte {
	h := hmac.New(sha256.New, p.device)
	h.Write(b)
	h.Write([]byte(account))
	return h.Sum(nil)
}

// knows reports whether a cookie is one of [People.Known] for the account.
func (p *People) knows(cookie string, a *Account) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSpace(cookie))
	if err != nil || len(b) != 16+8+sha256.Size {
		return false
	}
	head := b[:24]
	return hmac.Equal(b[24:], p.sign(head, a.ID)) && p.cfg.Now().Unix() < int64(binary.BigEndian.Uint64(head[16:]))
}
