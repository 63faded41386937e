package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
)

// TestTrace: a caller asks one service through the gateway, and that asks
// another, in the same trace. Both calls are found by its id, and both services
// got the header as it was sent.
func TestTrace(t *testing.T) {
	const (
		trace       = "4bf92f3577b34da6a3ce929d0e0e4736"
		caller      = "00-" + trace + "-00f067aa0ba902b7-01"
		shop        = "00-" + trace + "-53995c3f42cd8ad8-01"
		state       = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
		malformed   = "00-" + trace + "-00F067AA0BA902B7-01"
		other, span = "80f198ee56343ba864fe8b2a57d3eff7", "e457b5a2e4d86bd1"
	)
	var gateway string
	got := make(chan http.Header, 10)
	services := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Clone()
		if r.URL.Path == "/shop/order" {
			req, _ := http.NewRequest("POST", gateway+"/billing/charge", nil)
			req.Header.Set("traceparent", shop)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		io.WriteString(w, "done")
	}))
	defer services.Close()
	s := serve(t, t.TempDir(), services.URL)
	gateway = s.url
	send := func(path string, header ...string) http.Header {
		t.Helper()
		req, _ := http.NewRequest("GET", s.url+path, nil)
		for i := 0; i < len(header); i += 2 {
			req.Header.Add(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		return <-got
	}

	if h := send("/shop/order", "traceparent", caller, "tracestate", state); h.Get("Traceparent") != caller || h.Get("Tracestate") != state {
		t.Errorf("the first service got %v", h)
	}
	if h := <-got; h.Get("Traceparent") != shop {
		t.Errorf("the second service got %v", h)
	}
	if h := send("/malformed", "traceparent", malformed, "traceparent", caller); len(h["Traceparent"]) != 2 || h["Traceparent"][0] != malformed {
		t.Errorf("malformed headers came as %v", h)
	}
	if h := send("/zipkin", "X-B3-TraceId", other, "X-B3-SpanId", span, "X-B3-Sampled", "0"); h.Get("X-B3-TraceId") != other || h.Get("X-B3-SpanId") != span || h.Get("X-B3-Sampled") != "0" {
		t.Errorf("the headers of B3 came as %v", h)
	}
	if h := send("/plain"); h["Traceparent"] != nil || h["B3"] != nil {
		t.Errorf("the gateway began a trace: %v", h)
	}

	s.await("kind:=access", 5)
	hits := s.await("trace.id:="+trace, 2)
	paths := map[string]bool{hits[0].What.Path: true, hits[1].What.Path: true}
	if !paths["/shop/order"] || !paths["/billing/charge"] {
		t.Errorf("the trace has %v", paths)
	}
	s.await(trace, 2) // as one would paste it
	if hits := s.await("trace.parent:="+span, 1); hits[0].What.Path != "/zipkin" {
		t.Errorf("the span made the call %s", hits[0].What.Path)
	}
	s.await("kind:=access trace.id:*", 3)

	shown := asked(t, s, "show", strconv.FormatUint(hits[0].Number, 10))
	if !regexp.MustCompile(`(?m)^trace\.id +`+trace+`$`).MatchString(shown) || !regexp.MustCompile(`(?m)^trace\.parent +(00f067aa0ba902b7|53995c3f42cd8ad8)$`).MatchString(shown) {
		t.Errorf("gatebook show does not name the trace:\n%s", shown)
	}
	if columns := asked(t, s, "search", "trace.id:="+trace, "--columns", "number,trace.id,trace.parent"); strings.Count(columns, trace) != 2 {
		t.Errorf("the columns show\n%s", columns)
	}

	s.stop()
	intact(t, s.data)
	l := openLedger(t, s.data)
	n := 0
	err := l.Headers(0, l.Size(), func(number uint64, b []byte) error {
		h, err := event.DecodeHeader(b)
		if err != nil {
			return err
		}
		if h.Trace.ID == trace || h.Trace == (event.Trace{ID: other, Parent: span}) {
			n++
		} else if h.Trace != (event.Trace{}) {
			t.Errorf("record %d has the trace %+v", number, h.Trace)
		}
		return nil
	})
	if err != nil || n != 3 {
		t.Errorf("%d headers of the ledger name the traces, want 3; %v", n, err)
	}
}
