package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/ingest/delivery"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/redact"
)

// edges is the program as its edges see it: other programs, with the
// middleware.
type edges struct{ *App }

// Settings implements api.Edges. The configuration is that of the start or of
// the last reload; an edge asks when it starts.
func (a edges) Settings(name string) (delivery.Settings, error) {
	c := a.now.Load()
	s := delivery.Settings{
		Edge: name, Origin: a.keys.signer.Name(), Key: a.keys.fingerprint, Issuers: []delivery.Issuer{}, MTLS: c.Identity.MTLS.Enabled,
		Redact:   delivery.Redact{Headers: c.Redact.Headers, Query: c.Redact.Query, Fields: c.Redact.Fields, Cookies: c.Redact.Cookies, Keep: c.Redact.Keep},
		Classify: delivery.Classify{Off: !c.Classify.Enabled, Omit: c.Classify.Omit, Fields: c.Classify.Fields, MaxBody: int64(c.Classify.MaxBody)},
	}
	for i := range c.Identity.OIDC {
		o := &c.Identity.OIDC[i]
		issuer, err := edgeIssuer(o)
		if err != nil {
			return s, fmt.Errorf("identity.oidc[%s].ca: %w", o.Name, err)
		}
		s.Issuers = append(s.Issuers, issuer)
		if o.Introspection.ClientID != "" {
			s.Left = append(s.Left, "identity.oidc["+o.Name+"].introspection")
		}
	}
	if h := c.Identity.TrustedHeaders; len(h.Peers) > 0 {
		s.TrustedHeaders = &delivery.Headers{User: h.User, Email: h.Email, Groups: h.Groups, Tenant: h.Tenant}
		for _, p := range h.Peers {
			s.TrustedHeaders.Peers = append(s.TrustedHeaders.Peers, p.String())
		}
	}
	for _, name := range c.Identities() {
		if name == "api_keys" || name == "basic" {
			s.Left = append(s.Left, "identity."+name)
		}
	}
	a.heard.of(name, func(e *api.EdgeState) { e.Joined = time.Now().UTC() })
	return s, nil
}

// heard is what came from the edges since the start.
type heard struct {
	mu sync.Mutex
	by map[string]*api.EdgeState
}

// of changes the state of an edge. There are no more than tokens were made.
func (h *heard) of(name string, change func(*api.EdgeState)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by == nil {
		h.by = make(map[string]*api.EdgeState)
	}
	if h.by[name] == nil {
		h.by[name] = &api.EdgeState{Name: name}
	}
	change(h.by[name])
}

// taken notes that events of one edge were recorded.
func (h *heard) taken(events []*event.Event, now time.Time) {
	if len(events) == 0 {
		return
	}
	name, _, _ := strings.Cut(events[0].Edge, delivery.EdgeSeparator)
	h.of(name, func(s *api.EdgeState) {
		var newest time.Time
		for _, e := range events {
			if e.Kind == event.Gap {
				s.Lost += e.Lost.Count
				continue
			}
			s.Events++
			if e.End().After(newest) {
				newest, s.Newest = e.End(), e.Arrived
			}
		}
		if s.Received = now; !newest.IsZero() {
			s.Lag = max(now.Sub(newest).Seconds(), 0)
		}
	})
}

// States implements api.Edges.
func (a edges) States() []api.EdgeState {
	a.heard.mu.Lock()
	defer a.heard.mu.Unlock()
	list := []api.EdgeState{}
	for _, name := range slices.Sorted(maps.Keys(a.heard.by)) {
		list = append(list, *a.heard.by[name])
	}
	return list
}

// edgeMetrics are the figures of the edges.
func (a *App) edgeMetrics() (list []api.Metric) {
	for _, s := range (edges{a}).States() {
		l := []api.Label{{Name: "edge", Value: s.Name}}
		list = append(list,
			api.Metric{Name: "gatebook_edge_events_total", Help: "Calls of a program with the middleware that were recorded.", Type: "counter", Labels: l, Value: float64(s.Events)},
			api.Metric{Name: "gatebook_edge_lost_total", Help: "Calls that a program with the middleware says it lost.", Type: "counter", Labels: l, Value: float64(s.Lost)})
	}
	slices.SortStableFunc(list, func(a, b api.Metric) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func edgeIssuer(o *config.OIDC) (delivery.Issuer, error) {
	s := delivery.Issuer{
		Name: o.Name, URL: o.Issuer.String(), Audiences: o.Audiences, Algorithms: o.Algorithms, Skew: o.ClockSkew,
		Groups: o.Groups, Tenant: o.Tenant, Type: o.RequiredType, Timeout: o.Timeout,
	}
	if o.JWKSURL != nil {
		s.KeysURL = o.JWKSURL.String()
	}
	if o.CA != "" {
		pem, err := os.ReadFile(o.CA)
		if err != nil {
			return s, err
		}
		s.Certificates = string(pem)
	}
	return s, nil
}

// lookEvery is how often it is looked whether the measures are others.
const lookEvery = 100 * time.Millisecond

// Measures implements api.Edges.
func (a edges) Measures(ctx context.Context, after string) delivery.Measures {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		m := a.versions.of(a.live.Load(), a.keys.fingerprint)
		if m.Version != after || a.draining.Load() {
			return m
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return m
		}
	}
}

// versions is the newest set of measures, as edges get it.
type versions struct {
	mu  sync.Mutex
	set *policy.Set
	is  delivery.Measures
}

// of returns a set as edges get it. It is made once for all of them.
func (v *versions) of(set *policy.Set, key []byte) delivery.Measures {
	v.mu.Lock()
	defer v.mu.Unlock()
	if set != v.set || v.is.Version == "" {
		v.set, v.is = set, delivery.MeasuresOf(set)
		b, err := json.Marshal(v.is)
		if err != nil {
			panic(err) // it is plain data
		}
		v.is.Version = redact.Fingerprint(key, string(b))
	}
	return v.is
}

// Take implements api.Edges.
func (a edges) Take(ctx context.Context, events []*event.Event, again bool) (delivery.Taken, error) {
	taken := delivery.Taken{Numbers: make([]int64, len(events))}
	fresh, at, err := a.unknown(ctx, events, again, taken.Numbers)
	if err != nil {
		return taken, err
	}
	receipts, err := a.recorder.AppendAll(ctx, fresh)
	if err != nil {
		return taken, err
	}
	a.heard.taken(fresh, time.Now().UTC())
	for i, r := range receipts {
		taken.Numbers[at[i]], taken.Checkpoint = int64(r.Number), string(r.Checkpoint)
	}
	return taken, nil
}

// unknown returns those of events that are not in the ledger yet, and where
// they are in the list; the numbers of the others become -1.
func (a edges) unknown(ctx context.Context, events []*event.Event, again bool, numbers []int64) (fresh []*event.Event, at []int, err error) {
	known := make(map[event.ID]bool)
	if again && a.indexer != nil {
		ids := make([]event.ID, len(events))
		for i, e := range events {
			ids[i] = e.ID
		}
		if known, err = a.knownEvents(ctx, a.recorder.Size(), ids); err != nil {
			return nil, nil, err
		}
	}
	for i, e := range events {
		if known[e.ID] {
			numbers[i] = -1
			continue
		}
		known[e.ID] = true // twice in one delivery is once
		fresh, at = append(fresh, e), append(at, i)
	}
	return fresh, at, nil
}
