package slack

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alerttest"
	"github.com/gatebook/gatebook/internal/alert/deliver"
)

// What is sent keeps the limits of Slack's reference of blocks, whatever is in
// the alert, and nothing of a caller's is markup.
func TestMessagesAreValid(t *testing.T) {
	s := alerttest.NewServer()
	defer s.Close()
	c := New(s.Client("/services/T/B/x"))
	for name, m := range map[string]*deliver.Message{
		"opened": alerttest.Message(alerttest.Notice("inc_1", alert.Opened, "high")), "closed": alerttest.Message(alerttest.Notice("inc_1", alert.Closed, "high")),
		"huge": alerttest.Huge(), "summary": alerttest.Summary(), "test": deliver.TestMessage("test_1", alerttest.At),
	} {
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := s.Got()
		validate(t, name, got[len(got)-1].Body)
	}
}

func validate(t *testing.T, name string, body []byte) {
	t.Helper()
	var m struct {
		Text   string
		Blocks []struct {
			Type     string
			Text     *struct{ Type, Text string }
			Fields   []struct{ Type, Text string }
			Elements []struct {
				Type     string
				Text     json.RawMessage
				URL      string
				ActionID string `json:"action_id"`
			}
		}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	limit := func(what, s string, most int) {
		if n := utf8.RuneCountInString(s); n == 0 || n > most {
			t.Errorf("%s: %s has %d characters, want 1 to %d", name, what, n, most)
		}
		for _, bad := range []string{"<!", "<http://evil", "<b>", "\x00", "\u202e"} {
			if strings.Contains(s, bad) {
				t.Errorf("%s: %s has %q: %s", name, what, bad, s)
			}
		}
	}
	limit("text", m.Text, 4000)
	if len(m.Blocks) == 0 || len(m.Blocks) > 50 {
		t.Errorf("%s: %d blocks", name, len(m.Blocks))
	}
	for _, b := range m.Blocks {
		switch b.Type {
		case "header":
			if b.Text.Type != "plain_text" {
				t.Errorf("%s: header of %s", name, b.Text.Type)
			}
			if n := utf8.RuneCountInString(b.Text.Text); n > 150 {
				t.Errorf("%s: header of %d", name, n)
			}
		case "section":
			if b.Text == nil && len(b.Fields) == 0 || len(b.Fields) > 10 {
				t.Errorf("%s: section with %d fields", name, len(b.Fields))
			}
			if b.Text != nil {
				limit("section", b.Text.Text, 3000)
			}
			for _, f := range b.Fields {
				limit("field", f.Text, 2000)
			}
		case "actions":
			for _, e := range b.Elements {
				if e.Type != "button" || !strings.HasPrefix(e.URL, "https://") || e.ActionID == "" {
					t.Errorf("%s: element %+v", name, e)
				}
			}
		case "context":
			if len(b.Elements) > 10 {
				t.Errorf("%s: %d elements of a context", name, len(b.Elements))
			}
		default:
			t.Errorf("%s: block of type %q", name, b.Type)
		}
	}
}
