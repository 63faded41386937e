package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/saved"
)

// searchRoutes are the endpoints about saved searches. A search of one's own is
// no decision about the record; one that others see is.
func searchRoutes() []route {
	return []route{
		get("/api/v1/searches", "listSearches", "The saved searches of who asks, and those that are shared.", listSearches),
		get("/api/v1/searches/{search}", "savedSearch", "One saved search, which is noted as used today.", savedSearch),
		{
			method: http.MethodPost, path: "/api/v1/searches", id: "saveSearch", summary: "Save a search. Sealed if it is shared.", status: http.StatusCreated,
			body: reflect.TypeFor[saved.Search](), result: reflect.TypeFor[saved.Entry](), handle: saveSearch,
		},
		{
			method: http.MethodPut, path: "/api/v1/searches/{search}", id: "changeSearch", summary: "Replace a saved search of one's own: its name, query or whether it is shared. Sealed if it is or was shared.",
			params: reflect.TypeFor[searchParam](), body: reflect.TypeFor[saved.Search](), result: reflect.TypeFor[saved.Entry](), handle: changeSearch,
		},
		{
			method: http.MethodDelete, path: "/api/v1/searches/{search}", id: "removeSearch", summary: "Delete a saved search: one's own, or, by an administrator, one that is shared. Sealed if it is shared.",
			params: reflect.TypeFor[searchParam](), status: http.StatusNoContent, handle: withParams(removeSearch),
		},
	}
}

type searchParam struct {
	Search string `path:"search" doc:"The saved search's id, or its name: one's own before one that is shared."`
}

// savedSearches returns the saved searches, if the reader may search.
func (c *call) savedSearches() (*saved.Store, error) {
	if err := c.cfg.Room.Admit(c.reader, reading.ActSearch); err != nil {
		return nil, err
	}
	if c.cfg.Searches == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "searches", Detail: "searches are not saved here"}
	}
	return c.cfg.Searches, nil
}

func searchError(err error) error {
	switch {
	case errors.Is(err, saved.ErrNotFound):
		return &Problem{Status: http.StatusNotFound, Type: "not-found", Detail: err.Error()}
	case errors.Is(err, saved.ErrExists):
		return &Problem{Status: http.StatusConflict, Type: "exists", Detail: err.Error(), Help: "give it another name, or change that one"}
	case errors.Is(err, saved.ErrInvalid):
		return fmt.Errorf("%w: %w", reading.ErrArgument, err)
	}
	return err
}

func listSearches(c *call, _ none) ([]saved.Entry, error) {
	s, err := c.savedSearches()
	if err != nil {
		return nil, err
	}
	list, err := s.List(c.r.Context(), c.reader.Name)
	if err != nil {
		return nil, err
	}
	return list, c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActSearch, "list-searches")
}

func savedSearch(c *call, p searchParam) (*saved.Entry, error) {
	s, err := c.savedSearches()
	if err != nil {
		return nil, err
	}
	e, err := s.Find(c.r.Context(), c.reader.Name, p.Search)
	if err != nil {
		return nil, searchError(err)
	}
	if err := c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActSearch, "list-searches", event.Fact{Name: "search", Value: e.ID}); err != nil {
		return nil, err
	}
	return e, s.Use(c.r.Context(), e.ID)
}

func saveSearch(c *call) error {
	s, err := c.savedSearches()
	if err != nil {
		return err
	}
	var x saved.Search
	if err := c.body(&x); err != nil {
		return err
	}
	if err := saved.Check(&x); err != nil {
		return searchError(err)
	}
	if x.Shared {
		if err := c.decideSearch("search-shared", x.Query, ""); err != nil {
			return err
		}
	}
	e, err := s.Add(c.r.Context(), c.reader.Name, x)
	if err != nil {
		return searchError(err)
	}
	return c.json(http.StatusCreated, e)
}

// decideSearch seals what others will see, or see no more. The query can name
// persons: it is in the envelope.
func (c *call) decideSearch(name, query, id string) error {
	var facts []event.Fact
	if id != "" {
		facts = append(facts, event.Fact{Name: "search", Value: id})
	}
	_, err := c.cfg.Room.DecideAt(c.r.Context(), c.reader, reading.ActShare, name, query, nil, facts...)
	return err
}

func changeSearch(c *call) error {
	var p searchParam
	if err := c.decode(&p); err != nil {
		return err
	}
	s, err := c.savedSearches()
	if err != nil {
		return err
	}
	var x saved.Search
	if err := c.body(&x); err != nil {
		return err
	}
	if err := saved.Check(&x); err != nil {
		return searchError(err)
	}
	e, err := s.Find(c.r.Context(), c.reader.Name, p.Search)
	if err != nil {
		return searchError(err)
	}
	if e.Owner != c.reader.Name {
		return &Problem{Status: http.StatusForbidden, Type: "owner", Detail: "it is a search of " + e.Owner, Help: "save one of your own"}
	}
	if e.Shared || x.Shared {
		if err := c.decideSearch("search-changed", x.Query, e.ID); err != nil {
			return err
		}
	}
	if e, err = s.Change(c.r.Context(), *e, x); err != nil {
		return searchError(err)
	}
	return c.json(http.StatusOK, e)
}

func removeSearch(c *call, p searchParam) error {
	s, err := c.savedSearches()
	if err != nil {
		return err
	}
	e, err := s.Find(c.r.Context(), c.reader.Name, p.Search)
	if err != nil {
		return searchError(err)
	}
	if e.Owner != c.reader.Name && c.reader.Role != reading.Administrator {
		return &Problem{Status: http.StatusForbidden, Type: "owner", Detail: "it is a search of " + e.Owner, Help: "they can delete it, or an administrator"}
	}
	if e.Shared {
		if err := c.decideSearch("search-removed", "", e.ID); err != nil {
			return err
		}
	}
	if err := s.Remove(c.r.Context(), e.ID); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
