// Package teams sends messages to Microsoft Teams, through a workflow "When a
// Teams webhook request is received" (Power Automate), as an Adaptive Card. What
// callers sent is in text runs, in which nothing is marked up or linked.
//
// Teams has no way to tell that a message comes again: one that is sent twice
// is shown twice.
package teams

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
)

// Channel is a [deliver.Channel].
type Channel struct{ client *egress.Client }

var _ deliver.Channel = (*Channel)(nil)

// New returns a channel that posts to the URL of the client.
func New(c *egress.Client) *Channel { return &Channel{c} }

// maxBytes bounds a message: Teams refuses more than 28 KB.
const maxBytes = 24 << 10

// maxLines bounds the incidents of a list.
const maxLines = 15

type message struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string  `json:"contentType"`
	ContentURL  *string `json:"contentUrl"`
	Content     card    `json:"content"`
}

type card struct {
	Schema  string    `json:"$schema"`
	Type    string    `json:"type"`
	Version string    `json:"version"`
	Body    []element `json:"body"`
	Actions []action  `json:"actions,omitempty"`
	MSTeams struct {
		Width string `json:"width"`
	} `json:"msteams"`
}

// element is a RichTextBlock. A TextBlock would read its text as Markdown.
type element struct {
	Type    string `json:"type"`
	Inlines []run  `json:"inlines"`
}

type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Size   string `json:"size,omitempty"`
	Weight string `json:"weight,omitempty"`
	Color  string `json:"color,omitempty"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Send implements [deliver.Channel].
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	b, err := render(m)
	if err != nil {
		return "", err
	}
	a, err := c.client.Send(ctx, http.MethodPost, "", nil, b, nil)
	return a.String(), err
}

// render returns the message, with as much of it as is allowed.
func render(m *deliver.Message) ([]byte, error) {
	body, actions := content(m)
	for {
		c := card{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4", Body: body, Actions: actions}
		c.MSTeams.Width = "Full"
		b, err := json.Marshal(message{Type: "message", Attachments: []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}})
		if err != nil || len(b) <= maxBytes || len(body) < 2 {
			return b, err
		}
		body = body[:len(body)-1]
	}
}

func content(m *deliver.Message) ([]element, []action) {
	body := []element{rich(run{Type: "TextRun", Text: deliver.Cut(m.Headline(), 300), Size: "Large", Weight: "Bolder", Color: color(m.Severity())})}
	n := m.Single()
	if n == nil {
		body = append(body, rich(plain(m.Tally())))
		for i := range m.Notices {
			if i == maxLines {
				body = append(body, rich(plain(deliver.More(m.Total-maxLines))))
				break
			}
			body = append(body, rich(plain(deliver.Cut(deliver.Line(&m.Notices[i]), 500))))
		}
		return body, nil
	}
	for _, f := range deliver.Facts(n) {
		body = append(body, fact(f))
	}
	for i, f := range deliver.Reasons(n) {
		if i == 5 {
			break
		}
		body = append(body, fact(f))
	}
	var actions []action
	if n.Link != "" {
		actions = append(actions, action{"Action.OpenUrl", "Open the incident", n.Link})
	}
	return body, actions
}

func rich(runs ...run) element { return element{Type: "RichTextBlock", Inlines: runs} }

func plain(s string) run {
	if s == "" {
		s = "-"
	}
	return run{Type: "TextRun", Text: s}
}

func fact(f deliver.Fact) element {
	return rich(run{Type: "TextRun", Text: deliver.Cut(f.Name, 200) + ": ", Weight: "Bolder"}, plain(deliver.Cut(f.Value, 2000)))
}

// color is that of a severity, of those that cards know.
func color(severity string) string {
	switch severity {
	case "critical", "high":
		return "Attention"
	case "medium":
		return "Warning"
	}
	return "Accent"
}
