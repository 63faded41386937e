package hook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
)

// TestSend is what automation is sent: signed, the same when it is sent again,
// and without the token.
func TestSend(t *testing.T) {
	var bodies []string
	var headers []http.Header
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies, headers = append(bodies, string(b)), append(headers, r.Header)
	}))
	defer s.Close()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := egress.NewClient(egress.HTTPConfig{URL: u})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	key := []byte(strings.Repeat("k", 32))
	now := time.Unix(1_764_158_400, 0)
	c := New(Config{Client: client, Key: key, Now: func() time.Time { return now }})
	j := &revoke.Job{ID: "r_0123456789ab", Action: revoke.Token, Token: redact.Secret("hunter2"), Fingerprint: "fp:1", Incident: "inc_7", Decision: 41, Decided: now}
	for range 2 {
		if _, err := c.Do(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	if bodies[0] != bodies[1] || headers[0].Get("webhook-id") != "r_0123456789ab" || headers[1].Get("webhook-id") != "r_0123456789ab" {
		t.Error("what is sent again is another message")
	}
	if got, want := headers[0].Get("webhook-signature"), webhook.Sign(key, j.ID, "1764158400", []byte(bodies[0])); got != want {
		t.Errorf("got signature %q, want %q", got, want)
	}
	var b struct {
		Type, Proof string
		Data        struct {
			Action, Credential, User, Incident string
			Decision                           int
		}
	}
	if err := json.Unmarshal([]byte(bodies[0]), &b); err != nil || b.Type != "gatebook.revocation.revoke-token" || b.Proof != "/api/v1/events/41/proof" || b.Data.Credential != "fp:1" || b.Data.Decision != 41 {
		t.Errorf("got %+v, %v", b, err)
	}
	if strings.Contains(bodies[0], "hunter2") {
		t.Error("the token was sent")
	}
}
