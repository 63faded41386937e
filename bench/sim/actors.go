package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// actor is who calls: a person or a program.
type actor struct {
	id, role string
	kind     event.PrincipalKind
	rate     float64 // how often it comes, against others of its role
	site     site
	client   string
	scopes   []string
	key      string // fingerprint of a program's key
	agent    string // user agent
	home     provider
	phone    provider
	address  string // of the home, or of a program
	office   string // network of an office, "203.0.113."; empty: none
	vpn      string // address of the way out
	size     float64
	own      []string // orders of a customer
	pages    int
	routes   []op
	day      int64   // when the address was looked at
	visits   []visit // of that day
	peak     float64 // hour of day at which it works most
}

// visit is when somebody was where.
type visit struct {
	from, to time.Time
	address  string
}

// op is an operation of the API.
type op struct {
	method, route, object string
	action                event.Action
	scope                 string // needed; empty: a credential; "-": nothing
	data                  []string
	bytes                 uint64 // of an answer, for each record
	takes                 time.Duration
}

// The API: a shop's back office with its customers' side.
var (
	opLogin     = op{"POST", "/login", "", event.ActionAuthenticate, "-", nil, 700, 120 * time.Millisecond}
	opRefresh   = op{"POST", "/token", "", event.ActionAuthenticate, "-", nil, 900, 30 * time.Millisecond}
	opProducts  = op{"GET", "/products", "product", event.ActionRead, "-", nil, 350, 40 * time.Millisecond}
	opProduct   = op{"GET", "/products/{id}", "product", event.ActionRead, "-", nil, 1800, 25 * time.Millisecond}
	opSearch    = op{"GET", "/search", "product", event.ActionRead, "-", nil, 350, 90 * time.Millisecond}
	opHealth    = op{"GET", "/health", "", event.ActionRead, "-", nil, 20, 3 * time.Millisecond}
	opMe        = op{"GET", "/me", "account", event.ActionRead, "", []string{"email", "name"}, 600, 20 * time.Millisecond}
	opMine      = op{"GET", "/me/orders", "order", event.ActionRead, "", nil, 400, 35 * time.Millisecond}
	opProfile   = op{"PUT", "/me/email", "account", event.ActionUpdate, "", []string{"email"}, 300, 50 * time.Millisecond}
	opNewKey    = op{"POST", "/me/keys", "key", event.ActionCreate, "", nil, 300, 40 * time.Millisecond}
	opOrder     = op{"GET", "/orders/{id}", "order", event.ActionRead, "orders:read", []string{"address", "name"}, 1500, 30 * time.Millisecond}
	opOrders    = op{"GET", "/orders", "order", event.ActionRead, "orders:read", []string{"name"}, 450, 60 * time.Millisecond}
	opBuy       = op{"POST", "/orders", "order", event.ActionCreate, "", nil, 900, 180 * time.Millisecond}
	opCustomers = op{"GET", "/customers", "customer", event.ActionRead, "customers:read", []string{"email", "name", "phone"}, 420, 60 * time.Millisecond}
	opCustomer  = op{"GET", "/customers/{id}", "customer", event.ActionRead, "customers:read", []string{"birthdate", "email", "name", "phone"}, 2100, 30 * time.Millisecond}
	opChange    = op{"PUT", "/customers/{id}", "customer", event.ActionUpdate, "customers:write", []string{"email", "name", "phone"}, 2100, 60 * time.Millisecond}
	opTickets   = op{"GET", "/tickets", "ticket", event.ActionRead, "tickets:read", []string{"email", "name"}, 380, 50 * time.Millisecond}
	opTicket    = op{"GET", "/tickets/{id}", "ticket", event.ActionRead, "tickets:read", []string{"email", "name"}, 2600, 35 * time.Millisecond}
	opAnswer    = op{"POST", "/tickets/{id}/notes", "ticket", event.ActionCreate, "tickets:write", nil, 300, 70 * time.Millisecond}
	opInvoices  = op{"GET", "/invoices", "invoice", event.ActionRead, "invoices:read", []string{"iban", "name"}, 500, 60 * time.Millisecond}
	opInvoice   = op{"GET", "/invoices/{id}", "invoice", event.ActionRead, "invoices:read", []string{"address", "iban", "name"}, 2400, 35 * time.Millisecond}
	opFile      = op{"GET", "/files/{id}", "file", event.ActionRead, "files:read", []string{"name"}, 180000, 90 * time.Millisecond}
	opReport    = op{"POST", "/reports", "report", event.ActionCreate, "reports:write", nil, 9000, 2500 * time.Millisecond}
	opExport    = op{"GET", "/export/customers", "customer", event.ActionExport, "customers:export", []string{"email", "name", "phone"}, 260, 900 * time.Millisecond}
	opExportInv = op{"GET", "/export/invoices", "invoice", event.ActionExport, "invoices:export", []string{"iban", "name"}, 240, 900 * time.Millisecond}
	opChanges   = op{"GET", "/changes", "customer", event.ActionRead, "customers:read", []string{"email", "name"}, 380, 60 * time.Millisecond}
	opUsers     = op{"GET", "/admin/users", "user", event.ActionRead, "admin", []string{"email", "name"}, 300, 40 * time.Millisecond}
	opAddUser   = op{"POST", "/admin/users", "user", event.ActionAdminister, "admin", []string{"email"}, 300, 90 * time.Millisecond}
	opSettings  = op{"PUT", "/admin/settings", "setting", event.ActionAdminister, "admin", nil, 200, 40 * time.Millisecond}
	opRole      = op{"PUT", "/users/{id}/roles", "user", event.ActionGrant, "roles:write", nil, 200, 40 * time.Millisecond}
)

var staffScopes = map[string][]string{
	"support": {"customers:read", "customers:write", "orders:read", "tickets:read", "tickets:write", "files:read"},
	"sales":   {"customers:read", "customers:write", "orders:read", "reports:write", "files:read"},
	"finance": {"customers:read", "customers:export", "invoices:read", "invoices:export", "orders:read", "reports:write", "files:read"},
	"admin":   {"admin", "keys:write", "roles:write", "customers:read", "customers:export", "orders:read", "tickets:read", "invoices:read", "reports:write", "files:read"},
}

var extraScopes = []string{"invoices:read", "tickets:read", "customers:export", "reports:write", "orders:write", "files:write", "roles:write", "keys:write", "profile", "offline"}

var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/144.0", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/619.1",
	"Mozilla/5.0 (X11; Linux x86_64) Firefox/147.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/144.0",
}

var programs = []string{"python-requests/2.32", "okhttp/4.12", "Go-http-client/2.0", "axios/1.7", "java-http-client/21"}

const (
	mobileOld = "ShopApp/5.8 (iOS 19)"
	mobileNew = "ShopApp/6.0 (iOS 19)"
)

const tenants = 6

func (w *world) populate() {
	r := w.r
	for i := range tenants {
		w.sites = append(w.sites, site{fmt.Sprintf("t%d", i), fmt.Sprintf("t%d.example.com", i)})
	}
	count := func(n int) int { return max(int(float64(n)*w.size), 3) }
	offices := make([]string, 5)
	exits := make([]string, 5)
	for i := range offices { // and their ways out
		a := one(r, w.net.homes).address(r)
		offices[i] = a[:lastDot(a)+1]
		exits[i] = one(r, w.net.hosts).address(r)
	}
	for i := range count(8500) {
		a := &actor{id: fmt.Sprintf("p_c%d", i), role: "customer", kind: event.User, rate: pareto(r, 1.1, 300), client: one(r, []string{"web", "mobile", "mobile"}), scopes: []string{"orders:read"}}
		w.person(a)
		for range 1 + int(pareto(r, 1.2, 40)) {
			a.own = append(a.own, fmt.Sprint(r.IntN(900000)))
		}
		a.agent = one(r, browsers)
		if a.client == "mobile" {
			a.agent = mobileOld
		}
		w.customers = append(w.customers, a)
	}
	for i := range max(count(1400), 30) {
		role := []string{"support", "support", "support", "sales", "sales", "sales", "sales", "finance"}[r.IntN(8)]
		if i%60 == 7 {
			role = "admin"
		}
		a := &actor{id: fmt.Sprintf("p_s%d", i), role: role, kind: event.User, rate: pareto(r, 1.3, 40), client: "backoffice", scopes: slices.Clone(staffScopes[role])}
		for range r.IntN(3) { // what people were given in the course of the years
			a.scopes = append(a.scopes, one(r, extraScopes))
		}
		slices.Sort(a.scopes)
		a.scopes = slices.Compact(a.scopes)
		w.person(a)
		o := r.IntN(len(offices))
		a.office, a.vpn, a.agent = offices[o], exits[o], one(r, browsers)
		w.staff = append(w.staff, a)
	}
	for i := range max(count(100), 10) {
		w.apps = append(w.apps, w.app(i))
	}
}

func (w *world) person(a *actor) {
	r := w.r
	a.site, a.home, a.phone = one(r, w.sites), one(r, w.net.homes), one(r, w.net.phones)
	a.address, a.size, a.peak = a.home.address(r), pareto(r, 1.3, 30), 13+2*r.NormFloat64()
}

// app is a program with a key of its own. Its kind of work depends on its
// number, so that small worlds have all kinds.
func (w *world) app(i int) *actor {
	r := w.r
	a := &actor{
		id: fmt.Sprintf("p_a%d", i), kind: event.Service, client: fmt.Sprintf("app-%d", i), site: one(r, w.sites), key: fmt.Sprintf("hmac:k%d-%d", w.seed, i),
		agent: one(r, programs), home: one(r, w.net.hosts), size: pareto(r, 1.1, 60), peak: 13,
	}
	a.address = a.home.address(r)
	a.role = []string{"poller", "poller", "poller", "nightly", "byid", "byid", "exporter", "reporter", "monitor", "poller"}[i%10]
	read := []op{opCustomers, opOrders, opInvoices, opTickets, opChanges}
	switch a.role {
	case "poller":
		a.routes = []op{opChanges, one(r, read)}
	case "nightly":
		a.routes = []op{opCustomers, opOrders}
		if r.IntN(2) == 0 {
			a.routes = append(a.routes, opInvoices)
		}
	case "byid":
		a.routes = []op{opCustomer, opOrder, opChange}
	case "exporter":
		a.routes = []op{opExport, opExportInv}
	case "reporter":
		a.routes = []op{opReport}
	case "monitor":
		a.routes = []op{opHealth}
	}
	for _, o := range append(slices.Clone(a.routes), opCustomers, opOrders) {
		if o.scope != "" && o.scope != "-" && !slices.Contains(a.scopes, o.scope) {
			a.scopes = append(a.scopes, o.scope)
		}
	}
	slices.Sort(a.scopes)
	return a
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}

// session is one actor at one place.
type session struct {
	w       *world
	r       *rand.Rand
	a       *actor
	t       time.Time
	address string
	agent   string
	truly   string // what the program is, if it only says that it is agent
	token   string // fingerprint of the credential
	c       *campaign
	alike   string
	cover   bool // what an attacker does so as to look like others
	actors  []event.Delegate
}

// at begins a session of a. The token is that of the day: browsers keep one
// for a while.
func (w *world) at(r *rand.Rand, a *actor, t time.Time, address string) *session {
	s := &session{w: w, r: r, a: a, t: t, address: address, agent: a.agent, token: a.key}
	if s.token == "" {
		s.token = fmt.Sprintf("hmac:%s-%d", a.id, int64(t.Sub(begin)/day)/3)
	}
	return s
}

// ja4 goes with the program, but for an attacker who only says that it is one.
func (s *session) ja4() string {
	said := s.agent
	if s.truly != "" {
		said = s.truly
	}
	name, _, _ := strings.Cut(said[max(strings.LastIndexByte(said, ')'), 0):], ".")
	h := uint32(2166136261)
	for _, b := range []byte(name) {
		h = (h ^ uint32(b)) * 16777619
	}
	return fmt.Sprintf("t13d1516h2_%08x", h)
}

func (s *session) wait(mean time.Duration) { s.t = s.t.Add(gap(s.r, mean)) }

// base is a call of the session.
func (s *session) base(o op) *event.Event {
	e := &event.Event{}
	e.Capture = event.Capture{Method: "gateway", Route: s.a.site.tenant}
	e.Operation = event.Operation{Protocol: "h2", Method: o.method, Host: s.a.site.host, Route: o.route, Basis: event.BasisDocument, Action: o.action, Requires: event.RequiresCredential}
	switch o.scope {
	case "":
	case "-":
		e.Operation.Requires = event.RequiresNothing
	default:
		e.Operation.Requires, e.Operation.Scopes = event.RequiresScopes, []string{o.scope}
	}
	if o.action != event.ActionAuthenticate || s.c == nil && s.a.kind == event.Service {
		e.Principal = event.Principal{Kind: s.a.kind, ID: s.a.id, Level: event.LevelVerified, Issuer: "https://id." + s.a.site.host, Reason: "signature-verified"}
		e.Credential = event.Credential{Method: "jwt", Client: s.a.client, Fingerprint: s.token, Scopes: s.a.scopes, Delegation: s.actors}
		if s.a.kind == event.Service {
			e.Principal.Issuer, e.Principal.Reason, e.Credential.Method, e.Credential.KeyID = "gatebook", "key-match", "api-key", s.a.client
		}
	}
	e.Who = &event.Who{Subject: s.a.id, Tenant: s.a.site.tenant, Address: s.address, UserAgent: s.agent, TLS: event.TLS{Version: "1.3", JA4: s.ja4()}}
	if s.a.kind == event.Anonymous {
		e.Who.Subject, e.Who.Tenant = "", ""
		e.Principal, e.Credential = event.Principal{Kind: event.Anonymous}, event.Credential{Method: "none"}
	}
	if o.action == event.ActionAuthenticate {
		e.Who.Subject, e.Who.Tenant = "", ""
		e.Principal, e.Credential = event.Principal{Kind: event.Anonymous}, event.Credential{Method: "none"}
	}
	e.What = &event.What{Path: o.route}
	if o.scope != "" && o.scope != "-" { // the back office is below the tenant's name
		s.of(e, s.a.site)
	}
	e.Outcome.Status = 200
	took := time.Duration(float64(o.takes) * (0.5 + 0.5*pareto(s.r, 2.2, 25)))
	e.Completed = s.t.Add(took)
	return e
}

func (s *session) send(e *event.Event) {
	s.w.add(s.c, s.alike, s.t, e)
	if s.c != nil && s.cover {
		t := &s.c.trace[len(s.c.trace)-1]
		t.records, t.bytes = 0, 0
	}
}

// of names the tenant that is asked for.
func (s *session) of(e *event.Event, t site) {
	e.Operation.Host, e.Capture.Route = t.host, t.tenant
	e.What.Objects, e.What.Asked = []event.Object{{Type: "tenant", ID: t.tenant}}, 1
}

// fill says what an answer held.
func fill(e *event.Event, o op, n uint64, r *rand.Rand) {
	e.Response = event.Body{Bytes: uint64(float64(o.bytes*max(n, 1)) * (0.7 + 0.6*r.Float64())), Type: "application/json"}
	if o.object != "" {
		e.Objects, e.Records = []string{o.object}, n
	}
	for _, class := range o.data {
		e.Data = append(e.Data, event.Data{Class: class, Count: max(n, 1)})
	}
}

// list asks for a list of n and returns the ids in it.
func (s *session) list(o op, n int, ids func() string) []string {
	e := s.base(o)
	fill(e, o, uint64(n), s.r)
	list := make([]string, min(n, 100)) // the envelope holds no more
	for i := range list {
		list[i] = ids()
		e.What.Objects = append(e.What.Objects, event.Object{Type: o.object, ID: list[i]})
	}
	s.send(e)
	return list
}

// bulk asks for n records that the envelope does not name.
func (s *session) bulk(o op, n int) {
	e := s.base(o)
	fill(e, o, uint64(n), s.r)
	s.send(e)
}

// open asks for one object by its id.
func (s *session) open(o op, id string) *event.Event {
	return s.try(o, id, 200)
}

// try asks for one object, or none, and is answered with status.
func (s *session) try(o op, id string, status int) *event.Event {
	e := s.base(o)
	e.Outcome.Status = status
	if id != "" {
		e.What.Path, e.What.Asked = o.route+"?"+id, e.What.Asked+1
		e.What.Objects = append(e.What.Objects, event.Object{Type: o.object, ID: id})
		e.Objects = []string{o.object}
	}
	if status < 400 {
		fill(e, o, 1, s.r)
	} else {
		e.Response.Bytes = 90
	}
	s.send(e)
	return e
}
