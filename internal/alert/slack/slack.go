// Package slack sends messages to an incoming webhook of Slack, as blocks
// (Block Kit). What callers sent is shown as text: it can neither link nor
// mention anybody.
//
// Slack has no way to tell that a message comes again: one that is sent twice
// is shown twice.
package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
)

// Channel is a [deliver.Channel].
type Channel struct{ client *egress.Client }

var _ deliver.Channel = (*Channel)(nil)

// New returns a channel that posts to the URL of the client.
func New(c *egress.Client) *Channel { return &Channel{c} }

// Limits of Slack's reference of blocks, in characters.
const (
	maxHeader = 150
	maxText   = 3000 // of a section
	maxField  = 2000
	maxFields = 10
	maxButton = 75
	maxURL    = 3000
	maxLines  = 15 // of a list; our own
)

type message struct {
	Text        string  `json:"text"` // what a notification shows
	Blocks      []block `json:"blocks"`
	UnfurlLinks bool    `json:"unfurl_links"`
	UnfurlMedia bool    `json:"unfurl_media"`
}

type block struct {
	Type     string    `json:"type"`
	Text     *text     `json:"text,omitempty"`
	Fields   []text    `json:"fields,omitempty"`
	Elements []element `json:"elements,omitempty"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// element is a button, or a text of a context block.
type element struct {
	Type     string `json:"type"`
	Text     any    `json:"text"`
	URL      string `json:"url,omitempty"`
	ActionID string `json:"action_id,omitempty"`
}

// Send implements [deliver.Channel].
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	b, err := json.Marshal(render(m))
	if err != nil {
		return "", err
	}
	a, err := c.client.Send(ctx, http.MethodPost, "", nil, b, nil)
	return a.String(), err
}

func render(m *deliver.Message) message {
	head := m.Headline()
	out := message{
		Text:   escape(deliver.Cut(head, maxHeader)),
		Blocks: []block{{Type: "header", Text: &text{"plain_text", deliver.Cut(head, maxHeader)}}},
	}
	n := m.Single()
	if n == nil {
		out.Blocks = append(out.Blocks, list(m)...)
		return out
	}
	var fields []text
	for _, f := range deliver.Facts(n) {
		if len(fields) < maxFields {
			fields = append(fields, text{"mrkdwn", "*" + escape(deliver.Cut(f.Name, 100)) + "*\n" + code(f.Value, 1000)})
		}
	}
	out.Blocks = append(out.Blocks, block{Type: "section", Fields: fields})
	for i, f := range deliver.Reasons(n) {
		if i == 5 {
			break
		}
		out.Blocks = append(out.Blocks, section("*"+escape(deliver.Cut(f.Name, 200))+"*\n"+code(f.Value, 2000)))
	}
	if n.Link != "" && len(n.Link) <= maxURL {
		out.Blocks = append(out.Blocks, block{Type: "actions", Elements: []element{{
			Type: "button", Text: text{"plain_text", deliver.Cut("Open the incident", maxButton)}, URL: n.Link, ActionID: "open",
		}}})
	}
	out.Blocks = append(out.Blocks, block{Type: "context", Elements: []element{{Type: "mrkdwn", Text: escape("Gatebook · " + n.Incident)}}})
	return out
}

// list shows the incidents of a digest or summary.
func list(m *deliver.Message) []block {
	blocks := []block{section(escape(m.Tally()))}
	for i := range m.Notices {
		if i == maxLines {
			blocks = append(blocks, section(escape(deliver.More(m.Total-maxLines))))
			break
		}
		blocks = append(blocks, section(line(&m.Notices[i])))
	}
	return blocks
}

func line(n *alert.Notice) string {
	s := code(deliver.Line(n), 500)
	if n.Link != "" && len(n.Link) <= 1000 && !strings.ContainsAny(n.Link, "|>") {
		s += " <" + escape(n.Link) + "|open>"
	}
	return s
}

func section(s string) block {
	if s == "" {
		s = "-"
	}
	return block{Type: "section", Text: &text{"mrkdwn", deliver.Cut(s, maxText)}}
}

// escape is what Slack asks for in text: without it <!channel> would call
// everybody.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// code shows s as it is: in code nothing is marked up and no address becomes a
// link. n bounds what is shown, in characters before they are escaped.
func code(s string, n int) string {
	s = strings.ReplaceAll(deliver.Cut(s, n), "`", "'")
	for r := escape(s); ; r = escape(s) {
		if len([]rune(r)) <= n+n/2 {
			return "`" + r + "`"
		}
		s = deliver.Cut(s, len([]rune(s))*3/4)
	}
}
