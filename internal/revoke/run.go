package revoke

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
)

const (
	maxBackoff = 5 * time.Minute
	maxPause   = time.Minute
	grace      = 3 * time.Second // for what is on its way when the process ends
)

// Run asks the providers until ctx ends. What is on its way then has a moment to
// arrive. It is called once.
func (d *Desk) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	sending, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	for ctx.Err() == nil {
		pause := min(d.lapse(ctx), d.step(ctx, sending, &wg))
		select {
		case <-time.After(pause):
		case <-d.wake:
		case <-ctx.Done():
		}
	}
	time.AfterFunc(grace, abort)
	wg.Wait()
	d.deciding.Lock() // what is under way ends first
	defer d.deciding.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = max(d.next, d.cfg.Recorder.Size())
	d.write(ctx)
	return nil
}

// step starts what is due, the oldest for each provider, and returns how long
// there is nothing to do unless something comes in between.
func (d *Desk) step(ctx, sending context.Context, wg *sync.WaitGroup) time.Duration {
	now := d.cfg.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgetOld()
	list, seen, pause := d.sorted(), make(map[string]bool), maxPause
	for i := len(list) - 1; i >= 0; i-- {
		k := list[i]
		if k.State != Pending || seen[k.Provider] {
			continue
		}
		// One after the other, in their order: an account is not activated
		// before it was deactivated.
		seen[k.Provider] = true
		switch wait := k.Due.Sub(now); {
		case d.inflight[k.Provider]:
		case wait > 0:
			pause = min(pause, wait)
		default:
			d.inflight[k.Provider] = true
			p, token := d.provider(k.Provider), d.tokens[k.ID]
			wg.Go(func() { d.attempt(sending, ctx, k, p, token) })
		}
	}
	return max(pause, time.Millisecond)
}

// attempt asks a provider once, and seals the end if it is one. p is nil if the
// provider is not configured any more.
func (d *Desk) attempt(ctx, ending context.Context, k *kept, p *Provider, token redact.Secret) {
	detail, err := d.ask(ctx, k, p, token)
	now := d.cfg.Now().UTC().Round(0)
	after := *k
	after.Attempts++
	fault := egress.Wrap(err)
	switch {
	case fault == nil:
		after.State, after.Detail, after.Error, after.Ended, after.Due = Done, detail, "", now, time.Time{}
	case ctx.Err() != nil: // cut short by the end of this process: it is pending as before
		d.rest(k)
		return
	case fault.Permanent || now.Sub(k.From) >= p.GiveUp:
		after.State, after.Error, after.Ended, after.Due = Failed, fault.Reason, now, time.Time{}
	default:
		after.Error, after.Due = fault.Reason, now.Add(max(d.backoff(after.Attempts), fault.After))
	}
	d.health(k.Provider, fault, now)
	if after.State != Pending {
		d.end(context.WithoutCancel(ending), &after)
	} else {
		d.mu.Lock()
		d.jobs[k.ID] = &after
		d.write(ctx, &after)
		d.tell()
		d.mu.Unlock()
	}
	d.rest(k)
}

// rest lets the provider be asked for the next.
func (d *Desk) rest(k *kept) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.inflight, k.Provider)
	d.poke()
}

// end seals how a revocation ended. What cannot be sealed has not ended: it is
// asked for again, which each provider takes as the same.
func (d *Desk) end(ctx context.Context, k *kept) {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	name := noteDone
	if k.State == Failed {
		name = noteFailed
		d.cfg.Log.Warn("a revocation has failed: see gatebook revoke list", "provider", k.Provider, "revocation", k.ID, "error", k.Error)
	}
	n, err := d.seal(ctx, name, k.ending())
	if err != nil {
		d.cfg.Log.Error("how a revocation ended cannot be recorded; it is tried again", "revocation", k.ID, "error", err)
		d.mu.Lock()
		defer d.mu.Unlock()
		again := *d.jobs[k.ID]
		again.Due = d.cfg.Now().Add(10 * time.Second)
		d.jobs[k.ID] = &again
		return
	}
	k.Ending = n
	d.apply(ctx, n, k)
}

// ask asks the provider.
func (d *Desk) ask(ctx context.Context, k *kept, p *Provider, token redact.Secret) (string, error) {
	permanent := func(reason string) error { return &egress.Error{Reason: reason, Permanent: true} }
	switch {
	case p == nil:
		return "", permanent("the provider is not configured any more")
	case !p.can(k.Action):
		return "", permanent("the provider cannot be asked for that any more")
	case k.Action == Token && p.NeedToken && token == "":
		return "", permanent("Gatebook ended before the issuer had answered, and keeps no token: ask for it again, with the token")
	}
	j := &Job{ID: k.ID, Action: k.Action, Incident: k.Incident, Decision: k.Decision, Decided: k.Since, Hint: k.Hint, Fingerprint: k.Fingerprint}
	if p.NeedToken {
		j.Token = token
	}
	if k.Action != Token {
		var err error
		if j.User, err = d.account(k.Decision); err != nil {
			d.cfg.Log.Error("the account of a revocation cannot be read", "revocation", k.ID, "error", err)
			return "", &egress.Error{Reason: "the record could not be read"}
		}
		if j.User == "" {
			return "", permanent("the name of the account was erased from the record")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	return p.Channel.Do(ctx, j)
}

// health notes how a provider is, and logs when it begins to fail or is well
// again. That it refused one request for what that is says nothing.
func (d *Desk) health(provider string, f *egress.Error, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	have, failing := d.failing[provider]
	switch {
	case f != nil && f.Permanent:
	case f == nil && failing:
		delete(d.failing, provider)
		d.cfg.Log.Info("a provider takes revocations again", "provider", provider)
	case f != nil:
		if !failing {
			have.since = now
			d.cfg.Log.Warn("a provider does not take a revocation; trying again", "provider", provider, "error", f.Reason)
		}
		d.failing[provider] = fault{have.since, f.Reason}
	}
}

// backoff is how long to wait after n failures: twice as long each time, with
// jitter.
func (d *Desk) backoff(n int) time.Duration {
	wait := maxBackoff
	if n < 20 {
		wait = min(wait, d.cfg.Backoff<<max(n-1, 0))
	}
	return wait/2 + rand.N(wait/2+1)
}
