package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// program is a day of a program. What programs move has a heavy tail.
func (w *world) program(r *rand.Rand, a *actor, start time.Time) {
	s := w.at(r, a, start, a.address)
	switch a.role {
	case "poller":
		every := []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour}[int(a.size*100)%3]
		for t := start; t.Before(start.Add(day)); t = t.Add(every) {
			s.t = t.Add(gap(r, 20*time.Second))
			if r.IntN(8) == 0 { // a new token: who am I?
				s.open(opMe, a.id)
				s.wait(time.Second)
			}
			for range 1 + r.IntN(2) {
				s.bulk(one(r, a.routes), int(3*a.size*pareto(r, 1.4, 60))%500)
				s.wait(2 * time.Second)
			}
		}
	case "nightly":
		s.alike = "nightly sync"
		s.t = start.Add(time.Hour + gap(r, 30*time.Minute))
		pages := 40 + int(4*a.size)
		pages = int(float64(pages) * (0.8 + 0.2*pareto(r, 2, 6)))
		if start.Sub(begin)/day%7 == 6 {
			s.alike, pages = "weekly full sync", pages*3
		}
		for range pages {
			s.bulk(one(r, a.routes), 500)
			s.wait(1500 * time.Millisecond)
		}
	case "byid": // it keeps the ids itself
		s.alike = "app with ids of its own"
		for range 30 + int(20*a.size*pareto(r, 1.5, 10))%1200 {
			s.t = w.moment(r, start, 13)
			o := one(r, a.routes)
			id := w.id(r, o, a.site)
			for range 1 + r.IntN(3) {
				if r.IntN(40) == 0 {
					s.try(o, id, 404)
				} else {
					s.open(o, id)
				}
				s.wait(time.Second)
			}
		}
	case "exporter":
		s.alike = "daily export"
		s.t = start.Add(4*time.Hour + gap(r, 20*time.Minute))
		for _, o := range a.routes {
			for range 3 {
				s.bulk(o, int(800*min(a.size, 10)*(0.8+0.4*r.Float64())))
				s.wait(20 * time.Second)
			}
		}
	case "reporter":
		for range 10 + int(a.size) {
			s.t = w.moment(r, start, 9)
			s.report(4 * time.Second)
		}
	case "monitor":
		for t := start; t.Before(start.Add(day)); t = t.Add(10 * time.Minute) {
			s.t = t.Add(gap(r, 2*time.Second))
			s.open(opHealth, "")
		}
	}
}

// lookalikes makes what looks like an attack on day d and is none.
func (w *world) lookalikes(d int, start time.Time) {
	r := w.random(fmt.Sprint("alike", d))
	if d%7 < 5 {
		w.lookers(r, start)
		w.clerks(r, d, start)
	}
	switch d {
	case 2, 16:
		w.loadTest(r, start.Add(20*time.Hour))
	case 3:
		w.oldPassword(r, start)
	case 11:
		w.firstSync(r, start.Add(9*time.Hour))
		w.newAdmin(r, start.Add(10*time.Hour))
	case 12:
		a := w.apps[3] // a poller
		a.home, a.address = one(r, w.net.hosts), one(r, w.net.hosts).address(r)
		w.quarterlyJob(r, start.Add(5*time.Hour))
	case 13:
		for i, a := range w.customers {
			if a.agent == mobileOld && i%10 < 7 {
				a.agent = mobileNew
			}
		}
	case 14:
		w.passwordDay(r, start)
	case 15:
		w.outage(r, start.Add(15*time.Hour))
		w.quarterEnd(r, start)
	case 17:
		w.quarterEnd(r, start)
		w.assistants(r, start.Add(9*time.Hour))
	case 18:
		for range int(1200 * w.size) {
			w.customer(r, w.pick("customers", w.customers, r), start.Add(12*time.Hour+gap(r, 8*time.Minute)), "flash sale")
		}
		w.staleClient(r, start.Add(11*time.Hour))
	}
}

// history is the thin past of a few keys: those that are idle afterwards.
func (w *world) history() {
	r := w.random("history")
	for i, a := range append(w.sleepers(), w.quarterly()) {
		for range 60 {
			s := w.at(r, a, begin.Add(-day*time.Duration(75+r.IntN(20))), a.address)
			s.bulk(one(r, a.routes), 20+i)
		}
	}
}

// sleepers are programs whose keys were forgotten, one for each strength of
// the attack with one.
func (w *world) sleepers() []*actor {
	var list []*actor
	r := w.random("sleepers")
	for i := range strengths {
		a := &actor{id: fmt.Sprintf("p_old%d", i), role: "poller", kind: event.Service, client: fmt.Sprintf("app-%d", 9000+i), site: one(r, w.sites), key: fmt.Sprintf("hmac:old%d-%d", w.seed, i),
			agent: one(r, programs), home: one(r, w.net.hosts), routes: []op{opCustomers, opOrders, opTickets}, scopes: []string{"customers:read", "orders:read", "tickets:read"}}
		a.address = a.home.address(r)
		list = append(list, a)
	}
	return list
}

func (w *world) quarterly() *actor {
	a := *w.sleepers()[0]
	r := w.random("quarterly")
	a.id, a.client, a.key = "p_quarterly", "app-8000", fmt.Sprintf("hmac:q%d", w.seed)
	a.home = one(r, w.net.hosts)
	a.address = a.home.address(r)
	return &a
}

func (w *world) quarterlyJob(r *rand.Rand, t time.Time) {
	a := w.quarterly()
	s := w.at(r, a, t, a.address)
	s.alike = "quarterly job"
	for range 20 {
		s.bulk(one(r, a.routes), 200)
		s.wait(5 * time.Second)
	}
}

// loadTest is known to all but the rules.
func (w *world) loadTest(r *rand.Rand, t time.Time) {
	a := w.apps[0]
	s := w.at(r, a, t, one(r, w.net.hosts).address(r))
	s.alike, s.agent = "load test", "k6/0.57"
	for range int(12000 * min(w.size, 1)) {
		s.list(opProducts, 20, s.ids(opProduct))
		s.wait(40 * time.Millisecond)
	}
}

// firstSync is a new integration that fetches everything once.
func (w *world) firstSync(r *rand.Rand, t time.Time) {
	a := w.app(1000)
	a.routes = []op{opCustomers, opOrders}
	s := w.at(r, a, t, a.address)
	s.alike = "first sync of a new app"
	for range 250 {
		s.bulk(one(r, a.routes), 500)
		s.wait(2 * time.Second)
	}
}

// newAdmin is somebody who is made an administrator.
func (w *world) newAdmin(r *rand.Rand, t time.Time) {
	var old, new *actor
	for _, a := range w.staff {
		if a.role == "admin" {
			old = a
		} else if a.rate > 3 && new == nil {
			new = a
		}
	}
	if old == nil || new == nil {
		return
	}
	s := w.at(r, old, t, old.office+"1")
	s.alike = "new administrator"
	s.open(opRole, new.id)
	new.role, new.scopes = "admin", slices.Sorted(slices.Values(staffScopes["admin"]))
	s = w.at(r, new, t.Add(time.Hour), new.office+"2")
	s.alike = "new administrator"
	for range 6 {
		s.task()
		s.pause()
	}
}

// passwordDay is the Monday on which all of the staff need new passwords.
func (w *world) passwordDay(r *rand.Rand, start time.Time) {
	for _, a := range w.staff {
		s := w.at(r, a, start.Add(8*time.Hour+gap(r, 50*time.Minute)), a.office+"1")
		s.alike = "day of new passwords"
		for range r.IntN(4) {
			s.try(opLogin, "", 401)
			s.wait(15 * time.Second)
		}
		s.try(opLogin, "", 200)
	}
}

// oldPassword is a program that somebody forgot to give the new password.
func (w *world) oldPassword(r *rand.Rand, start time.Time) {
	a := w.pick("customers", w.customers, r)
	s := w.at(r, a, start, a.address)
	s.alike = "program with an old password"
	for range 250 {
		s.try(opLogin, "", 401)
		s.wait(5 * time.Minute)
	}
}

// outage is that of the identity provider.
func (w *world) outage(r *rand.Rand, t time.Time) {
	for range int(1500 * w.size) {
		a := w.pick("customers", w.customers, r)
		s := w.at(r, a, t.Add(time.Duration(r.Int64N(int64(12*time.Minute)))), w.place(r, a, t))
		s.alike = "outage of sign-ins"
		for range 1 + r.IntN(3) {
			s.try(opLogin, "", one(r, []int{503, 503, 503, 500, 401}))
			s.wait(10 * time.Second)
		}
	}
}

// lookers go through lists page by page, and open the one that they looked for.
func (w *world) lookers(r *rand.Rand, start time.Time) {
	for range max(int(4*w.size), 1) {
		a := w.pick("staff", w.staff, r)
		lists, one := opCustomers, opCustomer
		switch a.role {
		case "support":
			lists, one = opTickets, opTicket
		case "finance":
			lists, one = opInvoices, opInvoice
		}
		t := w.moment(r, start, a.peak)
		s := w.at(r, a, t, w.place(r, a, t))
		s.alike = "looking page by page"
		var ids []string
		for range int(3 * pareto(r, 1.2, 15)) {
			ids = s.list(lists, 20, s.ids(lists))
			s.wait(6 * time.Second)
		}
		s.open(one, ids[r.IntN(len(ids))])
		a.visits = append(a.visits, visit{t, s.t, s.address})
	}
}

// clerks work lists off, entry by entry: some always did, and some begin to.
func (w *world) clerks(r *rand.Rand, d int, start time.Time) {
	begin := max(int(2*w.size), 1)
	for i, a := range w.staff {
		switch {
		case a.role != "finance" || i%10 != 3 && i%10 != 4:
			continue
		case i%10 == 4:
			if begin--; begin < 0 || d < 12 {
				continue
			}
		}
		t := w.moment(r, start, a.peak)
		s := w.at(r, a, t, w.place(r, a, t))
		s.alike = "clerk who works lists off"
		for range 1 + r.IntN(5) {
			for _, id := range s.list(opInvoices, 20, s.ids(opInvoices)) {
				s.wait(40 * time.Second)
				s.open(opInvoice, id)
			}
		}
		a.visits = append(a.visits, visit{t, s.t, s.address})
	}
}

// quarterEnd is when those in finance take what they never take else.
func (w *world) quarterEnd(r *rand.Rand, start time.Time) {
	n := 0
	for _, a := range w.staff {
		if a.role != "finance" || n == 4 {
			continue
		}
		n++
		s := w.at(r, a, w.moment(r, start, 11), a.office+"1")
		s.alike = "quarter-end export"
		for range 2 + r.IntN(4) {
			s.bulk(one(r, []op{opExport, opExportInv}), 500+r.IntN(3000))
			s.wait(4 * time.Minute)
		}
	}
}

// assistants are agents that people let act for them.
func (w *world) assistants(r *rand.Rand, t time.Time) {
	for range max(int(30*w.size), 2) {
		a := w.pick("staff", w.staff, r)
		s := w.at(r, a, t.Add(gap(r, 2*time.Hour)), "")
		s.assistant("p_agent1")
		for range 3 + r.IntN(5) {
			s.task()
			s.pause()
		}
	}
}

// assistant lets an agent go on for the person.
func (s *session) assistant(agents ...string) {
	s.alike, s.token, s.agent = "assistant", s.token+"-agent", "assistant/1.4"
	s.address = one(s.w.random("assistant"), s.w.net.hosts).address(s.w.random("assistant address"))
	for _, id := range agents {
		s.actors = append(s.actors, event.Delegate{ID: id, Issuer: "https://agents.example.com"})
	}
}

// staleClient is an app of the staff with a list of what was deleted.
func (w *world) staleClient(r *rand.Rand, t time.Time) {
	a := w.pick("staff", w.staff, r)
	s := w.at(r, a, t, a.office+"3")
	s.alike = "client with an old list"
	for range 15 {
		s.try(opCustomer, w.id(r, opCustomer, a.site), 404)
		s.wait(500 * time.Millisecond)
	}
}
