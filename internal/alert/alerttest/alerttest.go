// Package alerttest has what the tests of the channels share: messages that are
// as awkward as messages can be, and an HTTP receiver that keeps what it got. It
// is no part of the program.
package alerttest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/detect"
)

// At is when the incident of [Notice] began.
var At = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// Hostile is what a caller could send to be shown in an alert: markup of Slack,
// Markdown and HTML, quotes, controls, and characters that turn text around.
const Hostile = "<!channel> <http://evil.example|click> [x](http://evil.example) <b>&amp; `code` \"q\" \\ ] *bold* \r\nSubject: y\x00\u202e\U0001F600"

// Notice returns a notice of an incident.
func Notice(incident string, change alert.Change, severity string) alert.Notice {
	n := alert.Notice{
		ID: incident + "." + string(change), Sequence: 1, Change: change, Incident: incident,
		Title: "Mass read of customers", Severity: severity, State: alert.Open, Risk: 120.5,
		Entity: []detect.Value{{Field: "principal.id", Value: "p_1"}, {Field: "who.agent", Value: Hostile}},
		Rules:  []string{"mass-read", "new-app"}, Tags: []string{"attack.t1119", "owasp.api4"},
		Findings: []detect.Finding{{
			ID: "f1", Rule: "mass-read", RuleID: "0b6f9a3e-5d0a-4d52-9d0e-000000000001", Title: "Mass read", Level: severity, At: At.Add(time.Minute), From: At, Count: 240,
			Entity: []detect.Value{{Field: "principal.id", Value: "p_1"}},
			Terms:  []detect.Term{{Name: "objects", Value: "240", Want: "> 100"}, {Name: "agent", Value: Hostile}},
		}},
		Response: []string{"block", "review"},
		From:     At, At: At.Add(time.Minute), Found: At.Add(time.Minute),
		Link: "https://gatebook.example.com/console/incidents/" + incident, API: "/api/v1/alerts/" + incident,
	}
	for i := range 20 {
		n.Findings[0].Events = append(n.Findings[0].Events, detect.Ref{ID: event.NewID(At, [8]byte{byte(i)}), Number: int64(4700 + i)})
	}
	switch change {
	case alert.Closed:
		n.State, n.By, n.Reason = alert.Resolved, "carol", "the key was revoked"
	case alert.Taken:
		n.State, n.Assignee = alert.Acknowledged, "carol"
	case alert.Raised:
		n.Was = "medium"
	}
	return n
}

// Message returns the message about a notice.
func Message(n alert.Notice) *deliver.Message {
	return &deliver.Message{ID: n.ID, Kind: deliver.Incident, Time: At.Add(2 * time.Minute), Notices: []alert.Notice{n}, Total: 1}
}

// Huge returns a message about an incident in which all is as long as it can
// be.
func Huge() *deliver.Message {
	n := Notice("inc_0123456789ab", alert.Opened, "critical")
	long := strings.Repeat(Hostile+"ä", 200)
	n.Title = long
	n.Entity = append(n.Entity, detect.Value{Field: "who.email", Value: long})
	f := n.Findings[0]
	f.Title, f.Terms = long, append(f.Terms, detect.Term{Name: long, Value: long})
	for range 19 {
		n.Findings = append(n.Findings, f)
	}
	for i := range 100 {
		n.Rules = append(n.Rules, fmt.Sprintf("rule-%d-%s", i, strings.Repeat("x", 60)))
		n.Tags = append(n.Tags, fmt.Sprintf("attack.t%d.%s", i, strings.Repeat("x", 60)))
	}
	return Message(n)
}

// Summary returns a message about many incidents.
func Summary() *deliver.Message {
	m := &deliver.Message{ID: "fold_1", Kind: deliver.Summary, Time: At, Total: 990, Counts: map[string]int{"critical": 1, "high": 989}}
	for i := range deliver.MaxListed {
		n := Notice(fmt.Sprintf("inc_%012d", i), alert.Opened, "high")
		n.Findings = nil
		n.Entity[0].Value = strings.Repeat(Hostile, 20)
		m.Notices = append(m.Notices, n)
	}
	m.Notices[0].Severity = "critical"
	return m
}

// Request is what a receiver got.
type Request struct {
	Path   string // with the query
	Header http.Header
	Body   []byte
}

// Server is a receiver over HTTP that keeps what it gets. Close it.
type Server struct {
	*httptest.Server
	Status int // of its answers; 0: 202

	mu  sync.Mutex // guards got
	got []Request
}

// NewServer starts a receiver.
func NewServer() *Server {
	s := new(Server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.got = append(s.got, Request{r.URL.RequestURI(), r.Header, b})
		s.mu.Unlock()
		if s.Status == 0 {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.WriteHeader(s.Status)
	}))
	return s
}

// Got returns what it got, in the order in which it came.
func (s *Server) Got() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.got...)
}

// Client returns a client for the receiver, at a path.
func (s *Server) Client(path string) *egress.Client {
	u, err := url.Parse(s.URL + path)
	if err == nil {
		var c *egress.Client
		if c, err = egress.NewClient(egress.HTTPConfig{URL: u}); err == nil {
			return c
		}
	}
	panic("alerttest: " + err.Error()) // the address is one of our own
}
