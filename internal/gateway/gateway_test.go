package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/gateway"
)

// ledger is a sink in memory. Events are sealed, so that each is known to be
// valid.
type ledger struct {
	t *testing.T

	mu     sync.Mutex
	events []*event.Event // guarded by mu
	refuse error          // guarded by mu
	grew   chan struct{}
}

var _ capture.Sink = (*ledger)(nil)

func newLedger(t *testing.T) *ledger { return &ledger{t: t, grew: make(chan struct{}, 1000)} }

func (l *ledger) Put(e *event.Event) {
	if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
		l.t.Errorf("an event cannot be sealed: %v", err)
	}
	l.mu.Lock()
	l.events = append(l.events, e)
	l.mu.Unlock()
	l.grew <- struct{}{}
}

func (l *ledger) Append(ctx context.Context, e *event.Event) (capture.Receipt, error) {
	l.mu.Lock()
	err := l.refuse
	n := len(l.events)
	l.mu.Unlock()
	if err != nil {
		return capture.Receipt{}, err
	}
	l.Put(e)
	return capture.Receipt{Number: uint64(n), Checkpoint: []byte("checkpoint\n")}, nil
}

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = err
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

// next waits for one more event.
func (l *ledger) next() *event.Event {
	l.t.Helper()
	select {
	case <-l.grew:
	case <-time.After(20 * time.Second):
		l.t.Fatal("no event came")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[len(l.events)-1]
}

// story is a gateway before an API.
type story struct {
	*ledger
	t    *testing.T
	gw   *gateway.Gateway
	addr string // of the gateway
	url  string
	api  *httptest.Server
	stop func() // drains the gateway, and waits
}

type setup struct {
	api       http.Handler
	route     gateway.Route
	config    gateway.Config
	recorder  capture.Config
	tls       *gateway.TLS
	upstream  string // instead of api
	noDefault bool
}

func start(t *testing.T, s setup) *story {
	t.Helper()
	st := &story{ledger: newLedger(t), t: t}
	if s.upstream == "" {
		st.api = httptest.NewServer(s.api)
		t.Cleanup(st.api.Close)
		s.upstream = st.api.URL
	}
	s.recorder.Edge, s.recorder.Method, s.recorder.Sink = "edge", "gateway", st.ledger
	s.recorder.Key = []byte("0123456789abcdef0123456789abcdef")
	rec, err := capture.New(s.recorder)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.config.Recorder = rec
	s.config.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	s.config.Listeners = []gateway.Listener{{Name: "main", Listener: l, TLS: s.tls}}
	if s.config.Routes == nil {
		s.route.Name = "api"
		s.route.Upstream.URL = parse(t, s.upstream)
		s.config.Routes = []gateway.Route{s.route}
	}
	if st.gw, err = gateway.New(s.config); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- st.gw.Run(ctx) }()
	st.addr, st.url = l.Addr().String(), "http://"+l.Addr().String()
	st.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(st.stop)
	return st
}

func parse(t *testing.T, s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (st *story) do(method, path, body string, header ...string) (*http.Response, string) {
	st.t.Helper()
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, st.url+path, b)
	if err != nil {
		st.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		st.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		st.t.Fatalf("reading the answer: %v", err)
	}
	return res, string(text)
}

func TestAnEventSaysWhatPassed(t *testing.T) {
	st := start(t, setup{
		api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("X-Saw", r.Host+" "+r.RequestURI)
			w.WriteHeader(201)
			w.Write(bytes.ToUpper(b))
		}),
	})
	res, body := st.do("POST", "/a%20b/c?x=1&y=%2f", `{"name":"ann"}`, "Content-Type", "application/json", "User-Agent", "test/1")
	if res.StatusCode != 201 || body != `{"NAME":"ANN"}` {
		t.Fatalf("got %d %q", res.StatusCode, body)
	}
	if got, want := res.Header.Get("X-Saw"), st.addr+" /a%20b/c?x=1&y=%2f"; got != want {
		t.Errorf("the API saw %q, want %q", got, want)
	}
	e := st.next()
	check := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	check("method", e.Operation.Method, "POST")
	check("protocol", e.Operation.Protocol, "http/1.1")
	check("host", e.Operation.Host, "127.0.0.1")
	check("status", e.Outcome.Status, 201)
	check("error", e.Outcome.Error, "")
	check("route", e.Capture.Route, "api")
	check("source", e.Capture.Source, "main")
	check("durability", e.Capture.Durability, "served")
	check("edge", e.Edge, "edge")
	check("seq", e.Sequence, uint64(1))
	check("path", e.What.Path, "/a%20b/c")
	check("query", e.What.Query, "x=1&y=%2f")
	check("request body", e.Payload.Request.Body, `{"name":"ann"}`)
	check("response body", e.Payload.Response.Body, `{"NAME":"ANN"}`)
	check("bytes in", e.Request.Bytes, uint64(14))
	check("bytes out", e.Response.Bytes, uint64(14))
	check("type in", e.Request.Type, "application/json")
	check("type out", e.Response.Type, "application/json")
	check("user agent", e.Who.UserAgent, "test/1")
	check("address", e.Who.Address, "127.0.0.1")
	check("kind", e.Principal.Kind, event.Anonymous)
	check("hash", e.Payload.Request.SHA256, "b92970da333a6d91b2ee76f9e636c7c0dd71bf5fc834db5230a61ac249400280")
	if e.Upstream.Sent <= 0 || e.Upstream.First < e.Upstream.Sent || e.Completed.Before(e.Arrived) {
		t.Errorf("times: %v %v %v %v", e.Arrived, e.Upstream.Sent, e.Upstream.First, e.Completed)
	}
}

func TestRefusedWhereThereIsNoRecord(t *testing.T) {
	st := start(t, setup{
		api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secret answer") }),
		route: gateway.Route{Capture: capture.Options{
			Durability: capture.Recorded, Receipt: true,
		}},
	})
	res, body := st.do("GET", "/", "")
	if res.StatusCode != 200 || body != "secret answer" || res.Header.Get(capture.ReceiptHeader) == "" {
		t.Fatalf("got %d %q %q", res.StatusCode, body, res.Header)
	}
	st.next()
	st.fail(errors.New("no"))
	res, body = st.do("GET", "/", "")
	if res.StatusCode != 503 || strings.Contains(body, "secret answer") || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("got %d %q %q", res.StatusCode, body, res.Header)
	}
}
