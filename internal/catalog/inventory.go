package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Status says what a catalog covers.
type Status struct {
	Next    uint64    `json:"next"`    // events before this number are counted
	Calls   uint64    `json:"calls"`   // calls among them
	First   time.Time `json:"first"`   // arrival of the first call; zero: there was none
	Last    time.Time `json:"last"`    // of the newest
	Dropped Dropped   `json:"dropped"` // entries that were let go to keep within the limits
}

// Status returns what the catalog covers.
func (c *Catalog) Status() Status {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return Status{c.next, c.calls, c.first, c.last, c.dropped}
}

// Next returns the number of the next event that is to be added.
func (c *Catalog) Next() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.next
}

// Operations returns copies of all operations, by API and id.
func (c *Catalog) Operations() []Operation {
	return all(c, c.operations, (*Operation).clone)
}

// Apps returns copies of all apps, by id.
func (c *Catalog) Apps() []App { return all(c, c.apps, (*App).clone) }

// Callers returns copies of all callers, by id.
func (c *Catalog) Callers() []Caller { return all(c, c.callers, (*Caller).clone) }

// Credentials returns copies of all credentials, by id.
func (c *Catalog) Credentials() []Credential { return all(c, c.credentials, (*Credential).clone) }

func all[T any](c *Catalog, m map[string]*T, clone func(*T) T) []T {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := make([]T, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, clone(m[key]))
	}
	return list
}

func (o *Operation) clone() Operation {
	v := *o
	v.Scopes = slices.Clone(o.Scopes)
	v.Callers = o.Callers.clone()
	for _, m := range []*map[string]Seen{&v.Hosts, &v.Statuses, &v.Kinds, &v.Levels, &v.Apps, &v.Objects, &v.Types} {
		*m = maps.Clone(*m)
	}
	v.Data, v.Received = maps.Clone(o.Data), maps.Clone(o.Received)
	return v
}

func (a *App) clone() App {
	v := *a
	v.Issuers, v.Operations, v.Objects = maps.Clone(a.Issuers), maps.Clone(a.Operations), maps.Clone(a.Objects)
	v.Data, v.Scopes, v.Callers = maps.Clone(a.Data), a.Scopes.clone(), a.Callers.clone()
	return v
}

func (c *Caller) clone() Caller {
	v := *c
	v.Operations, v.Apps, v.Objects, v.Data = maps.Clone(c.Operations), maps.Clone(c.Apps), maps.Clone(c.Objects), maps.Clone(c.Data)
	return v
}

func (c *Credential) clone() Credential {
	v := *c
	v.Operations, v.Scopes = maps.Clone(c.Operations), c.Scopes.clone()
	return v
}

func (u ScopeUse) clone() ScopeUse {
	u.Granted, u.Needed = maps.Clone(u.Granted), maps.Clone(u.Needed)
	return u
}

// clone leaves out what the count comes from: nothing is added to a copy.
func (d Distinct) clone() Distinct { return Distinct{Names: d.Names, Estimated: d.Estimated} }

// Documented is an operation as a description of the API has it.
type Documented struct {
	API        string         `json:"api"` // the configured route that the description belongs to
	Method     string         `json:"method"`
	Route      string         `json:"route"`
	Name       string         `json:"name,omitempty"` // operationId
	Deprecated bool           `json:"deprecated,omitempty"`
	Requires   event.Requires `json:"requires,omitempty"`
	Scopes     []string       `json:"scopes,omitempty"`
	Statuses   []string       `json:"statuses,omitempty"` // "200", "4XX", "default"; empty: not said
}

// Deviation is a difference between the descriptions and the traffic.
type Deviation struct {
	Kind   string `json:"kind"` // one of the Kind constants
	API    string `json:"api"`
	ID     string `json:"id"`     // of the operation
	Detail string `json:"detail"` // one sentence without a full stop
	Seen
}

// The kinds of deviation.
const (
	KindShadow    = "shadow"       // answered with success, and in no description of an API that has one
	KindZombie    = "zombie"       // deprecated, or an older version of what is described and described no more, and still called
	KindUnused    = "unused"       // described, and never called
	KindStatus    = "status"       // answers with a status that is not described
	KindOpen      = "open"         // described as protected, and answered with success to nobody who is verified
	KindUncovered = "unclassified" // calls whose operation is not known
)

// Drift compares the descriptions with the traffic, sorted by kind, API and
// operation. APIs without a description are left out.
func (c *Catalog) Drift(documents []Documented) []Deviation {
	documented := make(map[string]*Documented, len(documents))
	newest := make(map[string]*Documented) // by template without version
	described := make(map[string]bool)
	key := func(api, method, route string) string { return api + " " + method + " " + route }
	for i := range documents {
		d := &documents[i]
		documented[key(d.API, d.Method, shape(d.Route))] = d
		described[d.API] = true
		if rest, v := unversioned(d.Route); v > 0 {
			k := key(d.API, d.Method, rest)
			if old := newest[k]; old == nil || v > versionOf(old) {
				newest[k] = d
			}
		}
	}
	list := []Deviation{}
	seen := make(map[string]bool)
	for _, o := range c.Operations() {
		if !described[o.API] {
			continue
		}
		k := key(o.API, o.Method, shape(o.Route))
		d := documented[k]
		seen[k] = seen[k] || d != nil
		rest, v := unversioned(o.Route)
		successor := newest[key(o.API, o.Method, rest)]
		if v == 0 || successor != nil && versionOf(successor) <= v {
			successor = nil
		}
		list = append(list, o.drift(d, successor)...)
	}
	for i := range documents {
		if d := &documents[i]; !seen[key(d.API, d.Method, shape(d.Route))] {
			list = append(list, Deviation{Kind: KindUnused, API: d.API, ID: d.Method + " " + d.Route, Detail: "it is described, and was not called"})
		}
	}
	slices.SortStableFunc(list, func(a, b Deviation) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.API, b.API), strings.Compare(a.ID, b.ID), strings.Compare(a.Detail, b.Detail))
	})
	return list
}

func versionOf(d *Documented) float64 {
	_, v := unversioned(d.Route)
	return v
}

// drift compares an operation with its description, nil if it has none.
// Successor is the description of a newer version of it; nil: there is none.
func (o *Operation) drift(d, successor *Documented) (list []Deviation) {
	add := func(kind, detail string, s Seen) {
		list = append(list, Deviation{kind, o.API, o.ID, detail, s})
	}
	if d == nil {
		switch {
		case o.Route == "" && o.Name == "":
			add(KindUncovered, "these calls fit no operation that is known", o.Seen)
		case o.Success.Count == 0 || o.Basis == event.BasisProtocol:
		case successor != nil:
			add(KindZombie, "it still answers, and only its newer version "+successor.Route+" is described", o.Success)
		default:
			add(KindShadow, "it answers, and no description has it", o.Success)
		}
		return list
	}
	if d.Deprecated {
		add(KindZombie, "it is deprecated, and still called", o.Seen)
	}
	for _, status := range slices.Sorted(maps.Keys(o.Statuses)) {
		if len(d.Statuses) > 0 && status != "0" && !describes(d.Statuses, status) {
			add(KindStatus, "it answered with "+status+", which is not described", o.Statuses[status])
		}
	}
	if o.Open.Count > 0 && (d.Requires == event.RequiresCredential || d.Requires == event.RequiresScopes) {
		add(KindOpen, "it is described as protected, and answered with success to callers who were not verified", o.Open)
	}
	return list
}

// describes reports whether one of the statuses of a description, as OpenAPI
// spells them, covers status.
func describes(statuses []string, status string) bool {
	return slices.ContainsFunc(statuses, func(s string) bool {
		return s == "default" || s == status || len(s) == 3 && strings.EqualFold(s[1:], "XX") && s[0] == status[0]
	})
}

// Change is something that is new in the inventory, or was not seen any more.
type Change struct {
	Kind string `json:"kind"` // "operation", "app", "caller", "data", "object", "scope"
	New  bool   `json:"new"`  // seen for the first time between the dates; else: seen before them, and not between them
	API  string `json:"api,omitempty"`
	ID   string `json:"id"`             // of the operation, app or caller
	What string `json:"what,omitempty"` // the class of data, the app, the status: what is new in it
	Seen
}

// Diff returns what changed from one date to another: what was seen for the
// first time at from or later and before to, and what was seen before from and
// not since, as far as the catalog reaches back. It is sorted.
func (c *Catalog) Diff(from, to time.Time) []Change {
	list := []Change{}
	add := func(kind, api, id, what string, s Seen, gone bool) {
		switch {
		case !s.First.Before(from) && s.First.Before(to):
			list = append(list, Change{kind, true, api, id, what, s})
		case gone && s.First.Before(from) && s.Last.Before(from):
			list = append(list, Change{kind, false, api, id, what, s})
		}
	}
	for _, o := range c.Operations() {
		add("operation", o.API, o.ID, "", o.Seen, true)
		if !o.First.Before(from) {
			continue // all of it is new
		}
		for class, t := range o.Data {
			add("data", o.API, o.ID, class, t.Seen, false)
		}
		for app, s := range o.Apps {
			add("app", o.API, o.ID, app, s, false)
		}
	}
	for _, a := range c.Apps() {
		add("app", "", a.ID, "", a.Seen, true)
		if !a.First.Before(from) {
			continue
		}
		for class, t := range a.Data {
			add("data", "", a.ID, class, t.Seen, false)
		}
		for scope, s := range a.Scopes.Granted {
			add("scope", "", a.ID, scope, s, false)
		}
	}
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.API, b.API), strings.Compare(a.ID, b.ID), strings.Compare(a.What, b.What))
	})
	return list
}

// Dormant returns the credentials that were used, and not since the time given,
// those first that were used longest ago. What has expired is left out.
func (c *Catalog) Dormant(since, now time.Time) []Credential {
	list := []Credential{}
	for _, cr := range c.Credentials() {
		if cr.Last.Before(since) && (cr.Expires.IsZero() || cr.Expires.After(now)) {
			list = append(list, cr)
		}
	}
	slices.SortStableFunc(list, func(a, b Credential) int { return a.Last.Compare(b.Last) })
	return list
}
