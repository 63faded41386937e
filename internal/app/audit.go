package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/identity/apikey"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/ledger"
)

// This file holds what makes the operators' own doings part of the record.

// Bounds of what an event says of the configuration. A header holds 65,535
// bytes.
const (
	maxSettings = 200 // keys
	maxValue    = 200 // bytes of a value
)

// configFacts says how this process is configured: every key that is not the
// default, and a hash over all of them, so that a change that was made while
// nothing ran shows.
func configFacts(c *config.Config) []event.Fact {
	list := c.Settings()
	facts := []event.Fact{{Name: "config_keys", Value: strconv.Itoa(len(list))}}
	for _, s := range list[:min(len(list), maxSettings)] {
		value := shorten(s.Value)
		if s.SHA256 != "" {
			value += " (content sha256:" + s.SHA256 + ")"
		}
		facts = append(facts, event.Fact{Name: s.Key, Value: value})
	}
	return facts
}

// stateFacts are hashes over what decides who is believed and who may read. They
// are sealed at each start and stop: what differs between a stop and the start
// after it was changed while nothing ran.
func (a *App) stateFacts() []event.Fact {
	return []event.Fact{
		{Name: "api_keys_sha256", Value: sumKeys(a.store.List())},
		{Name: "config_sha256", Value: config.Sum(a.cfg.Settings())},
		{Name: "operator_token", Value: redact.Fingerprint(a.keys.fingerprint, a.keys.token)},
		{Name: "readers_sha256", Value: sumKeys(a.readers.List())},
	}
}

// sumKeys is a hash over keys, without the times of their use.
func sumKeys(list []apikey.Info) string {
	h := sha256.New()
	for _, k := range list {
		fmt.Fprintf(h, "%q %q %q %q %q %q %d %d\n", k.ID, k.Name, k.Kind, k.Owner, k.Scopes, k.Fingerprint, k.Expires.UnixNano(), k.Revoked.UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// reloadFacts says what a reload changed, and what it could not change.
func reloadFacts(changes []config.Change, next *config.Config) []event.Fact {
	var names, restart []string
	facts := []event.Fact{{Name: "config_sha256", Value: config.Sum(next.Settings())}, {Name: "config_keys", Value: strconv.Itoa(len(next.Settings()))}}
	for i, c := range changes {
		if i == maxSettings {
			names = append(names, fmt.Sprintf("and %d more", len(changes)-i))
			break
		}
		names = append(names, c.Key)
		if !c.Reload {
			restart = append(restart, c.Key)
		}
		before, after := shorten(c.Old), shorten(c.New)
		if before == "" {
			before = "(nothing)"
		}
		if after == "" {
			after = "(nothing)"
		}
		facts = append(facts, event.Fact{Name: c.Key, Value: before + " -> " + after})
	}
	facts = append(facts, event.Fact{Name: "changes", Value: strings.Join(names, " ")})
	if len(restart) > 0 {
		facts = append(facts, event.Fact{Name: "needs_restart", Value: strings.Join(restart, " ")})
	}
	return facts
}

func shorten(s string) string {
	if len(s) > maxValue {
		s = strings.ToValidUTF8(s[:maxValue], "") + "…"
	}
	return s
}

// refusedReload seals that a configuration was not taken. What is wrong with it
// is in the log: it can hold what was typed.
func (a *App) refusedReload() {
	if err := a.note(context.Background(), "reload-refused"); err != nil {
		a.log.Error("a refused configuration could not be recorded", "error", err)
	}
}

// roleScope begins the scope that holds a reader's role in the store.
const roleScope = "role:"

// apiReaders is the store of readers as the API manages it.
type apiReaders struct{ store *apikey.Store }

// Find implements api.Readers.
func (k apiReaders) Find(token string) (reading.Reader, error) {
	info, err := k.store.Find(token)
	r := reading.Reader{KeyID: info.ID}
	switch {
	case errors.Is(err, apikey.ErrRevoked):
		return r, api.ErrRevoked
	case errors.Is(err, apikey.ErrExpired):
		return r, api.ErrExpired
	case err != nil:
		return r, err
	}
	r.Name, r.Role = info.Name, roleOf(info)
	return r, nil
}

func roleOf(info apikey.Info) reading.Role {
	for _, s := range info.Scopes {
		if role, ok := strings.CutPrefix(s, roleScope); ok {
			return reading.Role(role)
		}
	}
	return ""
}

// List implements api.Readers.
func (k apiReaders) List(context.Context) ([]api.Reader, error) {
	if err := k.store.Reload(); err != nil {
		return nil, err
	}
	var out []api.Reader
	for _, info := range k.store.List() {
		out = append(out, apiReader(info))
	}
	return out, nil
}

// Add implements api.Readers.
func (k apiReaders) Add(_ context.Context, n api.NewReader) (api.ReaderToken, error) {
	token, info, err := k.store.Add(apikey.Spec{Name: n.Name, Kind: event.User, Expires: n.Expires, Scopes: []string{roleScope + n.Role}})
	if err != nil {
		return api.ReaderToken{}, fmt.Errorf("%w: %w", reading.ErrArgument, err)
	}
	return api.ReaderToken{Reader: apiReader(info), Token: string(token)}, nil
}

// Revoke implements api.Readers.
func (k apiReaders) Revoke(_ context.Context, id string) error {
	err := k.store.Revoke(id)
	if errors.Is(err, apikey.ErrNotFound) {
		return fmt.Errorf("reader %q: %w", id, ledger.ErrNotFound)
	}
	return err
}

func apiReader(i apikey.Info) api.Reader {
	return api.Reader{ID: i.ID, Name: i.Name, Role: string(roleOf(i)), Created: i.Created, Expires: i.Expires, Revoked: i.Revoked, Used: i.LastUsed}
}
