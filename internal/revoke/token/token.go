// Package token revokes tokens at the OAuth 2.0 server that issued them, as RFC
// 7009 has it. The token is in the body of one request over TLS, and nowhere
// else.
package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
)

// Config is what a [Channel] needs. Client is required.
type Config struct {
	Client   *egress.Client // its URL is the revocation endpoint
	ClientID string         // by which the issuer knows this Gatebook, or the app whose tokens are revoked
	Secret   redact.Secret  // of the client; empty: a public client
}

// Channel is a [revoke.Channel].
type Channel struct{ cfg Config }

var _ revoke.Channel = (*Channel)(nil)

// Actions are what an issuer can be asked for.
var Actions = []revoke.Action{revoke.Token}

// New returns a channel.
func New(c Config) *Channel { return &Channel{c} }

// codes are the errors that an issuer may name: RFC 6749, section 5.2, and RFC
// 7009, section 2.2.1. No other word of it is repeated.
var codes = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "unsupported_token_type"}

// Do implements [revoke.Channel]. A token that the issuer does not know is as
// good as revoked: the issuer says the same of both.
func (c *Channel) Do(ctx context.Context, j *revoke.Job) (string, error) {
	form := url.Values{"token": {string(j.Token)}}
	if j.Hint != "" {
		form.Set("token_type_hint", j.Hint)
	}
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	switch {
	case c.cfg.Secret != "":
		// Both parts are form-encoded first: RFC 6749, section 2.3.1.
		pair := url.QueryEscape(c.cfg.ClientID) + ":" + url.QueryEscape(string(c.cfg.Secret))
		h["Authorization"] = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(pair))}
	case c.cfg.ClientID != "":
		form.Set("client_id", c.cfg.ClientID)
	}
	a, err := c.cfg.Client.Send(ctx, http.MethodPost, "", nil, []byte(form.Encode()), h)
	if err == nil {
		return "", nil
	}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(a.Body, &said) != nil || !slices.Contains(codes, said.Error) {
		return "", err
	}
	e := *egress.Wrap(err)
	e.Reason = "the issuer refused: " + said.Error
	// What is wrong with the client can be put right.
	e.Permanent = said.Error != "invalid_client" && said.Error != "unauthorized_client"
	return "", &e
}
