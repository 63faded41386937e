// Package scim deactivates and activates accounts at an identity provider by
// SCIM 2.0: it looks for the account by a filter (RFC 7644, section 3.4.2), and
// sets "active" by a PATCH (section 3.5.2). Nothing else of the account is read
// or changed, and none is deleted.
package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
)

// Config is what a [Channel] needs. Client is required.
type Config struct {
	Client    *egress.Client // its URL is the base, without /Users
	Token     redact.Secret  // bearer token; empty: none is sent
	Attribute string         // by which accounts are named; empty: userName; "id": the provider's own id
}

// Channel is a [revoke.Channel].
type Channel struct{ cfg Config }

var _ revoke.Channel = (*Channel)(nil)

// Actions are what a provider can be asked for.
var Actions = []revoke.Action{revoke.Deactivate, revoke.Activate}

// New returns a channel.
func New(c Config) *Channel {
	if c.Attribute == "" {
		c.Attribute = "userName"
	}
	return &Channel{c}
}

// media is that of all bodies: RFC 7644, section 3.1.
const media = "application/scim+json"

// user is what of an account is looked at.
type user struct {
	ID     string `json:"id"`
	Active *bool  `json:"active"` // nil: the provider does not say
}

// Do implements [revoke.Channel].
func (c *Channel) Do(ctx context.Context, j *revoke.Job) (string, error) {
	want := j.Action == revoke.Activate
	u, err := c.find(ctx, j.User)
	if err != nil {
		return "", err
	}
	if u.Active != nil && *u.Active == want {
		return "it was so already", nil
	}
	b, err := json.Marshal(map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []map[string]any{{"op": "replace", "path": "active", "value": want}},
	})
	if err != nil {
		return "", err
	}
	a, err := c.send(ctx, http.MethodPatch, "Users/"+url.PathEscape(u.ID), nil, b)
	switch {
	case err == nil:
	case a.Status == http.StatusNotFound:
		return "", &egress.Error{Reason: "the account is not there any more", Permanent: true}
	case a.Status == http.StatusNotImplemented || a.Status == http.StatusMethodNotAllowed:
		return "", &egress.Error{Reason: "the provider changes no accounts by PATCH", Permanent: true}
	default:
		return "", err
	}
	// The answer is the account as it is now, or nothing (204).
	var now user
	if json.Unmarshal(a.Body, &now) == nil && now.Active != nil && *now.Active != want {
		return "", &egress.Error{Reason: "the provider accepted the change and did not make it: active is as before", Permanent: true}
	}
	return "", nil
}

// find returns the one account of a name.
func (c *Channel) find(ctx context.Context, name string) (*user, error) {
	some := url.Values{"attributes": {"id,active"}}
	if c.cfg.Attribute == "id" {
		a, err := c.send(ctx, http.MethodGet, "Users/"+url.PathEscape(name), some, nil)
		var u user
		switch {
		case a.Status == http.StatusNotFound:
			return nil, &egress.Error{Reason: "the provider has no account with this id", Permanent: true}
		case err != nil:
			return nil, err
		case json.Unmarshal(a.Body, &u) != nil || u.ID != name:
			return nil, errAnswer
		}
		return &u, nil
	}
	some.Set("filter", c.cfg.Attribute+" eq "+quote(name))
	some.Set("count", "2")
	a, err := c.send(ctx, http.MethodGet, "Users", some, nil)
	if err != nil {
		return nil, err
	}
	var list struct {
		Total     *int   `json:"totalResults"`
		Resources []user `json:"Resources"`
	}
	switch err := json.Unmarshal(a.Body, &list); {
	case err != nil || list.Total == nil:
		return nil, errAnswer
	case *list.Total == 0:
		return nil, &egress.Error{Reason: "the provider has no account with this " + c.cfg.Attribute, Permanent: true}
	case *list.Total > 1 || len(list.Resources) > 1:
		return nil, &egress.Error{Reason: fmt.Sprintf("the provider has %d accounts with this %s: none was changed", max(*list.Total, len(list.Resources)), c.cfg.Attribute), Permanent: true}
	case len(list.Resources) == 0 || list.Resources[0].ID == "":
		return nil, errAnswer
	}
	return &list.Resources[0], nil
}

// quote writes a value as in JSON (RFC 7644, section 3.4.2.2), with no more
// escapes than are needed: some providers read none.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("scim: a text cannot be written as JSON: " + err.Error())
	}
	return strings.TrimSpace(b.String())
}

// errAnswer is the error of what is no answer of SCIM: the URL can be wrong, and
// be put right.
var errAnswer = &egress.Error{Reason: "what answers there does not speak SCIM 2.0, or says too much at once: check the URL, which ends before /Users"}

// send makes a request.
func (c *Channel) send(ctx context.Context, method, path string, query url.Values, body []byte) (egress.Answer, error) {
	h := http.Header{"Accept": {media}, "Content-Type": {media}}
	if body == nil {
		h["Content-Type"] = nil
	}
	if c.cfg.Token != "" {
		h["Authorization"] = []string{"Bearer " + string(c.cfg.Token)}
	}
	a, err := c.cfg.Client.Send(ctx, method, path, query, body, h)
	var e *egress.Error
	if errors.As(err, &e) && a.Status == http.StatusBadRequest && method == http.MethodGet {
		return a, &egress.Error{Reason: "the provider refused to look for an account by " + c.cfg.Attribute + ": set user_attribute to one that it can filter by", Permanent: true}
	}
	return a, err
}
