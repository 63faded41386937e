package api

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Templates are the route templates of the APIs. [operation.Tracker] has them.
// It is safe for concurrent use.
type Templates interface {
	// List returns the templates of a route, or of all if it is empty.
	List(route string) []operation.Listed
	// Change makes a change, or fails with operation.ErrNotFound or
	// operation.ErrArgument.
	Change(c operation.Change) error
}

// templateRoutes are those of the route templates.
func templateRoutes() []route {
	return []route{
		get("/api/v1/routes", "listRoutes", "The route templates of the APIs: described, learned, and made by people.", listTemplates),
		{
			method: http.MethodPost, path: "/api/v1/routes", id: "changeRoutes", summary: "Pin, merge, rename or unpin a route template.", status: http.StatusNoContent,
			body: reflect.TypeFor[operation.Change](), handle: changeTemplates,
		},
	}
}

type templateParams struct {
	Route string `query:"route" doc:"Name of a configured route. Empty: all."`
}

func (c *call) templatesErr(a reading.Action) error {
	if err := c.cfg.Room.Admit(c.reader, a); err != nil {
		return err
	}
	if c.cfg.Templates == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "routes", Detail: "route templates are not kept here"}
	}
	return nil
}

func listTemplates(c *call, p templateParams) ([]operation.Listed, error) {
	if err := c.templatesErr(reading.ActSearch); err != nil {
		return nil, err
	}
	list := c.cfg.Templates.List(p.Route)
	return list, c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActSearch, "list-routes")
}

func changeTemplates(c *call) error {
	if err := c.templatesErr(reading.ActRoutes); err != nil {
		return err
	}
	var change operation.Change
	if err := c.body(&change); err != nil {
		return err
	}
	name := change.Decision()
	if name == "" {
		return argument("do", "must be pin, merge, rename or unpin")
	}
	for _, text := range append([]string{change.Route, change.Template, change.Name}, change.From...) {
		if len(text) > 512 {
			return argument("template", "is longer than 512 bytes")
		}
	}
	if len(change.From) > 50 {
		return argument("from", "has more than 50 templates")
	}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActRoutes, name, nil, change.Facts()...); err != nil {
		return err
	}
	if err := c.cfg.Templates.Change(change); err != nil {
		undone := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActRoutes, "route-not-changed", nil, change.Facts()...)
		if undone != nil {
			return errors.Join(err, undone)
		}
		switch {
		case errors.Is(err, operation.ErrNotFound):
			return kindOf{err, ledger.ErrNotFound}
		case errors.Is(err, operation.ErrArgument):
			return kindOf{err, reading.ErrArgument}
		}
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// kindOf is an error of another package, with the kind that this one knows.
type kindOf struct {
	error
	kind error
}

// Unwrap implements the interface of package errors.
func (e kindOf) Unwrap() []error { return []error{e.error, e.kind} }
