package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Campaigns that wear the API out, or do what they may not.

func (w *world) flood(c *campaign) {
	a := &actor{kind: event.Anonymous, site: one(c.r, w.sites), agent: one(c.r, browsers)}
	s := w.thief(c, a, c.begin, "")
	sources := make([]string, by(c, 1, 12, 200))
	for i := range sources {
		sources[i] = w.source(c)
	}
	for range 6000 {
		s.address = one(c.r, sources)
		switch c.r.IntN(3) {
		case 0:
			s.list(opProducts, 20, s.ids(opProduct))
		case 1:
			s.open(opProduct, w.id(c.r, opProduct, a.site))
		default:
			s.list(opSearch, 20, s.ids(opSearch))
		}
		s.wait(by(c, 10*time.Millisecond, 20*time.Millisecond, 60*time.Millisecond))
	}
}

func (w *world) expensive(c *campaign) {
	a := w.somebody(c, "sales", "finance")
	s := w.thief(c, a, awake(c.begin, c.r), a.address)
	for range by(c, 80, 50, 40) {
		s.ordinary(1)
		s.report(by(c, 14*time.Second, 10*time.Second, 8*time.Second))
		s.wait(by(c, 4*time.Second, 25*time.Second, 4*time.Minute))
	}
}

func (w *world) adminRoute(c *campaign) {
	a := w.somebody(c, "sales", "support")
	s := w.thief(c, a, awake(c.begin, c.r), a.address)
	s.ordinary(3)
	defer s.ordinary(2)
	switch c.strength {
	case "loud":
		for _, o := range []op{opSettings, opAddUser, opRole, opUsers} {
			s.try(o, w.id(c.r, o, a.site), 403)
			s.wait(20 * time.Second)
		}
		c.breached(s.open(opAddUser, w.id(c.r, opUsers, a.site)))
	case "medium":
		c.breached(s.open(opAddUser, w.id(c.r, opUsers, a.site)))
	default: // a route that no document describes
		for range 2 {
			e := s.base(opUsers)
			e.Operation.Requires, e.Operation.Scopes, e.Operation.Basis = "", nil, event.BasisLearned
			fill(e, opUsers, 20, c.r)
			c.breached(e)
			s.send(e)
			s.wait(time.Minute)
		}
	}
}

func (w *world) selfGrant(c *campaign) {
	me := *w.somebody(c, "sales", "support", "finance")
	s := w.thief(c, &me, awake(c.begin, c.r), me.address)
	s.ordinary(3)
	with := func(a *actor, more ...string) *actor {
		b := *a
		b.scopes = append(slices.Clone(a.scopes), more...)
		slices.Sort(b.scopes)
		b.scopes = slices.Compact(b.scopes)
		return &b
	}
	switch c.strength {
	case "loud":
		s.a = with(&me, "roles:write")
		c.breached(s.open(opRole, me.id))
		s.wait(2 * time.Minute)
		s.a = with(&me, "roles:write", "admin")
		s.open(opAddUser, w.id(c.r, opUsers, me.site))
	case "medium": // one for the other
		friend := w.somebody(c, "sales", "support", "finance")
		s.a = with(&me, "roles:write")
		c.breached(s.open(opRole, friend.id))
		f := w.thief(c, with(friend, "roles:write"), s.t.Add(20*time.Minute), friend.address)
		f.open(opRole, me.id)
		s.t, s.a = f.t.Add(20*time.Minute), with(&me, "roles:write", "admin")
		s.open(opAddUser, w.id(c.r, opUsers, me.site))
	default: // a key for itself, used elsewhere
		s.a = with(&me, "keys:write")
		c.breached(s.try(opNewKey, "", 201))
		k := w.thief(c, with(&me, "customers:export"), s.t.Add(5*time.Hour), w.source(c))
		k.token, k.agent = fmt.Sprintf("hmac:new%d", c.r.Uint32()), one(c.r, programs)
		for range 5 {
			k.bulk(opExport, 300)
			k.wait(10 * time.Minute)
		}
	}
}

func (w *world) crossTenant(c *campaign) {
	a := w.somebody(c, "sales", "support")
	other := one(c.r, w.sites)
	for other == a.site {
		other = one(c.r, w.sites)
	}
	s := w.thief(c, a, awake(c.begin, c.r), a.address)
	for range by(c, 60, 10, 3) {
		s.ordinary(1)
		e := s.base(opCustomer)
		s.of(e, other)
		id := w.id(c.r, opCustomer, other)
		fill(e, opCustomer, 1, c.r)
		e.What.Path, e.What.Asked, e.What.Objects = opCustomer.route+"?"+id, 2, append(e.What.Objects, event.Object{Type: "customer", ID: id})
		c.breached(e)
		s.send(e)
		s.wait(by(c, 2*time.Second, time.Minute, time.Hour))
	}
}

func (w *world) agentChain(c *campaign) {
	agents := by(c, []string{"p_agent66"}, []string{"p_agent67", "p_agent1"}, []string{"p_agent68", "p_agent1"})
	for range by(c, 20, 5, 1) {
		a := w.somebody(c, "sales", "support")
		s := w.thief(c, a, c.begin.Add(gap(c.r, by(c, 10*time.Minute, time.Hour, time.Hour))), "")
		s.assistant(agents...)
		s.alike = ""
		if c.strength != "evasive" && !slices.Contains(a.scopes, "invoices:read") {
			b := *a
			b.scopes = append(slices.Clone(a.scopes), "invoices:read")
			slices.Sort(b.scopes)
			s.a = &b
		}
		o := by(c, opInvoices, opInvoices, opCustomers)
		for range by(c, 15, 15, 12) {
			s.ordinary(c.r.IntN(2))
			s.list(o, 20, s.ids(o))
			s.wait(by(c, 3*time.Second, 20*time.Second, 5*time.Minute))
		}
	}
}
