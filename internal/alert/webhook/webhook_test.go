package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alerttest"
	"github.com/gatebook/gatebook/internal/redact"
)

// The test vector of the specification.
func TestSignature(t *testing.T) {
	key, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, bad := range []string{"", "whsec_", "whsec_abc", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + strings.Repeat("QUFB", 30)} {
		if _, err := ParseSecret(redact.Secret(bad)); err == nil {
			t.Errorf("%q: got no error", bad)
		}
	}
}

func TestSend(t *testing.T) {
	s := alerttest.NewServer()
	defer s.Close()
	key := []byte(strings.Repeat("k", 32))
	now := time.Unix(1_764_158_400, 0)
	c := New(Config{Client: s.Client("/hook?x=y"), Key: key, Now: func() time.Time { return now }})
	m := alerttest.Message(alerttest.Notice("inc_0123456789ab", alert.Opened, "high"))
	for range 2 {
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Got()
	if string(got[0].Body) != string(got[1].Body) || got[0].Header.Get("webhook-id") != m.ID || got[1].Header.Get("webhook-id") != m.ID {
		t.Error("a message that is sent again is another one")
	}
	r := got[0]
	if r.Path != "/hook?x=y" {
		t.Errorf("got path %s", r.Path)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(m.ID + ".1764158400." + string(r.Body)))
	if want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)); r.Header.Get("webhook-signature") != want || r.Header.Get("webhook-timestamp") != "1764158400" {
		t.Errorf("got signature %q, want %q", r.Header.Get("webhook-signature"), want)
	}
	var b struct {
		Type   string
		Data   struct{ Notices []struct{ Incident string } }
		Proofs []string
	}
	if err := json.Unmarshal(r.Body, &b); err != nil {
		t.Fatal(err)
	}
	if b.Type != "gatebook.incident.opened" || b.Data.Notices[0].Incident != "inc_0123456789ab" || len(b.Proofs) != 20 || b.Proofs[0] != "/api/v1/events/4719/proof" {
		t.Errorf("got %+v", b)
	}
	verifyByOpenSSL(t, key, r.Body, m.ID, r.Header.Get("webhook-signature"))
}

// verifyByOpenSSL checks the signature with a program of others.
func verifyByOpenSSL(t *testing.T, key, body []byte, id, signature string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Log("openssl is not installed: the signature was checked by our own code only")
		return
	}
	cmd := exec.Command("openssl", "dgst", "-sha256", "-hmac", string(key), "-binary")
	cmd.Stdin = strings.NewReader(id + ".1764158400." + string(body))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "v1," + base64.StdEncoding.EncodeToString(out); signature != want {
		t.Errorf("openssl says %s, got %s", want, signature)
	}
}

func TestNoKeyNoSignature(t *testing.T) {
	s := alerttest.NewServer()
	defer s.Close()
	if _, err := New(Config{Client: s.Client("")}).Send(t.Context(), alerttest.Summary()); err != nil {
		t.Fatal(err)
	}
	if r := s.Got()[0]; r.Header.Get("webhook-signature") != "" || !strings.Contains(string(r.Body), `"type":"gatebook.summary"`) {
		t.Errorf("got %v", r.Header)
	}
}
