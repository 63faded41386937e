package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// begin is when the traffic begins: a Monday.
var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// world makes traffic. The same seed makes the same.
type world struct {
	r        *rand.Rand
	span     time.Duration
	people   []person
	apps     []app
	events   []*event.Event
	attackOf map[event.ID]*attack // events of attacks
	attacks  []*attack
}

type person struct {
	id    string
	rate  float64
	nets  []string
	admin bool
}

type app struct {
	id, client, net string
	rate            float64
	records         float64
}

// attack is one attack, and what became of it.
type attack struct {
	name, strength string
	events         int
	begin          time.Time
}

func newWorld(seed uint64, span time.Duration) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 0x5157)), span: span, attackOf: map[event.ID]*attack{}}
	for i := range 400 {
		p := person{id: fmt.Sprintf("p_u%d", i), rate: w.pareto(1), admin: i%50 == 0}
		for range 1 + w.r.IntN(3) {
			p.nets = append(p.nets, w.address())
		}
		w.people = append(w.people, p)
	}
	for i := range 12 {
		w.apps = append(w.apps, app{fmt.Sprintf("p_a%d", i), fmt.Sprintf("app%d", i), w.address(), 30 * w.pareto(1), 20 * w.pareto(0.9)})
	}
	return w
}

func (w *world) pareto(index float64) float64 {
	return min(math.Pow(1-w.r.Float64(), -1/index), 1000)
}

func (w *world) address() string {
	return fmt.Sprintf("%d.%d.%d.%d", 11+w.r.IntN(180), w.r.IntN(256), w.r.IntN(256), 1+w.r.IntN(254))
}

// add adds an event of an attack, or, with a nil attack, of normal traffic.
func (w *world) add(a *attack, at time.Time, e event.Event) {
	var b [8]byte
	for i := range b {
		b[i] = byte(w.r.Uint32())
	}
	e.Kind, e.Arrived = event.Access, at
	e.Completed = at.Add(time.Duration(20+w.r.IntN(400)) * time.Millisecond)
	e.ID = event.NewID(at, b)
	e.Capture.Route, e.Operation.Host, e.Operation.Basis = "shop", "api.example.com", event.BasisDocument
	w.events = append(w.events, &e)
	if a != nil {
		if a.events == 0 {
			a.begin = at
		}
		a.events++
		w.attackOf[e.ID] = a
	}
}

// moment is a time of day in which people work more.
func (w *world) moment() time.Time {
	day := time.Duration(w.r.IntN(int(w.span/(24*time.Hour)))) * 24 * time.Hour
	hour := min(max(13+4*w.r.NormFloat64(), 0), 23)
	return begin.Add(day + time.Duration((hour+w.r.Float64())*float64(time.Hour)))
}

func (w *world) normal(n int) {
	for len(w.events) < n {
		if w.r.IntN(10) < 7 {
			w.session()
		} else {
			w.sync()
		}
	}
}

func pick[T any](w *world, list []T, rate func(T) float64) T {
	total := 0.0
	for _, x := range list {
		total += rate(x)
	}
	at := w.r.Float64() * total
	for _, x := range list {
		if at -= rate(x); at < 0 {
			return x
		}
	}
	return list[len(list)-1]
}

// as is a call of a person's session.
func (p person) as(session string, net string) event.Event {
	var e event.Event
	e.Principal = event.Principal{Kind: event.User, ID: p.id, Level: event.LevelVerified}
	e.Credential = event.Credential{Method: "jwt", Client: "web", Fingerprint: "hmac:" + p.id + session}
	e.Who = &event.Who{Address: net}
	return e
}

func login(net string, status int) event.Event {
	var e event.Event
	e.Principal.Kind = event.Anonymous
	e.Operation = event.Operation{Method: "POST", Route: "/login", Action: event.ActionAuthenticate}
	e.Outcome.Status = status
	e.Who = &event.Who{Address: net}
	return e
}

func read(e event.Event, route string, records uint64, asked, given []string) event.Event {
	e.Operation.Method, e.Operation.Route, e.Operation.Action = "GET", route, event.ActionRead
	e.Outcome.Status, e.Records, e.Objects = 200, records, []string{"customer"}
	e.Data = []event.Data{{Class: "email", Count: max(records, 1)}, {Class: "name", Count: max(records, 1)}}
	e.Response.Bytes = 300 * max(records, 1)
	e.What = &event.What{Asked: uint64(len(asked))}
	for _, id := range append(slices.Clone(asked), given...) {
		e.What.Objects = append(e.What.Objects, event.Object{Type: "customer", ID: id})
	}
	return e
}

func (w *world) wait(mean time.Duration) time.Duration {
	return time.Duration(w.r.ExpFloat64() * float64(mean))
}

func (w *world) customer() string { return fmt.Sprint(w.r.IntN(20000)) }

// session is a person who signs in, looks at lists and opens some of what is
// there.
func (w *world) session() {
	p := pick(w, w.people, func(p person) float64 { return p.rate })
	t, net := w.moment(), p.nets[w.r.IntN(len(p.nets))]
	name := fmt.Sprintf("/%d", w.r.Uint32())
	for range max(0, w.r.IntN(5)-2) {
		w.add(nil, t, login(net, 401))
		t = t.Add(w.wait(5 * time.Second))
	}
	w.add(nil, t, login(net, 200))
	for range int(min(w.pareto(1.1), 60)) {
		t = t.Add(w.wait(6 * time.Second))
		list := make([]string, 20)
		for i := range list {
			list[i] = w.customer()
		}
		w.add(nil, t, read(p.as(name, net), "/customers", 20, nil, list))
		for _, id := range list[:w.r.IntN(7)] {
			t = t.Add(w.wait(4 * time.Second))
			e := read(p.as(name, net), "/customers/{id}", 1, []string{id}, nil)
			switch w.r.IntN(40) {
			case 0:
				e.Outcome.Status, e.Data, e.Records = 404, nil, 0
			case 1, 2, 3, 4:
				e.Operation.Method, e.Operation.Action = "PUT", event.ActionUpdate
			}
			w.add(nil, t, e)
		}
	}
	if p.admin && w.r.IntN(3) == 0 {
		e := p.as(name, net)
		e.Operation = event.Operation{Method: "POST", Route: "/admin/users", Action: event.ActionAdminister}
		e.Outcome.Status = 200
		w.add(nil, t.Add(time.Second), e)
	}
}

func (a app) as() event.Event {
	var e event.Event
	e.Principal = event.Principal{Kind: event.Service, ID: a.id, Level: event.LevelVerified}
	e.Credential = event.Credential{Method: "api-key", Client: a.client, KeyID: a.id, Fingerprint: "hmac:" + a.id}
	e.Who = &event.Who{Address: a.net}
	return e
}

// sync is an app that reads what has changed.
func (w *world) sync() {
	a := pick(w, w.apps, func(a app) float64 { return a.rate })
	t := w.moment()
	for range int(min(w.pareto(1.2), 50)) {
		t = t.Add(w.wait(2 * time.Second))
		w.add(nil, t, read(a.as(), []string{"/customers", "/orders"}[w.r.IntN(2)], uint64(a.records*w.pareto(1.5)), nil, nil))
	}
}
