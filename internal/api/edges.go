package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest/delivery"
	"github.com/gatebook/gatebook/internal/reading"
)

// Edges is what programs with the middleware are given, and give. It is safe for
// concurrent use.
type Edges interface {
	// Settings returns those of the edge called name.
	Settings(name string) (delivery.Settings, error)
	// Measures returns those in force, once their version is not after, or when
	// ctx ends.
	Measures(ctx context.Context, after string) delivery.Measures
	// Take records events. Again: some may be there already, and are left out.
	Take(ctx context.Context, events []*event.Event, again bool) (delivery.Taken, error)
	// States says what came of each, by name.
	States() []EdgeState
}

// measuresWait is how long a question for measures waits for a change.
const measuresWait = 25 * time.Second

func edgeRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: delivery.SettingsPath, id: "edgeSettings", summary: "What a program with the middleware needs to make events like those of the gateway. For tokens of the role edge.",
			params: reflect.TypeFor[none](), result: reflect.TypeFor[delivery.Settings](), handle: withParams(edgeSettings),
		},
		{
			method: http.MethodGet, path: delivery.MeasuresPath, id: "edgeMeasures", summary: "The measures in force, as soon as they are others than those of a version.",
			params: reflect.TypeFor[edgeMeasuresParams](), result: reflect.TypeFor[delivery.Measures](), handle: withParams(edgeMeasures),
		},
		{
			method: http.MethodPost, path: delivery.EventsPath, id: "edgeEvents", summary: "Record events of a program with the middleware: the body has one to a line, of the form that docs/middleware.md describes. All or none are taken.",
			params: reflect.TypeFor[edgeEventsParams](), result: reflect.TypeFor[delivery.Taken](), maxBody: delivery.MaxBatch, handle: withParams(edgeEvents),
		},
	}
}

// edges returns what answers an edge, if the token is that of one.
func (c *call) edges() (Edges, error) {
	if err := c.cfg.Room.Admit(c.reader, reading.ActEdge); err != nil {
		return nil, err
	}
	if c.cfg.Edges == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "edges", Detail: "events of edges are not taken here"}
	}
	return c.cfg.Edges, nil
}

// edgeSettings seals that they were given: the key of fingerprints is in them.
func edgeSettings(c *call, _ none) error {
	edges, err := c.edges()
	if err != nil {
		return err
	}
	s, err := edges.Settings(c.reader.Name)
	if err != nil {
		return err
	}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActEdge, "edge-joined", []event.Object{{Type: "edge", ID: c.reader.Name}}); err != nil {
		return err
	}
	return c.json(http.StatusOK, s)
}

type edgeMeasuresParams struct {
	After string `query:"after" doc:"The version that the edge has."`
}

func edgeMeasures(c *call, p edgeMeasuresParams) error {
	edges, err := c.edges()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), measuresWait)
	defer cancel()
	return c.json(http.StatusOK, edges.Measures(ctx, p.After))
}

type edgeEventsParams struct {
	Again bool `query:"again" doc:"Some of the events may have been taken before, by an answer that was not received. They are looked for, and left out."`
}

func edgeEvents(c *call, p edgeEventsParams) error {
	edges, err := c.edges()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(c.r.Body)
	if err != nil {
		return err
	}
	events, err := decodeEvents(body, c.reader.Name, c.cfg.Now())
	if err != nil {
		return err
	}
	taken, err := edges.Take(c.r.Context(), events, p.Again)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, taken)
}

// decodeEvents reads the lines of a delivery of the edge called name.
func decodeEvents(body []byte, name string, now time.Time) ([]*event.Event, error) {
	var events []*event.Event
	n := 0
	for text := range bytes.Lines(body) {
		n++
		e, err := delivery.Decode(text)
		if err == nil {
			err = delivery.Check(e, name, now)
		}
		if err != nil {
			return nil, &Problem{Status: http.StatusUnprocessableEntity, Type: "event", Line: n, Detail: err.Error(), Help: "nothing of the delivery was taken; leave the line out, or mend it"}
		}
		if events = append(events, e); len(events) > delivery.MaxEvents {
			return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Type: "argument", Detail: "there are more than 1000 lines", Help: "deliver fewer at once"}
		}
	}
	if len(events) == 0 {
		return nil, &Problem{Status: http.StatusBadRequest, Type: "argument", Detail: "the body has no event", Help: "write one to a line"}
	}
	return events, nil
}
