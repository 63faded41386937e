// Package webhook sends messages to any HTTP endpoint, signed as the Standard
// Webhooks specification 1.0.0 says (standardwebhooks.com).
//
// The body is JSON: "type" says what happened, such as gatebook.incident.opened,
// "timestamp" when, and "data" is the message, a deliver.Message: notices with
// their findings, and in these the events with their ids and their numbers in
// the ledger, by which GET /api/v1/events/{number}/proof proves them. "proofs"
// lists these paths. The header webhook-id is the same whenever a message is
// sent again: who has seen it can leave it out.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
)

// Config is what a [Channel] needs. Client is required.
type Config struct {
	Client *egress.Client
	Key    []byte           // see [ParseSecret]; empty: messages are not signed
	Now    func() time.Time // nil: time.Now
}

// Channel is a [deliver.Channel].
type Channel struct{ cfg Config }

var _ deliver.Channel = (*Channel)(nil)

// New returns a channel.
func New(c Config) *Channel {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Channel{c}
}

// secretPrefix begins a secret as the specification writes it.
const secretPrefix = "whsec_"

// ParseSecret returns the key in a secret: "whsec_" and 24 to 64 bytes in
// base64.
func ParseSecret(s redact.Secret) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(string(s)), secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("is no secret of Standard Webhooks: whsec_ and 24 to 64 bytes in base64, such as echo whsec_$(openssl rand -base64 32) makes")
	}
	return key, nil
}

// maxProofs bounds the events that a body lists for proofs.
const maxProofs = 200

type body struct {
	Type      string           `json:"type"`
	Timestamp time.Time        `json:"timestamp"`
	Data      *deliver.Message `json:"data"`
	Proofs    []string         `json:"proofs"` // paths in the API
}

// Send implements [deliver.Channel].
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	b, err := json.Marshal(body{Type: typeOf(m), Timestamp: m.Time, Data: m, Proofs: proofs(m)})
	if err != nil {
		return "", err
	}
	stamp := strconv.FormatInt(c.cfg.Now().Unix(), 10)
	h := http.Header{"Webhook-Id": {m.ID}, "Webhook-Timestamp": {stamp}}
	if len(c.cfg.Key) > 0 {
		h["Webhook-Signature"] = []string{Sign(c.cfg.Key, m.ID, stamp, b)}
	}
	a, err := c.cfg.Client.Send(ctx, http.MethodPost, "", nil, b, h)
	return a.String(), err
}

// Sign returns the signature header of the specification, version 1: symmetric.
func Sign(key []byte, id, stamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, stamp)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func typeOf(m *deliver.Message) string {
	if n := m.Single(); n != nil && m.Kind == deliver.Incident {
		return "gatebook.incident." + string(n.Change)
	}
	return "gatebook." + string(m.Kind)
}

func proofs(m *deliver.Message) []string {
	list := []string{}
	seen := make(map[int64]bool)
	for i := range m.Notices {
		for _, f := range m.Notices[i].Findings {
			for j := len(f.Events) - 1; j >= 0; j-- {
				if n := f.Events[j].Number; n >= 0 && !seen[n] && len(list) < maxProofs {
					seen[n] = true
					list = append(list, fmt.Sprintf("/api/v1/events/%d/proof", n))
				}
			}
		}
	}
	return list
}
