// Package delivery is what an edge, a program with the middleware, and the
// server whose record it writes to say to each other: the settings and measures
// that the edge gets, and the events that it gives.
//
// All of it is JSON over the operations listener, for tokens of the role edge.
// Events go one to a line, spelt as they are sealed ([Append], [Decode]); the
// server seals them under salts of its own.
package delivery

// The paths of the API.
const (
	SettingsPath = "/api/v1/edge"
	MeasuresPath = "/api/v1/edge/measures"
	EventsPath   = "/api/v1/edge/events"
)

// MaxBatch is the most bytes that the server takes at once, and MaxEvents the
// most events.
const (
	MaxBatch  = 16 << 20
	MaxEvents = 1000
)

// MethodMiddleware is the capture.method of what edges deliver.
const MethodMiddleware = "middleware"

// Taken is the answer to a delivery: all of it is durable.
type Taken struct {
	Numbers    []int64 `json:"numbers"`              // of each event in the ledger, in their order; -1: it was there before
	Checkpoint string  `json:"checkpoint,omitempty"` // a signed checkpoint of the ledger that holds all that are new
}
