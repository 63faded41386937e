package operation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// Config is a tracker's configuration.
type Config struct {
	APIs []API            // one for each configured route; see [Tracker.Swap] for changing them
	File string           // where what was learned is kept; empty: nowhere
	Log  *slog.Logger     // nil: slog.Default()
	Now  func() time.Time // for when a template was first seen; nil: time.Now
}

// API is what is known beforehand of the API behind a route.
type API struct {
	Route   string       // the configured route
	Actions []ActionRule // the first that matches says what an operation does
	NoLearn bool         // templates come from descriptions and people only

	// Document returns a description of the API; nil: there is none. It is
	// called by Run at the beginning and every Refresh, and may wait.
	Document func(ctx context.Context) (*Description, error)
	Refresh  time.Duration // 0: once
}

// Description is what a document says of an API.
type Description struct {
	Title, Version string
	Digest         string // of the document: an unchanged one is not taken again
	Templates      []*Template
}

// Tracker tells the operations and objects of calls. Make one with [New], then
// [Tracker.Run] it. It is safe for concurrent use.
type Tracker struct {
	log  *slog.Logger
	now  func() time.Time
	file string
	keys *keyCache
	apis atomic.Pointer[apiSet]

	swap sync.Mutex    // held while apis changes, and while the state is saved
	wake chan struct{} // the set has changed
}

type apiSet struct{ byRoute map[string]*api }

func (s *apiSet) find(route string) *api { return s.byRoute[route] }

// api is one API.
type api struct {
	API
	logged bool // it is known by the logs of others, and from no configuration
	now    func() time.Time
	*memory
}

// memory is what is known of an API; it outlasts a change of the configuration.
type memory struct {
	doc    atomic.Pointer[Matcher]
	people atomic.Pointer[Matcher]
	router atomic.Pointer[Matcher] // of the patterns of a program's router

	mu      sync.RWMutex    // guards what follows
	digest  string          // of the document
	types   map[string]bool // of objects that templates of the document and learned ones name
	pins    []Pin
	learner *learner
}

// New returns a tracker with what was learned before, or an error that says
// what is wrong with the configuration.
func New(c Config) (*Tracker, error) {
	t := &Tracker{log: c.Log, now: c.Now, file: c.File, keys: newKeyCache(), wake: make(chan struct{}, 1)}
	if t.log == nil {
		t.log = slog.Default()
	}
	if t.now == nil {
		t.now = time.Now
	}
	t.apis.Store(&apiSet{})
	if err := t.Swap(c.APIs); err != nil {
		return nil, err
	}
	return t, t.load()
}

// Swap puts other APIs in the place of those there are. What was learned of a
// route stays with its name.
func (t *Tracker) Swap(list []API) error {
	t.swap.Lock()
	defer t.swap.Unlock()
	old, set := t.apis.Load(), &apiSet{byRoute: make(map[string]*api, len(list))}
	for i := range list {
		if set.byRoute[list[i].Route] != nil {
			return fmt.Errorf("operation: route %q: is there twice", list[i].Route)
		}
		a := &api{API: list[i], now: t.now}
		if before := old.find(a.Route); before != nil {
			a.memory = before.memory
		} else {
			a.memory = &memory{learner: newLearner()}
		}
		if a.Document == nil {
			a.doc.Store(nil)
		}
		set.byRoute[a.Route] = a
	}
	for name, before := range old.byRoute { // a route that is gone may come back
		switch {
		case set.byRoute[name] != nil:
		case before.logged:
			set.byRoute[name] = before
		default:
			set.byRoute[name] = &api{API: API{Route: name, NoLearn: true}, now: t.now, memory: before.memory}
		}
	}
	t.apis.Store(set)
	select {
	case t.wake <- struct{}{}:
	default:
	}
	return nil
}

// find finds the template of a path: what people say, then the document, then
// what the program's router says, then what was learned.
func (a *api) find(c *capture.Call, m *Match) bool {
	if a.people.Load().Find(c.Path, m) || a.doc.Load().Find(c.Path, m) || a.routed(c.Pattern, c.Path, m) {
		return true
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.learner.find(c.Path, namesOf(c.Identity), m)
}

// learn takes a call that the API answered, and finds the template for it if
// there is one now.
func (a *api) learn(c *capture.Call, e *echo, m *Match) bool {
	if a.NoLearn {
		return false
	}
	s := seen{path: c.Path, at: a.now()}
	if id := c.Identity; id != nil {
		who := cmp.Or(id.Principal.ID, id.Credential.Fingerprint)
		s.caller = uint32(maphash.String(seed, who))
	}
	s.names = namesOf(c.Identity)
	if e != nil && e.found != 0 {
		s.echo = func(seg string) bool {
			i := slices.Index(e.segments, seg)
			return i >= 0 && e.found&(1<<i) != 0
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.learner.learn(&s) == nil || !a.learner.find(c.Path, s.names, m) {
		return false
	}
	a.typed(m.Template)
	return true
}

// typed notes the types of the objects that a template names. The caller holds
// a.mu.
func (a *api) typed(t *Template) {
	if a.types == nil {
		a.types = make(map[string]bool)
	}
	for _, typ := range t.objectTypes() {
		if len(a.types) < maxTemplates {
			a.types[typ] = true
		}
	}
}

// hasType reports whether a template names objects of a type.
func (a *api) hasType(typ string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.types[typ]
}

// namesOf returns what reports whether a segment of a path names the caller:
// such a segment is an id, whatever it looks like. Nil: there is no name.
func namesOf(id *capture.Identity) func(string) bool {
	if id == nil || id.Subject == "" && id.Name == "" && id.Email == "" {
		return nil
	}
	return func(seg string) bool {
		if len(seg) < 2 {
			return false
		}
		for _, s := range [...]string{id.Subject, id.Name, id.Email} {
			if strings.EqualFold(s, seg) {
				return true
			}
			if local, _, ok := strings.Cut(s, "@"); ok && strings.EqualFold(local, seg) {
				return true
			}
		}
		return false
	}
}

// action says what an operation does.
func (a *api) action(method string, t *Template) event.Action {
	for i := range a.Actions {
		if a.Actions[i].matches(method, t.Text) {
			return a.Actions[i].Action
		}
	}
	if d := t.Ops[method]; d != nil && d.Action != "" {
		return d.Action
	}
	return refine(actionOf(method, t.Words), method, t)
}

// saveEvery is how often what was learned is written down.
const saveEvery = 30 * time.Second

// Run keeps the descriptions fresh and what was learned on disk, until ctx
// ends. A description that cannot be had is logged, and the one before stays.
func (t *Tracker) Run(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	var documents sync.WaitGroup
	stop := t.follow(ctx, &documents)
	for {
		select {
		case <-t.wake:
			stop()
			documents.Wait()
			stop = t.follow(ctx, &documents)
		case <-tick.C:
			t.save()
		case <-ctx.Done():
			stop()
			documents.Wait()
			t.save()
			return nil
		}
	}
}

// follow starts to keep the descriptions of the present APIs fresh.
func (t *Tracker) follow(ctx context.Context, running *sync.WaitGroup) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	for _, a := range t.apis.Load().byRoute {
		if a.Document != nil {
			running.Go(func() { t.refresh(ctx, a) })
		}
	}
	return stop
}

// firstTries is how soon a description is asked for again that could not be had
// yet: the API may be about to start.
const firstTries = time.Second

func (t *Tracker) refresh(ctx context.Context, a *api) {
	wait := firstTries
	for {
		err := t.Refresh(ctx, a.Route)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			t.log.Warn("the description of an API could not be had; what was known before stays", "route", a.Route, "error", err)
			wait = min(2*wait, max(a.Refresh, time.Minute))
		case a.Refresh <= 0:
			return
		default:
			wait = a.Refresh
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// Refresh takes the description of the API behind a route now.
func (t *Tracker) Refresh(ctx context.Context, route string) error {
	a := t.apis.Load().find(route)
	if a == nil || a.Document == nil {
		return fmt.Errorf("route %q has no description: %w", route, ErrNotFound)
	}
	d, err := a.Document(ctx)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if d.Digest != "" && d.Digest == a.digest && a.doc.Load() != nil {
		return nil
	}
	for _, t := range d.Templates {
		t.Basis = event.BasisDocument
		if err := t.prepare(); err != nil {
			return fmt.Errorf("path %s: %w", t.Text, err)
		}
	}
	m, err := NewMatcher(d.Templates)
	if err != nil {
		return err
	}
	a.digest = d.Digest
	for _, t := range d.Templates {
		a.typed(t)
	}
	a.doc.Store(m)
	t.log.Info("the description of an API was read", "route", route, "title", d.Title, "version", d.Version, "templates", len(d.Templates))
	return nil
}

// Replay learns from an event of the ledger, in the ledger's order. It is for
// a tracker without a state of its own.
func (t *Tracker) Replay(e *event.Event) {
	if c, ok := changeOf(e.Note); ok && e.Kind == event.Decision {
		t.Change(c) // what could not be done then cannot be done now
		return
	}
	route := e.Capture.Route
	if route == "" && e.Capture.Method == "import" && e.What != nil && e.What.Path != "" {
		route = e.Capture.Source
		t.Log(route)
	}
	a := t.apis.Load().find(route)
	if a == nil || e.Kind != event.Access || e.What == nil || a.NoLearn || e.Operation.Protocol == "grpc" ||
		e.Operation.Basis == event.BasisRouter || !teaches(e.Outcome.Status) || e.Response.Type == "text/html" {
		return
	}
	var id *capture.Identity
	if e.Who != nil {
		id = &capture.Identity{Subject: e.Who.Subject, Name: e.Who.Name, Email: e.Who.Email}
	}
	var m Match
	if a.find(&capture.Call{Path: e.What.Path, Identity: id}, &m) {
		return
	}
	s := seen{path: e.What.Path, at: e.Arrived, caller: uint32(maphash.String(seed, cmp.Or(e.Principal.ID, e.Credential.Fingerprint))), names: namesOf(id)}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.learner.learn(&s)
}

// Errors of questions about templates.
var (
	ErrNotFound = errors.New("not found")
	ErrArgument = errors.New("not possible")
)
