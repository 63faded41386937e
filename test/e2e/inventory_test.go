package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/operation/openapi"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/freeport"
)

// listed returns what a verb of the inventory prints, as values of T.
func listed[T any](t *testing.T, s *server, args ...string) (list []T) {
	t.Helper()
	for line := range strings.Lines(asked(t, s, append(args, "--json")...)) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("gatebook %v: %v in %s", args, err, line)
		}
		list = append(list, v)
	}
	return list
}

// wrongDescription writes the shop's own OpenAPI document to a file, with one
// difference of each kind between it and what the shop does.
func wrongDescription(t *testing.T, shop, file string) {
	t.Helper()
	res, err := http.Get(shop + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc map[string]any
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	paths := doc["paths"].(map[string]any)
	operation := func(path string) map[string]any { return paths[path].(map[string]any)["get"].(map[string]any) }
	delete(paths, "/v1/orders")                                                                                 // shadow
	paths["/v1/refunds/{id}"] = map[string]any{"get": operation("/v1/orders/{id}")}                             // unused
	operation("/v1/customers")["deprecated"] = true                                                             // zombie
	operation("/v1/customers/{id}")["responses"] = map[string]any{"404": map[string]any{"description": "none"}} // status
	operation("/v1/products")["security"] = operation("/v1/customers")["security"]                              // open
	b, err := json.Marshal(doc)
	if err == nil {
		err = os.WriteFile(file, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// whole is all that the inventory says, but for names, which are looked up in
// the index.
func whole(t *testing.T, s *server) string {
	t.Helper()
	var all strings.Builder
	for _, verb := range [][]string{{"apis"}, {"apps"}, {"callers"}, {"leastprivilege", "--all"}} {
		for _, entry := range listed[map[string]any](t, s, append(verb, "--limit", "5000")...) {
			delete(entry, "name")
			b, err := json.Marshal(entry)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(append(b, '\n'))
		}
	}
	return all.String()
}

// TestInventory looks at the inventory of the sample shop, whose description is
// wrong, and takes the catalog away from it.
func TestInventory(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs the sample shop")
	}
	shop, issuer := startShop(t)
	work := t.TempDir()
	file, data, listen := filepath.Join(work, "openapi.json"), filepath.Join(work, "data"), freeport.Address(t)
	wrongDescription(t, shop, file)
	config := filepath.Join(work, "gatebook.yaml")
	writeConfig(t, config, strings.NewReplacer("DOCUMENT", "api: {file: "+file+"}", "ISSUER", issuer).Replace(shopConfig), listen, shop)
	s := start(t, data, listen, "--config", config)
	stop := startTraffic(t, s.url, issuer, 150)
	for limit := time.Now().Add(2 * patience); s.sealed() < 1200; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("only %d calls in three minutes\n%s", s.sealed(), s.log.String())
		}
	}
	stop()
	before := whole(t, s)
	for limit := time.Now().Add(patience); ; time.Sleep(300 * time.Millisecond) {
		now := whole(t, s)
		if now == before {
			break // what was on its way is counted
		}
		if before = now; time.Now().After(limit) {
			t.Fatal("the inventory changes without calls")
		}
	}

	deviations(t, s)
	operations := listed[catalog.Operation](t, s, "apis", "customers/{id}")
	if len(operations) == 0 || operations[0].Data["email"].Values == 0 || operations[0].Version != "v1" {
		t.Errorf("apis: got %+v", operations)
	}
	if got := asked(t, s, "apis", "show", "GET /v1/customers/{id}"); !strings.Contains(got, "scopes customers:read") || !strings.Contains(got, "DATA RETURNED") || !strings.Contains(got, "shop-web") {
		t.Errorf("apis show: got\n%s", got)
	}
	accounts(t, s)
	privileges(t, s)
	described(t, s)
	differences(t, s)

	before = whole(t, s)
	s.kill()
	s = start(t, data, listen, "--config", config)
	if after := whole(t, s); after != before {
		t.Errorf("after kill -9 the inventory is another\n%s", difference(before, after))
	}
	s.stop()
	if err := os.RemoveAll(filepath.Join(data, "catalog")); err != nil {
		t.Fatal(err)
	}
	s = start(t, data, listen, "--config", config)
	if after := whole(t, s); after != before {
		t.Errorf("made again from the ledger the inventory is another\n%s", difference(before, after))
	}
	s.stop()
	intact(t, data)
}

// difference returns the first lines that differ.
func difference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return "before: " + as[i] + "\nafter:  " + bs[i]
		}
	}
	return "one has more lines"
}

// deviations: each difference of wrongDescription is found, and nothing is
// called a shadow that is described.
func deviations(t *testing.T, s *server) {
	t.Helper()
	got := map[string][]string{}
	for _, d := range listed[catalog.Deviation](t, s, "apis", "drift") {
		got[d.Kind] = append(got[d.Kind], d.ID)
	}
	for kind, id := range map[string]string{
		catalog.KindShadow: "GET /v1/orders", catalog.KindUnused: "GET /v1/refunds/{id}", catalog.KindZombie: "GET /v1/customers",
		catalog.KindStatus: "GET /v1/customers/{id}", catalog.KindOpen: "GET /v1/products",
	} {
		if !slices.Contains(got[kind], id) {
			t.Errorf("apis drift: %s has no %s: %v", kind, id, got[kind])
		}
	}
	for _, id := range got[catalog.KindShadow] {
		if !strings.HasSuffix(id, " /v1/orders") {
			t.Errorf("apis drift: %s is called a shadow, and is described", id)
		}
	}
	if len(got[catalog.KindZombie]) != 1 || len(got[catalog.KindOpen]) != 1 {
		t.Errorf("apis drift: got zombies %v and open %v, want one of each", got[catalog.KindZombie], got[catalog.KindOpen])
	}
}

// accounts: what an app does for a user is accounted to both, and two apps of
// one user are kept apart.
func accounts(t *testing.T, s *server) {
	t.Helper()
	apps := map[string]catalog.App{}
	for _, a := range listed[catalog.App](t, s, "apps") {
		apps[a.ID] = a
	}
	calls, both := map[string]uint64{}, ""
	for _, c := range listed[reading.NamedCaller](t, s, "callers", "--limit", "5000") {
		for app, seen := range c.Apps {
			calls[app] += seen.Count
		}
		if len(c.Apps) > 1 && c.Kind == "user" {
			both = c.ID
			if other := slices.DeleteFunc(slices.Collect(maps.Keys(c.Apps)), func(a string) bool { return a == "shop-web" }); len(other) != len(c.Apps)-1 || c.Name == "" {
				t.Errorf("a user with two apps: got %q with %v", c.Name, c.Apps)
			}
		}
	}
	if both == "" {
		t.Error("no user called through two apps")
	}
	for id, a := range apps {
		if calls[id] != a.Count {
			t.Errorf("app %s: %d calls, by its callers %d", id, a.Count, calls[id])
		}
	}
	if c := apps["shop-web"].Callers; c.Names < 2 || c.Estimated {
		t.Errorf("shop-web acts for %+v", c)
	}
}

// privileges: credentials with scopes that were granted and never needed.
func privileges(t *testing.T, s *server) {
	t.Helper()
	found := 0
	for _, p := range listed[reading.Privilege](t, s, "leastprivilege") {
		for _, scope := range p.Unused {
			_, granted := p.Scopes.Granted[scope]
			_, needed := p.Scopes.Needed[scope]
			if !granted || needed || p.Scopes.Judged == 0 {
				t.Errorf("leastprivilege: %s: %s is granted %v, needed %v, of %d calls judged", p.ID, scope, granted, needed, p.Scopes.Judged)
			}
			found++
		}
	}
	if found == 0 {
		t.Error("leastprivilege: nobody has a scope that is not needed, and the shop's console asks for all of them")
	}
}

// described: the document that is made of what was observed can be read, and
// holds no value of a call.
func described(t *testing.T, s *server) {
	t.Helper()
	doc := asked(t, s, "apis", "openapi")
	d, err := openapi.Parse([]byte(doc), openapi.Options{})
	if err != nil || len(d.Templates) < 8 || !strings.Contains(doc, `"email": "string"`) {
		t.Fatalf("apis openapi: %v in\n%s", err, doc)
	}
	if value := regexp.MustCompile(`(cus|ord|prd|fil)_[0-9]|@|[0-9]{5}|u-[0-9a-f]{4}|Moreau|EUR`).FindString(regexp.MustCompile(`"(first|last)": "[^"]*"|"calls": \d+`).ReplaceAllString(doc, "")); value != "" {
		t.Errorf("apis openapi: it has a value: %q", value)
	}
}

// differences: an operation that is called for the first time is new.
func differences(t *testing.T, s *server) {
	t.Helper()
	now := time.Now().UTC().Format(time.RFC3339Nano)
	if got := listed[catalog.Change](t, s, "apis", "diff", "--since", now); slices.ContainsFunc(got, func(c catalog.Change) bool { return c.New }) {
		t.Errorf("apis diff: something is new, and nobody called: %+v", got)
	}
	get(t, s.url+"/v1/refunds/7")
	s.await(`kind:=access what.path:="/v1/refunds/7"`, 1)
	var found []string
	for _, c := range listed[catalog.Change](t, s, "apis", "diff", "--since", now) {
		if c.New {
			found = append(found, c.Kind+" "+c.ID)
		}
	}
	if !slices.Equal(found, []string{"operation GET /v1/refunds/{id}"}) {
		t.Errorf("apis diff: got %q", found)
	}
}
