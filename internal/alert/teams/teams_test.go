package teams

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alerttest"
	"github.com/gatebook/gatebook/internal/alert/deliver"
)

// What is sent is an Adaptive Card as a workflow takes it, below 28 KB, in which
// all text is in text runs.
func TestMessagesAreValid(t *testing.T) {
	s := alerttest.NewServer()
	defer s.Close()
	c := New(s.Client("/workflows/x?sig=y"))
	for name, m := range map[string]*deliver.Message{
		"opened": alerttest.Message(alerttest.Notice("inc_1", alert.Opened, "high")), "huge": alerttest.Huge(),
		"summary": alerttest.Summary(), "test": deliver.TestMessage("test_1", alerttest.At),
	} {
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := s.Got()
		r := got[len(got)-1]
		if r.Path != "/workflows/x?sig=y" || len(r.Body) > 28_000 {
			t.Errorf("%s: %d bytes to %s", name, len(r.Body), r.Path)
		}
		var x struct {
			Type        string
			Attachments []struct {
				ContentType string
				Content     struct {
					Type, Version string
					Body          []struct {
						Type    string
						Inlines []struct{ Type, Text string }
					}
					Actions []struct{ Type, Title, URL string }
				}
			}
		}
		if err := json.Unmarshal(r.Body, &x); err != nil {
			t.Fatal(err)
		}
		if x.Type != "message" || len(x.Attachments) != 1 || x.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" {
			t.Fatalf("%s: got %+v", name, x)
		}
		card := x.Attachments[0].Content
		if card.Type != "AdaptiveCard" || card.Version != "1.4" || len(card.Body) == 0 || len(card.Actions) > 6 {
			t.Errorf("%s: got card %+v", name, card)
		}
		for _, e := range card.Body {
			if e.Type != "RichTextBlock" || len(e.Inlines) == 0 {
				t.Errorf("%s: element %s", name, e.Type)
			}
			for _, r := range e.Inlines {
				if r.Type != "TextRun" || r.Text == "" || strings.ContainsAny(r.Text, "\x00\u202e\r") {
					t.Errorf("%s: run %+v", name, r)
				}
			}
		}
	}
}
