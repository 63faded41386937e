package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSettings: what is not the default is named, with entries of lists by
// name, a secret never, and the content of a file by its hash.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	users := filepath.Join(dir, "users")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func(text string) *Config {
		t.Helper()
		file := filepath.Join(dir, "gatebook.yaml")
		write(file, text)
		c, err := Load(Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const text = "gateway: {routes: [{name: shop, upstream: \"http://localhost:3000\", timeout: 5s}]}\nidentity: {basic: {users_file: users}}\n"
	write(users, "a:$2y$05$abcdefghijklmnopqrstuu5LRd7Ux7yDFWBhwDdnCmCwHrmjVnQJ6\n")
	c := load(text)
	var keys []string
	for _, s := range c.Settings() {
		keys = append(keys, s.Key)
		if (s.Key == "identity.basic.users_file") != (s.SHA256 != "") {
			t.Errorf("%s has the hash %q", s.Key, s.SHA256)
		}
	}
	got := strings.Join(keys, " ")
	for _, want := range []string{"gateway.routes[shop].name", "gateway.routes[shop].upstream", "gateway.routes[shop].timeout", "identity.basic.users_file"} {
		if !strings.Contains(got, want) {
			t.Errorf("the settings %s lack %s", got, want)
		}
	}
	if strings.Contains(got, "ledger") || strings.Contains(got, "durability") {
		t.Errorf("the settings %s name what is the default", got)
	}
	sum := Sum(c.Settings())
	if again := Sum(load(text).Settings()); again != sum {
		t.Errorf("the same configuration has the hashes %s and %s", sum, again)
	}
	if other := Sum(load(strings.Replace(text, "5s", "6s", 1)).Settings()); other == sum {
		t.Error("another time-out has the same hash")
	}
	write(users, "b:$2y$05$abcdefghijklmnopqrstuu5LRd7Ux7yDFWBhwDdnCmCwHrmjVnQJ6\n")
	if other := Sum(load(text).Settings()); other == sum {
		t.Error("other users have the same hash")
	}
	for _, s := range Default().Settings() {
		if !strings.HasPrefix(s.Key, "gateway.listeners[default].") {
			t.Errorf("the default has the setting %+v", s)
		}
	}
}

// TestSettingsAreEachOnce: entries of a list that have no name, or the same
// one, have keys of their own. The record of a start holds each once.
func TestSettingsAreEachOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatebook.yaml")
	if err := os.WriteFile(file, []byte(`gateway:
  routes:
    - name: shop
      upstream: "http://localhost:3000"
      api: {path: /openapi.json, actions: [{match: "POST /login", action: authenticate}, {match: "/admin/*", action: administer}]}
act:
  rules: [{rule: canary-touched, dry_run: false}, {rule: bola-enumeration, levels: [high]}, {rule: bola-enumeration, levels: [critical], for: 1h}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range c.Settings() {
		if seen[s.Key] || strings.Contains(s.Key, "invalid") {
			t.Errorf("the key %s", s.Key)
		}
		seen[s.Key] = true
	}
	for _, want := range []string{"gateway.routes[shop].api.actions[/admin/*].action", "act.rules[bola-enumeration].levels", "act.rules[bola-enumeration 2].for"} {
		if !seen[want] {
			t.Errorf("%s is missing in %v", want, seen)
		}
	}
}
