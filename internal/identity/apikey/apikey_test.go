package apikey

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

var testKey = redact.Key("a key of at least sixteen bytes")

func open(t testing.TB, path string, now func() time.Time) (*Store, *Resolver) {
	t.Helper()
	s, err := Open(StoreConfig{Path: path, Key: testKey, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Config{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func add(t testing.TB, s *Store, spec Spec) (string, Info) {
	t.Helper()
	key, info, err := s.Add(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(key), info
}

func reason(r *Resolver, ev *capture.Evidence) string {
	if id := r.Resolve(context.Background(), ev); id != nil {
		return id.Principal.Reason
	}
	return ""
}

func keys(list ...string) *capture.Evidence { return &capture.Evidence{Keys: list} }

// TestStory follows a key from its making to its end.
func TestStory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "apikeys.json")
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s, r := open(t, path, func() time.Time { return now })
	if n := len(s.List()); n != 0 {
		t.Fatalf("a new store has %d keys", n)
	}
	key, info := add(t, s, Spec{Name: "billing", Kind: event.Service, Owner: "carol", Expires: now.Add(time.Hour), Scopes: []string{"b", "a", "b"}})
	if !regexp.MustCompile(`^gbk_[a-z2-7]{10}_[a-z2-7]{39}$`).MatchString(key) {
		t.Fatalf("key %q has not the documented form", key)
	}

	id := r.Resolve(t.Context(), keys(key))
	if p := id.Principal; p.Kind != event.Service || p.Issuer != "gatebook" || p.Level != event.LevelVerified ||
		p.Reason != identity.KeyMatched || p.ID != identity.Pseudonym(testKey, "gatebook", "billing") || id.Subject != "billing" {
		t.Errorf("got %+v, subject %q", p, id.Subject)
	}
	if c := id.Credential; c.KeyID != info.ID || c.Fingerprint != redact.Fingerprint(testKey, key) || c.Method != "api-key" ||
		!slices.Equal(c.Scopes, []string{"a", "b"}) || !c.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("got %+v", c)
	}
	if got := s.List()[0].LastUsed; !got.Equal(now) {
		t.Errorf("last used %v, want %v", got, now)
	}

	now = now.Add(time.Hour)
	if got := reason(r, keys(key)); got != identity.KeyExpired {
		t.Errorf("an hour later: got %s, want %s", got, identity.KeyExpired)
	}
	if err := s.Revoke(info.ID); err != nil {
		t.Fatal(err)
	}
	id = r.Resolve(t.Context(), keys(key))
	if id.Principal.Reason != identity.KeyRevoked || id.Principal.ID != "" || id.Subject != "" || id.Claimed != "billing" ||
		id.Credential.Scopes != nil || id.Credential.KeyID != info.ID {
		t.Errorf("revoked: got %+v", id)
	}
	if err := s.Revoke("nosuchid22"); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoking an unknown key: got %v, want %v", err, ErrNotFound)
	}

	again, _ := open(t, path, nil)
	if got, want := again.List(), s.List(); len(got) != 1 || got[0].ID != want[0].ID || !got[0].Revoked.Equal(now) ||
		got[0].Owner != "carol" || !got[0].LastUsed.Equal(now.Add(-time.Hour)) {
		t.Errorf("read back: got %+v, want %+v", got, want)
	}
}

// TestFile: private, and without a secret.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "apikeys.json")
	s, _ := open(t, path, nil)
	key, _ := add(t, s, Spec{Name: "x", Kind: event.Machine})
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{path, path + ".lock"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode())
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), key[len(Prefix)+idLen+1:]) {
			t.Errorf("%s holds the secret", name)
		}
	}
}

// TestSources: where a key may stand, and what is not one of ours.
func TestSources(t *testing.T) {
	s, r := open(t, filepath.Join(t.TempDir(), "k"), nil)
	key, _ := add(t, s, Spec{Name: "x", Kind: event.User})
	other, _ := open(t, filepath.Join(t.TempDir(), "k"), nil)
	stranger, _ := add(t, other, Spec{Name: "x", Kind: event.User})
	wrong := key[:len(key)-8] + "aaaaaaaa"
	auth := func(v string) *capture.Evidence { return &capture.Evidence{Authorization: []string{v}} }
	forged := key[:len(Prefix)+idLen+1] + stranger[len(Prefix)+idLen+1:len(stranger)-sumLen]
	forged += checksum(forged) // right id, wrong secret, right checksum
	for _, tt := range []struct {
		name string
		ev   *capture.Evidence
		want string
	}{
		{"nothing", &capture.Evidence{}, ""},
		{"header", keys(key), identity.KeyMatched},
		{"beside a foreign one", keys("foreign", key), identity.KeyMatched},
		{"bearer", auth("Bearer " + key), identity.KeyMatched},
		{"no scheme", auth(key), identity.KeyMatched},
		{"ApiKey", auth("ApiKey " + key), identity.KeyMatched},
		{"foreign", keys("foreign"), identity.KeyUnknown},
		{"empty", keys(""), ""},
		{"wrong checksum", keys(wrong), identity.KeyUnknown},
		{"another store's", keys(stranger), identity.KeyUnknown},
		{"right id, wrong secret", keys(forged), identity.KeyUnknown},
		{"cut", keys(key[:20]), identity.KeyUnknown},
		{"another bearer", auth("Bearer opaque"), ""},
		{"twice", &capture.Evidence{Authorization: []string{"Bearer " + key, "Bearer " + key}}, ""},
		{"basic", auth("Basic " + key), ""},
	} {
		if got := reason(r, tt.ev); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	id := r.Resolve(t.Context(), keys("foreign"))
	if id.Credential.Fingerprint != redact.Fingerprint(testKey, "foreign") || id.Principal.ID != "" || id.Principal.Level != event.LevelClaimed {
		t.Errorf("a foreign key: got %+v", id)
	}
}

// TestTwoProcesses: what one adds or revokes, the other sees; neither undoes
// the other.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	server, r := open(t, path, nil)
	tool, _ := open(t, path, nil)
	key, info := add(t, tool, Spec{Name: "x", Kind: event.User})
	if err := server.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := reason(r, keys(key)); got != identity.KeyMatched {
		t.Fatalf("added by the other: got %s", got)
	}
	if err := tool.Revoke(info.ID); err != nil {
		t.Fatal(err)
	}
	if err := server.Flush(); err != nil { // with the old state in memory
		t.Fatal(err)
	}
	if got := reason(r, keys(key)); got != identity.KeyRevoked {
		t.Errorf("revoked by the other: got %s", got)
	}
	var wg sync.WaitGroup
	for _, s := range []*Store{server, tool} {
		wg.Go(func() {
			for range 10 {
				if _, _, err := s.Add(Spec{Name: "y", Kind: event.User}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := server.Reload(); err != nil {
		t.Fatal(err)
	}
	if n := len(server.List()); n != 21 {
		t.Errorf("%d keys after two processes added 10 each to 1", n)
	}
}

// TestRun: a running server sees the change of another process within a
// second, and writes the last uses at its end.
func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	synctest.Test(t, func(t *testing.T) {
		_, r := open(t, path, nil)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		tool, _ := open(t, path, nil)
		key, _ := add(t, tool, Spec{Name: "x", Kind: event.User})
		time.Sleep(PollInterval)
		synctest.Wait()
		if got := reason(r, keys(key)); got != identity.KeyMatched {
			t.Errorf("after %v: got %s", PollInterval, got)
		}
		used := time.Now()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := tool.Reload(); err != nil {
			t.Fatal(err)
		}
		if got := tool.List()[0].LastUsed; !got.Equal(used) {
			t.Errorf("last used %v, want %v", got, used)
		}
	})
}

// TestAddErrors: all at once.
func TestAddErrors(t *testing.T) {
	s, _ := open(t, filepath.Join(t.TempDir(), "k"), nil)
	_, _, err := s.Add(Spec{Name: " ", Kind: "robot", Owner: "a\nb", Expires: time.Unix(1, 0), Scopes: []string{"a b"}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"name: is empty", `kind: "robot"`, "owner: want", "expires: 1970", `scopes: "a b"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in: %v", want, err)
		}
	}
	add(t, s, Spec{Name: "x", Kind: event.User})
	if _, _, err := s.Add(Spec{Name: "x", Kind: event.Service}); err == nil || !strings.Contains(err.Error(), "is a user already") {
		t.Errorf("one name of two kinds: got %v", err)
	}
}

// TestBadFile: each has a message that says what to do, and none is touched.
func TestBadFile(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"newer":              {`{"version":2,"keys":[]}`, "newer Gatebook"},
		"no version":         {`{}`, "version is 0"},
		"no JSON":            {`hello`, "invalid character"},
		"unknown key":        {`{"version":1,"surprise":1}`, "surprise"},
		"other installation": {`{"version":1,"key_check":"` + strings.Repeat("0", 64) + `"}`, "another installation key"},
	} {
		path := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(StoreConfig{Path: path, Key: testKey})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q and the path", name, err, tt.want)
		}
		if raw, _ := os.ReadFile(path); string(raw) != tt.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	path := filepath.Join(t.TempDir(), "nosuchdir", "k")
	s, _ := open(t, path, nil)
	if _, _, err := s.Add(Spec{Name: "x", Kind: event.User}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: got %v", err)
	}
}

// FuzzParse: what parses is what format writes.
func FuzzParse(f *testing.F) {
	var random [27]byte
	_, key := format(Prefix, &random)
	f.Add(key)
	f.Add(key[:len(key)-1] + "b")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := parse(Prefix, s)
		if ok && (len(s) != keyLen || !strings.HasPrefix(s, Prefix+id+"_") || checksum(s[:keyLen-sumLen]) != s[keyLen-sumLen:]) {
			t.Fatalf("%q parsed as %q", s, id)
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	s, r := open(b, filepath.Join(b.TempDir(), "k"), nil)
	key, _ := add(b, s, Spec{Name: "x", Kind: event.User})
	ev := keys(key)
	b.ReportAllocs()
	for b.Loop() {
		if reason(r, ev) != identity.KeyMatched {
			b.Fatal("not matched")
		}
	}
}
