package api

import (
	"time"

	"github.com/gatebook/gatebook/internal/reading"
)

// objectRoutes are the questions about objects.
func objectRoutes() []route {
	return []route{
		get("/api/v1/object", "object", "Who touched an object, through which app.", whoTouched),
		get("/api/v1/touched", "touched", "Which objects a principal touched.", whatTouched),
	}
}

type objectParams struct {
	Object string    `query:"object" doc:"Type and id, like customer/4711."`
	From   time.Time `query:"from" doc:"As for search."`
	To     time.Time `query:"to" doc:"As for search."`
}

func whoTouched(c *call, p objectParams) (*reading.Object, error) {
	return c.cfg.Room.Object(c.r.Context(), c.reader, p.Object, reading.Query{From: p.From, To: p.To})
}

type touchedParams struct {
	whoParams
	Limit int `query:"limit" default:"100" min:"1" max:"1000" doc:"Objects."`
}

func whatTouched(c *call, p touchedParams) (*reading.Touched, error) {
	return c.cfg.Room.Objects(c.r.Context(), c.reader, p.Principal, reading.Query{From: p.From, To: p.To}, p.Limit)
}
