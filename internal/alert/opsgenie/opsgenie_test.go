package opsgenie

import (
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alerttest"
	"github.com/gatebook/gatebook/internal/alert/deliver"
)

func TestLifeOfAnIncident(t *testing.T) {
	s := alerttest.NewServer()
	defer s.Close()
	c := New(Config{Client: s.Client(""), Key: "key", Source: "example.com/gatebook"})
	for _, m := range []*deliver.Message{
		alerttest.Message(alerttest.Notice("inc_1", alert.Opened, "medium")), alerttest.Message(alerttest.Notice("inc_1", alert.Taken, "critical")),
		alerttest.Message(alerttest.Notice("inc_1", alert.Closed, "critical")), alerttest.Huge(), alerttest.Summary(), deliver.TestMessage("test_1", alerttest.At),
	} {
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var paths []string
	for _, r := range s.Got() {
		paths = append(paths, r.Path)
		if r.Header.Get("Authorization") != "GenieKey key" {
			t.Errorf("got %q", r.Header.Get("Authorization"))
		}
		if r.Path == "/v2/alerts" {
			validate(t, r.Body)
		}
	}
	want := []string{
		"/v2/alerts", "/v2/alerts/inc_1/acknowledge?identifierType=alias", "/v2/alerts/inc_1/close?identifierType=alias",
		"/v2/alerts", "/v2/alerts", "/v2/alerts", "/v2/alerts/test_1/close?identifierType=alias",
	}
	if !slices.Equal(paths, want) {
		t.Errorf("got  %q\nwant %q", paths, want)
	}
}

// validate checks an alert against the limits of the reference of the Alert API.
func validate(t *testing.T, body []byte) {
	t.Helper()
	var a struct {
		Message, Alias, Description, Entity, Source, Priority string
		Tags                                                  []string
		Details                                               map[string]string
	}
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		what, text string
		most       int
	}{{"message", a.Message, 130}, {"alias", a.Alias, 512}, {"description", a.Description, 15_000}, {"entity", a.Entity, 512}, {"source", a.Source, 100}} {
		if n := utf8.RuneCountInString(x.text); n > x.most || n == 0 && x.what != "entity" && x.what != "description" {
			t.Errorf("%s has %d characters, want at most %d", x.what, n, x.most)
		}
	}
	total := 0
	for k, v := range a.Details {
		total += utf8.RuneCountInString(k) + utf8.RuneCountInString(v)
	}
	if total > 8000 || len(a.Tags) > 20 || !slices.Contains([]string{"P1", "P2", "P3", "P4", "P5"}, a.Priority) {
		t.Errorf("details of %d characters, %d tags, priority %q", total, len(a.Tags), a.Priority)
	}
	for _, tag := range a.Tags {
		if utf8.RuneCountInString(tag) > 50 {
			t.Errorf("tag of %d characters", len(tag))
		}
	}
}
