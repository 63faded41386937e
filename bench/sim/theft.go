package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Campaigns that use what belongs to others: keys, sessions, passwords.

func (w *world) stolenKey(c *campaign) {
	a := w.program1(c, "poller", "nightly", "byid")
	s := w.thief(c, a, c.begin, w.source(c))
	if c.strength == "evasive" { // from the same provider
		s.address = a.home.address(c.r)
	}
	s.agent = one(c.r, programs)
	tries := by(c, []op{opMe, opUsers, opCustomers, opInvoices, opTickets, opExport, opOrders, opSettings}, []op{opMe, opOrders, opInvoices, opTickets}, []op{opOrders, opMe})
	for i := range by(c, 40, 40, 60) {
		o := one(c.r, append(slices.Clone(tries), a.routes...))
		if i < len(tries) {
			o = tries[i]
		}
		switch {
		case o.scope != "" && !slices.Contains(a.scopes, o.scope):
			s.try(o, "", 403)
		case o.route == opCustomer.route || o.route == opOrder.route || o.route == opChange.route:
			s.open(o, w.id(c.r, o, a.site))
		default:
			s.bulk(o, 1+int(pareto(c.r, 0.8, 100)))
		}
		s.wait(by(c, 3*time.Second, 18*time.Second, 3*time.Minute))
	}
}

func (w *world) stolenSession(c *campaign) {
	a := w.somebody(c, "sales", "support")
	t := awake(c.begin, c.r)
	own := w.at(c.r, a, t, a.office+"1")
	s := w.thief(c, a, t, w.source(c))
	s.agent = own.agent
	if c.strength == "evasive" { // from the same provider, at the end of the day
		s.address, s.t = a.home.address(c.r), t.Truncate(day).Add(19*time.Hour)
	}
	s.token, s.truly = own.token, by(c, programs[0], browsers[2], own.agent)
	for i := range by(c, 60, 40, 25) {
		if c.strength == "loud" || c.strength == "medium" && i%8 == 0 {
			own.task()
			own.wait(8 * time.Second)
			s.t = own.t
		}
		s.ordinary(c.r.IntN(2))
		s.list(opCustomers, 20, s.ids(opCustomer))
		s.wait(by(c, 5*time.Second, 20*time.Second, time.Minute))
		own.t = s.t
	}
}

func (w *world) dormantKey(c *campaign) {
	a := w.sleepers()[slices.Index(strengths, c.strength)]
	s := w.thief(c, a, c.begin, w.source(c))
	if c.strength == "evasive" {
		s.address = a.home.address(c.r)
	}
	for range by(c, 80, 40, 10) {
		s.bulk(one(c.r, append([]op{opInvoices}, a.routes...)[by(c, 0, 1, 1):]), 1+int(pareto(c.r, 0.7, 150)))
		s.wait(by(c, 2*time.Second, 20*time.Second, 10*time.Minute))
	}
}

// glance now and then opens a page, as a browser does that signs in.
func (s *session) glance() {
	if s.r.IntN(3) == 0 {
		s.cover = true
		s.list(opProducts, 20, s.ids(opProduct))
		s.cover = false
	}
}

// takeOver is what follows a password that was right.
func (s *session) takeOver(c *campaign) {
	a := *s.w.buyer(c)
	a.agent = s.agent
	t := s.w.thief(c, &a, s.t.Add(time.Second), s.address)
	t.token = fmt.Sprintf("hmac:taken%d", c.r.Uint32())
	t.open(opMe, a.id)
	if c.strength == "loud" {
		t.t = t.t.Add(4 * time.Second)
		t.open(opProfile, a.id)
	}
}

func (w *world) stuffing(c *campaign) {
	a := &actor{kind: event.Anonymous, site: one(c.r, w.sites), agent: one(c.r, browsers)}
	s := w.thief(c, a, c.begin, w.source(c))
	for i := range by(c, 800, 600, 400) {
		if i%120 == 119 {
			s.try(opLogin, "", 200)
			s.takeOver(c)
		} else {
			s.try(opLogin, "", 401)
		}
		s.glance()
		s.wait(by(c, time.Second, 6*time.Second, 80*time.Second))
	}
}

func (w *world) spraying(c *campaign) {
	a := &actor{kind: event.Anonymous, site: one(c.r, w.sites), agent: one(c.r, browsers)}
	s := w.thief(c, a, c.begin, "")
	for i := range by(c, 3000, 2000, 1200) {
		s.address = w.source(c)
		if i%200 == 199 {
			s.try(opLogin, "", 200)
			s.takeOver(c)
		} else {
			s.try(opLogin, "", 401)
		}
		s.glance()
		s.wait(by(c, 150*time.Millisecond, time.Second, 12*time.Second))
	}
}
