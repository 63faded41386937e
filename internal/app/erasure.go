package app

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/index"
)

// keeperConfig makes the keeper's Config of what the file says.
func (a *App) keeperConfig() erasure.Config {
	return erasure.Config{
		Ledger: a.ledger, Recorder: a.recorder, Room: a.room, Index: forgetter{a}, Copies: a.forgetDetected, Objects: a.objects, Policy: retention(&a.cfg.Retention), Keys: a.keysOf, Searches: a.searches.Naming, Edge: a.edge, Log: a.log,
	}
}

// retention is the policy of a configuration.
func retention(r *config.Retention) erasure.Policy {
	p := erasure.Policy{}
	p.Keep[event.ClassWho], p.Keep[event.ClassWhat], p.Keep[event.ClassPayload] = r.Who, r.What, r.Payload
	for _, x := range r.Routes {
		own := erasure.RoutePolicy{Route: x.Name}
		own.Keep[event.ClassWho], own.Keep[event.ClassWhat], own.Keep[event.ClassPayload] = x.Who, x.What, x.Payload
		p.Routes = append(p.Routes, own)
	}
	return p
}

// keysOf returns the ids of the API keys with one of the names.
func (a *App) keysOf(names []string) []string {
	var ids []string
	for _, info := range a.store.List() {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, info.Name) }) {
			ids = append(ids, info.ID)
		}
	}
	return ids
}

// forgetter makes the search index forget, whichever it is.
type forgetter struct{ app *App }

// Forget implements erasure.Index. The alerts that wait are told of nobody any
// more, either.
func (f forgetter) Forget(ctx context.Context, match func(day string) bool) error {
	a := f.app
	if err := a.outbox.Minimise(ctx); err != nil {
		return err
	}
	if a.supervisor != nil {
		return a.follower.Forget(ctx, match)
	}
	// An index of our own may have been left behind when the mode was changed.
	if err := index.ForgetFiles(filepath.Join(a.cfg.Data, "index"), match); err != nil {
		return err
	}
	if a.follower != nil {
		return erasure.ErrRemote
	}
	return nil
}
