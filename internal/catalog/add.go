package catalog

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Add adds event n. Events must come in order; one that was added before is
// left out.
func (c *Catalog) Add(n uint64, h *event.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n < c.next {
		return
	}
	c.next = n + 1
	if h.Kind != event.Access {
		return
	}
	if c.calls == 0 || h.Arrived.Before(c.first) {
		c.first = h.Arrived
	}
	if h.Arrived.After(c.last) {
		c.last = h.Arrived
	}
	c.calls++
	api := h.Capture.Route
	if api == "" {
		api = h.Capture.Source
	}
	id := OperationID(h)
	// A path that the API does not know is no operation of it.
	if h.Operation.Route != "" || h.Operation.Name != "" || succeeded(h) {
		c.operation(api, id).add(n, h)
	} else {
		id = ""
	}
	op := api + " " + id
	if id == "" {
		op = ""
	}
	if h.Credential.Client != "" {
		c.app(h.Credential.Client).add(op, h)
	}
	if h.Principal.ID != "" {
		c.caller(h.Principal.ID).add(op, h)
	}
	if id := CredentialID(h); id != "" {
		c.credential(id).add(op, h)
	}
}

// succeeded reports whether a call was answered with success: 2xx, or a
// connection that was upgraded, and no error in the protocol's own terms. A
// gRPC call that is refused has the status 200 too.
func succeeded(h *event.Header) bool {
	status := h.Outcome.Status
	if status != 101 && (status < 200 || status > 299) {
		return false
	}
	switch h.Operation.Protocol {
	case "grpc", "graphql", "jsonrpc", "mcp", "soap":
		return h.Outcome.RPCStatus == "" || strings.EqualFold(h.Outcome.RPCStatus, "ok")
	}
	return true
}

func (c *Catalog) operation(api, id string) *Operation {
	return entry(c.operations, api+" "+id, c.limits.Operations, &c.dropped.Operations, func() *Operation { return &Operation{ID: id, API: api} })
}

func (c *Catalog) app(id string) *App {
	return entry(c.apps, id, c.limits.Apps, &c.dropped.Apps, func() *App { return &App{ID: id} })
}

func (c *Catalog) caller(id string) *Caller {
	return entry(c.callers, id, c.limits.Callers, &c.dropped.Callers, func() *Caller { return &Caller{ID: id} })
}

func (c *Catalog) credential(id string) *Credential {
	return entry(c.credentials, id, c.limits.Credentials, &c.dropped.Credentials, func() *Credential { return &Credential{ID: id} })
}

// seen is what an entry says of when it is dropped.
type seen interface {
	seenLast() time.Time
	proven() bool // what is not goes first
}

func (s Seen) seenLast() time.Time { return s.Last }
func (s Seen) proven() bool        { return true }

// Anybody can make up as many credentials as they like.
func (c *Credential) proven() bool { return c.Level >= event.LevelAsserted }

// entry returns the entry of that key, and makes it if it is not there.
func entry[V seen](m map[string]V, key string, limit int, dropped *uint64, make func() V) V {
	v, ok := m[key]
	if !ok {
		*dropped += room(m, limit)
		v = make()
		m[key] = v
	}
	return v
}

// room makes room for one more. If there is none, a sixteenth is dropped: what
// nobody has verified first, then what was seen longest ago, by time and then
// by key, so that a replay drops the same. It returns how many were dropped.
func room[V seen](m map[string]V, limit int) uint64 {
	if len(m) < limit {
		return 0
	}
	keys := keysToDrop(m)
	keys = keys[:min(max(1, limit/16), len(keys))]
	for _, k := range keys {
		delete(m, k)
	}
	return uint64(len(keys))
}

// keysToDrop returns the keys, those to be dropped first at the beginning.
func keysToDrop[V seen](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if p := m[a].proven(); p != m[b].proven() {
			if p {
				return 1
			}
			return -1
		}
		if d := m[a].seenLast().Compare(m[b].seenLast()); d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	return keys
}

// mark notes that key was seen in a map that may be nil.
func mark(m *map[string]Seen, key string, t time.Time) {
	if key == "" {
		return
	}
	s, ok := (*m)[key]
	if !ok {
		makeRoom(m)
	}
	s.at(t)
	(*m)[key] = s
}

func tally(m *map[string]Tally, data []event.Data, t time.Time) {
	for _, d := range data {
		e, ok := (*m)[d.Class]
		if !ok {
			makeRoom(m)
		}
		e.at(t)
		e.Values += d.Count
		(*m)[d.Class] = e
	}
}

func makeRoom[V seen](m *map[string]V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	room(*m, maxWithin)
}

func (o *Operation) add(n uint64, h *event.Header) {
	t := h.Arrived
	newest := !t.Before(o.Last)
	o.at(t)
	if newest {
		op := &h.Operation
		o.Protocol, o.Method, o.Route, o.Name, o.Type = op.Protocol, op.Method, op.Route, op.Name, op.Type
		o.Basis, o.Action, o.Version = op.Basis, op.Action, version(op.Route)
		if op.Requires != "" {
			o.Requires, o.Scopes = op.Requires, slices.Clone(op.Scopes)
		}
	}
	mark(&o.Hosts, h.Operation.Host, t)
	mark(&o.Statuses, strconv.Itoa(h.Outcome.Status), t)
	mark(&o.Kinds, string(h.Principal.Kind), t)
	mark(&o.Levels, strconv.Itoa(int(h.Principal.Level)), t)
	mark(&o.Apps, h.Credential.Client, t)
	mark(&o.Types, h.Response.Type, t)
	for _, kind := range h.Objects {
		mark(&o.Objects, kind, t)
	}
	tally(&o.Data, h.Data, t)
	tally(&o.Received, h.Received, t)
	o.Callers.add(h.Principal.ID)
	o.Records += h.Records
	o.In += h.Request.Bytes
	o.Out += h.Response.Bytes
	if succeeded(h) {
		o.Success.at(t)
		o.Sample, o.Sampled = n, true
		if h.Principal.Level < event.LevelAsserted {
			o.Open.at(t)
		}
	}
}

func (a *App) add(op string, h *event.Header) {
	t := h.Arrived
	a.at(t)
	mark(&a.Issuers, h.Principal.Issuer, t)
	mark(&a.Operations, op, t)
	for _, kind := range h.Objects {
		mark(&a.Objects, kind, t)
	}
	tally(&a.Data, h.Data, t)
	a.Callers.add(h.Principal.ID)
	a.Records += h.Records
	a.Out += h.Response.Bytes
	a.Scopes.add(h)
}

func (c *Caller) add(op string, h *event.Header) {
	t := h.Arrived
	c.at(t)
	c.Kind, c.Issuer, c.Level = h.Principal.Kind, h.Principal.Issuer, max(c.Level, h.Principal.Level)
	mark(&c.Operations, op, t)
	mark(&c.Apps, h.Credential.Client, t)
	for _, kind := range h.Objects {
		mark(&c.Objects, kind, t)
	}
	tally(&c.Data, h.Data, t)
	c.Records += h.Records
	c.Out += h.Response.Bytes
}

func (c *Credential) add(op string, h *event.Header) {
	newest := !h.Arrived.Before(c.Last)
	c.at(h.Arrived)
	c.Level = max(c.Level, h.Principal.Level)
	if newest {
		c.Method, c.KeyID, c.Client = h.Credential.Method, h.Credential.KeyID, h.Credential.Client
		c.Principal, c.Fingerprint, c.Expires = h.Principal.ID, h.Credential.Fingerprint, h.Credential.Expires
	}
	mark(&c.Operations, op, h.Arrived)
	c.Scopes.add(h)
}

// add judges a call. Only one of a verified credential carries scopes that
// somebody granted.
func (u *ScopeUse) add(h *event.Header) {
	u.Calls++
	if h.Principal.Level < event.LevelAsserted {
		return
	}
	for _, s := range h.Credential.Scopes {
		mark(&u.Granted, s, h.Arrived)
	}
	if h.Operation.Requires == "" {
		return
	}
	u.Judged++
	for _, s := range h.Operation.Scopes {
		if slices.Contains(h.Credential.Scopes, s) {
			mark(&u.Needed, s, h.Arrived)
		}
	}
}
