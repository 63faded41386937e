package reading

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
)

// Touched sums up which objects one principal touched.
type Touched struct {
	Asked    string        `json:"asked"`          // as the reader named the principal
	Calls    uint64        `json:"calls"`          // that touched an object; derived
	Types    []Count       `json:"types"`          // touches by type of object, most first; derived
	Objects  []TouchedItem `json:"objects"`        // most calls first; derived
	Distinct uint64        `json:"distinct"`       // objects that were found
	More     bool          `json:"more,omitempty"` // there are more calls than were looked at
	Query    string        `json:"query"`          // the query that finds the events
	Derived  bool          `json:"derived"`        // always true: counts come from the index and are no evidence
	Meta     Meta          `json:"meta"`
}

// TouchedItem is one object that a principal touched through one app.
type TouchedItem struct {
	Object  string    `json:"object"`           // "type/id"
	Client  string    `json:"client,omitempty"` // the app; empty: none is known
	Calls   uint64    `json:"calls"`            //
	Asked   uint64    `json:"asked"`            // of these, that named it
	First   time.Time `json:"first"`            //
	Last    time.Time `json:"last"`             //
	Actions []Count   `json:"actions"`          // what was done, most frequent first
	Data    []string  `json:"data"`             // classes of sensitive data in those answers, sorted
}

// Bounds of one answer about what a principal touched.
const (
	maxTouchRows = 200_000 // calls that are looked at, the newest first
	maxTouched   = 200_000 // objects that are told apart
)

var errEnough = errors.New("enough")

// Objects sums up which objects a principal touched, named as in [Room.Who], up
// to limit of them (at most [MaxLimit]). A name under which nothing is known
// gives a Touched without calls.
func (r *Room) Objects(ctx context.Context, who Reader, name string, q Query, limit int) (*Touched, error) {
	who, err := r.admit(who, ActWho)
	if err != nil {
		return nil, err
	}
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 512 {
		return nil, fmt.Errorf("%w: name the principal by pseudonym, subject, e-mail, client or fingerprint, in at most 512 bytes", ErrArgument)
	}
	start := r.cfg.Now()
	q.LogsQL = "kind:=access what.objects:* (" + principalQuery(name) + ")"
	p, m, err := r.counts(who, q, nil)
	if err != nil {
		return nil, err
	}
	out := &Touched{Asked: name, Types: []Count{}, Objects: []TouchedItem{}, Query: q.LogsQL, Derived: true, Meta: m}
	if err := r.touched(ctx, p, out, min(max(limit, 1), MaxLimit)); err != nil {
		return nil, err
	}
	facts := append(q.bounds(), event.Fact{Name: "form", Value: "objects"}, event.Fact{Name: "results", Value: strconv.FormatUint(out.Calls, 10)})
	if err := r.look(ctx, who, ActWho, q.LogsQL, []event.Object{{Type: "principal", ID: name}}, facts...); err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

func (r *Room) touched(ctx context.Context, p *plan, out *Touched, limit int) error {
	q := p.index()
	q.LogsQL += ` | fields _time, "what.objects", "what.asked", "credential.client", "operation.action", "data"`
	q.Limit = maxTouchRows + 1
	found := make(map[[2]string]*TouchedItem)
	types := make(map[string]uint64)
	err := r.cfg.Index.Run(ctx, q, func(got []index.Field) error {
		if out.Calls >= maxTouchRows {
			out.More = true
			return errEnough
		}
		out.Calls++
		return out.add(fieldMap(got), found, types)
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if err := cmp.Or(indexError(err), r.steady(p.begun)); err != nil {
		return err
	}
	for t, n := range types {
		out.Types = append(out.Types, Count{t, n})
	}
	slices.SortFunc(out.Types, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value)) })
	distinct := make(map[string]bool)
	for _, item := range found {
		distinct[item.Object] = true
		out.Objects = append(out.Objects, *item)
	}
	out.Distinct = uint64(len(distinct))
	slices.SortFunc(out.Objects, func(a, b TouchedItem) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Object, b.Object), strings.Compare(a.Client, b.Client))
	})
	out.Objects = out.Objects[:min(limit, len(out.Objects))]
	return nil
}

// add counts the objects of one call.
func (o *Touched) add(g map[string]string, found map[[2]string]*TouchedItem, types map[string]uint64) error {
	at, err := time.Parse(time.RFC3339Nano, g["_time"])
	if err != nil {
		return fmt.Errorf("the index has the time %q", g["_time"])
	}
	asked := make(map[string]bool)
	for name := range strings.FieldsSeq(g["what.asked"]) {
		asked[name] = true
	}
	for name := range strings.FieldsSeq(g["what.objects"]) {
		typ, _, ok := strings.Cut(name, "/")
		if !ok {
			continue
		}
		types[typ]++
		key := [2]string{name, g["credential.client"]}
		item := found[key]
		if item == nil {
			if len(found) >= maxTouched {
				o.More = true
				continue
			}
			item = &TouchedItem{Object: name, Client: key[1], Actions: []Count{}, Data: []string{}}
			found[key] = item
		}
		item.Calls++
		if asked[name] {
			item.Asked++
		}
		item.First, item.Last = earlier(item.First, at), later(item.Last, at)
		item.Actions = counted(item.Actions, g["operation.action"], 1)
		item.Data = joined(item.Data, g["data"])
	}
	return nil
}

func fieldMap(got []index.Field) map[string]string {
	m := make(map[string]string, len(got))
	for _, f := range got {
		m[f.Name] = f.Value
	}
	return m
}
