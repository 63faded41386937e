package protocols

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/test/freeport"
)

// gatebook is the program under test.
var gatebook string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gatebook-protocols-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	gatebook = filepath.Join(dir, "gatebook")
	build := exec.Command("go", "build", "-o", gatebook, "./cmd/gatebook")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building gatebook: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// gateway is a Gatebook before an API.
type gateway struct {
	t          *testing.T
	addr, data string
	log        *bytes.Buffer
}

// listen returns a listener on a port of its own.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveHTTP serves h until the test ends, and returns its address.
func serveHTTP(t *testing.T, h http.Handler) string {
	l := listen(t)
	s := &http.Server{Handler: h}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// before starts a Gatebook before the upstream; api is YAML for the route.
func before(t *testing.T, upstream, api string) *gateway {
	t.Helper()
	g := &gateway{t: t, data: filepath.Join(t.TempDir(), "data"), log: new(bytes.Buffer)}
	g.addr = freeport.Address(t)
	config := fmt.Sprintf("gateway:\n  listeners:\n    - {name: door, address: %s}\n  routes:\n    - name: api\n      path: /\n      upstream: %s\n      durability: recorded\n%sops:\n  listen: 127.0.0.1:0\nindex:\n  mode: \"off\"\n", g.addr, upstream, api)
	file := filepath.Join(t.TempDir(), "gatebook.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(gatebook, "serve", "--config", file, "--data", g.data)
	cmd.Stderr = g.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			t.Logf("gatebook's log:\n%s", g.log)
		}
	})
	for range 600 {
		if c, err := net.Dial("tcp", g.addr); err == nil {
			c.Close()
			return g
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("gatebook did not start:\n%s", g.log)
	return nil
}

// record is an event as gatebook search prints it.
type record struct {
	Number uint64
	Header struct {
		Kind      event.Kind
		Operation event.Operation
		Objects   []string
		Outcome   event.Outcome
		Request   event.Body
		Response  event.Body
		Records   uint64
	}
	What struct {
		Path    string
		Objects []event.Object
	}
	Payload struct {
		Request, Response struct{ Body, Rendered string }
	}
}

// events returns the calls that were recorded, oldest first.
func (g *gateway) events() []record {
	g.t.Helper()
	var out, errOut bytes.Buffer
	cmd := exec.Command(gatebook, "search", "kind:=access", "--data", g.data, "--oldest", "--limit", "1000", "--json")
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		g.t.Fatalf("gatebook search: %v\n%s", err, &errOut)
	}
	var list []record
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if line == "" {
			continue
		}
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			g.t.Fatalf("%s: %v", line, err)
		}
		list = append(list, r)
	}
	return list
}

// find returns the first event that fits, and fails if there is none.
func (g *gateway) find(what string, fits func(*record) bool) *record {
	g.t.Helper()
	list := g.events()
	for i := range list {
		if fits(&list[i]) {
			return &list[i]
		}
	}
	var names []string
	for i := range list {
		names = append(names, fmt.Sprintf("%+v", list[i].Header.Operation))
	}
	g.t.Fatalf("no event is %s; there are\n%s", what, strings.Join(names, "\n"))
	return nil
}

// await makes the call again until an event fits.
func (g *gateway) await(what string, fits func(*record) bool, call func()) {
	g.t.Helper()
	for range 100 {
		call()
		list := g.events()
		for i := range list {
			if fits(&list[i]) {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	g.t.Fatalf("waited in vain until %s", what)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
