package revoke

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/ledger"
)

// Request is what somebody wants to be taken back.
type Request struct {
	Provider string        // its name; empty: the only one that can be asked for that
	Action   Action        // Deactivate, Activate or Token
	User     string        // the account, as the provider names it; of Deactivate and Activate
	Token    redact.Secret // of Token, unless the provider needs the fingerprint only
	Print    string        // of Token: its fingerprint, as in events, if the token is not at hand
	Hint     string        // of Token: access_token or refresh_token; empty: not known
	Incident string        // what it is about; may be empty
	Again    bool          // although it was done already
	Propose  bool          // of Deactivate: only propose it, though it could be decided at once
}

// Errors of what is not done. The errors that wrap them say why.
var (
	ErrProtected = errors.New("protected")             // the configuration forbids it, or it is the reader's own
	ErrRepeats   = errors.New("nothing was decided")   // it was done, or is on its way
	ErrConflict  = errors.New("not possible any more") // it has ended, has not ended, or has no undo
	ErrNowhere   = errors.New("there is no such provider")
	ErrApproval  = errors.New("somebody else must approve it")
)

// Bounds of what is asked for.
const (
	maxUser     = 256
	maxToken    = 64 << 10
	maxIncident = 64
)

// Decide seals that something is taken back, and has it done: when it returns
// without an error it is durable, and on its way. The error wraps
// [reading.ErrForbidden], [reading.ErrArgument], [reading.ErrReason],
// [ErrProtected], [ErrRepeats], [ErrNowhere] or [reading.ErrNotRecorded]. No
// error repeats the token.
func (d *Desk) Decide(ctx context.Context, who reading.Reader, r Request) (*Revocation, error) {
	action := reading.ActRevoke
	if r.Action == Deactivate && who.May(action) != nil {
		action, r.Propose = reading.ActPropose, true
	}
	if err := d.admit(who, action); err != nil {
		return nil, err
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	p, err := d.choose(&r)
	if err == nil {
		err = r.check(p, who)
	}
	if err == nil && d.cfg.Room.Redact(r.User) != r.User {
		err = fmt.Errorf("%w: what is given for an account looks like a credential, which the record does not hold", reading.ErrArgument)
	}
	if err != nil {
		return nil, err
	}
	k := d.job(&r, p)
	if r.Print != "" && k.Fingerprint != r.Print {
		return nil, fmt.Errorf("%w: that is another token: its fingerprint is %s, and what is to be revoked is %s", reading.ErrArgument, k.Fingerprint, clip(r.Print))
	}
	k.By = d.cfg.Room.Pseudonym(who.Name)
	if have := d.repeats(k); have != nil && have.State == Proposed {
		return nil, fmt.Errorf("%w: revocation %s proposes that already: somebody else approves it (gatebook revoke approve), or rejects it", ErrRepeats, have.ID)
	} else if have != nil && !r.Again {
		return nil, fmt.Errorf("%w: revocation %s asks for that already, and is %s: to ask once more, say so (--again)", ErrRepeats, have.ID, have.State)
	}
	if r.Propose || p.Approval && r.Action == Deactivate {
		k.State, k.Answer = Proposed, k.Since.Add(p.Answer)
	}
	return d.decide(ctx, who, action, k, r.User, r.Token, p)
}

// admit returns nil if the reader may decide, and says why.
func (d *Desk) admit(who reading.Reader, a reading.Action) error {
	if err := d.cfg.Room.Admit(who, a); err != nil {
		return err
	}
	if strings.TrimSpace(who.Reason) == "" {
		return fmt.Errorf("%w for what is taken back", reading.ErrReason)
	}
	return nil
}

func (d *Desk) decide(ctx context.Context, who reading.Reader, a reading.Action, k *kept, user string, token redact.Secret, p *Provider) (*Revocation, error) {
	var objects []event.Object
	if user != "" {
		objects = append(objects, event.Object{Type: objAccount, ID: user})
	}
	name := noteDecided
	if k.State == Proposed {
		name = noteProposed
	}
	n, err := d.cfg.Room.DecideAt(ctx, who, a, name, "", objects, k.facts()...)
	if err != nil {
		return nil, err
	}
	k.Decision = n
	if token != "" && p.NeedToken {
		d.mu.Lock()
		d.tokens[k.ID] = token
		d.mu.Unlock()
	}
	d.apply(ctx, n, k)
	return d.view(k), nil
}

// choose returns the provider of a request.
func (d *Desk) choose(r *Request) (*Provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names, can []string
	for _, p := range d.providers {
		names = append(names, p.Name)
		if p.can(r.Action) {
			can = append(can, p.Name)
		}
	}
	switch {
	case len(d.providers) == 0:
		return nil, fmt.Errorf("%w: none is configured: list it under act.providers", ErrNowhere)
	case r.Provider != "" && d.provider(r.Provider) == nil:
		return nil, fmt.Errorf("%w: %q: there are %s", ErrNowhere, clip(r.Provider), strings.Join(names, ", "))
	case r.Provider != "" && !slices.Contains(can, r.Provider):
		return nil, fmt.Errorf("%w: %s cannot be asked to %s: it is of kind %s", reading.ErrArgument, r.Provider, r.Action, d.provider(r.Provider).Kind)
	case r.Provider != "":
		return d.provider(r.Provider), nil
	case len(can) == 0:
		return nil, fmt.Errorf("%w: none of %s can be asked to %s", ErrNowhere, strings.Join(names, ", "), r.Action)
	case len(can) > 1:
		return nil, fmt.Errorf("%w: several providers can be asked to %s: name one of %s", reading.ErrArgument, r.Action, strings.Join(can, ", "))
	}
	return d.provider(can[0]), nil
}

// check says what is wrong with a request.
func (r *Request) check(p *Provider, who reading.Reader) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", reading.ErrArgument, fmt.Sprintf(format, args...))
	}
	control := func(c rune) bool { return c < ' ' || c == 0x7f }
	if len(r.Incident) > maxIncident || strings.ContainsFunc(r.Incident, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return bad("that is no id of an incident")
	}
	if r.Action == Token {
		switch {
		case r.Propose:
			return bad("a token is revoked at once or not at all: Gatebook keeps none until somebody approves")
		case r.User != "":
			return bad("a token is revoked without naming an account")
		case p.NeedToken && r.Token == "":
			return bad("the token is missing: its issuer must be shown it; Gatebook keeps none")
		case r.Token == "" && r.Print == "":
			return bad("the token, or its fingerprint, is missing")
		case len(r.Token) > maxToken || strings.ContainsFunc(string(r.Token), func(c rune) bool { return c <= ' ' || c > '~' }):
			return bad("that is no token: it has spaces or characters that no token has, or more than %d bytes", maxToken)
		case r.Hint != "" && r.Hint != "access_token" && r.Hint != "refresh_token":
			return bad("the kind of the token must be access_token or refresh_token")
		}
		return nil
	}
	switch {
	case r.Token != "" || r.Print != "" || r.Hint != "":
		return bad("an account is deactivated without a token")
	case r.User == "" || len(r.User) > maxUser || strings.ContainsFunc(r.User, control):
		return bad("name the account as the provider does, in at most %d bytes", maxUser)
	case r.Action == Deactivate && p.protects(r.User):
		return fmt.Errorf("%w: the configuration lists that account under protect of the provider %s, and it is never deactivated", ErrProtected, p.Name)
	case r.Action == Deactivate && strings.EqualFold(r.User, who.Name):
		return fmt.Errorf("%w: that is your own account, and you could not undo it: have somebody else do it", ErrProtected)
	}
	return nil
}

// job makes the revocation of a request.
func (d *Desk) job(r *Request, p *Provider) *kept {
	now := d.cfg.Now().UTC().Round(0)
	k := &kept{ID: newID(), Provider: p.Name, Action: r.Action, State: Pending, Incident: r.Incident, Since: now, From: now, Hint: r.Hint, Fingerprint: r.Print}
	if r.Token != "" {
		k.Fingerprint = redact.Fingerprint(d.cfg.Key, string(r.Token))
	}
	if r.User != "" {
		k.Account = redact.Fingerprint(d.cfg.Key, "account at "+p.Name+": "+strings.ToLower(r.User))
	}
	return k
}

// repeats returns the newest revocation that asks for the same, if it was not
// followed by its undo and has not failed; nil: there is none.
func (d *Desk) repeats(k *kept) *kept {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, have := range d.sorted() {
		switch {
		case have.Provider != k.Provider || have.State.void():
		case k.Action == Token && have.Action == Token && have.Fingerprint == k.Fingerprint:
			return have
		case k.Action != Token && have.Account == k.Account && have.Action != Token:
			if have.Action == k.Action {
				return have
			}
			return nil // the opposite came since
		}
	}
	return nil
}

// Undo has an account activated again that was deactivated. It is a revocation
// of its own.
func (d *Desk) Undo(ctx context.Context, who reading.Reader, id string) (*Revocation, error) {
	if err := d.admit(who, reading.ActRevoke); err != nil {
		return nil, err
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	d.mu.Lock()
	k, err := d.find(id)
	undone := ""
	if err == nil {
		undone = d.undoneBy(k)
	}
	d.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case k.Action == Token:
		return nil, fmt.Errorf("%w: a token that was revoked cannot be made valid again: its holder gets a new one", ErrConflict)
	case k.Action == Activate:
		return nil, fmt.Errorf("%w: %s is an undo itself: deactivate the account again", ErrConflict, k.ID)
	case k.State == Proposed:
		return nil, fmt.Errorf("%w: %s is only proposed: gatebook revoke reject takes it back", ErrConflict, k.ID)
	case k.State.void():
		return nil, fmt.Errorf("%w: %s is %s, and changed nothing", ErrConflict, k.ID, k.State)
	case undone != "":
		return nil, fmt.Errorf("%w: %s was undone by %s", ErrConflict, k.ID, undone)
	}
	user, err := d.account(k.Decision)
	if err != nil {
		return nil, err
	}
	if user == "" {
		return nil, fmt.Errorf("%w: the name of the account was erased from the record: activate it at the provider", ErrConflict)
	}
	r := Request{Provider: k.Provider, Action: Activate, User: user, Incident: k.Incident}
	p, err := d.choose(&r)
	if err != nil {
		return nil, err
	}
	back := d.job(&r, p)
	back.Undoes, back.By = k.ID, d.cfg.Room.Pseudonym(who.Name)
	return d.decide(ctx, who, reading.ActRevoke, back, user, "", p)
}

// undoneBy returns the id of what undoes k; empty: nothing does. It is called
// with mu held.
func (d *Desk) undoneBy(k *kept) string {
	for _, other := range d.jobs {
		if other.Undoes == k.ID && !other.State.void() {
			return other.ID
		}
	}
	return ""
}

// Retry has a revocation tried again that has failed.
func (d *Desk) Retry(ctx context.Context, who reading.Reader, id string) (*Revocation, error) {
	if err := d.admit(who, reading.ActRevoke); err != nil {
		return nil, err
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	d.mu.Lock()
	k, err := d.find(id)
	var p *Provider
	if err == nil {
		p = d.provider(k.Provider)
	}
	d.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case k.State != Failed:
		return nil, fmt.Errorf("%w: %s is %s: only what has failed can be tried again", ErrConflict, k.ID, k.State)
	case p == nil:
		return nil, fmt.Errorf("%w: %q is not configured any more", ErrNowhere, k.Provider)
	case k.Action == Token && p.NeedToken:
		return nil, fmt.Errorf("%w: Gatebook does not keep the token: revoke it again with it at hand", ErrConflict)
	}
	now := d.cfg.Now().UTC()
	n, err := d.cfg.Room.DecideAt(ctx, who, reading.ActRevoke, noteRetried, "", nil, event.Fact{Name: factID, Value: k.ID}, event.Fact{Name: factProvider, Value: k.Provider})
	if err != nil {
		return nil, err
	}
	again := *k
	again.again(now)
	d.apply(ctx, n, &again)
	return d.view(&again), nil
}

// find returns a revocation by its id or by an unambiguous beginning. It is
// called with mu held.
func (d *Desk) find(id string) (*kept, error) {
	id = strings.TrimSpace(id)
	if k := d.jobs[id]; k != nil {
		return k, nil
	}
	var found *kept
	for _, k := range d.jobs {
		if len(id) >= 4 && strings.HasPrefix(k.ID, id) {
			if found != nil {
				return nil, fmt.Errorf("%w: several revocations begin with %q", reading.ErrArgument, id)
			}
			found = k
		}
	}
	if found == nil {
		return nil, fmt.Errorf("revocation %q: %w", clip(id), ledger.ErrNotFound)
	}
	return found, nil
}

func clip(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// Await returns a revocation as it is when it has ended, the next attempt has
// failed or the provider is being left alone, or after so long.
func (d *Desk) Await(ctx context.Context, r *Revocation, long time.Duration) *Revocation {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	for {
		d.mu.Lock()
		k, changed := d.jobs[r.ID], d.changed
		waits := k != nil && d.waits(k)
		d.mu.Unlock()
		if k == nil || k.State != Pending || k.Attempts > r.Attempts || waits {
			return d.viewOr(k, r)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return d.viewOr(k, r)
		}
	}
}

// waits reports whether the oldest revocation that is pending at the provider of
// k, which is asked for first, is not due. It is called with mu held.
func (d *Desk) waits(k *kept) bool {
	first := k
	for _, other := range d.jobs {
		if other.State == Pending && other.Provider == k.Provider && other.Decision < first.Decision {
			first = other
		}
	}
	return first.Due.After(d.cfg.Now())
}

func (d *Desk) viewOr(k *kept, r *Revocation) *Revocation {
	if k == nil {
		return r
	}
	return d.view(k)
}
