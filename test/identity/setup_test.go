package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/examples/shop/grant"
	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/apikey"
	"github.com/gatebook/gatebook/internal/identity/header"
	"github.com/gatebook/gatebook/internal/identity/jwt"
	"github.com/gatebook/gatebook/internal/identity/mtls"
	"github.com/gatebook/gatebook/internal/redact"
)

var key = redact.Key("the key of this installation")

// minInterval is short, so that no test has to wait for the next fetch.
const minInterval = 50 * time.Millisecond

// world is an API behind the recording middleware, and an issuer.
type world struct {
	t      *testing.T
	issuer *issuer.Issuer
	slow   *slow
	keys   *apikey.Store
	tokens *jwt.Resolver
	chain  *identity.Chain
	api    *httptest.Server
	events *sink
}

// newWorld starts all. The first keys are there when it returns, unless the
// issuer is made to hang before.
func newWorld(t *testing.T, trusted string) *world {
	t.Helper()
	return newWorldOf(t, trusted, issuer.Config{}, jwt.Introspection{})
}

// newWorldOf is newWorld with another issuer, which is asked about opaque
// tokens.
func newWorldOf(t *testing.T, trusted string, cfg issuer.Config, ask jwt.Introspection) *world {
	t.Helper()
	w := &world{t: t, slow: &slow{}, events: &sink{}}
	var err error
	w.issuer, err = issuer.Start(cfg)
	must(t, err)
	t.Cleanup(func() { w.issuer.Close() })

	w.tokens, err = jwt.New(jwt.Config{
		Issuers:     []jwt.Issuer{{URL: w.issuer.URL, Audiences: []string{issuer.Audience}, Introspection: ask}},
		Key:         key,
		Client:      &http.Client{Transport: w.slow},
		MinInterval: minInterval,
	})
	must(t, err)
	w.keys, err = apikey.Open(apikey.StoreConfig{Path: filepath.Join(t.TempDir(), "apikeys.json"), Key: key})
	must(t, err)
	keys, err := apikey.New(apikey.Config{Store: w.keys})
	must(t, err)
	certificates, err := mtls.New(mtls.Config{Key: key})
	must(t, err)
	headers, err := header.New(header.Config{Key: key, Trusted: []netip.Prefix{netip.MustParsePrefix(trusted)}, User: "X-Forwarded-User"})
	must(t, err)
	w.chain, err = identity.New(identity.Config{Key: key, Resolvers: []identity.Resolver{certificates, w.tokens, keys, headers}})
	must(t, err)
	w.run()
	w.serve(&tls.Config{ClientAuth: tls.RequestClientCert})
	return w
}

// serve starts the API.
func (w *world) serve(cfg *tls.Config) {
	w.t.Helper()
	record, err := capture.Middleware(capture.Config{Edge: "test", Sink: w.events, Identifier: w.chain, Key: key})
	must(w.t, err)
	w.api = httptest.NewUnstartedServer(record(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { io.WriteString(rw, "hello") })))
	w.api.TLS = cfg
	w.api.StartTLS()
	w.t.Cleanup(w.api.Close)
}

// run runs the chain until the test ends.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.chain.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
}

// call makes a call with the headers, and returns its event and how long it
// took.
func (w *world) call(headers http.Header, certs ...tls.Certificate) (*event.Event, time.Duration) {
	w.t.Helper()
	client := w.api.Client()
	if len(certs) > 0 {
		transport := client.Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = certs
		defer transport.CloseIdleConnections()
		client = &http.Client{Transport: transport}
	}
	req, err := http.NewRequest(http.MethodGet, w.api.URL+"/orders", nil)
	must(w.t, err)
	req.Header = headers
	before := len(w.events.all())
	began := time.Now()
	resp, err := client.Do(req)
	must(w.t, err)
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	took := time.Since(began)
	for deadline := time.Now().Add(10 * time.Second); ; {
		if all := w.events.all(); len(all) > before {
			return all[len(all)-1], took
		}
		if time.Now().After(deadline) {
			w.t.Fatal("no event of the call")
		}
		time.Sleep(time.Millisecond) // the event follows the answer
	}
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// token asks the issuer for alice's token by the shop's console.
func (w *world) token() string { return w.got(w.issuer.UserToken(w.t.Context(), "alice", "shop-web")) }

func (w *world) got(token grant.Token, err error) string {
	w.t.Helper()
	must(w.t, err)
	return token.Access
}

// expect makes a call and compares level and reason of its event.
func (w *world) expect(name string, headers http.Header, level event.Level, reason string) *event.Event {
	w.t.Helper()
	e, _ := w.call(headers)
	if e.Principal.Level != level || e.Principal.Reason != reason {
		w.t.Errorf("%s: got level %d %s, want level %d %s", name, e.Principal.Level, e.Principal.Reason, level, reason)
	}
	if level < event.LevelAsserted && (e.Principal.ID != "" || e.Who.Subject != "" || e.Who.Email != "" || e.Credential.Client != "") {
		w.t.Errorf("%s: a claim became an identity: %+v %+v %+v", name, e.Principal, e.Credential, e.Who)
	}
	return e
}

// eventually makes calls until one has the reason: for what follows in the
// background.
func (w *world) eventually(name string, headers http.Header, reason string) {
	w.t.Helper()
	var got string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(minInterval / 5) {
		e, _ := w.call(headers)
		if got = e.Principal.Reason; got == reason {
			return
		}
	}
	w.t.Errorf("%s: got %s, want %s", name, got, reason)
}

// sink keeps events in memory.
type sink struct {
	mu     sync.Mutex
	events []*event.Event
}

func (s *sink) Put(e *event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

func (s *sink) Append(context.Context, *event.Event) (capture.Receipt, error) {
	return capture.Receipt{}, errors.New("the test has no route that waits for its record")
}

func (s *sink) all() []*event.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// slow lets the way to the issuer hang.
type slow struct {
	mu   sync.Mutex
	gate chan struct{} // nil: the way is free
}

func (s *slow) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	return http.DefaultTransport.RoundTrip(req)
}

func (s *slow) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan struct{})
}

func (s *slow) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.gate)
	s.gate = nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
