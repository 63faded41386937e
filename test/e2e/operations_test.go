package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startShop starts the sample shop and its issuer, and returns their URLs.
func startShop(t *testing.T) (shop, issuer string) {
	t.Helper()
	startIssuer(t, "127.0.0.1:0").stop() // it builds the program
	cmd := exec.Command(shopProgram(), "all", "--listen", "127.0.0.1:0", "--issuer-listen", "127.0.0.1:0", "--trust-gateway")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
	})
	var ready struct{ API, Issuer string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatalf("the shop does not start: %v", err)
	}
	return ready.API, ready.Issuer
}

func shopProgram() string { return filepath.Join(filepath.Dir(gatebook), "shop") }

// startTraffic calls the gateway as the shop's users would, until it is stopped.
func startTraffic(t *testing.T, target, issuer string, rate int) (stop func()) {
	t.Helper()
	cmd := exec.Command(shopProgram(), "traffic", "--target", target, "--issuer", issuer, "--rate", strconv.Itoa(rate), "--own-addresses")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
	}
	t.Cleanup(stop)
	return stop
}

// sealed returns the records that the published checkpoint covers.
func (s *server) sealed() int {
	b, err := os.ReadFile(filepath.Join(s.data, "ledger", "checkpoint"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "\n")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.Atoi(line)
	return n
}

// asked returns the standard output of a verb on the server's data.
func asked(t *testing.T, s *server, args ...string) string {
	t.Helper()
	r := command(t, gatebook, append(args, "--data", s.data)...)
	if r.code != 0 {
		t.Fatalf("gatebook %v: exit code %d\n%s", args, r.code, r.stderr)
	}
	return r.stdout
}

const shopConfig = `
gateway:
  listeners:
    - name: main
      address: LISTEN
  routes:
    - name: shop
      upstream: UPSTREAM
      DOCUMENT
identity:
  oidc:
    - {name: shop, issuer: ISSUER, audiences: [shop-api]}
`

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// TestLearnedTemplatesOfTheShop hides the document of the sample API, learns
// its templates from 10,000 calls of its users, and compares them with it.
func TestLearnedTemplatesOfTheShop(t *testing.T) {
	calls := 10_000
	if testing.Short() {
		t.Skip("it makes 10,000 calls")
	}
	shop, issuer := startShop(t)
	text := strings.NewReplacer("DOCUMENT", "timeout: 60s", "ISSUER", issuer).Replace(shopConfig)
	s := serveConfig(t, t.TempDir(), shop, text)
	stop := startTraffic(t, s.url, issuer, 600)
	for limit := time.Now().Add(4 * patience); s.sealed() < calls; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("only %d of %d calls in six minutes", s.sealed(), calls)
		}
	}
	stop()

	res, err := http.Get(shop + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc struct{ Paths map[string]any }
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for path := range doc.Paths {
		want[parameter.ReplaceAllString(path, "{}")] = true
	}
	right, wrong := 0, []string{}
	for line := range strings.Lines(asked(t, s, "routes", "list", "--json")) {
		var l struct{ Template, Replaced string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		bare := parameter.ReplaceAllString(l.Template, "{}")
		switch {
		case l.Replaced != "":
		case want[bare]:
			right++
			delete(want, bare)
		default:
			wrong = append(wrong, l.Template)
		}
	}
	var missing []string
	for path := range want {
		// What nobody calls cannot be learned.
		if s.called(path) {
			missing = append(missing, path)
		} else {
			t.Logf("nobody called %s with success", path)
		}
	}
	slices.Sort(missing)
	precision, recall := float64(right)/float64(right+len(wrong)), float64(right)/float64(right+len(missing))
	t.Logf("after %d calls: %d templates right, wrong %q, missing %q; precision %.3f, recall %.3f", s.sealed(), right, wrong, missing, precision, recall)
	if precision < 0.98 || recall < 0.98 {
		t.Errorf("precision %.3f, recall %.3f: want 0.98", precision, recall)
	}
	s.stop()
	intact(t, s.data)
}

// called reports whether a call of a path of the document was answered well.
func (s *server) called(path string) bool {
	s.t.Helper()
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(path), `\{\}`, "[^/]+") + "$"
	return len(s.search(fmt.Sprintf("kind:=access outcome.status:<300 what.path:~%q", pattern), "--limit", "1")) > 0
}

// TestDescribedOperations has the document: names, actions, scopes and objects
// of the shop's calls, and who touched a customer.
func TestDescribedOperations(t *testing.T) {
	shop, issuer := startShop(t)
	text := strings.NewReplacer("DOCUMENT", "api: {path: /openapi.json}", "ISSUER", issuer).Replace(shopConfig)
	s := serveConfig(t, t.TempDir(), shop, text)
	for limit := time.Now().Add(patience); !strings.Contains(s.log.String(), "the description of an API was read"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("the document was not read\n%s", s.log.String())
		}
	}
	stop := startTraffic(t, s.url, issuer, 300)
	var hits []found
	for limit := time.Now().Add(patience); len(hits) < 20; time.Sleep(500 * time.Millisecond) {
		hits = s.search(`operation.name:=getCustomer outcome.status:=200 scopes.unneeded:*`, "--limit", "20")
		if time.Now().After(limit) {
			t.Fatalf("only %d calls of getCustomer\n%s", len(hits), s.log.String())
		}
	}
	stop()
	out := asked(t, s, "search", `operation.name:=getCustomer outcome.status:=200 scopes.unneeded:*`, "--limit", "1", "--json")
	for _, part := range []string{
		`"route":"/v1/customers/{id}","name":"getCustomer","basis":"document","action":"read","requires":"scopes","scopes":["customers:read"]`,
		`"objects":["customer"]`, `"objects":[{"type":"customer","id":"cus_`, `"asked":1`,
	} {
		if !strings.Contains(out, part) {
			t.Errorf("the event has no %s:\n%s", part, out)
		}
	}
	id := strings.TrimPrefix(hits[0].What.Path, "/v1/customers/")
	var object struct {
		Calls, Asked uint64
		Touchers     []struct {
			Subject, Client string
			Calls           uint64
		}
	}
	if err := json.Unmarshal([]byte(asked(t, s, "object", "customer/"+id, "--since", "1d", "--json")), &object); err != nil {
		t.Fatal(err)
	}
	if object.Asked == 0 || object.Calls < object.Asked || len(object.Touchers) == 0 || object.Touchers[0].Client == "" {
		t.Errorf("who touched customer/%s: got %+v", id, object)
	}
	if got := asked(t, s, "object", "customer/"+id); !strings.Contains(got, "WHO") {
		t.Errorf("for people: got %s", got)
	}
	awaitIndex(t, s) // it alone knows what somebody touched
	// Those that were touched most are listed, and name in turn who touched them.
	subject := hits[0].Who.Subject
	most := regexp.MustCompile(`customer/cus_\d+`).FindString(asked(t, s, "who", subject, "--objects", "--limit", "1000"))
	if most == "" {
		t.Fatalf("%s touched no customer", subject)
	}
	if got := asked(t, s, "object", most, "--json"); !strings.Contains(got, `"subject":"`+subject+`"`) {
		t.Errorf("who touched %s does not name %s:\n%s", most, subject, got)
	}
	s.stop()
	intact(t, s.data)
}
