package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
)

// Keys manages the API keys that the gateway knows. It is safe for concurrent
// use. Errors are of the kinds that package reading names: an unknown id wraps
// [ledger.ErrNotFound], a bad request [reading.ErrArgument].
type Keys interface {
	// List returns all keys, revoked ones too, oldest first.
	List(ctx context.Context) ([]Key, error)
	// Add makes a key and returns its secret, which is kept nowhere.
	Add(ctx context.Context, k NewKey) (KeySecret, error)
	// Revoke ends a key at once.
	Revoke(ctx context.Context, id string) error
}

// Key is an API key without its secret.
type Key struct {
	ID      string    `json:"id"`   // public id, as in credential.key_id
	Name    string    `json:"name"` // of its principal
	Kind    string    `json:"kind"` // user, service or machine
	Scopes  []string  `json:"scopes,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // absent: never
	Revoked time.Time `json:"revoked,omitzero"` // absent: it is not
}

// NewKey asks for a key.
type NewKey struct {
	Name    string    `json:"name"`             // of its principal; required
	Kind    string    `json:"kind,omitempty"`   // user, service or machine; empty: service
	Scopes  []string  `json:"scopes,omitempty"` // granted to it
	Expires time.Time `json:"expires,omitzero"` // absent: never
}

// KeySecret is a new key, with its secret.
type KeySecret struct {
	Key    Key    `json:"key"`
	Secret string `json:"secret"` // what the client sends; shown once
}

// keyErr returns the error of somebody who may not do a with keys here, or nil.
func (c *call) keyErr(a reading.Action) error {
	if err := c.cfg.Room.Admit(c.reader, a); err != nil {
		return err
	}
	if c.cfg.Keys == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "keys", Detail: "API keys are not configured here", Help: "set identity.api_keys in the configuration"}
	}
	return nil
}

func listKeys(c *call, _ none) ([]Key, error) {
	if err := c.keyErr(reading.ActListKeys); err != nil {
		return nil, err
	}
	list, err := c.cfg.Keys.List(c.r.Context())
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []Key{}
	}
	return list, c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActListKeys, "list-keys")
}

func addKey(c *call) error {
	if err := c.keyErr(reading.ActKeys); err != nil {
		return err
	}
	var k NewKey
	if err := c.body(&k); err != nil {
		return err
	}
	if k.Name == "" || len(k.Name) > 200 {
		return argument("name", "is missing or longer than 200 bytes: name whose key it is")
	}
	switch k.Kind {
	case "":
		k.Kind = "service"
	case "user", "service", "machine":
	default:
		return argument("kind", "must be user, service or machine")
	}
	about := []event.Object{{Type: "principal", ID: k.Name}}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActKeys, "key-added", about, event.Fact{Name: "kind", Value: k.Kind}); err != nil {
		return err
	}
	secret, err := c.cfg.Keys.Add(c.r.Context(), k)
	if err != nil {
		return errors.Join(err, c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActKeys, "key-not-added", about))
	}
	return c.json(http.StatusCreated, secret)
}

type keyParams struct {
	ID string `path:"id" doc:"Public id of the key."`
}

func revokeKey(c *call) error {
	if err := c.keyErr(reading.ActKeys); err != nil {
		return err
	}
	var p keyParams
	if err := c.decode(&p); err != nil {
		return err
	}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActKeys, "key-revoked", []event.Object{{Type: "api-key", ID: clip(p.ID, 100)}}); err != nil {
		return err
	}
	if err := c.cfg.Keys.Revoke(c.r.Context(), p.ID); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
