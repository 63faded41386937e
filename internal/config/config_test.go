package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const upstream = "gateway: {routes: [{name: a, upstream: \"http://a\"}]}\n"

// mustLoad loads src as gatebook.yaml of the working directory.
func mustLoad(t *testing.T, src string, o Options) *Config {
	t.Helper()
	o.File = "gatebook.yaml"
	c, err := load([]byte(src), o)
	if err != nil {
		t.Fatalf("loading\n%s\n%v", src, err)
	}
	return c
}

// Without a file an upstream is all that is needed, and the outcome is the
// default with one route.
func TestZeroConfiguration(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := Load(Options{Upstream: "http://localhost:3000"})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.Gateway.Routes); n != 1 || c.Gateway.Routes[0].Upstream.Host != "localhost:3000" {
		t.Fatalf("got %d routes %+v, want one to localhost:3000", n, c.Gateway.Routes)
	}
	if r := c.Gateway.Routes[0]; r.Path != "/" || r.Durability != Served || r.Capture.RequestBody != 64<<10 {
		t.Errorf("got route %+v, want the defaults", r)
	}
	want := Default()
	want.Gateway.Routes = c.Gateway.Routes
	if got := Diff(want, c); len(got) != 0 {
		t.Errorf("got differences to the default: %v", got)
	}
	if c.Data != "./gatebook-data" || c.Ops.Listen != "127.0.0.1:8401" || c.Gateway.Listeners[0].Address != ":8400" {
		t.Errorf("got data %q, ops %q, listener %q", c.Data, c.Ops.Listen, c.Gateway.Listeners[0].Address)
	}
	if c.Gateway.Drain != 15*time.Second || c.Ledger.SegmentSize != 64<<20 || c.Index.Mode != IndexChild {
		t.Errorf("got %+v", c)
	}
}

// The default tags are all valid; mustSet panics if one is not.
func TestDefaultsParse(t *testing.T) {
	walk(reflect.TypeFor[Config](), "", false, func(path string, owner reflect.Type, _ field) {
		setDefaults(reflect.New(owner).Elem())
	})
}

func TestPrecedence(t *testing.T) {
	t.Chdir(t.TempDir())
	const file = "ops: {listen: \":1\"}\nredact: {fields: [a, b]}\n" + upstream
	env := []string{"GATEBOOK_OPS_LISTEN=:2", "GATEBOOK_REDACT_FIELDS=x, y,z", "GATEBOOK_LISTEN=:4", "GATEBOOK_DATA="}

	c := mustLoad(t, file, Options{})
	if c.Ops.Listen != ":1" || !slices.Equal(c.Redact.Fields, []string{"a", "b"}) {
		t.Errorf("file: got %q and %q", c.Ops.Listen, c.Redact.Fields)
	}
	c = mustLoad(t, file, Options{Environ: env})
	if c.Ops.Listen != ":2" || !slices.Equal(c.Redact.Fields, []string{"x", "y", "z"}) || c.Gateway.Listeners[0].Address != ":4" {
		t.Errorf("environment: got %q, %q and %q", c.Ops.Listen, c.Redact.Fields, c.Gateway.Listeners[0].Address)
	}
	if c.Data != "./gatebook-data" {
		t.Errorf("an empty variable is taken for a value: got data %q", c.Data)
	}
	c = mustLoad(t, file, Options{Environ: env, Ops: ":3", Listen: ":5", Data: "/d"})
	if c.Ops.Listen != ":3" || c.Gateway.Listeners[0].Address != ":5" || c.Data != "/d" {
		t.Errorf("flags: got %q, %q and %q", c.Ops.Listen, c.Gateway.Listeners[0].Address, c.Data)
	}
	// What overrides a bad value makes it good.
	mustLoad(t, "ops: {listen: \"${UNSET}\"}\n"+upstream, Options{Ops: ":3"})
}

// Every scalar key outside of lists has a variable, and no two share one.
func TestEnvironmentNamesAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, f := range Fields() {
		if other, dup := seen[f.Env]; dup && f.Env != "" {
			t.Errorf("%s and %s both have the variable %s", f.Path, other, f.Env)
		}
		seen[f.Env] = f.Path
	}
	if seen["GATEBOOK_IDENTITY_TRUSTED_HEADERS_USER"] != "identity.trusted_headers.user" {
		t.Error("no variable for identity.trusted_headers.user")
	}
}

// Paths in the file are relative to the file.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "gatebook.yaml")
	src := "data: state\nidentity: {basic: {users_file: users}}\nindex: {mode: remote, url: \"http://a\", token_file: token}\n" + upstream
	for name, data := range map[string]string{name: src, filepath.Join(dir, "users"): "x", filepath.Join(dir, "token"): "s3cret\n"} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(Options{File: name})
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "state"); c.Data != want {
		t.Errorf("got data %q, want %q", c.Data, want)
	}
	if got := c.Index.Token.Reveal(); got != "s3cret" {
		t.Errorf("got token %q from its file, want s3cret", got)
	}
	if again := mustLoad(t, c.Effective(), Options{}); len(Diff(c, again)) != 0 {
		t.Errorf("got changes %v after loading\n%s", Diff(c, again), c.Effective())
	}
	if _, err := Load(Options{File: filepath.Join(dir, "none.yaml")}); err == nil || !strings.HasSuffix(err.Error(), "none.yaml: cannot be read (no such file or directory), check the path of --config") {
		t.Errorf("got %v for a file that does not exist", err)
	}
}

func TestExample(t *testing.T) {
	c, err := Load(Options{File: "../../examples/gatebook.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Identities(); !slices.Equal(got, []string{"staff", "api_keys"}) {
		t.Errorf("got identities %q", got)
	}
	if r := c.Gateway.Routes[1]; r.MaxBody != 5<<30 || r.Capture.RequestBody != 0 || !r.Capture.Headers {
		t.Errorf("got route %+v", r)
	}
}

// What Effective prints is a configuration, and the same one.
func TestEffective(t *testing.T) {
	src, err := os.ReadFile("../../examples/gatebook.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	c := mustLoad(t, string(src), Options{Data: "a \"b\" ${c} #d", Environ: []string{"GATEBOOK_LOG_LEVEL=warn"}})
	printed := c.Effective()
	again := mustLoad(t, printed, Options{})
	if changes := Diff(c, again); len(changes) != 0 {
		t.Errorf("got changes %v after loading\n%s", changes, printed)
	}
	for _, want := range []string{
		"data: \"a \\\"b\\\" $${c} #d\" # --data\n",
		"  level: warn # GATEBOOK_LOG_LEVEL\n",
		"  format: text # line 143\n",
		"  drain: 15s # default\n",
		"    - name: admin # line 32\n",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("no line %q in\n%s", want, printed)
		}
	}
}

// A secret does not come out, whichever way a configuration is printed.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Chdir(t.TempDir())
	const src = "index: {mode: remote, url: \"http://a\", token: \"${T}\"}\n" + upstream
	c := mustLoad(t, src, Options{Environ: []string{"T=hunter2"}})
	other := mustLoad(t, src, Options{Environ: []string{"T=hunter3"}})
	if got := c.Index.Token.Reveal(); got != "hunter2" {
		t.Fatalf("got token %q, want hunter2", got)
	}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "token", c.Index.Token, "config", c)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "token", c.Index.Token, "config", c)
	outputs := []string{string(j), logged.String(), c.Effective(), fmt.Sprint(Diff(c, other))}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		outputs = append(outputs, fmt.Sprintf(verb, c.Index), fmt.Sprintf(verb, c.Index.Token), fmt.Sprintf(verb, &c.Index.Token))
	}
	for _, out := range outputs {
		if strings.Contains(out, "hunter") || strings.Contains(out, "68756e746572") {
			t.Errorf("the secret is in %s", out)
		}
		if !strings.Contains(out, Redacted) {
			t.Errorf("no %s in %s", Redacted, out)
		}
	}
	if got := Diff(c, other); len(got) != 1 || got[0].Key != "index.token" {
		t.Errorf("got changes %v, want index.token alone", got)
	}
	if s := (Secret{}); s.String() != "" || !s.IsZero() {
		t.Errorf("the empty secret prints %q", s)
	}
}

func TestDiff(t *testing.T) {
	makeFiles(t)
	f := func(before, after string, want ...string) {
		t.Helper()
		var got []string
		for _, c := range Diff(mustLoad(t, before, Options{}), mustLoad(t, after, Options{})) {
			effect := "restart"
			if c.Reload {
				effect = "reload"
			}
			got = append(got, fmt.Sprintf("%s %s>%s %s", effect, c.Old, c.New, c.Key))
		}
		if !slices.Equal(got, want) {
			t.Errorf("from %s to %s\ngot  %q\nwant %q", before, after, got, want)
		}
	}
	route := func(name, rest string) string { return "{name: " + name + ", upstream: \"http://a\"" + rest + "}" }
	routes := func(rs ...string) string { return "gateway: {routes: [" + strings.Join(rs, ", ") + "]}\n" }
	a, b := route("a", ", path: /a"), route("b", ", path: /b")

	f(upstream, upstream)
	f(upstream, "data: x\n"+upstream, "restart ./gatebook-data>x data")
	f(upstream, "redact: {fields: [x, y]}\nlog: {level: debug, format: json}\n"+upstream,
		"restart []>[x, y] redact.fields", "reload info>debug log.level", "restart text>json log.format")
	f(routes(a), routes(route("a", ", path: /a, capture: {request_body: 1MiB}")), "reload 64KiB>1MiB gateway.routes[a].capture.request_body")
	f(routes(a, b), routes(b), "reload a> gateway.routes[a]")
	f(routes(a), routes(b, a), "reload >b gateway.routes[b]")
	f(routes(a, b), routes(b, a), "reload order a, b>order b, a gateway.routes")

	listener := func(tls string) string {
		return "gateway: {listeners: [{name: l, address: \":1\"" + tls + "}], routes: [" + a + "]}\n"
	}
	on := listener(", tls: {certificate: cert.pem, key: key.pem}")
	f(listener(""), on, `restart "">cert.pem gateway.listeners[l].tls.certificate`, `restart "">key.pem gateway.listeners[l].tls.key`)
	f(on, listener(", tls: {certificate: ./cert.pem, key: key.pem}"), "reload cert.pem>./cert.pem gateway.listeners[l].tls.certificate")
	f(listener(""), listener(", h2c: false"), "restart true>false gateway.listeners[l].h2c")
	f("identity: {basic: {users_file: notes.txt}}\n"+upstream, upstream, `reload notes.txt>"" identity.basic.users_file`)
}

func TestIdentitiesInOrder(t *testing.T) {
	makeFiles(t)
	c := mustLoad(t, `
identity:
  trusted_headers: {peers: [10.0.0.1]}
  basic: {users_file: notes.txt}
  oidc:
    - {name: z, issuer: "https://z", audiences: [a]}
    - {name: b, issuer: "http://[::1]:5556", audiences: [a]}
  mtls: {enabled: true}
gateway:
  listeners: [{name: l, address: ":1", tls: {certificate: cert.pem, key: key.pem, client_ca: cert.pem, client_auth: request}}]
  routes: [{name: a, upstream: "h2c://a", identity: [b, mtls]}]
`, Options{})
	want := []string{"mtls", "z", "b", "api_keys", "basic", "trusted_headers"}
	if got := c.Identities(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := c.Identity.TrustedHeaders.Peers[0].String(); got != "10.0.0.1/32" {
		t.Errorf("got peer %s, want 10.0.0.1/32", got)
	}
}

func TestSchemaKnowsEveryKey(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal([]byte(Schema()), &root); err != nil {
		t.Fatal(err)
	}
	for _, f := range Fields() {
		at := root
		for part := range strings.SplitSeq(f.Path, ".") {
			key, list := strings.CutSuffix(part, "[]")
			properties, _ := at["properties"].(map[string]any)
			at, _ = properties[key].(map[string]any)
			if list {
				at, _ = at["items"].(map[string]any)
			}
		}
		if at == nil || at["description"] == "" {
			t.Errorf("the schema does not describe %s", f.Path)
		}
	}
}
