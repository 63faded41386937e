package basic

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

var testKey = redact.Key("a key of at least sixteen bytes")

func evidence(user, password string) *capture.Evidence {
	return &capture.Evidence{Authorization: []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}}
}

func newResolver(t testing.TB, f func(*Config)) *Resolver {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("open:sesame"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Key: testKey, Users: map[string][]byte{"alice": hash}, Wait: time.Minute}
	if f != nil {
		f(&cfg)
	}
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reason(r *Resolver, ev *capture.Evidence) string {
	if id := r.Resolve(context.Background(), ev); id != nil {
		return id.Principal.Reason
	}
	return ""
}

func TestResolve(t *testing.T) {
	r := newResolver(t, nil)
	for _, tt := range []struct {
		name   string
		ev     *capture.Evidence
		reason string
		secret string
	}{
		{"right", evidence("alice", "open:sesame"), identity.PasswordMatched, "open:sesame"},
		{"wrong", evidence("alice", "open"), identity.PasswordWrong, "open"},
		{"empty", evidence("alice", ""), identity.PasswordWrong, ""},
		{"nobody", evidence("bob", "open:sesame"), identity.PasswordWrong, "open:sesame"},
		{"the password of nobody", evidence("bob", "nobody has this password"), identity.PasswordWrong, "nobody has this password"},
		{"no base64", &capture.Evidence{Authorization: []string{"Basic %%"}}, identity.MalformedCredential, "%%"},
		{"no colon", &capture.Evidence{Authorization: []string{"Basic YWxpY2U="}}, identity.MalformedCredential, "YWxpY2U="},
		{"bearer", &capture.Evidence{Authorization: []string{"Bearer x"}}, "", ""},
		{"none", &capture.Evidence{}, "", ""},
	} {
		for _, call := range []string{"first", "second"} {
			id := r.Resolve(t.Context(), tt.ev)
			if id == nil {
				if tt.reason != "" {
					t.Errorf("%s: nothing, want %s", tt.name, tt.reason)
				}
				continue
			}
			if id.Principal.Reason != tt.reason || id.Credential.Fingerprint != redact.Fingerprint(testKey, tt.secret) {
				t.Errorf("%s, %s call: got %s %s, want %s", tt.name, call, id.Principal.Reason, id.Credential.Fingerprint, tt.reason)
			}
			good := tt.reason == identity.PasswordMatched
			if good != (id.Principal.Level == event.LevelVerified) || good != (id.Subject == "alice") || good != (id.Principal.ID != "") {
				t.Errorf("%s: got %+v", tt.name, id)
			}
		}
	}
}

// TestTooManyAttempts: guessing ends, the user who is known goes on.
func TestTooManyAttempts(t *testing.T) {
	now := time.Now()
	r := newResolver(t, func(c *Config) { c.Attempts = 3; c.Now = func() time.Time { return now } })
	right := evidence("alice", "open:sesame")
	if got := reason(r, right); got != identity.PasswordMatched {
		t.Fatal(got)
	}
	guess := func(i int) string { return reason(r, evidence("alice", strconv.Itoa(i))) }
	for i := range 3 {
		if got := guess(i); got != identity.PasswordWrong {
			t.Errorf("guess %d: got %s", i, got)
		}
	}
	if got := guess(3); got != identity.TooManyAttempts {
		t.Errorf("guess 3: got %s, want %s", got, identity.TooManyAttempts)
	}
	if got := guess(0); got != identity.PasswordWrong {
		t.Errorf("a guess that is known to be wrong: got %s, want %s", got, identity.PasswordWrong)
	}
	if got := reason(r, right); got != identity.PasswordMatched {
		t.Errorf("the right one: got %s, want %s", got, identity.PasswordMatched)
	}
	if got := reason(r, evidence("bob", "x")); got != identity.PasswordWrong {
		t.Errorf("another user: got %s, want %s", got, identity.PasswordWrong)
	}
	now = now.Add(failureLife)
	if got := guess(3); got != identity.PasswordWrong {
		t.Errorf("a minute later: got %s, want %s", got, identity.PasswordWrong)
	}
}

// TestOverload: while all slots are taken, a call waits for its time and no
// longer; one that is known needs no slot.
func TestOverload(t *testing.T) {
	r := newResolver(t, func(c *Config) { c.InFlight = 1; c.Wait = time.Millisecond })
	known := evidence("alice", "open:sesame")
	reason(r, known)
	r.slots <- struct{}{}
	if got := reason(r, evidence("alice", "x")); got != identity.CheckOverloaded {
		t.Errorf("got %s, want %s", got, identity.CheckOverloaded)
	}
	if got := reason(r, known); got != identity.PasswordMatched {
		t.Errorf("a known one: got %s, want %s", got, identity.PasswordMatched)
	}
	<-r.slots
	if got := reason(r, evidence("alice", "x")); got != identity.PasswordWrong {
		t.Errorf("when there is room: got %s, want %s", got, identity.PasswordWrong)
	}
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	r := newResolver(t, func(c *Config) { c.Attempts = 1000 })
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if got := reason(r, evidence("alice", "open:sesame")); got != identity.PasswordMatched {
				t.Errorf("right: got %s", got)
			}
			if got := reason(r, evidence("alice", strconv.Itoa(i%4))); got != identity.PasswordWrong {
				t.Errorf("wrong: got %s", got)
			}
		})
	}
	wg.Wait()
}

// TestLoad: what is accepted, and a message with the line for what is not.
func TestLoad(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	good := string(hash)
	path := filepath.Join(t.TempDir(), "htpasswd")
	load := func(text string) (map[string][]byte, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path)
	}
	users, err := load("# people\n\nalice:" + good + "\r\nbob:$2y$" + good[4:] + "\n")
	if err != nil || len(users) != 2 {
		t.Fatalf("got %d users, %v", len(users), err)
	}
	r := newResolver(t, func(c *Config) { c.Users = users })
	if got := reason(r, evidence("bob", "x")); got != identity.PasswordMatched {
		t.Errorf("a hash as Apache writes it ($2y$): got %s", got)
	}
	_, err = load("alice:" + good + "\nalice:" + good + "\nno colon\nmd5:$apr1$secretsalt$x\nsha:{SHA}secretsha\nold:$6$secretx\nplain:secretword\nlong:$2y$20$" + good[7:] + "\ncut:" + good[:30])
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{path, `line 2: user "alice" comes twice`, "line 3: want user:hash", "line 4: user \"md5\": the hash is MD5",
		"line 5: ", "SHA-1", "line 6: ", "SHA-crypt", "line 7: ", "not bcrypt", "line 8: ", "cost 20", "line 9: ", "damaged", "htpasswd -B"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the message shows a hash:\n%v", err)
	}
}

func BenchmarkCached(b *testing.B) {
	r := newResolver(b, nil)
	ev := evidence("alice", "open:sesame")
	b.ReportAllocs()
	for b.Loop() {
		if reason(r, ev) != identity.PasswordMatched {
			b.Fatal("not matched")
		}
	}
}
