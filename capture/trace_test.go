package capture_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
	whole   = "00-" + traceID + "-" + spanID + "-01"
)

// traceCases are headers of a request, and the trace that is recorded of them.
var traceCases = []struct {
	name   string
	header []string // names and values
	want   event.Trace
}{
	{"none", nil, event.Trace{}},
	{"traceparent", []string{"traceparent", whole}, event.Trace{ID: traceID, Parent: spanID}},
	{"name in capitals", []string{"TRACEPARENT", whole}, event.Trace{ID: traceID, Parent: spanID}},
	{"not sampled", []string{"traceparent", "00-" + traceID + "-" + spanID + "-00"}, event.Trace{ID: traceID, Parent: spanID}},
	{"unknown flags", []string{"traceparent", "00-" + traceID + "-" + spanID + "-ff"}, event.Trace{ID: traceID, Parent: spanID}},
	{"space around", []string{"traceparent", " \t" + whole + "  "}, event.Trace{ID: traceID, Parent: spanID}},
	{"later version", []string{"traceparent", "cc" + whole[2:]}, event.Trace{ID: traceID, Parent: spanID}},
	{"later version with more", []string{"traceparent", "01" + whole[2:] + "-what.the-future"}, event.Trace{ID: traceID, Parent: spanID}},
	{"later version with a megabyte more", []string{"traceparent", "01" + whole[2:] + "-" + strings.Repeat("x", 1000<<10)}, event.Trace{ID: traceID, Parent: spanID}},
	{"later version without a dash", []string{"traceparent", "01" + whole[2:] + ".what"}, event.Trace{}},
	{"version ff", []string{"traceparent", "ff" + whole[2:]}, event.Trace{}},
	{"version in capitals", []string{"traceparent", "0A" + whole[2:]}, event.Trace{}},
	{"version that is none", []string{"traceparent", ".0" + whole[2:]}, event.Trace{}},
	{"version too long", []string{"traceparent", "0" + whole}, event.Trace{}},
	{"version too short", []string{"traceparent", whole[1:]}, event.Trace{}},
	{"more behind version 00", []string{"traceparent", whole + "-more"}, event.Trace{}},
	{"a byte behind version 00", []string{"traceparent", whole + "."}, event.Trace{}},
	{"a megabyte", []string{"traceparent", whole + strings.Repeat("0", 1000<<10)}, event.Trace{}},
	{"empty", []string{"traceparent", ""}, event.Trace{}},
	{"cut", []string{"traceparent", whole[:54]}, event.Trace{}},
	{"trace id in capitals", []string{"traceparent", strings.ToUpper(whole)}, event.Trace{}},
	{"trace id of zeros", []string{"traceparent", "00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}, event.Trace{}},
	{"trace id too short", []string{"traceparent", "00-" + traceID[1:] + "-" + spanID + "-01"}, event.Trace{}},
	{"trace id too long", []string{"traceparent", "00-0" + traceID + "-" + spanID + "-01"}, event.Trace{}},
	{"trace id that is none", []string{"traceparent", "00-" + traceID[:31] + "g-" + spanID + "-01"}, event.Trace{}},
	{"parent of zeros", []string{"traceparent", "00-" + traceID + "-0000000000000000-01"}, event.Trace{}},
	{"parent in capitals", []string{"traceparent", "00-" + traceID + "-00F067AA0BA902B7-01"}, event.Trace{}},
	{"parent too short", []string{"traceparent", "00-" + traceID + "-" + spanID[1:] + "-01"}, event.Trace{}},
	{"flags that are none", []string{"traceparent", whole[:54] + "x"}, event.Trace{}},
	{"flags in capitals", []string{"traceparent", whole[:53] + "0A"}, event.Trace{}},
	{"underscores", []string{"traceparent", strings.ReplaceAll(whole, "-", "_")}, event.Trace{}},
	{"bytes that are not ASCII", []string{"traceparent", "00-" + traceID[:30] + "é-" + spanID + "-01"}, event.Trace{}},
	{"twice", []string{"traceparent", whole, "traceparent", "00-" + strings.Repeat("1", 32) + "-" + spanID + "-01"}, event.Trace{}},
	{"twice the same", []string{"traceparent", whole, "traceparent", whole}, event.Trace{}},
	{"three times", []string{"traceparent", whole, "traceparent", whole, "traceparent", whole}, event.Trace{}},
	{"a list", []string{"traceparent", whole + "," + whole}, event.Trace{}},
	{"another name", []string{"trace-parent", whole}, event.Trace{}},

	{"b3", []string{"b3", traceID + "-" + spanID}, event.Trace{ID: traceID, Parent: spanID}},
	{"b3 sampled", []string{"b3", traceID + "-" + spanID + "-1"}, event.Trace{ID: traceID, Parent: spanID}},
	{"b3 debug, with the span before", []string{"B3", traceID + "-" + spanID + "-d-05e3ac9a4f6e3b90"}, event.Trace{ID: traceID, Parent: spanID}},
	{"b3 of 64 bits", []string{"b3", traceID[16:] + "-" + spanID + "-0"}, event.Trace{ID: "0000000000000000" + traceID[16:], Parent: spanID}},
	{"b3 that only denies", []string{"b3", "0"}, event.Trace{}},
	{"b3 with another state", []string{"b3", traceID + "-" + spanID + "-2"}, event.Trace{}},
	{"b3 that ends in a dash", []string{"b3", traceID + "-" + spanID + "-"}, event.Trace{}},
	{"b3 with more", []string{"b3", traceID + "-" + spanID + "-1-05e3ac9a4f6e3b90-"}, event.Trace{}},
	{"b3 of zeros", []string{"b3", strings.Repeat("0", 16) + "-" + spanID}, event.Trace{}},
	{"b3 in capitals", []string{"b3", strings.ToUpper(traceID) + "-" + spanID}, event.Trace{}},
	{"b3 twice", []string{"b3", traceID + "-" + spanID, "b3", traceID + "-" + spanID}, event.Trace{}},
	{"b3 of a megabyte", []string{"b3", strings.Repeat("a", 1000<<10)}, event.Trace{}},
	{"X-B3", []string{"X-B3-TraceId", traceID, "X-B3-SpanId", spanID, "X-B3-Sampled", "1", "X-B3-ParentSpanId", "05e3ac9a4f6e3b90"}, event.Trace{ID: traceID, Parent: spanID}},
	{"X-B3 of 64 bits", []string{"X-B3-TraceId", traceID[16:], "X-B3-SpanId", spanID}, event.Trace{ID: "0000000000000000" + traceID[16:], Parent: spanID}},
	{"X-B3 without span", []string{"X-B3-TraceId", traceID}, event.Trace{}},
	{"X-B3 twice", []string{"X-B3-TraceId", traceID, "X-B3-TraceId", traceID, "X-B3-SpanId", spanID}, event.Trace{}},

	{"traceparent before b3", []string{"b3", strings.Repeat("1", 32) + "-" + spanID, "traceparent", whole}, event.Trace{ID: traceID, Parent: spanID}},
	{"b3 before X-B3", []string{"X-B3-TraceId", strings.Repeat("1", 32), "X-B3-SpanId", spanID, "b3", traceID + "-" + spanID}, event.Trace{ID: traceID, Parent: spanID}},
	{"b3 beside a malformed traceparent", []string{"traceparent", "x", "b3", traceID + "-" + spanID}, event.Trace{ID: traceID, Parent: spanID}},
	{"X-B3 beside a b3 that denies", []string{"b3", "0", "X-B3-TraceId", traceID, "X-B3-SpanId", spanID}, event.Trace{ID: traceID, Parent: spanID}},

	{"a trace id that is the token", []string{"Authorization", "Bearer " + traceID, "traceparent", whole}, event.Trace{}},
	{"a trace id that is a key found later", []string{"traceparent", whole, "X-Api-Key", traceID}, event.Trace{}},
	{"a span that is the token", []string{"Authorization", "Bearer " + spanID, "traceparent", whole}, event.Trace{}},
}

// TestTrace is about what is recorded of trace headers, and that the handler
// gets them as they were sent.
func TestTrace(t *testing.T) {
	for _, o := range []capture.Options{{}, {NoHeaders: true}} {
		var got http.Header
		m, url := serve(t, o, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
		for _, tt := range traceCases {
			t.Run(tt.name, func(t *testing.T) {
				req, _ := http.NewRequest("GET", url, nil)
				for i := 0; i < len(tt.header); i += 2 {
					req.Header.Add(tt.header[i], tt.header[i+1])
				}
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				io.Copy(io.Discard, res.Body)
				res.Body.Close()
				e := <-m.events
				if e.Trace != tt.want {
					t.Errorf("got %+v, want %+v", e.Trace, tt.want)
				}
				if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
					t.Error(err)
				}
				for name, values := range req.Header {
					for i := range values {
						values[i] = strings.TrimSpace(values[i])
					}
					if !reflect.DeepEqual(got[name], values) {
						t.Errorf("the handler got %s: %.80q", name, got[name])
					}
				}
			})
		}
	}
}

// TestTraceThatIsRedacted is about an installation whose trace ids say
// something: it has the headers redacted, and then no trace is recorded.
func TestTraceThatIsRedacted(t *testing.T) {
	r, err := redact.New(redact.Config{Key: redact.Key("0123456789abcdef"), Headers: []string{"traceparent", "x-b3-traceid"}})
	if err != nil {
		t.Fatal(err)
	}
	m := &memory{events: make(chan *event.Event, 1)}
	wrap, err := capture.Middleware(capture.Config{Edge: "e", Sink: m, Redactor: r})
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("traceparent", whole)
	req.Header.Set("X-B3-TraceId", traceID)
	req.Header.Set("X-B3-SpanId", spanID)
	wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), req)
	if e := <-m.events; e.Trace != (event.Trace{}) || strings.Contains(fmt.Sprint(*e.Payload), traceID) {
		t.Errorf("got %+v, and of the request %+v", e.Trace, e.Payload.Request)
	}
}
