package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

func tracker(t testing.TB, c Config) *Tracker {
	t.Helper()
	c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	if c.APIs == nil {
		c.APIs = []API{{Route: "shop"}}
	}
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// with returns an API with a document of these templates.
func with(ops map[string]map[string]*Described) func(context.Context) (*Description, error) {
	return func(context.Context) (*Description, error) {
		d := new(Description)
		for text, by := range ops {
			d.Templates = append(d.Templates, &Template{Text: text, Ops: by})
		}
		return d, nil
	}
}

// exchange is a call in a test.
type exchange struct {
	method, target string
	body, media    string // of the request
	status         int
	answer         string
	answerMedia    string
	caller         string
	credential     event.Credential
	pattern        string // of the program's router
}

// observe makes a call pass a tracker, in pieces of a few bytes.
func observe(tr *Tracker, x exchange) capture.Facts {
	path, query, _ := strings.Cut(x.target, "?")
	id := &capture.Identity{Principal: event.Principal{ID: "p_" + x.caller}, Subject: x.caller, Credential: x.credential}
	c := &capture.Call{Route: "shop", Method: x.method, Path: path, Query: query, Header: http.Header{}, Identity: id, Pattern: x.pattern}
	if x.body != "" {
		c.Header.Set("Content-Type", orJSON(x.media))
	}
	o := tr.Observe(c)
	for piece := range slices.Chunk([]byte(x.body), 7) {
		o.Request(piece)
	}
	h := http.Header{}
	if x.answer != "" {
		h.Set("Content-Type", orJSON(x.answerMedia))
	}
	if x.status == 0 {
		x.status = 200
	}
	o.Answer(x.status, h)
	for piece := range slices.Chunk([]byte(x.answer), 7) {
		o.Response(piece)
	}
	var f capture.Facts
	o.End(&f)
	return f
}

func orJSON(media string) string {
	if media == "" {
		return "application/json; charset=utf-8"
	}
	return media
}

func objectText(f capture.Facts) string {
	var b strings.Builder
	for i, o := range f.Objects {
		if i == f.Asked {
			b.WriteString("| ")
		}
		b.WriteString(o.Type + "/" + o.ID + " ")
	}
	return strings.TrimSpace(b.String())
}

// TestObjects has calls, and the objects in them: those that the request named,
// a bar, and those of the answer.
func TestObjects(t *testing.T) {
	var get, write = map[string]*Described{"GET": {}}, map[string]*Described{"POST": {}, "PUT": {}, "GET": {}}
	tr := tracker(t, Config{APIs: []API{{Route: "shop", Document: with(map[string]map[string]*Described{
		"/v1/customers": write, "/v1/customers/{id}": write, "/v1/customers/{id}/orders": write, "/v1/customers/{customerId}/orders/{orderId}": get,
		"/v1/order-items/{id}": get, "/repos/{owner}/{repo}": get, "/repos/{owner}/{repo}/issues/{issue_number}": get, "/export/{kind}": get,
		"/v1/search": get, "/v1/people/{id}.json": get, "/v1/status/{level}": {"GET": {Fixed: map[string]bool{"level": true}}}, "/v1/me": get,
		"/v1/files/{path}": get, "/v1/hits": {"GET": {Answer: "product"}},
	})}}})
	if err := tr.Refresh(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		x    exchange
		want string
	}{
		{exchange{method: "GET", target: "/v1/customers/4711"}, "customer/4711"},
		{exchange{method: "GET", target: "/v1/customers/4711;v=1/"}, "customer/4711"},
		{exchange{method: "GET", target: "/v1/customers/a%40example.com"}, "customer/a@example.com"},
		{exchange{method: "GET", target: "/v1/customers/4711", answer: `{"id":4711,"name":"x"}`}, "customer/4711"},
		{exchange{method: "GET", target: "/v1/customers/4711", answer: `{"id":"4712"}`}, "customer/4711 | customer/4712"},
		{exchange{method: "GET", target: "/v1/customers/1/orders/2"}, "customer/1 order/2"},
		{exchange{method: "GET", target: "/v1/customers/1/orders", answer: `{"items":[{"id":"o1","customer_id":"c9"},{"id":"o2"}],"next":"x"}`}, "customer/1 | order/o1 order/o2"},
		{exchange{method: "GET", target: "/v1/customers", answer: `[{"id":1,"address":{"id":"a1"},"orders":[{"id":7}]},{"id":1}]`}, "| customer/1 address/a1 order/7"},
		{exchange{method: "GET", target: "/v1/customers", answer: "{\"id\":1}\n{\"id\":2}\n", answerMedia: "application/x-ndjson"}, "| customer/1 customer/2"},
		{exchange{method: "GET", target: "/v1/customers?id=5&customer_id=6&sort=name&orderId=7"}, "customer/5 customer/6 order/7"},
		{exchange{method: "GET", target: "/v1/customers?ids=5,6"}, "customer/5 customer/6"},
		{exchange{method: "POST", target: "/v1/customers", body: `{"name":"x","account_id":"a1","tagIds":[1,2],"nested":{"orderId":"o\u0031"}}`}, "account/a1 tag/1 tag/2 order/o1"},
		{exchange{method: "POST", target: "/v1/customers", body: `{}`, answer: `{"id":"new"}`, status: 201}, "| customer/new"},
		{exchange{method: "POST", target: "/v1/customers", body: `{"customer":"cus_000002","orders":["f47ac10b-58cc-4372-a567-0e02b2c3d479"],"color":"ABC-123","order":"plain"}`}, "customer/cus_000002"},
		{exchange{method: "POST", target: "/v1/customers", body: "customer_id=4&x=y", media: "application/x-www-form-urlencoded"}, "customer/4"},
		{exchange{method: "GET", target: "/v1/customers", answer: `{"error":{"id":"e1"}}`, status: 404}, ""},
		{exchange{method: "GET", target: "/v1/order-items/9"}, "order_item/9"},
		{exchange{method: "GET", target: "/repos/octo/hello/issues/12"}, "repo/octo/hello issue/12"},
		{exchange{method: "GET", target: "/repos/octo/hello"}, "repo/octo/hello"},
		{exchange{method: "GET", target: "/export/customers"}, ""},
		{exchange{method: "GET", target: "/v1/status/high"}, ""},
		{exchange{method: "GET", target: "/v1/people/17.json"}, "person/17"},
		{exchange{method: "GET", target: "/v1/files/a/b/c.txt"}, "file/a/b/c.txt"},
		{exchange{method: "GET", target: "/v1/me", answer: `{"id":"u1"}`}, ""},
		{exchange{method: "GET", target: "/v1/hits", answer: `{"results":[{"id":"p1"}]}`}, "| product/p1"},
		{exchange{method: "GET", target: "/v1/customers", answer: `{"data":{"customers":[{"id":"c1"}],"OrderItems":[{"id":"i1"}]}}`}, "| customer/c1 order_item/i1"},
	}
	for _, tt := range tests {
		if got := objectText(observe(tr, tt.x)); got != tt.want {
			t.Errorf("%s %s %s: got %q, want %q", tt.x.method, tt.x.target, tt.x.answer, got, tt.want)
		}
	}
}

// TestManyObjects counts the objects of a long answer, and keeps the first.
func TestManyObjects(t *testing.T) {
	tr := tracker(t, Config{APIs: []API{{Route: "shop", Document: with(map[string]map[string]*Described{"/customers": nil})}}})
	if err := tr.Refresh(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for i := range 4100 {
		fmt.Fprintf(&b, `{"id":"c%d","email":"x@example.com"}`+"\n", i%4000)
	}
	f := observe(tr, exchange{method: "GET", target: "/customers", answer: b.String(), answerMedia: "application/jsonl"})
	if len(f.Objects) != capture.MaxObjects || f.Counts["customer"] != 4000 || f.Partial {
		t.Errorf("got %d objects, counts %v, partial %v", len(f.Objects), f.Counts, f.Partial)
	}
	for i := range 2 * maxDistinct {
		fmt.Fprintf(&b, `{"id":"d%d"}`+"\n", i)
	}
	if f = observe(tr, exchange{method: "GET", target: "/customers", answer: b.String(), answerMedia: "application/jsonl"}); !f.Partial || f.Counts["customer"] != 4000+2*maxDistinct {
		t.Errorf("beyond what can be told apart: counts %v, partial %v", f.Counts, f.Partial)
	}
}

// TestScopes is about what operations need, and what credentials have.
func TestScopes(t *testing.T) {
	both := []Choice{{Methods: []string{"jwt", "bearer"}, Scopes: []string{"customers:read"}}, {Methods: []string{"api-key"}}}
	d := map[string]map[string]*Described{
		"/customers/{id}": {"GET": {Name: "getCustomer", Requires: event.RequiresScopes, Choices: both}},
		"/orders":         {"GET": {Requires: event.RequiresScopes, Choices: []Choice{{Scopes: []string{"admin", "orders"}}, {Scopes: []string{"orders:read"}}}}},
		"/products":       {"GET": {Requires: event.RequiresNothing}},
		"/silent":         {"GET": {}},
	}
	tr := tracker(t, Config{APIs: []API{{Route: "shop", Document: with(d)}}})
	if err := tr.Refresh(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		target, method string
		scopes         []string
		requires       event.Requires
		needed         string
	}{
		{"/customers/1", "jwt", []string{"customers:read", "customers:write"}, event.RequiresScopes, "customers:read"},
		{"/customers/1", "jwt", nil, event.RequiresScopes, "customers:read"},
		{"/customers/1", "api-key", nil, event.RequiresCredential, ""},
		{"/customers/1", "none", nil, event.RequiresScopes, "customers:read"},
		{"/orders", "jwt", []string{"admin", "orders"}, event.RequiresScopes, "admin orders"},
		{"/orders", "jwt", []string{"orders:read"}, event.RequiresScopes, "orders:read"},
		{"/products", "none", nil, event.RequiresNothing, ""},
		{"/silent", "jwt", []string{"a"}, "", ""},
	}
	for _, tt := range tests {
		f := observe(tr, exchange{method: "GET", target: tt.target, credential: event.Credential{Method: tt.method, Scopes: tt.scopes}})
		if got := strings.Join(f.Operation.Scopes, " "); f.Operation.Requires != tt.requires || got != tt.needed {
			t.Errorf("%s with %s %v: got %q %q, want %q %q", tt.target, tt.method, tt.scopes, f.Operation.Requires, got, tt.requires, tt.needed)
		}
	}
	f := observe(tr, exchange{method: "GET", target: "/customers/1"})
	if op := f.Operation; op.Route != "/customers/{id}" || op.Name != "getCustomer" || op.Basis != event.BasisDocument || op.Action != event.ActionRead {
		t.Errorf("operation: got %+v", op)
	}
}

// TestAction is about what operations do.
func TestAction(t *testing.T) {
	rules := []ActionRule{{Method: "GET", Path: "/v1/reports/*", Action: event.ActionExport}, {Path: "/v1/x/{id}", Action: event.ActionGrant}}
	a := &api{API: API{Actions: rules}}
	f := func(method, template string, want event.Action) {
		t.Helper()
		tm := &Template{Text: template}
		if err := tm.prepare(); err != nil {
			t.Fatal(err)
		}
		if got := a.action(method, tm); got != want {
			t.Errorf("%s %s: got %q, want %q", method, template, got, want)
		}
	}
	f("GET", "/v1/customers/{id}", event.ActionRead)
	f("POST", "/v1/customers", event.ActionCreate)
	f("PATCH", "/v1/customers/{id}", event.ActionUpdate)
	f("DELETE", "/v1/customers/{id}", event.ActionDelete)
	f("POST", "/v1/customers/{id}/orders", event.ActionCreate)
	f("POST", "/v1/orders/{id}/cancel", event.ActionUpdate)
	f("POST", "/v1/customers/search", event.ActionRead)
	f("POST", "/v1/messages:search", event.ActionRead)
	f("GET", "/v1/export/{kind}", event.ActionExport)
	f("POST", "/v1/customers/export", event.ActionExport)
	f("POST", "/oauth/token", event.ActionAuthenticate)
	f("POST", "/rest/user/login", event.ActionAuthenticate)
	f("DELETE", "/session", event.ActionAuthenticate)
	f("PUT", "/v1/admin/users/{id}/roles", event.ActionGrant)
	f("GET", "/v1/admin/users/{id}/roles", event.ActionRead)
	f("POST", "/repos/{owner}/{repo}/collaborators/{name}", event.ActionGrant)
	f("PATCH", "/v1/admin/settings", event.ActionAdminister)
	f("DELETE", "/v1/webhooks/{id}", event.ActionAdminister)
	f("GET", "/v1/reports/{report_id}", event.ActionExport)
	f("POST", "/v1/reports/{id}", event.ActionUpdate)
	f("GET", "/v1/x/{other}", event.ActionGrant)
	f("PURGE", "/v1/y", "")
}

// TestLearnedTemplatesInEvents follows what the events of an API without a
// document say.
func TestLearnedTemplatesInEvents(t *testing.T) {
	tr := tracker(t, Config{})
	route := func(x exchange) string { return observe(tr, x).Operation.Route }
	if got := route(exchange{method: "GET", target: "/v1/customers/4711"}); got != "/v1/customers/{customer_id}" {
		t.Errorf("the first call: got %q", got)
	}
	f := observe(tr, exchange{method: "GET", target: "/v1/customers/4712", answer: `{"id":4712,"orders":[{"id":1}]}`})
	if f.Operation.Basis != event.BasisLearned || objectText(f) != "customer/4712 | order/1" {
		t.Errorf("got %+v, %s", f.Operation, objectText(f))
	}
	// A 404 teaches nothing, and knows what is known.
	if got := route(exchange{method: "GET", target: "/v1/customers/9", status: 404}); got != "/v1/customers/{customer_id}" {
		t.Errorf("404 of a known template: got %q", got)
	}
	for range 100 {
		if got := route(exchange{method: "GET", target: "/wp-admin/setup", status: 404}); got != "" {
			t.Fatalf("404 of an unknown path: got %q", got)
		}
	}
	// A segment that names the caller is an id.
	for range 30 {
		if got := route(exchange{method: "GET", target: "/profiles/alice", caller: "alice"}); got != "/profiles/{profile_id}" {
			t.Fatalf("own name: got %q", got)
		}
	}
	// What the API gives back as a name is an id.
	for i := range 30 {
		who := []string{"bob", "carol", "dave"}[i%3]
		got := route(exchange{method: "GET", target: "/members/" + who, answer: `{"login":"` + who + `"}`, caller: "x"})
		if got != "" && got != "/members/{member_id}" || i > 3 && got == "" {
			t.Fatalf("call %d for %s: got %q", i, who, got)
		}
	}
	if got := route(exchange{method: "GET", target: "/page", answer: "<html>", answerMedia: "text/html"}); got != "" {
		t.Errorf("a page of HTML: got %q", got)
	}
}

// TestTemplatesKeepTheirMeaning learns names that turn out to be ids, and looks
// at each template that was ever used: it still stands for its paths, or says
// what took its place and covers them.
func TestTemplatesKeepTheirMeaning(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	l := newLearner()
	used := map[string]string{} // path by template
	for i := range 20_000 {
		tenant := []string{"acme", "globex", "initech", "hooli", "umbrella"}[min(r.IntN(1+i/50), 4)]
		path := []string{"/" + tenant + "/users/" + fmt.Sprint(r.IntN(50)), "/" + tenant + "/reports/" + name(r), "/users/" + name(r), "/users/me", "/status"}[r.IntN(5)]
		s := seen{path: path, caller: r.Uint32N(20), at: time.Unix(1, 0)}
		var m Match
		if l.find(path, nil, &m) {
			used[m.Template.Text] = path
		} else if lt := l.learn(&s); lt != nil {
			used[lt.Text] = path
		}
	}
	for text, path := range used {
		lt := l.templates[text]
		if lt == nil {
			t.Fatalf("template %s was used for %s and is forgotten", text, path)
		}
		m, err := NewMatcher([]*Template{{Text: text}})
		if err != nil {
			t.Fatal(err)
		}
		var out Match
		if !m.Find(path, &out) {
			t.Errorf("template %s does not stand for %s any more", text, path)
		}
		if lt.into != "" && lt.into != "?" {
			if m, _ = NewMatcher([]*Template{{Text: lt.into}}); !m.Find(path, &out) {
				t.Errorf("template %s was replaced by %s, which does not cover %s", text, lt.into, path)
			}
		}
	}
	var m Match
	if !l.find("/users/me", nil, &m) || m.Template.Text != "/users/me" {
		t.Errorf("/users/me: got %+v", m.Template)
	}
	if !l.find("/users/somebodynew", nil, &m) || m.Template.Text != "/users/{user_id}" {
		t.Errorf("/users/somebodynew: got %+v", m.Template)
	}
}

// TestCollectionsAsValues learns a parameter that takes names of collections.
func TestCollectionsAsValues(t *testing.T) {
	tr := tracker(t, Config{})
	route := func(target string) string {
		return observe(tr, exchange{method: "GET", target: target, caller: "a"}).Operation.Route
	}
	for _, target := range []string{"/v1/customers/1", "/v1/orders/1", "/v1/export/customers", "/v1/admin/users", "/v1/admin/orders", "/v1/export/orders"} {
		for range 5 {
			route(target)
		}
	}
	for target, want := range map[string]string{"/v1/export/customers": "/v1/export/{kind}", "/v1/export/invoices": "/v1/export/{kind}", "/v1/admin/orders": "/v1/admin/orders", "/v1/orders/2": "/v1/orders/{order_id}"} {
		if got := route(target); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
	if f := observe(tr, exchange{method: "GET", target: "/v1/export/orders", answer: `{"id":1}`}); objectText(f) != "| order/1" {
		t.Errorf("objects of an export: got %s", objectText(f))
	}
}

// TestHostilePaths sends a million random paths, all of them answered with 200:
// memory stays bounded, and what is true is learned all the same.
func TestHostilePaths(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	r := rand.New(rand.NewPCG(5, 6))
	l := newLearner()
	letters := []byte("abcdefghijklmnopqrstuvwxyz%./;{}")
	for i := range n {
		path := make([]byte, 0, 64)
		for range 1 + r.IntN(6) {
			path = append(path, '/')
			for range 1 + r.IntN(9) {
				path = append(path, letters[r.IntN(len(letters))])
			}
		}
		if i%100 == 0 {
			path = []byte("/v1/customers/" + fmt.Sprint(i))
		}
		var m Match
		if !l.find(string(path), nil, &m) {
			l.learn(&seen{path: string(path), caller: r.Uint32()})
		}
	}
	if l.nodes > maxNodes || len(l.templates) > maxTemplates {
		t.Errorf("got %d nodes and %d templates", l.nodes, len(l.templates))
	}
	var m Match
	if !l.find("/v1/customers/17", nil, &m) || m.Template.Text != "/v1/customers/{customer_id}" {
		t.Errorf("/v1/customers/17: got %+v", m.Template)
	}
	t.Logf("%d paths: %d nodes, %d templates", n, l.nodes, len(l.templates))
}

// TestPeople pins, merges, renames and takes back, across a restart.
func TestPeople(t *testing.T) {
	file := filepath.Join(t.TempDir(), "operations.json")
	tr := tracker(t, Config{File: file})
	for i := range 30 {
		for _, p := range []string{"/reports/daily", "/reports/weekly", "/v1/customers/4711"} {
			observe(tr, exchange{method: "GET", target: p, caller: fmt.Sprint(i % 3)})
		}
	}
	texts := func() string {
		var b strings.Builder
		for _, l := range tr.List("shop") {
			b.WriteString(l.Template)
			if l.Replaced != "" {
				b.WriteString(">" + l.Replaced)
			}
			b.WriteString(" ")
		}
		return strings.TrimSpace(b.String())
	}
	if got := texts(); got != "/reports/daily /reports/weekly /v1/customers/{customer_id}" {
		t.Fatalf("learned: got %s", got)
	}
	if err := tr.Merge("shop", "/reports/{period}", []string{"/reports/daily", "/reports/weekly"}); err != nil {
		t.Fatal(err)
	}
	if err := tr.Rename("shop", "/v1/customers/{customer_id}", "getCustomer"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []error{
		tr.Merge("shop", "/reports/{period}", []string{"/v1/customers/{customer_id}"}), tr.Rename("shop", "/nothing", "x"), tr.Rename("shop", "/reports/{period}", "with space"),
		tr.Pin("shop", "no-slash", ""), tr.Pin("shop", "/a/{", ""), tr.Pin("other", "/a", ""), tr.Unpin("shop", "/reports/daily"),
	} {
		if !errors.Is(bad, ErrArgument) && !errors.Is(bad, ErrNotFound) {
			t.Errorf("got %v, want an error that says what is wrong", bad)
		}
	}
	tr = tracker(t, Config{File: file})
	f := observe(tr, exchange{method: "GET", target: "/reports/daily"})
	if f.Operation.Route != "/reports/{period}" || f.Operation.Basis != event.BasisPerson {
		t.Errorf("merged: got %+v", f.Operation)
	}
	if f = observe(tr, exchange{method: "GET", target: "/v1/customers/1"}); f.Operation.Name != "getCustomer" || objectText(f) != "customer/1" {
		t.Errorf("renamed: got %+v", f.Operation)
	}
	want := "/reports/daily>/reports/{period} /reports/weekly>/reports/{period} /reports/{period} /v1/customers/{customer_id} /v1/customers/{customer_id}"
	if got := texts(); got != want {
		t.Errorf("after a restart: got %s, want %s", got, want)
	}
	if err := tr.Unpin("shop", "/reports/{period}"); err != nil {
		t.Fatal(err)
	}
	if f = observe(tr, exchange{method: "GET", target: "/reports/daily"}); f.Operation.Route != "/reports/daily" {
		t.Errorf("taken back: got %+v", f.Operation)
	}
}

// TestReplay learns the same from events as from the calls themselves.
func TestReplay(t *testing.T) {
	live, replayed := tracker(t, Config{}), tracker(t, Config{})
	r := rand.New(rand.NewPCG(7, 8))
	for range 3000 {
		path := []string{"/v1/customers/" + fmt.Sprint(r.IntN(100)), "/v1/customers", "/v1/products/" + name(r), "/users/me"}[r.IntN(4)]
		who := fmt.Sprint(r.IntN(9))
		observe(live, exchange{method: "GET", target: path, caller: who})
		e := &event.Event{Header: event.Header{Kind: event.Access, Capture: event.Capture{Route: "shop"}, Outcome: event.Outcome{Status: 200}, Principal: event.Principal{ID: "p_" + who}}, What: &event.What{Path: path}}
		replayed.Replay(e)
	}
	a, b := live.List(""), replayed.List("")
	for i := range a {
		a[i].First = time.Time{}
	}
	for i := range b {
		b[i].First = time.Time{}
	}
	if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y || len(a) != 4 {
		t.Errorf("live     %s\nreplayed %s", x, y)
	}
}

// TestConcurrently has calls, changes and configurations at the same time.
func TestConcurrently(t *testing.T) {
	tr := tracker(t, Config{File: filepath.Join(t.TempDir(), "operations.json")})
	apis := []API{{Route: "shop", Document: with(map[string]map[string]*Described{"/v1/described/{id}": {"GET": {}}})}}
	ctx, cancel := context.WithCancel(t.Context())
	var running, calls sync.WaitGroup
	running.Go(func() { tr.Run(ctx) })
	for g := range 4 {
		calls.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range 500 {
				path := []string{"/v1/described/" + fmt.Sprint(i), "/v1/things/" + name(r), "/v1/orders/" + fmt.Sprint(i), "/users/" + name(r)}[r.IntN(4)]
				observe(tr, exchange{method: "POST", target: path, body: `{"order":"ord_0001"}`, answer: `{"id":1}`, caller: fmt.Sprint(g)})
				switch i % 100 {
				case 10:
					tr.Swap(apis)
				case 20:
					tr.Pin("shop", "/v1/things/{id}", "thing")
				case 30:
					tr.List("")
				case 40:
					tr.Unpin("shop", "/v1/things/{id}")
				case 50:
					tr.Refresh(ctx, "shop")
				}
			}
		})
	}
	calls.Wait()
	cancel()
	running.Wait()
	if got := observe(tr, exchange{method: "GET", target: "/v1/orders/4711"}).Operation.Route; got != "/v1/orders/{order_id}" {
		t.Errorf("afterwards: got %q", got)
	}
}

// FuzzScanner has any bytes in any pieces: no panic, and the same objects as
// in one piece.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"id":1,"items":[{"id":"a","x":{"id":null}}],"orderId":"\u0041"}`), uint8(3))
	f.Add([]byte(`[[[[{"id":`), uint8(1))
	f.Add([]byte(`{"data":[{"type":"articles","id":"1","relationships":{"a":{"data":{"id":"2","type":"b"}}}}],"included":[{}]}`), uint8(4))
	f.Add([]byte(strings.Repeat(`{"a":`, 100)), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		scan := func(size int) string {
			var o objects
			s := &scanner{to: &o, refs: true, top: "thing", keys: newKeyCache(), api: n&1 > 0, odata: n&2 > 0}
			for p := range slices.Chunk(b, size) {
				s.write(p)
			}
			return fmt.Sprint(o.list)
		}
		if whole, pieces := scan(len(b)+1), scan(int(n)+1); whole != pieces {
			t.Errorf("in one piece %s, in pieces %s", whole, pieces)
		}
		if json.Valid(b) {
			return
		}
	})
}

// FuzzLearn has any paths.
func FuzzLearn(f *testing.F) {
	f.Add("/v1/customers/4711\n/v1/customers/x%zz\n//;/{}")
	f.Add("/odata/Customers(4711)\n/odata/Customers('a')/Orders(%27b%27)\n/odata/L(a=1)\n/x()/(1)/({a})")
	f.Fuzz(func(t *testing.T, paths string) {
		l := newLearner()
		for range 10 {
			for p := range strings.SplitSeq(paths, "\n") {
				var m Match
				if l.find(p, nil, &m) {
					continue
				}
				if lt := l.learn(&seen{path: p}); lt != nil && !l.find(p, nil, &m) {
					t.Errorf("%q was learned as %s and is not found", p, lt.Text)
				}
			}
		}
	})
}
