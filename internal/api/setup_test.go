package api_test

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/storage"
	"github.com/gatebook/gatebook/test/readingtest"
)

func TestSetup(t *testing.T) {
	s := open(t, func(c *api.Config) {
		c.Setup = func(context.Context) *api.Setup {
			return &api.Setup{Listeners: []api.SetupListener{{Name: "public", URL: "http://127.0.0.1:8400"}}, Routes: []api.SetupRoute{{Name: "shop", Path: "/", Upstream: "http://127.0.0.1:3000", Fault: "nothing listens"}}, Identity: []string{"api_keys"}}
		}
	})
	var got api.Setup
	s.json("/api/v1/setup", &got)
	if len(got.Listeners) != 1 || len(got.Routes) != 1 || got.Routes[0].Fault != "nothing listens" {
		t.Errorf("got %+v", got)
	}
	if res := s.do("GET", "/api/v1/setup", viewerToken, ""); res.StatusCode != 403 {
		t.Errorf("a viewer got %d, want 403: upstreams are not for every role", res.StatusCode)
	}
	if res := open(t, nil).do("GET", "/api/v1/setup", adminToken, ""); res.StatusCode != 501 {
		t.Errorf("without a gateway: got %d, want 501", res.StatusCode)
	}
}

func TestStorage(t *testing.T) {
	u := &storage.Usage{Total: 100, Free: 4, Low: true, Parts: []storage.Part{{Name: "index", Bytes: 7}}, Forecast: "full in 3 days"}
	var now *storage.Usage
	s := open(t, func(c *api.Config) { c.Storage = func() *storage.Usage { return now } })
	if res := s.do("GET", "/api/v1/storage", adminToken, ""); res.StatusCode != 503 {
		t.Errorf("before the first measurement: got %d, want 503", res.StatusCode)
	}
	now = u
	var got storage.Usage
	s.json("/api/v1/storage", &got)
	if !reflect.DeepEqual(&got, u) {
		t.Errorf("got %+v, want %+v", got, u)
	}
	if res := s.do("GET", "/api/v1/storage", viewerToken, ""); res.StatusCode != 403 {
		t.Errorf("a viewer got %d, want 403", res.StatusCode)
	}
	if res := open(t, nil).do("GET", "/api/v1/storage", adminToken, ""); res.StatusCode != 501 {
		t.Errorf("where nothing is measured: got %d, want 501", res.StatusCode)
	}
}

// TestNoPayload asks for events without payloads: they are left out of what is
// shown, and are searched all the same.
func TestNoPayload(t *testing.T) {
	s := open(t, nil)
	e := readingtest.Call(time.Now(), "alice", "GET", "/customers/1", 200)
	e.Payload = &event.Payload{Response: event.Message{Body: "zanzibar"}}
	s.house.Put(e)

	var found reading.Result
	s.json("/api/v1/search?query=zanzibar&payload=false", &found)
	if len(found.Hits) != 1 {
		t.Fatalf("got %d hits for a word of the body, want 1", len(found.Hits))
	}
	leftOut(t, "search", &found.Hits[0])
	var detail reading.Detail
	s.json("/api/v1/events/0?payload=false", &detail)
	leftOut(t, "event", &detail.Record)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	admin := reading.Reader{Name: "ada", Role: reading.Administrator, NoPayload: true}
	err := s.house.Room.Tail(ctx, admin, reading.Tail{Query: reading.Query{LogsQL: "zanzibar"}, Backlog: 1}, func() error { return nil }, func(rec *reading.Record, _ *reading.Problem) error {
		leftOut(t, "tail", rec)
		cancel()
		return nil
	})
	if ctx.Err() != context.Canceled {
		t.Errorf("the tail showed nothing: %v", err)
	}

	detail = reading.Detail{}
	s.json("/api/v1/events/0", &detail)
	if !strings.Contains(string(detail.Record.Payload), "zanzibar") || detail.Record.LeftOut != nil {
		t.Errorf("asked for, the payload is not there: %s", detail.Record.Payload)
	}
	var seen reading.Detail
	res := s.do("GET", "/api/v1/events/0?payload=false", viewerToken, "")
	if err := json.NewDecoder(res.Body).Decode(&seen); err != nil {
		t.Fatal(err)
	}
	if len(seen.Record.LeftOut) != 0 || !slices.Contains(seen.Record.Withheld, "payload") {
		t.Errorf("a viewer is told left_out %v, withheld %v; want it withheld", seen.Record.LeftOut, seen.Record.Withheld)
	}
}

func leftOut(t *testing.T, by string, r *reading.Record) {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil || strings.Contains(string(b), "zanzibar") || !slices.Contains(r.LeftOut, "payload") {
		t.Errorf("%s: got %s, %v; want the payload left out", by, b, err)
	}
}
