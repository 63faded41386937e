package capture

import (
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// FuzzTraceOf gives any values to the headers of a trace: what is read of them
// can stand in an event's header, and came from one of them.
func FuzzTraceOf(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "", "", "")
	f.Add("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "0", "", "")
	f.Add("", "a3ce929d0e0e4736-00f067aa0ba902b7-d-05e3ac9a4f6e3b90", "", "")
	f.Add("x", "--", "a3ce929d0e0e4736", "00f067aa0ba902b7")
	f.Fuzz(func(t *testing.T, w3c, single, id, span string) {
		trace := traceOf([]event.HeaderLine{{Name: "B3", Value: single}, {Name: "Traceparent", Value: w3c}, {Name: "X-B3-Spanid", Value: span}, {Name: "X-B3-Traceid", Value: id}})
		if trace == (event.Trace{}) {
			return
		}
		if !event.IsTraceID(trace.ID) || !event.IsSpanID(trace.Parent) {
			t.Fatalf("got %+v", trace)
		}
		sent := strings.TrimPrefix(trace.ID, "0000000000000000")
		if !strings.Contains(w3c, trace.ID+"-"+trace.Parent) && !strings.HasPrefix(single, trace.ID+"-"+trace.Parent) && !strings.HasPrefix(single, sent+"-"+trace.Parent) &&
			(id != trace.ID && id != sent || span != trace.Parent) {
			t.Fatalf("got %+v, of which nothing was sent", trace)
		}
	})
}

// tracedCall is an event whose request has the header of a browser, and the
// redaction of its call.
func tracedCall(t testing.TB, traceparent string) (*event.Event, *redact.Call) {
	t.Helper()
	r, err := redact.New(redact.Config{Key: redact.Key("0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	e := &event.Event{Payload: &event.Payload{}}
	for _, name := range []string{"Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Content-Length", "Content-Type", "Host", "Origin", "Referer", "Traceparent", "User-Agent", "X-Request-Id"} {
		l := event.HeaderLine{Name: name, Value: "value"}
		if name == "Traceparent" {
			l.Value = traceparent
		}
		e.Payload.Request.Headers = append(e.Payload.Request.Headers, l)
	}
	return e, r.Call(redact.Known{Value: "0123456789abcdef0123456789abcdef"})
}

const sampleTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// TestTraceAllocates shows that the trace of a call costs no memory of its own.
func TestTraceAllocates(t *testing.T) {
	e, call := tracedCall(t, sampleTraceparent)
	if n := testing.AllocsPerRun(100, func() { fillTrace(e, call) }); n != 0 || e.Trace.ID == "" {
		t.Errorf("%v allocations for the trace %+v", n, e.Trace)
	}
}

func BenchmarkTrace(b *testing.B) {
	for name, value := range map[string]string{"traced": sampleTraceparent, "malformed": "x"} {
		b.Run(name, func(b *testing.B) {
			e, call := tracedCall(b, value)
			b.ReportAllocs()
			for b.Loop() {
				fillTrace(e, call)
			}
		})
	}
}
