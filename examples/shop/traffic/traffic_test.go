package traffic_test

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/examples/shop/api"
	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/examples/shop/store"
	"github.com/gatebook/gatebook/examples/shop/traffic"
)

// TestMix runs the traffic for two seconds against the real API and issuer
// and looks at who called and how the calls were answered. Tokens live a
// second, so that they are renewed on the way.
func TestMix(t *testing.T) {
	iss, err := issuer.Start(issuer.Config{TokenLifetime: time.Second + 500*time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer iss.Close()
	shop, err := api.New(api.Config{Store: store.New(1), Issuer: iss.URL, TrustGateway: true})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	traces := map[string]int{}            // calls by traceparent's trace id
	tracing := map[string]map[bool]bool{} // by user agent, whether it sends one
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		_, trace, traced := strings.Cut(r.Header.Get("Traceparent"), "-")
		if traced {
			traces[trace[:32]]++
		}
		if tracing[r.UserAgent()] == nil {
			tracing[r.UserAgent()] = map[bool]bool{}
		}
		tracing[r.UserAgent()][traced] = true
		mu.Unlock()
		shop.ServeHTTP(w, r)
	}))
	defer srv.Close()
	defer shop.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var status bytes.Buffer
	r, err := traffic.Run(ctx, traffic.Config{Target: srv.URL, Issuer: iss.URL, Rate: 200, Seed: 4,
		APIKey: "not-a-secret", Status: &status, StatusEvery: 900 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r, r.ByStatus, "behind", r.Behind)
	if r.Errors != 0 {
		t.Errorf("%d errors", r.Errors)
	}
	if r.Calls < 50 {
		t.Errorf("%d calls: too few to tell anything", r.Calls)
	}
	for _, kind := range []string{traffic.People, traffic.Services, traffic.Apps, traffic.Machines, traffic.Strange} {
		if r.ByKind[kind] == 0 {
			t.Errorf("no calls of %s", kind)
		}
	}
	if people := r.ByKind[traffic.People]; people < r.Calls/3 {
		t.Errorf("people made %d of %d calls, want more than a third", people, r.Calls)
	}
	good := 0
	for code, n := range r.ByStatus {
		switch {
		case code < 300:
			good += n
		case code >= 500:
			t.Errorf("%d answers with status %d", n, code)
		}
	}
	if good < r.Calls*7/10 {
		t.Errorf("%d of %d calls succeeded, want most", good, r.Calls)
	}
	for _, code := range []int{101, 200, 201, 401, 404} {
		if r.ByStatus[code] == 0 {
			t.Errorf("no answer with status %d", code)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !tracing["nightly-billing/2.3"][true] || tracing["nightly-billing/2.3"][false] || tracing["warehouse-scanner/1.9"][true] {
		t.Errorf("who sends a traceparent: %v", tracing)
	}
	if several := slices.Max(slices.Collect(maps.Values(traces))); several < 2 {
		t.Errorf("no trace has several calls, of %d traces", len(traces))
	}
	if !strings.Contains(status.String(), "calls/s") {
		t.Errorf("status lines: got %q", status.String())
	}
}

func TestMachineNeedsACredential(t *testing.T) {
	iss, err := issuer.Start(issuer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer iss.Close()
	shop, err := api.New(api.Config{Store: store.New(1), Issuer: iss.URL})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(shop)
	defer srv.Close()
	defer shop.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	r, err := traffic.Run(ctx, traffic.Config{Target: srv.URL, Issuer: iss.URL, Rate: 300})
	if err != nil {
		t.Fatal(err)
	}
	if r.ByKind[traffic.Machines] != 0 {
		t.Errorf("a machine without key or certificate made %d calls", r.ByKind[traffic.Machines])
	}
}

func TestBadConfig(t *testing.T) {
	for what, cfg := range map[string]traffic.Config{
		"no target":     {Issuer: "http://127.0.0.1:1"},
		"no issuer":     {Target: "http://127.0.0.1:1"},
		"negative rate": {Target: "http://127.0.0.1:1", Issuer: "http://127.0.0.1:1", Rate: -1},
		"huge rate":     {Target: "http://127.0.0.1:1", Issuer: "http://127.0.0.1:1", Rate: 1e6},
	} {
		if _, err := traffic.Run(t.Context(), cfg); err == nil {
			t.Errorf("%s: was accepted", what)
		}
	}
}
