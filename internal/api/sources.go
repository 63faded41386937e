package api

import (
	"time"

	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/reading"
)

// Sources are the logs that are followed.
type Sources struct {
	Sources []SourceState `json:"sources"`
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
	s := &Sources{Sources: []SourceState{}}
	if c.cfg.Sources != nil {
		s.Sources = c.cfg.Sources()
	}
	return s, nil
}
