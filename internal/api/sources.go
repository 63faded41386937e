package api

import (
	"time"

	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/reading"
)

// Sources are the logs that are followed, and the programs with the middleware.
type Sources struct {
	Sources []SourceState `json:"sources"`
	Edges   []EdgeState   `json:"edges"` // that were heard of since the start of the server, by name
}

// EdgeState says what came from a program with the middleware, since the start
// of the server.
type EdgeState struct {
	Name     string    `json:"name"`
	Events   uint64    `json:"events"`            // calls that were recorded
	Lost     uint64    `json:"lost"`              // calls that it says it lost
	Joined   time.Time `json:"joined,omitzero"`   // when a process of it last asked for its settings
	Received time.Time `json:"received,omitzero"` // when it last delivered
	Newest   time.Time `json:"newest,omitzero"`   // arrival of the newest call
	Lag      float64   `json:"lag"`               // seconds from the end of the newest call of its last delivery until that was recorded
}

// SourceState says how a log is that is followed. Counts are since the start of
// the server.
type SourceState struct {
	Name     string           `json:"name"`
	File     string           `json:"file"`
	Form     string           `json:"form,omitempty"`     // of its lines, in words; absent: it is not known yet
	Events   uint64           `json:"events"`             // recorded
	Skipped  uint64           `json:"skipped"`            // lines that could not be read
	Problems []ingest.Problem `json:"problems,omitempty"` // why, of the last ones
	Behind   int64            `json:"behind"`             // bytes that were not read yet
	Lag      float64          `json:"lag"`                // seconds since the newest call that was recorded, if something was not read
	Last     time.Time        `json:"last,omitzero"`      // when the newest call that was recorded was over
	Read     time.Time        `json:"read,omitzero"`      // when lines were last recorded
	Problem  string           `json:"problem,omitempty"`  // why it cannot be followed now
	Lost     []string         `json:"lost,omitempty"`     // which files were gone before they were read to their end
}

func sources(c *call, _ none) (*Sources, error) {
	if err := c.cfg.Room.Admit(c.reader, reading.ActSetup); err != nil {
		return nil, err
	}
	s := &Sources{Sources: []SourceState{}, Edges: []EdgeState{}}
	if c.cfg.Sources != nil {
		s.Sources = c.cfg.Sources()
	}
	if c.cfg.Edges != nil {
		s.Edges = c.cfg.Edges.States()
	}
	return s, nil
}
