package watch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/classify"
	"github.com/gatebook/gatebook/internal/classify/watch"
)

func observer(t *testing.T, off ...string) *watch.Observer {
	t.Helper()
	c, err := classify.New(classify.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return watch.New(watch.Config{Classifier: c, Off: off})
}

func show(data []event.Data) string {
	var b strings.Builder
	for _, d := range data {
		fmt.Fprintf(&b, "%s=%d ", d.Class, d.Count)
	}
	return strings.TrimSpace(b.String())
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// TestExport: what is asked and what is given are told apart, query included.
func TestExport(t *testing.T) {
	w := observer(t).Observe(&capture.Call{Method: "POST", Path: "/v1/customers/search", Query: "email=a%40b.example&page=2", Header: jsonHeader()})
	w.Request([]byte(`{"email":"who`))
	w.Request([]byte(`@example.com"}`))
	w.Answer(500, jsonHeader())
	w.Response([]byte(`{"email":"void@example.com"}`))
	w.Answer(200, jsonHeader()) // the first was not given
	w.Response([]byte(`{"data":[{"id":1,"email":"x@exa`))
	w.Response([]byte(`mple.com"},{"id":2,"email":"y@example.com"}]}`))
	var f capture.Facts
	w.End(&f)
	if got := show(f.Received); got != "email=2" {
		t.Errorf("received: got %s, want email=2", got)
	}
	if got := show(f.Data); got != "email=2" || f.Records != 2 || f.Partial {
		t.Errorf("data: got %s, %d records, partial %t; want email=2, 2 records", got, f.Records, f.Partial)
	}
}

// TestRendered: a text that others made of a body is looked at instead.
func TestRendered(t *testing.T) {
	w := observer(t).Observe(&capture.Call{Method: "POST", Path: "/shop.v1.Customers/List", Header: http.Header{"Content-Type": {"application/grpc"}}, HTTP2: true})
	w.Request([]byte("\x00\x00\x00\x00\x02\x0a\x00"))
	w.Answer(200, http.Header{"Content-Type": {"application/grpc"}})
	w.Response([]byte("\x00\x00\x00\x00\x05binary"))
	f := capture.Facts{ResponseText: capture.Rendered{From: "protobuf", Text: []byte(`{"customers":[{"iban":"DE89370400440532013000"},{"iban":"none"}]}`)}}
	w.End(&f)
	if got := show(f.Data); got != "iban=1" || f.Records != 2 {
		t.Errorf("got %s, %d records; want iban=1, 2 records", got, f.Records)
	}
	if !f.Partial {
		t.Error("the request was not looked at, and nothing says so")
	}
}

// TestNotLookedAt: routes that are off, and frames after an upgrade.
func TestNotLookedAt(t *testing.T) {
	if w := observer(t, "files").Observe(&capture.Call{Route: "files"}); w != nil {
		t.Error("a route that is off is watched")
	}
	w := observer(t).Observe(&capture.Call{Route: "chat", Header: http.Header{}})
	w.Answer(101, http.Header{})
	w.Response([]byte("\x81\x05a@b.example"))
	var f capture.Facts
	w.End(&f)
	if len(f.Data) > 0 || !f.Partial {
		t.Errorf("got %+v, want nothing, and that it is partial", f)
	}
}

// TestPaths: ids in paths, of calls whose template is not known, do not make
// a route each.
func TestPaths(t *testing.T) {
	c, err := classify.New(classify.Config{})
	if err != nil {
		t.Fatal(err)
	}
	o := watch.New(watch.Config{Classifier: c})
	sizes := make(map[int]bool)
	for i := range 50 {
		for _, path := range []string{"/v1/customers/%d/orders", "/users/user%d@example.com", "/files/0f3c%028d"} {
			w := o.Observe(&capture.Call{Method: "GET", Path: fmt.Sprintf(path, i), Header: http.Header{}})
			w.Answer(200, jsonHeader())
			w.Response([]byte(`{"email":"a@example.com"}`))
			w.End(new(capture.Facts))
		}
		sizes[len(c.Snapshot())] = true
	}
	if len(sizes) != 1 {
		t.Errorf("the snapshot had %d sizes, want 1: a route for each template", len(sizes))
	}
}
