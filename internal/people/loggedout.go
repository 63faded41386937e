package people

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// providerHash returns what is kept of a session at a provider; nil: it said
// none.
func providerHash(sid string) []byte {
	if sid == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(sid))
	return sum[:]
}

// otherClock is how far the clock of a provider may be behind.
const otherClock = time.Minute

// LoggedOut returns the sessions that end when somebody has logged out of a
// provider at a time: those of the session there, or without one all of the
// subject. A session of which the provider did not say to which of its own it
// belongs ends with any of its subject. Sessions that began a minute later go on. It also
// returns the subject, if it is known: the provider need not name it. Nothing
// has ended yet: each is to be sealed, and then ended with [People.End].
func (p *People) LoggedOut(ctx context.Context, issuer, subject, sid string, at time.Time) ([]Session, string, error) {
	query := sessionQuery + "WHERE a.issuer = ? AND s.began < ?"
	args := []any{issuer, millis(at.Add(otherClock))}
	if subject != "" {
		query, args = query+" AND a.subject = ?", append(args, subject)
	}
	switch hash := providerHash(sid); {
	case hash == nil:
	case subject == "":
		query, args = query+" AND s.provider = ?", append(args, hash)
	default:
		query, args = query+" AND (s.provider = ? OR s.provider IS NULL)", append(args, hash)
	}
	rows, err := p.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	var list []Session
	for rows.Next() {
		switch s, err := p.scanSession(rows); {
		case errors.Is(err, ErrNotFound): // it has ended
		case err != nil:
			return nil, "", err
		default:
			list = append(list, *s)
		}
	}
	if err := rows.Err(); err != nil || subject != "" || len(list) == 0 {
		return list, subject, err
	}
	a, err := p.Account(ctx, list[0].Account)
	if err != nil {
		return nil, "", err
	}
	return list, a.subject, nil
}
