package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/cli"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/saved"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

var update = flag.Bool("update", false, "rewrite docs/cli.md and the scripts")

const token = "a-token-of-the-tests-0123456789"

func TestMain(m *testing.M) {
	if os.Getenv("GATEBOOK_READINGTEST_ENGINE") != "" {
		readingtest.Main(m)
	}
	testscript.Main(m, map[string]func(){
		"gatebook": func() { os.Exit(cli.OS("test", nil).Run()) },
	})
}

// start is when the first of the calls of the tests arrived.
var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// searches is an empty store of saved searches.
func searches(t testing.TB) *saved.Store {
	s, err := saved.Open(t.Context(), readingtest.State(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// house is a record of three calls, one of which tries to fool a terminal.
func house(t testing.TB) (*readingtest.House, http.Handler) {
	h := readingtest.Open(t)
	list := []*event.Event{
		readingtest.Call(start, "alice", "GET", "/customers/1", 200),
		readingtest.Call(start.Add(time.Second), "bob", "DELETE", "/customers/2", 404),
		readingtest.Call(start.Add(2*time.Second), "mallory", "GET", "/\x1b[2Jgone\u202e", 500),
	}
	list[2].Principal.Level, list[2].Principal.ID = event.LevelClaimed, ""
	list[2].Who = &event.Who{Claimed: "root"}
	h.Put(list...)
	h.CountUp()
	for range 500 {
		if c, _, err := h.Room.Checkpoint(); err == nil && c.Size >= 3 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.StartKeeper()
	return h, handler(t, h)
}

func handler(t testing.TB, h *readingtest.House) http.Handler { return api.New(served(t, h)) }

// served is what the API of a house serves.
func served(t testing.TB, h *readingtest.House) api.Config {
	return api.Config{
		Room: h.Room, Keeper: h.Keeper, Templates: templates(), Keys: &keys{}, Readers: &readers{}, Deliveries: outbox(t), Searches: searches(t), People: readingtest.People(t, nil), PublicURL: &url.URL{Scheme: "https", Host: "gatebook.example"},
		Checks: func() []api.Check { return []api.Check{{Name: "ledger", OK: true, Required: true}} },
		Tokens: []api.Token{
			{Value: token, Reader: reading.Reader{Name: "ops", Role: reading.Administrator}},
			{Value: "a-token-of-the-data-directory", Reader: reading.Reader{Name: "administrator", Role: reading.Administrator}},
		},
	}
}

// alerts are those of one finding about mallory.
func alerts(h *readingtest.House) *alert.Book {
	ctx := context.Background()
	db, err := state.Open(filepath.Join(filepath.Dir(h.Dir), "state.db"))
	if err != nil {
		panic(err)
	}
	store, err := live.OpenStore(ctx, db)
	if err != nil {
		panic(err)
	}
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		panic(err)
	}
	b, err := alert.New(ctx, alert.Config{
		DB: db, Room: h.Room, Ledger: h.Ledger, Appender: h.Recorder, Findings: store, Rules: func() *detect.Set { return set }, Now: func() time.Time { return start.Add(time.Hour) },
	})
	if err != nil {
		panic(err)
	}
	s, err := h.Ledger.Read(2)
	if err != nil {
		panic(err)
	}
	e, err := s.Open()
	if err != nil {
		panic(err)
	}
	rule := set.Rule("forced-browsing")
	f := detect.Finding{
		ID: "0123456789abcdef0123456789abcdef", Rule: rule.Name, RuleID: rule.ID, Title: rule.Title, Level: rule.Level, At: e.Completed, From: e.Arrived,
		Entity: []detect.Value{{Field: "who.network", Value: "192.0.2.0/24"}}, Terms: []detect.Term{{Name: "different values of what.path in 1m", Value: "15", Want: ">= 15"}},
		Events: []detect.Ref{{ID: e.ID, Number: 2}}, Count: 15, Risk: detect.Risk{Points: 30, Total: 30}, Response: []string{"block"},
	}
	keep, err := store.Keeps(f, start.Add(time.Hour))
	if err != nil {
		panic(err)
	}
	if err := b.Take(ctx, live.Batch{New: []live.Found{{Finding: f, Found: start.Add(time.Hour)}}, Keep: keep}); err != nil {
		panic(err)
	}
	return b
}

// templates are those of an API of which one call was seen.
func templates() *operation.Tracker {
	t, err := operation.New(operation.Config{APIs: []operation.API{{Route: "shop"}}, Now: func() time.Time { return start }})
	if err != nil {
		panic(err) // the configuration is right
	}
	for _, path := range []string{"/v1/customers/4711", "/v1/reports/daily", "/v1/reports/weekly"} {
		for i := range 20 {
			e := readingtest.Call(start, fmt.Sprint("user", i%3), "GET", path, 200)
			t.Replay(e)
		}
	}
	return t
}

// keys is a store of keys in memory.
type keys struct{ list []api.Key }

func (k *keys) List(context.Context) ([]api.Key, error) { return k.list, nil }

func (k *keys) Add(_ context.Context, n api.NewKey) (api.KeySecret, error) {
	key := api.Key{ID: fmt.Sprintf("k%d", len(k.list)+1), Name: n.Name, Kind: n.Kind, Scopes: n.Scopes, Created: start, Expires: n.Expires}
	k.list = append(k.list, key)
	return api.KeySecret{Key: key, Secret: "gb_secret"}, nil
}

func (k *keys) Revoke(_ context.Context, id string) error {
	for i := range k.list {
		if k.list[i].ID == id {
			k.list[i].Revoked = start.Add(time.Hour)
			return nil
		}
	}
	return fmt.Errorf("key %s: %w", id, ledger.ErrNotFound)
}

// readers is a store of readers in memory.
type readers struct {
	mu     sync.Mutex
	list   []api.Reader
	tokens []string
}

func (k *readers) Find(token string) (reading.Reader, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.Index(k.tokens, token)
	if i < 0 {
		return reading.Reader{}, errors.New("unknown")
	}
	r := k.list[i]
	if !r.Revoked.IsZero() {
		return reading.Reader{KeyID: r.ID}, api.ErrRevoked
	}
	return reading.Reader{Name: r.Name, Role: reading.Role(r.Role), KeyID: r.ID}, nil
}

func (k *readers) List(context.Context) ([]api.Reader, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.list), nil
}

func (k *readers) Add(_ context.Context, n api.NewReader) (api.ReaderToken, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := api.Reader{ID: fmt.Sprintf("r%d", len(k.list)+1), Name: n.Name, Role: n.Role, Created: start, Expires: n.Expires}
	token := fmt.Sprintf("gbr_token-of-reader-%d", len(k.list)+1)
	k.list, k.tokens = append(k.list, r), append(k.tokens, token)
	return api.ReaderToken{Reader: r, Token: token}, nil
}

func (k *readers) Revoke(_ context.Context, id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.list {
		if k.list[i].ID == id {
			k.list[i].Revoked = start.Add(time.Hour)
			return nil
		}
	}
	return fmt.Errorf("reader %s: %w", id, ledger.ErrNotFound)
}

// TestScripts runs the verbs against a server, as other processes.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await-checkpoint": awaitCheckpoint, "newest-measure": newestMeasure, "await-expired": awaitExpired, "first": first,
		},
		Setup: func(e *testscript.Env) error {
			h, handler := house(e.T().(testing.TB))
			e.Values["house"] = h
			e.Setenv("LEDGER", h.Dir)
			e.Setenv("KEY", h.Key)
			if filepath.Base(e.WorkDir) == "script-alerts" { // it seals a decision, which no other script counts on
				c := served(e.T().(testing.TB), h)
				c.Alerts = alerts(h)
				handler = api.New(c)
			}
			if filepath.Base(e.WorkDir) == "script-measures" {
				t := e.T().(testing.TB)
				c, keeper := measures(t, h)
				e.Values["keeper"], e.Values["test"] = keeper, t
				running(t, keeper.Run)
				handler = api.New(c)
			}
			if filepath.Base(e.WorkDir) == "script-revoke" {
				handler = api.New(revocations(e.T().(testing.TB), h))
			}
			srv := httptest.NewServer(handler)
			e.Defer(srv.Close)
			data := filepath.Join(e.WorkDir, "gatebook-data")
			e.Setenv("SERVER", srv.URL)
			e.Setenv("TZ", "UTC")
			b, err := json.Marshal(map[string]string{"url": srv.URL})
			return errors.Join(err,
				os.MkdirAll(filepath.Join(data, "keys"), 0o700),
				os.WriteFile(filepath.Join(data, "ops.json"), b, 0o600),
				os.WriteFile(filepath.Join(data, "keys", "ops.token"), []byte(token+"\n"), 0o600),
			)
		},
	})
}

// first sets FIRST to the first text in the last output that matches a pattern.
func first(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[0]).FindString(ts.ReadFile("stdout"))
	if found == "" {
		ts.Fatalf("no %s in the output", args[0])
	}
	ts.Setenv("FIRST", found)
}

// running runs f until the test ends.
func running(t testing.TB, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// awaitCheckpoint waits until the published checkpoint covers so many records.
func awaitCheckpoint(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[0], 10, 64)
	ts.Check(err)
	for range 500 {
		if c, _, err := ts.Value("house").(*readingtest.House).Room.Checkpoint(); err == nil && c.Size >= want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("no checkpoint of %d records comes", want)
}

// run runs a verb in this process.
func run(t *testing.T, local cli.Local, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &cli.Program{Args: args, Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Version: "test", Local: local, Zone: time.UTC}
	code = p.Run()
	return code, out.String(), errs.String()
}

// TestLocal reads a directory on which no server runs.
func TestLocal(t *testing.T) {
	h, handler := house(t)
	closed := 0
	local := func(context.Context, string) (http.Handler, string, func() error, error) {
		return handler, token, func() error { closed++; return nil }, nil
	}
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"search", "who.subject:=bob", "--columns", "number,operation.method"}, "NUMBER  OPERATION.METHOD\n1       DELETE\n"},
		{[]string{"tail", "-n", "2", "--limit", "2", "--columns", "number"}, "NUMBER\n1\n2\n"},
		{[]string{"export", "--format", "csv", "--columns", "number,what.path", "--limit", "1"}, "number,what.path\n0,/customers/1\n"},
	} {
		code, out, errs := run(t, local, append(c.args, "--data", dir)...)
		out = strings.ReplaceAll(out, " \n", "\n")
		if code != 0 || strings.Join(strings.Fields(out), " ") != strings.Join(strings.Fields(c.want), " ") {
			t.Errorf("%v: exit code %d\n%s%swant\n%s", c.args, code, out, errs, c.want)
		}
	}
	if closed != 3 {
		t.Errorf("the directory was closed %d times, want 3", closed)
	}
	looks := h.Looks()
	if last := looks[len(looks)-1]; last.Note.Facts[len(last.Note.Facts)-1] != (event.Fact{Name: "tool", Value: "cli"}) {
		t.Errorf("the last look is %+v, want one of the cli", last.Note)
	}
	locked := func(context.Context, string) (http.Handler, string, func() error, error) {
		return nil, "", nil, errors.New("the directory is in use")
	}
	if code, _, errs := run(t, locked, "search", "--data", dir); code != cli.ExitError || errs != "gatebook: the directory is in use\n" {
		t.Errorf("a directory in use: exit code %d, %q", code, errs)
	}
}

// TestEvidence damages the ledger: the exit code says so.
func TestEvidence(t *testing.T) {
	h, handler := house(t)
	f, err := os.OpenFile(filepath.Join(h.Dir, ledger.TileName(0)), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1, 2, 3, 4}, 40); err != nil { // the leaf of record 1
		t.Fatal(err)
	}
	local := func(context.Context, string) (http.Handler, string, func() error, error) {
		return handler, token, func() error { return nil }, nil
	}
	for _, verb := range [][]string{{"show", "1"}, {"prove", "1"}, {"search"}} {
		code, out, errs := run(t, local, append(verb, "--data", t.TempDir())...)
		if code != cli.ExitEvidence || !strings.Contains(errs, "record 1") || strings.Contains(out, "customers/2") {
			t.Errorf("%v of a damaged record: exit code %d\n%s%s", verb, code, out, errs)
		}
	}
}

// TestReference compares docs/cli.md with the commands.
func TestReference(t *testing.T) {
	const file = "../../docs/cli.md"
	got := (&cli.Program{}).Reference()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("docs/cli.md is not what the commands say (%v): go test ./internal/cli -run TestReference -update", err)
	}
}
