package operation

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// TestLog learns of an API that no route leads to, and keeps what was learned
// over a change of the configuration and a start.
func TestLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "operations.json")
	tr := tracker(t, Config{File: file})
	route := func(tr *Tracker, path string) string {
		c := &capture.Call{Route: "accesslog:edge", Method: "GET", Path: path, Header: http.Header{}}
		if o := tr.Observe(c); o != nil {
			o.Answer(200, nil)
			o.End(new(capture.Facts))
		}
		return c.Template
	}
	if route(tr, "/customers/1"); route(tr, "/customers/2") != "" {
		t.Error("an API that is not known has templates")
	}
	if !tr.Log("accesslog:edge") || !tr.Log("accesslog:edge") {
		t.Fatal("there is no place for a log")
	}
	route(tr, "/customers/1")
	if got := route(tr, "/customers/2"); got != "/customers/{customer_id}" {
		t.Errorf("got the template %q", got)
	}
	if err := tr.Swap([]API{{Route: "shop"}, {Route: "other"}}); err != nil {
		t.Fatal(err)
	}
	if got := route(tr, "/customers/3"); got != "/customers/{customer_id}" {
		t.Errorf("after a change of the configuration: got the template %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tr.Run(ctx); err != nil {
		t.Fatal(err)
	}
	tr = tracker(t, Config{File: file})
	tr.Log("accesslog:edge")
	if got := route(tr, "/customers/4"); got != "/customers/{customer_id}" {
		t.Errorf("after a start: got the template %q", got)
	}
	for i := range maxLogged {
		tr.Log(fmt.Sprint("accesslog:", i))
	}
	if tr.Log("accesslog:one-more") {
		t.Error("there is no bound of logs")
	}

	tr = tracker(t, Config{})
	for i := range 3 {
		e := &event.Event{What: &event.What{Path: fmt.Sprint("/orders/", i)}}
		e.Kind, e.Arrived, e.Capture, e.Outcome.Status = event.Access, time.Now(), event.Capture{Method: "import", Source: "accesslog:edge"}, 200
		tr.Replay(e)
	}
	if got := route(tr, "/orders/9"); got != "/orders/{order_id}" {
		t.Errorf("learned from the ledger: got the template %q", got)
	}
}
