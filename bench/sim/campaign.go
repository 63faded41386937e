package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
)

// strengths are how an attacker goes about it.
var strengths = []string{"loud", "medium", "evasive"}

// campaign is one attack.
type campaign struct {
	name, strength string
	r              *rand.Rand
	begin          time.Time
	breach         time.Time // when that was done which is forbidden by itself; zero: nothing is
	trace          []trace
}

// trace is what an event of a campaign took.
type trace struct {
	at             time.Time
	records, bytes uint64
}

func (c *campaign) note(e *event.Event) {
	t := trace{detect.Time(e), e.Records, e.Response.Bytes}
	if e.Outcome.Status >= 400 {
		t.records = 0
	}
	c.trace = append(c.trace, t)
}

func (c *campaign) breached(e *event.Event) {
	if c.breach.IsZero() {
		c.breach = detect.Time(e)
	}
}

// by returns one of three by the strength.
func by[T any](c *campaign, loud, medium, evasive T) T {
	return []T{loud, medium, evasive}[slices.Index(strengths, c.strength)]
}

// kinds are the campaigns, with what makes them.
var kinds = []struct {
	name   string
	volume bool // it can be warmed up for
	run    func(w *world, c *campaign)
}{
	{"exfiltration through an app", true, (*world).appExfiltration},
	{"insider drain", true, (*world).insiderDrain},
	{"low-and-slow drain", true, (*world).slowDrain},
	{"stolen key", false, (*world).stolenKey},
	{"stolen session", false, (*world).stolenSession},
	{"dormant key", false, (*world).dormantKey},
	{"stuffing, one source", true, (*world).stuffing},
	{"stuffing, many sources", true, (*world).spraying},
	{"BOLA enumeration", true, (*world).enumeration},
	{"scraping, one account", true, (*world).scraping},
	{"scraping, many accounts", true, (*world).crowd},
	{"flood", true, (*world).flood},
	{"expensive calls", true, (*world).expensive},
	{"admin-route escalation", false, (*world).adminRoute},
	{"self-grant", false, (*world).selfGrant},
	{"cross-tenant access", false, (*world).crossTenant},
	{"agent-chain abuse", false, (*world).agentChain},
}

// attack adds each campaign in each strength, after the quiet days, or only
// those of some names. With poison those that are about volume warm up: on each of four days before,
// twice as much as on the day before, up to half.
func (w *world) attack(poison bool, only ...string) {
	for _, k := range kinds {
		if len(only) > 0 && !slices.Contains(only, k.name) {
			continue
		}
		for _, strength := range strengths {
			c := &campaign{name: k.name, strength: strength, r: w.random(k.name + strength)}
			span := int64(float64(days-quietDays-1) * float64(day))
			if k.name == "low-and-slow drain" {
				span = int64(2 * day)
			}
			c.begin = begin.Add(quietDays*day + time.Duration(c.r.Int64N(span)))
			w.campaigns = append(w.campaigns, c)
			k.run(w, c)
			if poison && k.volume {
				w.warmUp(c)
			}
		}
	}
}

// warmUp repeats the beginning of a campaign on the days before it, and calls
// that a part of the campaign.
func (w *world) warmUp(c *campaign) {
	var own []item
	for _, items := range w.ahead {
		for _, it := range items {
			if it.c == c {
				own = append(own, it)
			}
		}
	}
	slices.SortStableFunc(own, func(a, b item) int { return a.at.Compare(b.at) })
	for i, share := range []int{2, 4, 8, 16} {
		for _, it := range own[:len(own)/share] {
			e := *it.e
			back := day * time.Duration(i+1)
			e.Completed = e.Completed.Add(-back)
			w.add(c, "", it.at.Add(-back), &e)
		}
	}
}

// thief is a session of a from elsewhere.
func (w *world) thief(c *campaign, a *actor, t time.Time, address string) *session {
	s := w.at(c.r, a, t, address)
	s.c = c
	return s
}

// somebody is one of the staff, the busier the more likely.
func (w *world) somebody(c *campaign, roles ...string) *actor {
	for {
		a := w.pick("staff", w.staff, c.r)
		if slices.Contains(roles, a.role) && a.rate > 1.5 {
			return a
		}
	}
}

func (w *world) program1(c *campaign, roles ...string) *actor {
	for {
		if a := one(c.r, w.apps); slices.Contains(roles, a.role) {
			return a
		}
	}
}

// ordinary is what an attacker does besides, as everybody does.
func (s *session) ordinary(n int) {
	s.cover = true
	for range n {
		if s.a.role == "customer" {
			s.browse()
		} else {
			s.task()
		}
		s.pause()
	}
	s.cover = false
}

func (w *world) buyer(c *campaign) *actor { return w.pick("customers", w.customers, c.r) }

// awake moves t into the hours of work.
func awake(t time.Time, r *rand.Rand) time.Time {
	return t.Truncate(day).Add(9*time.Hour + time.Duration(r.Int64N(int64(8*time.Hour))))
}

// sources are addresses that attackers have: rented machines, or the homes of
// others.
func (w *world) source(c *campaign) string {
	return by(c, w.net.hosts, w.net.homes, w.net.homes)[c.r.IntN(len(w.net.hosts))].address(c.r)
}

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
