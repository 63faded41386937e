package main

import (
	"fmt"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Campaigns that take data: by apps, by people, object by object.

func (w *world) appExfiltration(c *campaign) {
	a := w.program1(c, "poller")
	s := w.thief(c, a, c.begin, a.address)
	routes := a.routes
	if c.strength != "evasive" {
		s.address = w.source(c)
	}
	if c.strength == "loud" {
		for _, o := range []op{opTickets, opInvoices, opOrders, opCustomers, opProducts} {
			s.bulk(o, 1)
			s.wait(20 * time.Second)
		}
		routes = append([]op{opExport}, routes...)
	}
	for range by(c, 300, 400, 300) {
		s.bulk(one(c.r, routes), by(c, 1000+c.r.IntN(2000), 500, 200+c.r.IntN(200)))
		s.wait(by(c, 2*time.Second, 12*time.Second, 2*time.Minute))
	}
}

func (w *world) insiderDrain(c *campaign) {
	a := w.somebody(c, "sales")
	s := w.thief(c, a, awake(c.begin, c.r), a.office+"2")
	if c.r.IntN(2) == 0 {
		s.address = a.address
	}
	for i := range by(c, 120, 60, 50) {
		if i%by(c, 40, 8, 4) == 0 {
			s.ordinary(1)
		}
		s.list(opCustomers, by(c, 100, 100, 50), s.ids(opCustomer))
		s.wait(by(c, 3*time.Second, time.Minute, 10*time.Minute))
		if c.strength == "evasive" && i == 25 {
			s.t = awake(s.t.Add(day), c.r)
		}
	}
}

func (w *world) slowDrain(c *campaign) {
	a := w.somebody(c, "sales", "support")
	for d := range by(c, 6, 7, 8) {
		t := c.begin.Add(day * time.Duration(d))
		if c.strength == "evasive" {
			t = awake(t, c.r)
		}
		s := w.thief(c, a, t, a.address)
		for range by(c, 60, 20, 12) {
			s.ordinary(c.r.IntN(2))
			ids := s.list(opCustomers, by(c, 100, 50, 20), s.ids(opCustomer))
			s.wait(by(c, time.Minute, 3*time.Minute, 5*time.Minute))
			if c.strength == "evasive" {
				for _, id := range ids[:15] {
					s.open(opCustomer, id)
					s.wait(15 * time.Second)
				}
			}
		}
	}
}

func (w *world) enumeration(c *campaign) {
	a := w.buyer(c)
	s := w.thief(c, a, c.begin, a.address)
	next := 1000 + c.r.IntN(800000)
	for i := range by(c, 400, 200, 150) {
		if i%by(c, 40, 10, 3) == 0 {
			s.ordinary(1)
		}
		id := w.id(c.r, opOrder, a.site)
		if c.strength == "loud" {
			id = fmt.Sprintf("%s-%d", a.site.tenant, next+i)
		}
		if c.r.IntN(100) < by(c, 30, 12, 4) {
			s.try(opOrder, id, one(c.r, []int{403, 404}))
		} else {
			s.open(opOrder, id)
		}
		s.wait(by(c, time.Second, 12*time.Second, 12*time.Minute))
	}
}

// pages reads the catalogue, or what it is of it.
func (s *session) readPages(o op, calls int, mean time.Duration) {
	for calls > 0 {
		ids := s.list(opProducts, 20, s.ids(opProduct))
		for _, id := range ids {
			s.wait(mean)
			s.open(o, id)
		}
		s.wait(mean)
		calls -= 21
	}
}

func (w *world) scraping(c *campaign) {
	a := w.buyer(c)
	s := w.thief(c, a, c.begin, w.source(c))
	s.readPages(opProduct, by(c, 10000, 5000, 4000), by(c, 12*time.Millisecond, 500*time.Millisecond, 15*time.Second))
}

func (w *world) crowd(c *campaign) {
	n := by(c, 40, 60, 90)
	where := one(c.r, w.sites)
	for i := range n {
		a := &actor{id: fmt.Sprintf("p_n%s%d", c.strength, i), role: "customer", kind: event.User, client: "web", scopes: []string{"orders:read"}, site: where, agent: browsers[i%by(c, 1, 2, 4)]}
		a.home = one(c.r, w.net.homes)
		truly := by(c, programs[0], browsers[0], a.agent)
		s := w.thief(c, a, c.begin.Add(gap(c.r, time.Minute)), by(c, w.source(c), w.source(c), a.home.address(c.r)))
		s.truly = truly
		s.readPages(opProduct, by(c, 210, 105, 63), by(c, 600*time.Millisecond, 6*time.Second, 4*time.Minute))
	}
}
