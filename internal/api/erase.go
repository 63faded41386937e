package api

import (
	"net/http"
	"time"

	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/reading"
)

// Selection says which events are meant. Exactly one of principals, objects,
// query and events is given.
type Selection struct {
	Principals    []string  `json:"principals,omitempty"`     // pseudonyms, subjects, e-mail addresses or names
	AllIdentities bool      `json:"all_identities,omitempty"` // all principals that have a name, if they are several
	Objects       []string  `json:"objects,omitempty"`        // "ID" or "TYPE/ID"
	Query         string    `json:"query,omitempty"`          // as for a search, as far as it can be matched event by event
	Events        []string  `json:"events,omitempty"`         // numbers or ids
	From          time.Time `json:"from,omitzero"`            // events that arrived at this time or later
	To            time.Time `json:"to,omitzero"`              // events that arrived before this time
}

func (s Selection) selector() erasure.Selector {
	return erasure.Selector{Principals: s.Principals, Objects: s.Objects, Query: s.Query, Events: s.Events, From: s.From, To: s.To}
}

// EraseRequest says what to erase.
type EraseRequest struct {
	Selection
	DryRun     bool     `json:"dry_run,omitempty"`     // say what would be done, and change nothing
	Classes    []string `json:"classes,omitempty"`     // who, what, payload; empty: what and payload for objects, else all
	Mentions   bool     `json:"mentions,omitempty"`    // also what others did that names what is meant
	ExceptHeld bool     `json:"except_held,omitempty"` // leave out what is under legal hold, instead of doing nothing
	Request    string   `json:"request,omitempty"`     // number of the person's request; not personal: it is sealed in a header
}

// EraseItem is one line of the answer; one member is set. The last line is the
// plan, the result or the problem.
type EraseItem struct {
	Progress *Progress       `json:"progress,omitempty"`
	Plan     *erasure.Plan   `json:"plan,omitempty"`    // of a dry run
	Result   *erasure.Result `json:"result,omitempty"`  // what was done
	Problem  *Problem        `json:"problem,omitempty"` // nothing was done, or not all of it
}

// keeper returns what erases, or an error where there is none.
func (c *call) keeper() (*erasure.Keeper, error) {
	if c.cfg.Keeper == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "erasure", Detail: "nothing can be erased here"}
	}
	return c.cfg.Keeper, nil
}

func erase(c *call) error {
	if err := c.cfg.Room.Admit(c.reader, reading.ActErase); err != nil {
		return err
	}
	k, err := c.keeper()
	if err != nil {
		return err
	}
	var req EraseRequest
	if err := c.body(&req); err != nil {
		return err
	}
	rc := http.NewResponseController(c.w)
	send := func(item EraseItem) {
		if c.w.status == 0 {
			c.w.Header().Set("Content-Type", "application/jsonl")
		}
		encoder(c.w).Encode(item) // what was decided is done, whether anybody listens or not
		rc.Flush()
	}
	last := c.cfg.Now()
	progress := func(done, total uint64) {
		if now := c.cfg.Now(); now.Sub(last) >= progressEvery {
			last = now
			send(EraseItem{Progress: &Progress{done, total}})
		}
	}
	r := erasure.Request{Selector: req.selector(), Classes: req.Classes, Mentions: req.Mentions, Wide: req.AllIdentities, ExceptHeld: req.ExceptHeld, Number: req.Request}
	var item EraseItem
	if req.DryRun {
		item.Plan, err = k.Plan(c.r.Context(), c.reader, r, progress)
	} else {
		item.Result, err = k.Erase(c.r.Context(), c.reader, r, progress)
	}
	if err != nil {
		if c.w.status != 0 {
			p := *problemOf(err)
			p.Type = ProblemPrefix + p.Type
			send(EraseItem{Problem: &p})
		}
		return err
	}
	send(item)
	return nil
}

// Hold is a legal hold.
type Hold struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Reason    string    `json:"reason,omitempty"`
	Since     time.Time `json:"since"`
	Decision  uint64    `json:"decision"`  // number of the event by which it began
	Selection Selection `json:"selection"` // what is held
}

// NewHold begins a hold.
type NewHold struct {
	Name string `json:"name"` // required
	Selection
}

func holdOf(h *erasure.Hold) Hold {
	s := h.Selector
	return Hold{h.ID, h.Name, h.Reason, h.Since, h.Number, Selection{Principals: s.Principals, Objects: s.Objects, Query: s.Query, Events: s.Events, From: s.From, To: s.To}}
}

func listHolds(c *call, _ none) ([]Hold, error) {
	k, err := c.keeper()
	if err != nil {
		return nil, err
	}
	holds, err := k.Holds(c.r.Context(), c.reader)
	list := make([]Hold, 0, len(holds))
	for _, h := range holds {
		list = append(list, holdOf(h))
	}
	return list, err
}

func addHold(c *call) error {
	if err := c.cfg.Room.Admit(c.reader, reading.ActHold); err != nil {
		return err
	}
	k, err := c.keeper()
	if err != nil {
		return err
	}
	var n NewHold
	if err := c.body(&n); err != nil {
		return err
	}
	h, err := k.AddHold(c.r.Context(), c.reader, n.Name, n.selector(), n.AllIdentities)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, holdOf(h))
}

type holdParams struct {
	Hold string `path:"hold" doc:"The hold's id, or its name."`
}

func releaseHold(c *call) error {
	k, err := c.keeper()
	if err != nil {
		return err
	}
	var p holdParams
	if err := c.decode(&p); err != nil {
		return err
	}
	h, err := k.ReleaseHold(c.r.Context(), c.reader, p.Hold)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, holdOf(h))
}

func retention(c *call, _ none) (*erasure.Retention, error) {
	k, err := c.keeper()
	if err != nil {
		return nil, err
	}
	return k.Retention(c.r.Context(), c.reader)
}
