package header

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

var testKey = redact.Key("a key of at least sixteen bytes")

func newResolver(t *testing.T) *Resolver {
	t.Helper()
	r, err := New(Config{
		Key:     testKey,
		Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		User:    "x-forwarded-user", Name: "X-Forwarded-Name", Email: "X-Forwarded-Email", Groups: "X-Forwarded-Groups", Tenant: "x-tenant",
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPeers: who may say who it is.
func TestPeers(t *testing.T) {
	r := newResolver(t)
	if got, want := r.Sources().Headers, []string{"X-Forwarded-User", "X-Forwarded-Name", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Tenant"}; !slices.Equal(got, want) {
		t.Errorf("sources %v, want %v", got, want)
	}
	for _, tt := range []struct {
		peer   string
		user   []string
		reason string
	}{
		{"10.1.2.3:4", []string{"alice"}, identity.PeerTrusted},
		{"[::ffff:10.1.2.3]:4", []string{"alice"}, identity.PeerTrusted},
		{"[fd00::1%eth0]:4", []string{"alice"}, identity.PeerTrusted},
		{"11.1.2.3:4", []string{"alice"}, identity.UntrustedPeer},
		{"127.0.0.1:4", []string{"alice"}, identity.UntrustedPeer},
		{"[::1]:4", []string{"alice"}, identity.UntrustedPeer},
		{"", []string{"alice"}, identity.UntrustedPeer},
		{"11.1.2.3:4", []string{"alice", "root"}, identity.UntrustedPeer},
		{"10.1.2.3:4", []string{"alice", "root"}, identity.AmbiguousCredential},
		{"10.1.2.3:4", []string{"al\nice"}, identity.MalformedCredential},
		{"10.1.2.3:4", []string{"al\xffice"}, identity.MalformedCredential},
		{"10.1.2.3:4", []string{strings.Repeat("a", 2000)}, identity.MalformedCredential},
		{"10.1.2.3:4", []string{""}, ""},
		{"10.1.2.3:4", nil, ""},
		{"11.1.2.3:4", nil, ""},
	} {
		ev := &capture.Evidence{Headers: map[string][]string{
			"X-Forwarded-User": tt.user, "X-Forwarded-Name": {"Alice"}, "X-Forwarded-Email": {"a@x.example", "b@x.example"},
			"X-Forwarded-Groups": {"support, sales", "admin"}, "X-Tenant": {"t-7"}}}
		if tt.peer != "" {
			ev.Peer = netip.MustParseAddrPort(tt.peer)
		}
		id := r.Resolve(t.Context(), ev)
		if id == nil {
			if tt.reason != "" {
				t.Errorf("%s %q: nothing, want %s", tt.peer, tt.user, tt.reason)
			}
			continue
		}
		if id.Principal.Reason != tt.reason {
			t.Errorf("%s %q: got %s, want %s", tt.peer, tt.user, id.Principal.Reason, tt.reason)
		}
		if tt.reason == identity.PeerTrusted {
			if id.Principal.Level != event.LevelAsserted || id.Principal.Kind != event.User || id.Subject != "alice" || id.Name != "Alice" ||
				id.Email != "" || id.Tenant != "t-7" || !slices.Equal(id.Groups, []string{"support", "sales", "admin"}) ||
				id.Principal.ID != identity.Pseudonym(testKey, "trusted-header", "alice") {
				t.Errorf("%s: got %+v", tt.peer, id)
			}
		} else if id.Principal.Level != event.LevelClaimed || id.Principal.ID != "" || id.Subject != "" || id.Name != "" || id.Groups != nil || id.Claimed == "" {
			t.Errorf("%s %q: a claim became an identity: %+v", tt.peer, tt.user, id)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	_, err := New(Config{})
	for _, want := range []string{"installation's key", "trusted: is empty", "user: is empty"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("want %q in: %v", want, err)
		}
	}
	if _, err := New(Config{Key: testKey, Trusted: []netip.Prefix{{}}, User: "X"}); err == nil || !strings.Contains(err.Error(), "trusted[0]") {
		t.Errorf("an invalid network: got %v", err)
	}
}
