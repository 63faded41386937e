package pagerduty

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alerttest"
	"github.com/gatebook/gatebook/internal/alert/deliver"
)

const routingKey = "0123456789abcdef0123456789abcdef"

func TestLifeOfAnIncident(t *testing.T) {
	s := alerttest.NewServer()
	defer s.Close()
	c := New(Config{Client: s.Client(""), RoutingKey: routingKey, Source: "example.com/gatebook"})
	var got []string
	for _, m := range []*deliver.Message{
		alerttest.Message(alerttest.Notice("inc_1", alert.Opened, "medium")), alerttest.Message(alerttest.Notice("inc_1", alert.Raised, "critical")),
		alerttest.Message(alerttest.Notice("inc_1", alert.Taken, "critical")), alerttest.Message(alerttest.Notice("inc_1", alert.Closed, "critical")),
		alerttest.Huge(), alerttest.Summary(), deliver.TestMessage("test_1", alerttest.At),
	} {
		before := len(s.Got())
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Got()[before:] {
			if r.Path != "/v2/enqueue" {
				t.Errorf("got path %s", r.Path)
			}
			got = append(got, validate(t, r.Body))
		}
	}
	want := []string{
		"trigger inc_1 warning", "trigger inc_1 critical", "acknowledge inc_1 ", "resolve inc_1 ",
		"trigger inc_0123456789ab critical", "trigger fold_1 critical", "trigger test_1 info", "resolve test_1 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// validate checks an event against the reference of the Events API v2.
func validate(t *testing.T, body []byte) string {
	t.Helper()
	var e struct {
		RoutingKey  string `json:"routing_key"`
		EventAction string `json:"event_action"`
		DedupKey    string `json:"dedup_key"`
		Payload     *struct {
			Summary, Source, Severity, Timestamp string
			CustomDetails                        map[string]string `json:"custom_details"`
		}
		Links []struct{ Href, Text string }
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	if e.RoutingKey != routingKey || e.DedupKey == "" || len(e.DedupKey) > 255 || len(body) > 512<<10 {
		t.Errorf("got %d bytes: %.300s", len(body), body)
	}
	if e.EventAction != "trigger" {
		return e.EventAction + " " + e.DedupKey + " "
	}
	p := e.Payload
	if n := utf8.RuneCountInString(p.Summary); n == 0 || n > 1024 || p.Source == "" {
		t.Errorf("summary of %d characters, source %q", n, p.Source)
	}
	if !slices.Contains([]string{"critical", "error", "warning", "info"}, p.Severity) {
		t.Errorf("severity %q", p.Severity)
	}
	if _, err := time.Parse(time.RFC3339, p.Timestamp); err != nil {
		t.Error(err)
	}
	return "trigger " + e.DedupKey + " " + p.Severity
}
