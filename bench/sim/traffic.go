package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/event"
)

// background makes a day of traffic in which nobody attacks.
func (w *world) background(d int) {
	start := begin.Add(time.Duration(d) * day)
	r := w.random(fmt.Sprint("day", d))
	quota := w.quota
	weekend := d%7 >= 5
	if weekend {
		quota = quota * 55 / 100
	}
	had := w.seq
	for _, a := range w.apps {
		w.program(r, a, start)
	}
	w.lookalikes(d, start)
	for w.seq-had < uint64(quota) {
		switch x := r.IntN(100); {
		case x < 40:
			w.customer(r, w.pick("customers", w.customers, r), w.moment(r, start, 14), "")
		case x < 76 && !weekend || x < 50:
			a := w.pick("staff", w.staff, r)
			w.work(r, a, w.moment(r, start, a.peak), 1)
		default:
			w.anonymous(r, w.moment(r, start, 14))
		}
	}
}

// moment is a time of a day at which people come more, or less.
func (w *world) moment(r *rand.Rand, start time.Time, peak float64) time.Time {
	hour := peak + 3.6*r.NormFloat64()
	if r.IntN(20) == 0 {
		hour = 24 * r.Float64()
	}
	hour = min(max(hour, 0), 23.99)
	return start.Add(time.Duration(hour * float64(time.Hour)))
}

// pause is the time that a person takes: seconds, and now and then much more.
func (s *session) pause() {
	if s.r.IntN(40) == 0 {
		s.wait(12 * time.Minute)
		return
	}
	s.wait(4 * time.Second)
}

// place is where a person is: at home, or on a phone, whose address changes.
func (w *world) place(r *rand.Rand, a *actor, t time.Time) string {
	if d := t.Unix() / 86400; d != a.day {
		a.visits = nil
		if a.day = d; r.IntN(20) == 0 {
			a.address = a.home.address(r) // assigned anew
		}
	}
	for _, v := range a.visits {
		if t.After(v.from.Add(-20*time.Minute)) && t.Before(v.to.Add(time.Minute)) {
			return v.address // nobody is at two places
		}
	}
	return w.newPlace(w.random(fmt.Sprint(a.id, t.Unix()/(4*3600))), a) // people stay for some hours
}

// newPlace is where somebody is for the next hours.
func (w *world) newPlace(r *rand.Rand, a *actor) string {
	x := r.IntN(100)
	if a.office != "" {
		switch {
		case x < 60:
			return a.office + strconv.Itoa(1+r.IntN(4))
		case x < 80:
			return a.vpn
		}
		x = r.IntN(100)
	}
	switch {
	case x < 30 && a.client != "backoffice":
		return a.phone.address(r)
	case x < 31:
		return one(r, w.net.homes).address(r) // as a guest, or on a journey
	}
	return a.address
}

// most is how many objects of a type each tenant has.
var most = map[string]int{"product": 30000, "customer": 60000, "order": 900000, "invoice": 300000, "ticket": 80000, "file": 50000, "user": 400, "report": 90000, "account": 90000, "key": 90000, "setting": 10}

func (w *world) id(r *rand.Rand, o op, s site) string {
	return s.tenant + "-" + strconv.Itoa(r.IntN(max(most[o.object], 10)))
}

func (s *session) ids(o op) func() string {
	return func() string { return s.w.id(s.r, o, s.a.site) }
}

// signIn signs in: people mistype passwords, and some forget them.
func (s *session) signIn() {
	fails := 0
	switch x := s.r.IntN(100); {
	case x < 10:
		fails = 1
	case x < 13:
		fails = 2 + s.r.IntN(5)
	}
	for range fails {
		s.try(opLogin, "", 401)
		s.wait(8 * time.Second)
	}
	s.try(opLogin, "", 200)
	s.wait(2 * time.Second)
}

// customer is a visit of somebody who buys.
func (w *world) customer(r *rand.Rand, a *actor, t time.Time, alike string) {
	s := w.at(r, a, t, w.place(r, a, t))
	s.alike = alike
	if r.IntN(3) == 0 {
		s.signIn()
	} else if r.IntN(3) == 0 {
		s.try(opRefresh, "", 200)
	}
	other := ""
	if r.IntN(25) == 0 && a.client == "mobile" {
		other, s.alike = a.phone.address(r), "phone between networks"
	}
	for range int(pareto(r, 1.15, 150)) {
		if other != "" && r.IntN(12) == 0 {
			s.address, other = other, s.address
		}
		s.browse()
		s.pause()
	}
	a.visits = append(a.visits, visit{t, s.t, s.address})
}

// browse is one thing that a customer does.
func (s *session) browse() {
	r := s.r
	switch x := r.IntN(100); {
	case x < 40:
		ids := s.list(one(r, []op{opProducts, opProducts, opSearch}), 20, s.ids(opProduct))
		for _, id := range ids[:r.IntN(4)] {
			s.pause()
			s.open(opProduct, id)
		}
	case x < 55: // from a link in a mail
		s.open(opProduct, s.w.id(r, opProduct, s.a.site))
	case x < 70:
		s.open(opMe, s.a.id)
	case x < 95:
		own := s.a.own
		i := 0
		s.list(opMine, min(len(own), 20), func() string { i++; return own[i-1] })
		for range r.IntN(3) {
			s.pause()
			s.open(opOrder, own[r.IntN(min(len(own), 20))])
		}
	case x < 98:
		e := s.base(opBuy)
		id := s.w.id(r, opOrder, s.a.site)
		e.Outcome.Status, e.Request.Bytes = 201, 600
		fill(e, opBuy, 1, r)
		e.What.Objects = []event.Object{{Type: "order", ID: id}}
		s.send(e)
		s.a.own = append([]string{id}, s.a.own...)
	case x < 99:
		s.open(opProfile, s.a.id)
	default: // an old bookmark
		s.try(opOrder, s.w.id(r, opOrder, s.a.site), one(r, []int{404, 403}))
	}
}

// work is some hours of somebody of the staff. Many does as much of it.
func (w *world) work(r *rand.Rand, a *actor, t time.Time, many float64) {
	s := w.at(r, a, t, "")
	s.address = w.place(r, a, t)
	other := ""
	if s.address == a.address && r.IntN(4) == 0 {
		other, s.alike = a.vpn, "vpn hop"
	}
	if r.IntN(3) == 0 {
		s.signIn()
	}
	if len(a.id)%2 == 0 && a.id[len(a.id)-1] == '7' && r.IntN(3) == 0 {
		s.assistant("p_agent1")
	}
	heavy := a.rate > 12 && a.role == "support"
	if heavy {
		s.alike, many = "support agent with many customers", many*2.5
	}
	for range int(many * pareto(r, 1.15, 80)) {
		if other != "" && r.IntN(15) == 0 {
			s.address, other = other, s.address
		}
		s.task()
		s.pause()
	}
	a.visits = append(a.visits, visit{t, s.t, s.address})
}

// task is one thing that the staff does.
func (s *session) task() {
	r, a := s.r, s.a
	if r.IntN(12) == 0 {
		s.open(opMe, a.id)
		s.pause()
	}
	if r.IntN(400) == 0 {
		s.try(opNewKey, "", 201)
	}
	switch {
	case a.role == "support":
		ids := s.list(opTickets, 20, s.ids(opTicket))
		for _, id := range ids[:1+r.IntN(4)] {
			s.wait(20 * time.Second)
			s.ticket(id)
		}
	case a.role == "sales":
		ids := s.list(opCustomers, 20, s.ids(opCustomer))
		for _, id := range ids[:r.IntN(7)] {
			s.pause()
			s.open(opCustomer, id)
			if r.IntN(6) == 0 {
				s.pause()
				s.open(opChange, id)
			}
		}
		if r.IntN(20) == 0 {
			s.report(3 * time.Second)
		}
	case a.role == "finance":
		ids := s.list(opInvoices, 20, s.ids(opInvoice))
		for _, id := range ids[:r.IntN(6)] {
			s.pause()
			s.open(opInvoice, id)
		}
		switch r.IntN(20) {
		case 0:
			s.bulk(one(r, []op{opExport, opExportInv}), 50+r.IntN(400))
		case 1:
			s.report(4 * time.Second)
		}
	default:
		ids := s.list(opUsers, 20, s.ids(opUsers))
		s.pause()
		switch r.IntN(6) {
		case 0:
			s.open(opAddUser, s.w.id(r, opUsers, a.site))
		case 1:
			s.open(opRole, ids[r.IntN(len(ids))])
		case 2:
			s.open(opSettings, s.w.id(r, opSettings, a.site))
		case 3:
			s.bulk(opExport, 100+r.IntN(500))
		}
	}
}

// ticket is a question of a customer, which names the customer.
func (s *session) ticket(id string) {
	r := s.r
	customer := s.w.id(r, opCustomer, s.a.site)
	e := s.base(opTicket)
	fill(e, opTicket, 1, r)
	e.What.Asked, e.What.Objects = 2, append(e.What.Objects, event.Object{Type: "ticket", ID: id}, event.Object{Type: "customer", ID: customer})
	e.Objects = []string{"customer", "ticket"}
	s.send(e)
	s.pause()
	switch x := r.IntN(100); {
	case x < 70:
		s.open(opCustomer, customer)
	case x < 78: // the customer said a number
		s.open(opCustomer, s.w.id(r, opCustomer, s.a.site))
	case x < 80: // and said it wrong
		s.try(opCustomer, s.w.id(r, opCustomer, s.a.site), 404)
	case x < 83:
		s.open(opFile, s.w.id(r, opFile, s.a.site))
	}
	if r.IntN(2) == 0 {
		s.pause()
		s.open(opAnswer, id)
	}
}

// report is a call that takes long.
func (s *session) report(mean time.Duration) {
	e := s.base(opReport)
	fill(e, opReport, 0, s.r)
	e.Completed = s.t.Add(time.Duration(float64(mean) * (0.3 + 0.7*pareto(s.r, 1.6, 20))))
	s.send(e)
}

// anonymous is somebody without an account: a visitor, a crawler, and the
// noise of the internet.
func (w *world) anonymous(r *rand.Rand, t time.Time) {
	a := &actor{kind: event.Anonymous, site: one(r, w.sites), agent: one(r, browsers)}
	s := w.at(r, a, t, one(r, []provider{one(r, w.net.homes), one(r, w.net.phones)}).address(r))
	switch x := r.IntN(100); {
	case x < 8:
		s.address, s.agent = one(r, w.net.hosts).address(r), one(r, append(slices.Clone(browsers), programs...))
		for range 1 + r.IntN(7) {
			e := s.base(op{method: "GET"})
			e.Operation.Basis, e.Operation.Requires, e.Operation.Action = "", "", ""
			e.Outcome.Status, e.What.Path = 404, one(r, []string{"/.env", "/wp-login.php", "/admin", "/.git/config", "/actuator", "/phpinfo.php", "/api/v1/pods", "/server-status"})
			s.send(e)
			s.wait(700 * time.Millisecond)
		}
	case x < 20: // a crawler that is allowed, from its own few networks
		s.agent, s.alike = "Mozilla/5.0 (compatible; Googlebot/2.1)", "allowed crawler"
		s.address = fmt.Sprintf("66.249.%d.%d", 64+r.IntN(2), 1+r.IntN(20))
		for range int(pareto(r, 1.1, 60)) {
			ids := s.list(opProducts, 20, s.ids(opProduct))
			s.wait(3 * time.Second)
			for _, id := range ids[:r.IntN(8)] {
				s.open(opProduct, id)
				s.wait(3 * time.Second)
			}
		}
	default:
		for range int(pareto(r, 1.3, 60)) {
			if r.IntN(2) == 0 {
				s.list(one(r, []op{opProducts, opSearch}), 20, s.ids(opProduct))
			} else {
				s.open(opProduct, w.id(r, opProduct, a.site))
			}
			s.pause()
		}
	}
}
