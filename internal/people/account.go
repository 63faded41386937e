package people

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Account is one person who may sign in.
type Account struct {
	ID       string    `json:"id"`                 // never used again
	Name     string    `json:"name"`               // what they sign in with, and who.subject of what they look at
	Role     string    `json:"role"`               // viewer, investigator, auditor or administrator
	Issuer   string    `json:"issuer,omitempty"`   // of OpenID Connect, who says who this is and what they may; absent: a local account
	Created  time.Time `json:"created"`            //
	SignedIn time.Time `json:"signed_in,omitzero"` // the last time; absent: never
	Disabled bool      `json:"disabled,omitempty"` // nobody can sign in to it
	Invited  bool      `json:"invited,omitempty"`  // a local account without a password yet

	subject, password string
}

// maxAccounts bounds the accounts.
const maxAccounts = 10_000

// cleanName returns the name of an account as it is kept and compared: lower
// case, in compatibility form, so that two names that look the same are.
func cleanName(name string) (string, error) {
	name = strings.TrimSpace(norm.NFKC.String(strings.ToLower(norm.NFKC.String(name))))
	if name == "" || len(name) > 128 {
		return "", refused("the name is missing or longer than 128 bytes")
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._-@+ '", r) {
			return "", refused("the name has a character that names do not have: letters, digits, spaces and . _ - @ + ' are possible")
		}
	}
	if name == Administrator {
		return "", refused("the name %s is that of the token in the data directory: use the name of a person", Administrator)
	}
	return name, nil
}

// NewAccount is an account to be made.
type NewAccount struct {
	Name     string
	Role     string
	Password string // empty: they set it themselves, with a link
}

// Prepare returns what an account will be, and the error of what cannot be
// made: it is what the caller seals before [People.Add].
func (p *People) Prepare(ctx context.Context, n NewAccount) (*Account, error) {
	if p.cfg.NoPasswords {
		return nil, refused("local accounts are switched off here: console.passwords")
	}
	name, err := cleanName(n.Name)
	if err != nil {
		return nil, err
	}
	if n.Password != "" {
		if err := CheckPassword(name, n.Password); err != nil {
			return nil, err
		}
	}
	if err := p.free(ctx, name); err != nil {
		return nil, err
	}
	return &Account{ID: "a" + hex.EncodeToString(random(6)), Name: name, Role: n.Role, Created: p.cfg.Now().UTC().Truncate(time.Millisecond), Invited: n.Password == ""}, nil
}

// free returns nil if one more account can be made with the name.
func (p *People) free(ctx context.Context, name string) error {
	var count, taken int
	if err := p.db.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(name = ?), 0) FROM people_accounts", name).Scan(&count, &taken); err != nil {
		return err
	}
	switch {
	case taken > 0:
		return refused("there is an account with the name %q already", name)
	case count >= maxAccounts:
		return refused("there are %d accounts, which is the most", maxAccounts)
	}
	return nil
}

// Add makes an account that was prepared.
func (p *People) Add(ctx context.Context, a *Account, password string) error {
	hash := ""
	if password != "" {
		var err error
		if hash, err = p.hash(ctx, password); err != nil {
			return err
		}
	}
	return p.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO people_accounts VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)",
			a.ID, a.Name, a.Role, a.Issuer, a.subject, hash, millis(a.Created))
		return err
	})
}

const accountColumns = "a.id, a.name, a.role, a.issuer, a.subject, a.password, a.created, a.signed_in, a.disabled"

func scanAccount(row interface{ Scan(...any) error }) (*Account, error) {
	var a Account
	var created, signedIn int64
	err := row.Scan(&a.ID, &a.Name, &a.Role, &a.Issuer, &a.subject, &a.password, &created, &signedIn, &a.Disabled)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	a.Created, a.SignedIn, a.Invited = fromMillis(created), fromMillis(signedIn), a.Issuer == "" && a.password == ""
	return &a, err
}

// Accounts returns all accounts, by name.
func (p *People) Accounts(ctx context.Context) ([]Account, error) {
	rows, err := p.db.QueryContext(ctx, "SELECT "+accountColumns+" FROM people_accounts a ORDER BY a.name")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Account{}
	for rows.Next() {
		a, err := scanAccount(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, *a)
	}
	return list, rows.Err()
}

// Any reports whether there is an account.
func (p *People) Any(ctx context.Context) (bool, error) {
	var any bool
	err := p.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM people_accounts)").Scan(&any)
	return any, err
}

// Account returns the account with the id or the name.
func (p *People) Account(ctx context.Context, ref string) (*Account, error) {
	name, err := cleanName(ref)
	if err != nil {
		return nil, ErrNotFound
	}
	return scanAccount(p.db.QueryRowContext(ctx, "SELECT "+accountColumns+" FROM people_accounts a WHERE a.id = ?1 OR a.name = ?1 ORDER BY a.id <> ?1 LIMIT 1", name))
}

// SetRole changes the role of a local account, and ends its sessions.
func (p *People) SetRole(ctx context.Context, a *Account, role string) error {
	if a.Issuer != "" {
		return refused("the role of %q comes from %s: change it there", a.Name, a.Issuer)
	}
	return p.change(ctx, a.ID, "UPDATE people_accounts SET role = ? WHERE id = ?", role, a.ID)
}

// SetDisabled lets nobody sign in to an account any more, or lets them again.
// It ends its sessions.
func (p *People) SetDisabled(ctx context.Context, a *Account, disabled bool) error {
	return p.change(ctx, a.ID, "UPDATE people_accounts SET disabled = ? WHERE id = ?", disabled, a.ID)
}

// SetPassword changes the password of a local account, and ends its sessions
// and links, except for the session that is named; empty: none.
func (p *People) SetPassword(ctx context.Context, a *Account, password, keep string) error {
	if a.Issuer != "" {
		return refused("%q signs in at %s, and has no password here", a.Name, a.Issuer)
	}
	if err := CheckPassword(a.Name, password); err != nil {
		return err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return err
	}
	return p.changeBut(ctx, a.ID, keep, "UPDATE people_accounts SET password = ? WHERE id = ?", hash, a.ID)
}

// Remove removes an account, its sessions and links. Of its name nothing is
// left here.
func (p *People) Remove(ctx context.Context, a *Account) error {
	if err := p.change(ctx, a.ID, "DELETE FROM people_accounts WHERE id = ?", a.ID); err != nil {
		return err
	}
	return p.db.Purge(ctx)
}

func (p *People) change(ctx context.Context, id, query string, args ...any) error {
	return p.changeBut(ctx, id, "", query, args...)
}

// changeBut runs a change of an account, which ends its links and its sessions
// but one.
func (p *People) changeBut(ctx context.Context, id, keep, query string, args ...any) error {
	var ended []string
	err := p.db.Write(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "DELETE FROM people_sessions WHERE account = ? AND id <> ? RETURNING id", id, keep)
		if err != nil {
			return err
		}
		if ended, err = texts(rows); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM people_links WHERE account = ?", id); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		return nil
	})
	if err == nil {
		p.cut(ended...)
	}
	return err
}

func texts(rows *sql.Rows) (list []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}
