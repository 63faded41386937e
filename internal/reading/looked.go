package reading

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Looked is one look event, as people ask for it.
type Looked struct {
	Number  uint64    `json:"number"`            // of the look
	At      time.Time `json:"at"`                // when
	Reader  string    `json:"reader"`            // who, as their token names them; empty: not known, or erased
	Role    string    `json:"role,omitempty"`    // at that time
	KeyID   string    `json:"key_id,omitempty"`  // of the token; empty: the administrator's
	Tool    string    `json:"tool,omitempty"`    // api, cli, console
	Address string    `json:"address,omitempty"` // where from
	Action  string    `json:"action"`            // search, view, exported, report, refused, …
	How     string    `json:"how,omitempty"`     // of one event: shown, viewed, proved, counted
	Query   string    `json:"query,omitempty"`   // what was asked
	Reason  string    `json:"reason,omitempty"`  // why, in their words
	Event   string    `json:"event,omitempty"`   // number of the event that was viewed or proved
	Shown   string    `json:"shown,omitempty"`   // numbers of the records that were shown, as ranges
	Count   uint64    `json:"count,omitempty"`   // how many these are
}

// Looks is the answer to [Room.LooksAt] and [Room.LooksOf]. It holds at most
// [MaxLimit] looks.
type Looks struct {
	Asked    string    `json:"asked"`           // as the reader asked
	Event    *Record   `json:"event,omitempty"` // the event that it is about, if it is about one
	Looks    []Looked  `json:"looks"`           // newest first
	Total    uint64    `json:"total"`           // of looks; more than are listed: the older ones are left out
	Possible uint64    `json:"possible"`        // looks at counts and rows of the index, which have no numbers of records and may have shown the event
	Problems []Problem `json:"problems"`        // looks that could not be read
	Meta     Meta      `json:"meta"`
}

// LooksAt returns who looked at the event with the given number or id, newest
// first: what showed it, as sealed with each look.
func (r *Room) LooksAt(ctx context.Context, who Reader, ref string) (*Looks, error) {
	who, err := r.admit(who, ActLooks)
	if err != nil {
		return nil, err
	}
	n, err := r.number(ctx, ref)
	if err != nil {
		return nil, err
	}
	rec, e, bad := r.read(who, n)
	out := &Looks{Asked: ref, Event: rec}
	q := Query{LogsQL: `kind:="look"`}
	if bad == nil {
		q.From = e.Arrived.Add(-disorder) // it could not be shown before
	}
	err = r.looks(ctx, who, q, out, func(l *Looked, look *event.Event) bool {
		how, possible := showed(look, n, e)
		l.How, l.Shown = how, "" // the ranges say nothing more
		if possible {
			out.Possible++
		}
		return how != ""
	})
	if err != nil {
		return nil, err
	}
	var objects []event.Object
	if e != nil {
		objects = looked(e)
	}
	return out, r.look(ctx, who, ActLooks, "", objects, numberFact("number", n), numberFact("results", out.Total))
}

// LooksOf returns what a reader looked at, newest first. The reader is named as
// the token is, by its public id, or by pseudonym.
func (r *Room) LooksOf(ctx context.Context, who Reader, name string, q Query) (*Looks, error) {
	who, err := r.admit(who, ActLooks)
	if err != nil {
		return nil, err
	}
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 512 {
		return nil, fmt.Errorf("%w: name the reader as their token is named, by its id, or by pseudonym", ErrArgument)
	}
	v := quote(name)
	q.LogsQL = `kind:="look" (who.subject:=` + v + ` or credential.key_id:=` + v + ` or principal.id:=` + v + `)`
	out := &Looks{Asked: name}
	if err := r.looks(ctx, who, q, out, func(*Looked, *event.Event) bool { return true }); err != nil {
		return nil, err
	}
	facts := append(q.bounds(), numberFact("results", out.Total))
	return out, r.look(ctx, who, ActLooks, q.LogsQL, []event.Object{{Type: "reader", ID: name}}, facts...)
}

// looks goes through the look events that q means, and keeps the newest that
// are wanted.
func (r *Room) looks(ctx context.Context, who Reader, q Query, out *Looks, want func(*Looked, *event.Event) bool) error {
	p, err := r.plan(who, q)
	if err != nil {
		return err
	}
	out.Looks, out.Problems = []Looked{}, []Problem{}
	start := r.cfg.Now()
	s := Search{Query: q, Limit: 500}
	var after *cursor
	for complete := true; ; {
		m, err := r.meta()
		if err != nil {
			return err
		}
		res := &Result{Meta: m}
		if err := r.hits(ctx, who, p, s, after, res); err != nil {
			return err
		}
		out.Problems = append(out.Problems, res.Problems...)
		out.Problems = out.Problems[:min(len(out.Problems), maxProblems)]
		for i := range res.Hits {
			e, err := res.Hits[i].Event()
			if err != nil {
				return err
			}
			l := lookedOf(res.Hits[i].Number, e)
			if !want(&l, e) {
				continue
			}
			if out.Total++; len(out.Looks) < MaxLimit {
				out.Looks = append(out.Looks, l)
			}
		}
		// A page that ends early because of the scan limit says so, and goes on.
		complete = complete && (res.Meta.Complete || res.Next != "")
		if res.Next == "" {
			out.Meta = res.Meta
			out.Meta.Complete, out.Meta.Took = complete && len(out.Problems) == 0, r.cfg.Now().Sub(start)
			return nil
		}
		if after, err = parseCursor(res.Next); err != nil {
			return err
		}
	}
}

// factsOf returns the facts of a look by their names.
func factsOf(e *event.Event) map[string]string {
	m := map[string]string{}
	if e.Note != nil {
		for _, f := range e.Note.Facts {
			m[f.Name] = f.Value
		}
	}
	return m
}

func lookedOf(n uint64, e *event.Event) Looked {
	facts := factsOf(e)
	l := Looked{Number: n, At: e.Arrived, KeyID: e.Credential.KeyID, Role: facts["role"], Tool: facts["tool"], Event: facts["number"], Shown: facts["shown"]}
	l.Count, _ = strconv.ParseUint(facts["shown_count"], 10, 64)
	if e.Note != nil {
		l.Action = e.Note.Name
	}
	if e.Who != nil {
		l.Reader, l.Address = e.Who.Subject, e.Who.Address
	}
	if e.What != nil {
		l.Query = e.What.Query
		if i := slices.IndexFunc(e.What.Objects, func(o event.Object) bool { return o.Type == "reason" }); i >= 0 {
			l.Reason = e.What.Objects[i].ID
		}
	}
	return l
}

// showed says how a look showed record n, whose event is e if it could be read:
// "viewed", "proved", "shown", or "counted" by a report that read it. possible
// says that the look showed what has no numbers, of a time that includes e.
func showed(look *event.Event, n uint64, e *event.Event) (how string, possible bool) {
	facts := factsOf(look)
	if facts["number"] == strconv.FormatUint(n, 10) {
		switch Action(look.Note.Name) {
		case ActView:
			return "viewed", false
		case ActProve:
			return "proved", false
		}
	}
	parseShown(facts["shown"], func(low, high uint64) bool {
		if low <= n && n <= high {
			how = "shown"
		}
		return how == ""
	})
	if how != "" {
		return how, false
	}
	parseShown(facts["read"], func(low, high uint64) bool {
		if low <= n && n <= high {
			how = "counted"
		}
		return how == ""
	})
	if how != "" || facts["form"] == "" {
		return how, false
	}
	from, _ := time.Parse(time.RFC3339Nano, facts["from"])
	to, err := time.Parse(time.RFC3339Nano, facts["to"])
	inside := e == nil || !e.Arrived.Before(from) && (err != nil || e.Arrived.Before(to))
	return "", inside
}
