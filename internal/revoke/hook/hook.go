// Package hook tells automation of one's own that access is to be taken back, by
// a webhook that is signed as the Standard Webhooks specification 1.0.0 says.
//
// The body is JSON: "type" is gatebook.revocation.deactivate, .activate or
// .revoke-token, "timestamp" when it was decided, and "data" says whose access:
// the account as it was named, or the fingerprint of the token; the token itself
// is never sent. "proof" is the path in the API that proves the decision. The
// header webhook-id is the same whenever it is sent again: who has seen it can
// leave it out. It counts as done when the answer has a status of success.
package hook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/revoke"
)

// Config is what a [Channel] needs. Client and Key are required.
type Config struct {
	Client *egress.Client
	Key    []byte           // see [webhook.ParseSecret]
	Now    func() time.Time // nil: time.Now
}

// Channel is a [revoke.Channel].
type Channel struct{ cfg Config }

var _ revoke.Channel = (*Channel)(nil)

// Actions are what it can be told of.
var Actions = []revoke.Action{revoke.Deactivate, revoke.Activate, revoke.Token}

// New returns a channel.
func New(c Config) *Channel {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Channel{c}
}

type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
	Proof     string    `json:"proof"`
}

type data struct {
	ID         string `json:"id"`
	Action     string `json:"action"`
	User       string `json:"user,omitempty"`
	Credential string `json:"credential,omitempty"`
	Incident   string `json:"incident,omitempty"`
	Decision   uint64 `json:"decision"`
}

// Do implements [revoke.Channel].
func (c *Channel) Do(ctx context.Context, j *revoke.Job) (string, error) {
	b, err := json.Marshal(body{
		Type: "gatebook.revocation." + string(j.Action), Timestamp: j.Decided.UTC(),
		Data:  data{j.ID, string(j.Action), j.User, j.Fingerprint, j.Incident, j.Decision},
		Proof: fmt.Sprintf("/api/v1/events/%d/proof", j.Decision),
	})
	if err != nil {
		return "", err
	}
	stamp := strconv.FormatInt(c.cfg.Now().Unix(), 10)
	h := http.Header{"Webhook-Id": {j.ID}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {webhook.Sign(c.cfg.Key, j.ID, stamp, b)}}
	_, err = c.cfg.Client.Send(ctx, http.MethodPost, "", nil, b, h)
	return "", err
}
