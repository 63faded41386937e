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
	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/index"
)

// ErrNoCatalog is the error of an installation that keeps no inventory.
var ErrNoCatalog = errors.New("there is no inventory here")

// Inventory says how far the inventory reaches. What it counts is derived from
// the headers of the events, and no evidence.
type Inventory struct {
	Total  int            `json:"total"`  // entries that match
	Sealed uint64         `json:"sealed"` // records in the ledger
	Status catalog.Status `json:"status"` // what was counted
	Took   time.Duration  `json:"took"`   // nanoseconds
}

// Wanted narrows an inventory down. The zero value means all.
type Wanted struct {
	Text  string    // part of an id, without regard to case
	API   string    // the configured route
	Class string    // a class of data that was returned
	App   string    // an OAuth client
	Open  bool      // answered with success to callers who were not verified
	Since time.Time // seen at this time or later; zero: at any time
	Limit int       // entries, those with most calls first; 0: 200, at most 5,000
}

// Operations, Apps, Callers and Credentials are parts of the inventory.
type (
	// Operations are operations of the APIs.
	Operations struct {
		Operations []catalog.Operation `json:"operations"`
		Inventory  Inventory           `json:"inventory"`
	}
	// Apps are OAuth clients and other programs that present credentials.
	Apps struct {
		Apps      []catalog.App `json:"apps"`
		Inventory Inventory     `json:"inventory"`
	}
	// Callers are principals, with the name of the newest event that has one.
	Callers struct {
		Callers   []NamedCaller `json:"callers"`
		Inventory Inventory     `json:"inventory"`
	}
	// Credentials are credentials, each with the scopes that nothing needed.
	Credentials struct {
		Credentials []Privilege `json:"credentials"`
		Inventory   Inventory   `json:"inventory"`
	}
	// Drift is how descriptions and traffic differ.
	Drift struct {
		Deviations []catalog.Deviation `json:"deviations"`
		Documented int                 `json:"documented"` // operations that the descriptions have
		Inventory  Inventory           `json:"inventory"`
	}
	// Diff is what changed from one time to another.
	Diff struct {
		Changes   []catalog.Change `json:"changes"`
		Inventory Inventory        `json:"inventory"`
	}
)

// NamedCaller is a principal with its name, where the record still has it.
type NamedCaller struct {
	catalog.Caller
	Name string `json:"name,omitempty"` // e-mail, subject or name; empty: none, or erased
}

// Privilege is a credential, and what it was given for nothing.
type Privilege struct {
	catalog.Credential
	Unused []string `json:"unused"` // scopes that were granted, and that no call needed
	Idle   bool     `json:"idle"`   // it was not used since the time that was asked for
}

// inventory is the beginning of everything that shows the inventory. It waits a
// little for what was just recorded.
func (r *Room) inventory(ctx context.Context, who Reader) (Reader, *catalog.Catalog, error) {
	who, err := r.admit(who, ActInventory)
	if err != nil {
		return who, nil, err
	}
	c := r.cfg.Catalog
	if c == nil {
		return who, nil, ErrNoCatalog
	}
	sealed, err := r.sealed()
	for try := 0; err == nil && c.Next() < sealed && try < maxBehind; try++ {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return who, c, err
}

// maxBehind bounds the wait for the inventory, at 20 ms a try.
const maxBehind = 100

// inventoried ends a look at the inventory: it records it, and says how far the
// inventory reaches.
func (r *Room) inventoried(ctx context.Context, who Reader, part string, w Wanted, total int, start time.Time) (Inventory, error) {
	i := Inventory{Total: total, Status: r.cfg.Catalog.Status()}
	var err error
	if i.Sealed, err = r.sealed(); err != nil {
		return i, err
	}
	facts := []event.Fact{{Name: "part", Value: part}, {Name: "results", Value: strconv.Itoa(total)}}
	if err := r.look(ctx, who, ActInventory, w.Text, nil, facts...); err != nil {
		return i, err
	}
	i.Took = r.cfg.Now().Sub(start)
	return i, nil
}

// narrow keeps what was asked for, those with most calls first, and returns how
// many there were.
func narrow[T any](list []T, w Wanted, fits func(*T) bool, seen func(*T) *catalog.Seen, id func(*T) string) ([]T, int) {
	kept := []T{}
	text := strings.ToLower(w.Text)
	for i := range list {
		e := &list[i]
		if text != "" && !strings.Contains(strings.ToLower(id(e)), text) || !w.Since.IsZero() && seen(e).Last.Before(w.Since) || !fits(e) {
			continue
		}
		kept = append(kept, *e)
	}
	slices.SortStableFunc(kept, func(a, b T) int {
		return cmp.Or(cmp.Compare(seen(&b).Count, seen(&a).Count), strings.Compare(id(&a), id(&b)))
	})
	limit := min(max(cmp.Or(w.Limit, 200), 1), 5000)
	return kept[:min(limit, len(kept))], len(kept)
}

func has[V any](m map[string]V, key string) bool {
	_, ok := m[key]
	return key == "" || ok
}

// Operations returns the operations of the APIs.
func (r *Room) Operations(ctx context.Context, who Reader, w Wanted) (*Operations, error) {
	start := r.cfg.Now()
	who, c, err := r.inventory(ctx, who)
	if err != nil {
		return nil, err
	}
	list, total := r.operations(c, w)
	out := &Operations{Operations: list}
	out.Inventory, err = r.inventoried(ctx, who, "operations", w, total, start)
	return out, err
}

func (r *Room) operations(c *catalog.Catalog, w Wanted) ([]catalog.Operation, int) {
	return narrow(c.Operations(), w, func(o *catalog.Operation) bool {
		return (w.API == "" || o.API == w.API) && has(o.Data, w.Class) && has(o.Apps, w.App) && (!w.Open || o.Open.Count > 0)
	}, func(o *catalog.Operation) *catalog.Seen { return &o.Seen }, func(o *catalog.Operation) string { return o.API + " " + o.ID })
}

// Apps returns the apps.
func (r *Room) Apps(ctx context.Context, who Reader, w Wanted) (*Apps, error) {
	start := r.cfg.Now()
	who, c, err := r.inventory(ctx, who)
	if err != nil {
		return nil, err
	}
	list, total := narrow(c.Apps(), w, func(a *catalog.App) bool { return has(a.Data, w.Class) && (w.App == "" || a.ID == w.App) },
		func(a *catalog.App) *catalog.Seen { return &a.Seen }, func(a *catalog.App) string { return a.ID })
	out := &Apps{Apps: list}
	out.Inventory, err = r.inventoried(ctx, who, "apps", w, total, start)
	return out, err
}

// maxNamed is for how many callers the name is looked up.
const maxNamed = 50

// Callers returns the principals. The first of them are shown with their
// names, as far as the index and the record have them.
func (r *Room) Callers(ctx context.Context, who Reader, w Wanted) (*Callers, error) {
	start := r.cfg.Now()
	who, c, err := r.inventory(ctx, who)
	if err != nil {
		return nil, err
	}
	list, total := narrow(c.Callers(), w, func(a *catalog.Caller) bool { return has(a.Data, w.Class) && has(a.Apps, w.App) },
		func(a *catalog.Caller) *catalog.Seen { return &a.Seen }, func(a *catalog.Caller) string { return a.ID })
	out := &Callers{Callers: make([]NamedCaller, len(list))}
	for i := range list {
		out.Callers[i].Caller = list[i]
		if i < maxNamed {
			out.Callers[i].Name = r.nameOf(ctx, who, list[i].ID)
		}
	}
	out.Inventory, err = r.inventoried(ctx, who, "callers", w, total, start)
	return out, err
}

// nameOf returns what the newest event of a principal calls it, read from the
// ledger; empty if that is not known.
func (r *Room) nameOf(ctx context.Context, who Reader, pseudonym string) string {
	if r.cfg.Index == nil {
		return ""
	}
	hits, err := r.cfg.Index.Search(ctx, index.Query{LogsQL: "principal.id:=" + quote(pseudonym) + ` kind:="access"`, Limit: 1, Newest: true})
	if err != nil || len(hits) == 0 {
		return ""
	}
	_, e, bad := r.read(who, hits[0].Number)
	if bad != nil || e.Who == nil {
		return ""
	}
	return cmp.Or(e.Who.Email, e.Who.Name, e.Who.Subject)
}

// Credentials returns the credentials with the scopes that they were granted
// and that nothing needed, and those that were not used since idle.
func (r *Room) Credentials(ctx context.Context, who Reader, w Wanted, idle time.Time, only bool) (*Credentials, error) {
	start := r.cfg.Now()
	who, c, err := r.inventory(ctx, who)
	if err != nil {
		return nil, err
	}
	all := []Privilege{}
	for _, cr := range c.Credentials() {
		p := Privilege{Credential: cr, Unused: cr.Scopes.Unused(), Idle: !idle.IsZero() && cr.Last.Before(idle)}
		if p.Unused == nil {
			p.Unused = []string{}
		}
		if !only || len(p.Unused) > 0 || p.Idle {
			all = append(all, p)
		}
	}
	list, total := narrow(all, w, func(p *Privilege) bool { return w.App == "" || p.Client == w.App },
		func(p *Privilege) *catalog.Seen { return &p.Seen }, func(p *Privilege) string { return p.ID })
	out := &Credentials{Credentials: list}
	out.Inventory, err = r.inventoried(ctx, who, "credentials", w, total, start)
	return out, err
}

// Drift compares the descriptions of the APIs with the traffic.
func (r *Room) Drift(ctx context.Context, who Reader, w Wanted) (*Drift, error) {
	start := r.cfg.Now()
	who, c, err := r.inventory(ctx, who)
	if err != nil {
		return nil, err
	}
	var documents []catalog.Documented
	if r.cfg.Documents != nil {
		documents = r.cfg.Documents()
	}
	out := &Drift{Deviations: []catalog.Deviation{}, Documented: len(documents)}
	for _, d := range c.Drift(documents) {
		if w.API == "" || d.API == w.API {
			out.Deviations = append(out.Deviations, d)
		}
	}
	out.Inventory, err = r.inventoried(ctx, who, "drift", w, len(out.Deviations), start)
	return out, err
}

// Diff returns what changed in the inventory from one time to another; to zero
// means now.
func (r *Room) Diff(ctx context.Context, who Reader, from, to time.Time) (*Diff, error) {
	start := r.cfg.Now()
	who, c, err := r.inventory(ctx, who)
	if err != nil {
		return nil, err
	}
	if from.IsZero() {
		return nil, fmt.Errorf("%w: say from when", ErrArgument)
	}
	if to.IsZero() {
		to = start
	}
	out := &Diff{Changes: c.Diff(from, to)}
	out.Inventory, err = r.inventoried(ctx, who, "diff", Wanted{}, len(out.Changes), start)
	return out, err
}

// maxSamples is how many operations an OpenAPI document shows with a body.
const maxSamples = 1000

// OpenAPI returns an OpenAPI 3.1 document of what was observed. Bodies are only
// looked at for their shape, and only for readers who may see payloads.
func (r *Room) OpenAPI(ctx context.Context, who Reader, w Wanted) ([]byte, error) {
	start := r.cfg.Now()
	who, c, err := r.inventory(ctx, who)
	if err != nil {
		return nil, err
	}
	w.Limit = 5000
	list, total := r.operations(c, w)
	left := maxSamples
	b, err := catalog.OpenAPI(cmp.Or(w.API, "observed"), list, func(o *catalog.Operation) catalog.Sample {
		if left--; left < 0 || !who.seesPayload() {
			return catalog.Sample{}
		}
		_, e, bad := r.read(who, o.Sample)
		if bad != nil || e.Payload == nil {
			return catalog.Sample{}
		}
		return catalog.Sample{Request: []byte(e.Payload.Request.Body), Response: []byte(e.Payload.Response.Body)}
	})
	if err != nil {
		return nil, err
	}
	_, err = r.inventoried(ctx, who, "openapi", w, total, start)
	return b, err
}
