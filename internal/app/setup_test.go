package app

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/config"
)

// TestSetupRoute tells of upstreams that can be reached, and of others.
func TestSetupRoute(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	f := func(upstream string, reachable bool, fault, fix string) {
		t.Helper()
		u, err := url.Parse(upstream)
		if err != nil {
			t.Fatal(err)
		}
		got := setupRoute(t.Context(), &config.Route{Name: "shop", Path: "/", Upstream: u})
		if got.Reachable != reachable || !strings.Contains(got.Fault, fault) || !strings.Contains(got.Fix, fix) {
			t.Errorf("%s: got %+v, want reachable %v, fault %q, fix %q", upstream, got, reachable, fault, fix)
		}
		if strings.Contains(got.Upstream, "secret") {
			t.Errorf("%s: the password is shown: %s", upstream, got.Upstream)
		}
	}
	f("http://ann:secret@"+l.Addr().String(), true, "", "")
	f("h2c://"+l.Addr().String(), true, "", "")
	f("http://"+closed.Addr().String(), false, "nothing listens", "gateway.routes[shop].upstream")
	f("http://no-such-name.invalid", false, "", "gateway.routes[shop]")
}
