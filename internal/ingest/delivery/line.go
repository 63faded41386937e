package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// line is an event on its way.
type line struct {
	Header  json.RawMessage `json:"header"`
	Who     json.RawMessage `json:"who"`
	What    json.RawMessage `json:"what"`
	Payload json.RawMessage `json:"payload"`
}

// Append appends e to b as a line, with its line feed. It fails if e is not a
// valid event.
func Append(b []byte, e *event.Event) ([]byte, error) {
	s, err := e.Seal(new([event.Classes]event.Salt))
	if err != nil {
		return b, err
	}
	b = append(append(b, `{"header":`...), s.Header...)
	for c, name := range []string{`,"who":`, `,"what":`, `,"payload":`} {
		if env := s.Envelopes[c]; env != nil {
			b = append(append(b, name...), env.Data...)
		}
	}
	return append(b, "}\n"...), nil
}

// Decode reads a line. An error says what is wrong with it.
func Decode(text []byte) (*event.Event, error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return nil, fmt.Errorf("it is no line of a delivery: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("it goes on after its end")
	}
	h, err := event.DecodeHeader(l.Header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	e := &event.Event{Header: *h}
	e.Commit = event.Commit{}
	if l.Who != nil {
		if e.Who, err = event.DecodeWho(l.Who); err != nil {
			return nil, fmt.Errorf("who: %w", err)
		}
	}
	if l.What != nil {
		if e.What, err = event.DecodeWhat(l.What); err != nil {
			return nil, fmt.Errorf("what: %w", err)
		}
	}
	if l.Payload != nil {
		if e.Payload, err = event.DecodePayload(l.Payload); err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
	}
	return e, nil
}

// Ahead is how far the clock of an edge may be ahead of the server's.
const Ahead = 5 * time.Minute

// Check returns what is wrong with an event that the edge called name delivers
// at a time. An edge says what its own calls were, and what it lost; it cannot
// speak for another, nor for the server.
func Check(e *event.Event, name string, now time.Time) error {
	own, _, _ := strings.Cut(e.Edge, EdgeSeparator)
	switch {
	case e.Kind != event.Access && e.Kind != event.Gap:
		return fmt.Errorf("kind: %q: want %q or %q", e.Kind, event.Access, event.Gap)
	case own != name:
		return fmt.Errorf("edge: %q: the token is that of %q, whose events are named so, or so and %q and more", e.Edge, name, EdgeSeparator)
	case e.Kind == event.Access && e.Capture.Method != MethodMiddleware:
		return fmt.Errorf("capture.method: %q: want %q", e.Capture.Method, MethodMiddleware)
	case e.Kind == event.Gap && (e.Lost == nil || e.Lost.Count == 0):
		return fmt.Errorf("lost: a gap says how many calls were lost")
	case e.Note != nil:
		return fmt.Errorf("note: is of events of the server's own")
	case e.Arrived.After(now.Add(Ahead)):
		return fmt.Errorf("arrived: %s is more than %s from now: set the clock of the edge", e.Arrived.Format(time.RFC3339), Ahead)
	}
	return nil
}

// EdgeSeparator stands between the name of an edge and what tells its
// processes apart, in event.Header Edge.
const EdgeSeparator = "@"
