package arch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
	Error      *struct{ Err string }
}

// list returns the packages of this module, and all that they reach.
func list(t *testing.T, env ...string) map[string]listed {
	t.Helper()
	noteFolders(t)
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Imports,Deps,Standard,Error", Module+"/...")
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	pkgs := make(map[string]listed)
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs[p.ImportPath] = p
	}
}

// noteFolders reads every folder of the module, so that the go command does not
// take an old result of this test for one of changed files: it knows what a
// test has opened, and not what go list has.
func noteFolders(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != "../.." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// short returns the path below the module, and whether there is one.
func short(path string) (string, bool) { return strings.CutPrefix(path, Module+"/") }

// matches reports whether path is the pattern, or is below one that ends in
// "/...".
func matches(pattern, path string) bool {
	base, below := strings.CutSuffix(pattern, "/...")
	return path == base || below && strings.HasPrefix(path, base+"/")
}

// room returns the entry of the plan that path belongs to: the longest.
func room(path string) (entry string, ok bool) {
	for pattern := range Floors {
		if matches(pattern, path) && len(pattern) > len(entry) {
			entry = pattern
		}
	}
	return entry, entry != ""
}

func among(patterns []string, path string) bool {
	for _, p := range patterns {
		if matches(p, path) {
			return true
		}
	}
	return false
}

// judge returns what is wrong with importer importing imported; both are
// below the module.
func judge(importer, imported string) error {
	from, ok := room(importer)
	if !ok {
		return fmt.Errorf("%s is not in the plan: add it to the plan (internal/arch/plan.go)", importer)
	}
	to, ok := room(imported)
	switch {
	case !ok:
		return fmt.Errorf("%s imports %s, which is not in the plan: add it to the plan (internal/arch/plan.go)", importer, imported)
	case from == to || Floors[to] < Floors[from]:
		return nil
	case Floors[to] > Floors[from]:
		return fmt.Errorf("%s (floor %d) imports %s (floor %d): imports go downwards", importer, Floors[from], imported, Floors[to])
	case Neighbours[from+" "+to] == "":
		return fmt.Errorf("%s imports %s on the same floor, %d: list it in Neighbours with a reason, or move what both need down", importer, imported, Floors[from])
	}
	return nil
}

func TestFloors(t *testing.T) {
	for path, p := range list(t) {
		name, ours := short(path)
		if !ours || among(Outside, name) {
			continue
		}
		if _, ok := room(name); !ok {
			t.Errorf("%s is not in the plan: add it to the plan (internal/arch/plan.go)", name)
			continue
		}
		for _, imported := range p.Imports {
			if other, ours := short(imported); ours {
				if err := judge(name, other); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestOnly(t *testing.T) {
	owed := maps.Clone(Debts)
	for path, p := range list(t) {
		name, ours := short(path)
		if !ours || among(Outside, name) {
			continue
		}
		for _, imported := range p.Imports {
			for _, only := range Only {
				if !matches(only.Imported, imported) || among(only.By, name) {
					continue
				}
				other, _ := short(imported)
				if cure := Debts[name+" "+other]; cure != "" {
					t.Logf("debt: %s imports %s: %s", name, imported, cure)
					delete(owed, name+" "+other)
					continue
				}
				t.Errorf("%s imports %s: %s", name, imported, only.Why)
			}
		}
	}
	for pair := range owed {
		t.Errorf("Debts: %q is paid: take it off the list", pair)
	}
}

func TestClosures(t *testing.T) {
	pkgs, inBrowser := list(t), list(t, "GOOS=js", "GOARCH=wasm")
	for _, c := range Closures {
		pkgs := pkgs
		if c.Package == "cmd/gatebook-verify-wasm" {
			pkgs = inBrowser
		}
		p, ok := pkgs[Module+"/"+c.Package]
		if !ok {
			continue // in the plan, and not there yet
		}
		for _, dep := range p.Deps {
			if err := c.reach(dep); err != nil {
				t.Error(err)
			}
		}
	}
}

// reach returns what is wrong with the closure holding dep.
func (c Closure) reach(dep string) error {
	name, ours := short(dep)
	if ours && !among(c.Reaches, name) || !ours && among(c.Never, dep) {
		return fmt.Errorf("%s reaches %s: %s", c.Package, dep, c.Why)
	}
	return nil
}

// TestPlan tests the judgement itself, so that a rule that stopped to judge is
// noticed.
func TestPlan(t *testing.T) {
	f := func(importer, imported, want string) {
		t.Helper()
		if err := judge(importer, imported); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s imports %s: got %v, want %q", importer, imported, err, want)
		}
	}
	f("internal/api", "internal/reading", "")
	f("internal/api", "event", "")
	f("ledger", "event", "")
	f("internal/identity/jwt", "internal/identity", "")
	f("internal/identity", "capture", "")
	f("event", "ledger", "same floor")
	f("internal/reading", "internal/api", "downwards")
	f("internal/gateway", "internal/record", "same floor")
	f("internal/gateway", "internal/index/engine", "downwards")
	f("internal/util", "event", "add it to the plan")
	f("internal/api", "internal/util", "add it to the plan")
	for _, c := range Closures {
		if c.reach(Module+"/internal/console") == nil {
			t.Errorf("%s may reach internal/console", c.Package)
		}
	}
	for pair, why := range Neighbours {
		from, to, _ := strings.Cut(pair, " ")
		if _, ok := Floors[from]; !ok || Floors[from] != Floors[to] || why == "" {
			t.Errorf("Neighbours: %q: both must be in the plan as they are spelt there, on one floor, with a reason", pair)
		}
	}
}
