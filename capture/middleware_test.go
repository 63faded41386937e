package capture_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
)

// memory is a sink that keeps events.
type memory struct {
	events chan *event.Event
	refuse error
}

func (m *memory) Put(e *event.Event) { m.events <- e }

func (m *memory) Append(_ context.Context, e *event.Event) (capture.Receipt, error) {
	if m.refuse != nil {
		return capture.Receipt{}, m.refuse
	}
	m.events <- e
	return capture.Receipt{Number: 7, Checkpoint: []byte("c")}, nil
}

func serve(t *testing.T, o capture.Options, h http.HandlerFunc) (*memory, string) {
	t.Helper()
	m := &memory{events: make(chan *event.Event, 10)}
	wrap, err := capture.Middleware(capture.Config{Edge: "e", Sink: m, Key: []byte("0123456789abcdef"), Options: o})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(wrap(h))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return m, s.URL
}

func TestMiddlewareRecordsHoweverACallEnds(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		whole   bool // the client gets a whole answer
		status  int
		bytes   uint64
		code    string
	}{
		{"nothing written", func(w http.ResponseWriter, r *http.Request) {}, true, 200, 0, ""},
		{"written", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }, true, 200, 5, ""},
		{"status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); w.WriteHeader(500) }, true, 404, 0, ""},
		{"aborts", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, false, 0, 0, capture.ResponseAborted},
		{"panics", func(w http.ResponseWriter, r *http.Request) { panic(errors.New("x")) }, false, 0, 0, capture.HandlerPanic},
		{"says too little", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "hello")
		}, false, 200, 5, capture.ResponseShort},
		{"changes the request", func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("X-Sent")
			r.URL.Path = "/other"
		}, true, 200, 0, ""},
		{"hijacks", func(w http.ResponseWriter, r *http.Request) {
			c, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			rw.WriteString("HTTP/1.1 299 Mine\r\nContent-Length: 2\r\n\r\nok")
			rw.Flush()
			c.Close()
		}, true, 299, 2, ""},
	}
	for _, tt := range tests {
		for _, d := range []capture.Durability{capture.Served, capture.Recorded} {
			t.Run(fmt.Sprint(tt.name, " ", d), func(t *testing.T) {
				m, url := serve(t, capture.Options{Durability: d}, tt.handler)
				req, _ := http.NewRequest("GET", url+"/path", nil)
				req.Header.Set("X-Sent", "1")
				res, err := http.DefaultClient.Do(req)
				if err == nil {
					_, err = io.ReadAll(res.Body)
					res.Body.Close()
				}
				if (err == nil) != tt.whole {
					t.Errorf("the client: %v, want a whole answer %v", err, tt.whole)
				}
				e := <-m.events
				if e.Outcome.Status != tt.status || e.Outcome.Error != tt.code || e.Response.Bytes != tt.bytes || e.What.Path != "/path" || e.Capture.Method != "middleware" {
					t.Errorf("event: %+v %+v %+v", e.Outcome, e.Response, e.What)
				}
				if e.End().Before(e.Arrived) || e.Completed.IsZero() != (tt.code != "") || e.Ended.IsZero() != (tt.code == "") {
					t.Errorf("arrived %v, completed %v, ended %v", e.Arrived, e.Completed, e.Ended)
				}
				if s := fmt.Sprint(e.Payload.Request.Headers); !strings.Contains(s, "{X-Sent 1}") {
					t.Errorf("the request's header: %s", s)
				}
			})
		}
	}
}

// TestWhatIsHeld is about handlers on a recorded route whose sink refuses.
func TestWhatIsHeld(t *testing.T) {
	tests := []struct {
		name    string
		hold    int
		handler http.HandlerFunc
		clean   bool // the client gets a 503, else a broken answer
	}{
		{"short", 0, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }, true},
		{"header set too late", 0, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200); w.Header().Set("X", "1") }, true},
		{"at the limit", 5, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }, true},
		{"over the limit", 4, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }, false},
		{"nothing held", -1, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }, false},
		{"flushed", 0, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello"); w.(http.Flusher).Flush() }, false},
		{"flushed with length", 0, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
			http.NewResponseController(w).Flush()
		}, false},
		{"flushed without body", 0, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204); w.(http.Flusher).Flush() }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, url := serve(t, capture.Options{Durability: capture.Recorded, Hold: tt.hold, Receipt: true}, tt.handler)
			get := func() (status int, body string, err error) {
				res, err := http.Get(url)
				if err != nil {
					return 0, "", err
				}
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				if res.Header.Get("X") != "" {
					t.Error("a field that was set after WriteHeader was sent")
				}
				return res.StatusCode, string(b), err
			}
			if status, body, err := get(); status >= 300 || err != nil || body != "hello" && body != "" {
				t.Fatalf("got %d %q %v", status, body, err)
			}
			<-m.events
			m.refuse = errors.New("no")
			status, body, err := get()
			if tt.clean && (status != 503 || err != nil || strings.Contains(body, "hello") || !strings.Contains(body, `"code":"not-recorded"`)) {
				t.Errorf("got %d %q, %v, want a refusal", status, body, err)
			}
			if !tt.clean && err == nil {
				t.Errorf("got %d %q, want a broken answer", status, body)
			}
		})
	}
}

func TestAllThatIsWrongAtOnce(t *testing.T) {
	_, err := capture.New(capture.Config{Method: "x", Hosts: []string{"a b"}, ForwardedBy: "X-Real-Ip"})
	for _, want := range []string{"Edge", "Method", "Sink", "Key", "ForwardedBy", "a b"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

// TestMiddlewareAsksTheMeasures blocks an address: the handler is not asked.
func TestMiddlewareAsksTheMeasures(t *testing.T) {
	here, err := policy.ParsePrefix("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile([]policy.Measure{{ID: "m1", Kind: policy.Block, Subject: policy.Subject{Address: here}}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, live := &memory{events: make(chan *event.Event, 1)}, new(policy.Live)
	live.Store(set)
	wrap, err := capture.Middleware(capture.Config{Edge: "e", Sink: m, Key: []byte("0123456789abcdef"), Measures: live})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Error("the handler was asked") })))
	defer s.Close()
	res, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if o := (<-m.events).Outcome; res.StatusCode != 403 || o.Decision != capture.Denied || o.Reason != capture.Blocked || o.Measure != "m1" {
		t.Errorf("got %d, the event says %+v", res.StatusCode, o)
	}
}
