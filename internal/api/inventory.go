package api

import (
	"net/http"
	"reflect"
	"time"

	"github.com/gatebook/gatebook/internal/reading"
)

// inventoryRoutes are the endpoints about the inventory.
func inventoryRoutes() []route {
	return []route{
		get("/api/v1/inventory/operations", "operations", "The operations of the APIs, with who calls them and what they return. Counted from headers: no evidence.", operations),
		get("/api/v1/inventory/apps", "apps", "Apps: OAuth clients, for whom they act and what they read.", apps),
		get("/api/v1/inventory/callers", "callers", "Principals: what they call, through which apps, and what they read.", callers),
		get("/api/v1/inventory/credentials", "credentials", "Credentials: scopes that were granted and never needed, and credentials that are not used any more.", credentials),
		get("/api/v1/inventory/drift", "drift", "How the descriptions of the APIs and the traffic differ: shadow, zombie, unused, open.", drift),
		get("/api/v1/inventory/diff", "inventoryDiff", "What is new in the inventory, or gone, between two times.", inventoryDiff),
		{
			method: http.MethodGet, path: "/api/v1/inventory/openapi.json", id: "observedAPI", summary: "An OpenAPI 3.1 document of what was observed, without a value of any call.",
			params: reflect.TypeFor[wantedParams](), heavy: true, handle: observedAPI,
		},
	}
}

type wantedParams struct {
	Text  string    `query:"text" doc:"Part of an id, without regard to case."`
	API   string    `query:"api" doc:"The configured route."`
	Class string    `query:"class" doc:"A class of data that was returned, such as email."`
	App   string    `query:"app" doc:"An OAuth client."`
	Open  bool      `query:"open" doc:"Only what was answered with success to callers who were not verified."`
	Since time.Time `query:"since" doc:"Seen at this time or later."`
	Limit int       `query:"limit" default:"200" min:"1" max:"5000" doc:"Entries, those with most calls first."`
}

func (p wantedParams) wanted() reading.Wanted {
	return reading.Wanted{Text: p.Text, API: p.API, Class: p.Class, App: p.App, Open: p.Open, Since: p.Since, Limit: p.Limit}
}

func operations(c *call, p wantedParams) (*reading.Operations, error) {
	return c.cfg.Room.Operations(c.r.Context(), c.reader, p.wanted())
}

func apps(c *call, p wantedParams) (*reading.Apps, error) {
	return c.cfg.Room.Apps(c.r.Context(), c.reader, p.wanted())
}

func callers(c *call, p wantedParams) (*reading.Callers, error) {
	return c.cfg.Room.Callers(c.r.Context(), c.reader, p.wanted())
}

type credentialParams struct {
	wantedParams
	Idle time.Time `query:"idle" doc:"Mark credentials that were not used since this time."`
	Only bool      `query:"only" doc:"Only credentials with scopes that nothing needed, or that are idle."`
}

func credentials(c *call, p credentialParams) (*reading.Credentials, error) {
	return c.cfg.Room.Credentials(c.r.Context(), c.reader, p.wanted(), p.Idle, p.Only)
}

func drift(c *call, p wantedParams) (*reading.Drift, error) {
	return c.cfg.Room.Drift(c.r.Context(), c.reader, p.wanted())
}

type diffParams struct {
	From time.Time `query:"from" doc:"From when. Required."`
	To   time.Time `query:"to" doc:"Until when. Empty: now."`
}

func inventoryDiff(c *call, p diffParams) (*reading.Diff, error) {
	return c.cfg.Room.Diff(c.r.Context(), c.reader, p.From, p.To)
}

func observedAPI(c *call) error {
	var p wantedParams
	if err := c.decode(&p); err != nil {
		return err
	}
	b, err := c.cfg.Room.OpenAPI(c.r.Context(), c.reader, p.wanted())
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	_, err = c.w.Write(b)
	return err
}
