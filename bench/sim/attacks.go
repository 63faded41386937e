package main

import (
	"fmt"
	"time"

	"github.com/gatebook/gatebook/event"
)

// strengths are how an attacker goes about it; pace is how much slower.
var strengths = []struct {
	name string
	pace float64
}{{"loud", 1}, {"medium", 6}, {"evasive", 60}}

// attack adds each attack in each strength, in the second week.
func (w *world) attack() {
	for _, s := range strengths {
		for _, k := range []struct {
			name string
			run  func(a *attack, t time.Time, pace float64)
		}{
			{"app exfiltration", w.exfiltration}, {"stolen key", w.stolenKey}, {"stolen session", w.stolenSession},
			{"stuffing, one source", w.stuffing}, {"stuffing, many sources", w.spraying}, {"object enumeration", w.enumeration},
			{"scraping", w.scraping}, {"flood", w.flood}, {"admin route without scope", w.adminRoute}, {"self-grant", w.selfGrant}, {"scanner", w.scanner},
		} {
			a := &attack{name: k.name, strength: s.name}
			w.attacks = append(w.attacks, a)
			k.run(a, begin.Add(7*24*time.Hour+time.Duration(w.r.Int64N(int64(4*24*time.Hour)))), s.pace)
		}
	}
}

func (w *world) step(mean time.Duration, pace float64) time.Duration {
	return w.wait(time.Duration(float64(mean) * pace))
}

// busy is somebody of whom much is known.
func (w *world) busy() person {
	best := w.people[0]
	for range 20 {
		if p := w.people[w.r.IntN(len(w.people))]; p.rate > best.rate && !p.admin {
			best = p
		}
	}
	return best
}

func (w *world) exfiltration(a *attack, t time.Time, pace float64) {
	x := w.apps[w.r.IntN(len(w.apps))]
	x.net = w.address()
	for range 300 {
		t = t.Add(w.step(2*time.Second, pace))
		e := read(x.as(), "/customers", 2000, nil, nil)
		e.Operation.Action = event.ActionExport
		w.add(a, t, e)
	}
}

func (w *world) stolenKey(a *attack, t time.Time, pace float64) {
	x := w.apps[w.r.IntN(len(w.apps))]
	x.net = w.address()
	for i := range 40 {
		t = t.Add(w.step(3*time.Second, pace))
		e := read(x.as(), []string{"/me", "/users", "/customers", "/files", "/invoices", "/settings"}[i%6], uint64(w.r.IntN(50)), nil, nil)
		if i%4 == 3 {
			e.Outcome.Status, e.Data, e.Records = 403, nil, 0
		}
		w.add(a, t, e)
	}
}

func (w *world) stolenSession(a *attack, t time.Time, pace float64) {
	p, thief := w.busy(), w.address()
	for i := range 60 {
		t = t.Add(w.step(5*time.Second, pace))
		list := []string{w.customer(), w.customer()}
		if i%2 == 0 {
			w.add(nil, t, read(p.as("/stolen", p.nets[0]), "/customers", 2, nil, list))
		} else {
			w.add(a, t, read(p.as("/stolen", thief), "/customers", 2, nil, list))
		}
	}
}

func (w *world) stuffing(a *attack, t time.Time, pace float64) {
	net := w.address()
	for i := range 600 {
		t = t.Add(w.step(time.Second, pace))
		status := 401
		if i%100 == 99 {
			status = 200
		}
		w.add(a, t, login(net, status))
	}
}

func (w *world) spraying(a *attack, t time.Time, pace float64) {
	for i := range 2000 {
		t = t.Add(w.step(150*time.Millisecond, pace))
		status := 401
		if i%200 == 199 {
			status = 200
		}
		w.add(a, t, login(w.address(), status))
	}
}

func (w *world) enumeration(a *attack, t time.Time, pace float64) {
	p := w.busy()
	for i := range 300 {
		t = t.Add(w.step(2*time.Second, pace))
		w.add(a, t, read(p.as("/enum", p.nets[0]), "/customers/{id}", 1, []string{fmt.Sprint(30000 + i)}, nil))
	}
}

func (w *world) scraping(a *attack, t time.Time, pace float64) {
	p := w.busy()
	for i := range 1000 {
		t = t.Add(w.step(500*time.Millisecond, pace))
		list := make([]string, 20)
		for j := range list {
			list[j] = fmt.Sprint(i*20 + j)
		}
		w.add(a, t, read(p.as("/scrape", p.nets[0]), "/customers", 20, nil, list))
	}
}

func (w *world) flood(a *attack, t time.Time, pace float64) {
	net := w.address()
	for range 4000 {
		t = t.Add(w.step(10*time.Millisecond, pace))
		var e event.Event
		e.Principal.Kind, e.Who = event.Anonymous, &event.Who{Address: net}
		e.Operation = event.Operation{Method: "GET", Route: "/search", Action: event.ActionRead}
		e.Outcome.Status = 200
		w.add(a, t, e)
	}
}

func (w *world) adminRoute(a *attack, t time.Time, _ float64) {
	p := w.busy()
	e := p.as("/admin", p.nets[0])
	e.Operation = event.Operation{Method: "POST", Route: "/admin/users", Action: event.ActionAdminister, Requires: event.RequiresScopes, Scopes: []string{"admin"}}
	e.Credential.Scopes, e.Outcome.Status = []string{"read"}, 200
	w.add(a, t, e)
}

func (w *world) selfGrant(a *attack, t time.Time, pace float64) {
	p := w.busy()
	e := p.as("/grant", p.nets[0])
	e.Operation = event.Operation{Method: "PUT", Route: "/roles/{id}", Action: event.ActionGrant}
	e.Outcome.Status = 200
	w.add(a, t, e)
	e = p.as("/grant", p.nets[0])
	e.Operation = event.Operation{Method: "POST", Route: "/admin/export", Action: event.ActionExport}
	e.Outcome.Status = 200
	w.add(a, t.Add(w.step(time.Minute, pace)), e)
}

func (w *world) scanner(a *attack, t time.Time, pace float64) {
	net := w.address()
	for i := range 200 {
		t = t.Add(w.step(500*time.Millisecond, pace))
		var e event.Event
		e.Principal.Kind, e.Who = event.Anonymous, &event.Who{Address: net}
		e.What = &event.What{Path: fmt.Sprintf("/old/%d.bak", i)}
		e.Operation.Method, e.Outcome.Status = "GET", 404
		w.add(a, t, e)
	}
}
