package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

func TestMain(m *testing.M) { readingtest.Main(m) }

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	adminToken  = "admin-token-0123456789"
	viewerToken = "viewer-token-0123456789"
)

// site is a served API over a real record.
type site struct {
	t     testing.TB
	house *readingtest.House
	srv   *httptest.Server
}

func open(t testing.TB, change func(*api.Config)) *site {
	t.Helper()
	h := readingtest.Open(t)
	return serve(t, h, change)
}

func serve(t testing.TB, h *readingtest.House, change func(*api.Config)) *site {
	cfg := api.Config{
		Room: h.Room, Version: "test",
		Tokens: []api.Token{
			{Value: adminToken, Reader: reading.Reader{Name: "ada", Role: reading.Administrator}},
			{Value: viewerToken, Reader: reading.Reader{Name: "vic", Role: reading.Viewer}},
		},
	}
	if change != nil {
		change(&cfg)
	}
	s := &site{t, h, httptest.NewServer(api.New(cfg))}
	t.Cleanup(s.srv.Close)
	return s
}

// do makes a request; header fields are "Name: value".
func (s *site) do(method, path, token, body string, header ...string) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.srv.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	res, err := s.srv.Client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { res.Body.Close() })
	return res
}

// get returns the body of an answer with the status 200.
func (s *site) get(path string) []byte {
	s.t.Helper()
	res := s.do("GET", path, adminToken, "")
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s %v: %s", path, res.Status, err, b)
	}
	return b
}

func (s *site) json(path string, v any) {
	s.t.Helper()
	if err := json.Unmarshal(s.get(path), v); err != nil {
		s.t.Fatalf("GET %s: %v", path, err)
	}
}

func put(h *readingtest.House, n int) {
	now := time.Now().UTC()
	for i := range n {
		h.Put(readingtest.Call(now.Add(time.Duration(i-n)*time.Second), "alice", "GET", fmt.Sprintf("/customers/%d", i), 200))
	}
}

// TestRefusals lists what is refused, and how.
func TestRefusals(t *testing.T) {
	s := open(t, func(c *api.Config) {
		c.Hosts, c.Origins = []string{"gatebook.example"}, []string{"https://ok.example"}
	})
	put(s.house, 1)
	for _, c := range []struct {
		name, request, token string
		header               []string
		status               int
		problem              string
	}{
		{"no token", "GET /api/v1/search", "", nil, 401, "token"},
		{"wrong token", "GET /api/v1/search", "admin-token-0123456788", nil, 401, "token"},
		{"wrong token where none is needed", "GET /api/v1/openapi.json", "x", nil, 401, "token"},
		{"tiles without token", "GET /checkpoint", "", nil, 401, "token"},
		{"metrics without token", "GET /metrics", "", nil, 401, "token"},
		{"a rebound name", "GET /api/v1/search", adminToken, []string{"Host: evil.example"}, 403, "host"},
		{"a rebound name with a port", "GET /api/v1/search", adminToken, []string{"Host: evil.example:8401"}, 403, "host"},
		{"a name that ends like loopback", "GET /api/v1/search", adminToken, []string{"Host: localhost.evil.example"}, 403, "host"},
		{"a page of another origin", "GET /api/v1/search", adminToken, []string{"Origin: https://evil.example"}, 403, "origin"},
		{"a page without an origin", "GET /api/v1/search", adminToken, []string{"Origin: null"}, 403, "origin"},
		{"an image of another page", "GET /api/v1/search", adminToken, []string{"Sec-Fetch-Site: cross-site"}, 403, "origin"},
		{"configured name", "GET /api/v1/search", adminToken, []string{"Host: gatebook.example"}, 200, ""},
		{"configured origin", "GET /api/v1/search", adminToken, []string{"Origin: https://ok.example"}, 200, ""},
		{"loopback name", "GET /api/v1/search", adminToken, []string{"Host: localhost:1"}, 200, ""},
		{"health under any name", "GET /livez", "", []string{"Host: evil.example"}, 200, ""},
		{"unknown field", "GET /api/v1/search?query=statuss:200", adminToken, nil, 400, "query"},
		{"unknown parameter", "GET /api/v1/search?qery=x", adminToken, nil, 400, "argument"},
		{"limit too high", "GET /api/v1/search?limit=1001", adminToken, nil, 400, "argument"},
		{"bad time", "GET /api/v1/search?from=soon", adminToken, nil, 400, "argument"},
		{"bad order", "GET /api/v1/search?order=up", adminToken, nil, 400, "argument"},
		{"bad cursor", "GET /api/v1/search?cursor=zzz", adminToken, nil, 400, "argument"},
		{"the end before the beginning", "GET /api/v1/search?from=1h&to=2h", adminToken, nil, 400, "query"},
		{"no such event", "GET /api/v1/events/99", adminToken, nil, 404, "not-found"},
		{"no event's name", "GET /api/v1/events/zz", adminToken, nil, 400, "argument"},
		{"pipes without the index", "GET /api/v1/search?query=*|count()", adminToken, nil, 503, "index"},
		{"export by a viewer", "GET /api/v1/export", viewerToken, nil, 403, "role"},
		{"verify by a viewer", "POST /api/v1/verify", viewerToken, nil, 403, "role"},
		{"keys by a viewer", "GET /api/v1/keys", viewerToken, nil, 403, "role"},
		{"a report by a viewer", "GET /api/v1/reports/unverified", viewerToken, nil, 403, "role"},
		{"looks by a viewer", "GET /api/v1/events/0/looks", viewerToken, nil, 403, "role"},
		{"looks of a reader by a viewer", "GET /api/v1/looks?reader=ada", viewerToken, nil, 403, "role"},
		{"readers by a viewer", "GET /api/v1/readers", viewerToken, nil, 403, "role"},
		{"readers that are not configured", "GET /api/v1/readers", adminToken, nil, 501, "readers"},
		{"looks of nobody", "GET /api/v1/looks", adminToken, nil, 400, "argument"},
		{"no such report", "GET /api/v1/reports/x", adminToken, nil, 400, "argument"},
		{"a report on nothing", "GET /api/v1/reports/access", adminToken, nil, 400, "argument"},
		{"a report on half an object", "GET /api/v1/reports/access?object=customer", adminToken, nil, 400, "argument"},
		{"a report in no form", "GET /api/v1/reports/unverified?format=doc", adminToken, nil, 400, "argument"},
		{"keys that are not configured", "GET /api/v1/keys", adminToken, nil, 501, "keys"},
		{"a body that is not JSON", "POST /api/v1/verify {", adminToken, nil, 400, "argument"},
		{"an unknown member", `POST /api/v1/verify {"fast":true}`, adminToken, nil, 400, "argument"},
		{"nothing there", "GET /nothing", adminToken, nil, 404, "not-found"},
		{"a wrong method", "POST /api/v1/search", adminToken, nil, 405, "method"},
		{"not a tile", "GET /tile/0/1234", adminToken, nil, 404, "not-found"},
		{"a tile under its other name", "GET /tile/data/000", adminToken, nil, 404, "not-found"},
		{"a tile beyond the checkpoint", "GET /tile/0/000", adminToken, nil, 404, "not-found"},
	} {
		parts := strings.SplitN(c.request, " ", 3)
		body := ""
		if len(parts) == 3 {
			body = parts[2]
		}
		if strings.HasPrefix(parts[1], "/tile") {
			s.covered(1)
		}
		res := s.do(parts[0], parts[1], c.token, body, c.header...)
		if res.StatusCode != c.status {
			b, _ := io.ReadAll(res.Body)
			t.Errorf("%s: %s, want %d: %s", c.name, res.Status, c.status, b)
			continue
		}
		if c.problem == "" {
			continue
		}
		var p api.Problem
		if err := json.NewDecoder(res.Body).Decode(&p); err != nil || p.Type != api.ProblemPrefix+c.problem || p.Status != c.status || p.Detail == "" || p.Title == "" {
			t.Errorf("%s: problem %+v, %v; want the type %s", c.name, p, err, c.problem)
		}
		if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: Content-Type %q", c.name, got)
		}
	}
}

// covered waits until the checkpoint covers n records.
func (s *site) covered(n uint64) (c ledger.Checkpoint) {
	s.t.Helper()
	for range 500 {
		var err error
		if c, _, err = s.house.Room.Checkpoint(); err == nil && c.Size >= n {
			return c
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("the checkpoint covers %d records, want %d", c.Size, n)
	return c
}

func TestQueryProblem(t *testing.T) {
	s := open(t, nil)
	var p api.Problem
	res := s.do("GET", "/api/v1/search?query="+"a%20and%20statuss:200", adminToken, "")
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	if p.Position != 7 || p.Query != "a and statuss:200" || !strings.Contains(p.Detail, "outcome.status") {
		t.Errorf("problem %+v, want the position 7 and a suggestion", p)
	}
}

func TestSearchAndView(t *testing.T) {
	h := readingtest.Open(t)
	put(h, 5)
	h.StartIndex()
	h.Indexed()
	s := serve(t, h, nil)
	var res reading.Result
	s.json("/api/v1/search?query=who.subject:alice&limit=2", &res)
	if len(res.Hits) != 2 || res.Hits[0].Number != 4 || res.Next == "" {
		t.Fatalf("search %+v", res)
	}
	sealed, err := h.Ledger.Record(4)
	if err != nil || !bytes.Equal(res.Hits[0].Header, sealed.Header) || !bytes.Equal(res.Hits[0].Payload, sealed.Envelopes[event.ClassPayload].Data) {
		t.Errorf("the answer does not hold the bytes that were sealed: %s", res.Hits[0].Payload)
	}
	var d reading.Detail
	s.json("/api/v1/events/4", &d)
	s.json("/api/v1/events/4/proof", &d.Proof)
	checkProof(t, d.Proof, d.Record.Header, h.Key)

	body, _ := io.ReadAll(s.do("GET", "/api/v1/events/4", viewerToken, "").Body)
	if bytes.Contains(body, []byte("zanzibar")) || !bytes.Contains(body, []byte(`"withheld":["payload"]`)) {
		t.Errorf("a viewer gets %s", body)
	}
	looks := h.Looks()
	last := looks[len(looks)-1]
	if last.Note.Name != "view" || last.Who.Subject != "vic" || last.Who.Address != "127.0.0.1" {
		t.Errorf("the last look is %+v by %+v, want a view by vic", last.Note, last.Who)
	}
	for _, path := range []string{"/api/v1/facets", "/api/v1/histogram", "/api/v1/stats?by=who.subject", "/api/v1/who?principal=alice", "/api/v1/fields", "/api/v1/checkpoint"} {
		var v any
		s.json(path, &v)
	}
}

// checkProof checks a tlog-proof with nothing but tlog and note.
func checkProof(t *testing.T, p *reading.Proof, header []byte, vkey string) {
	t.Helper()
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	head, signed, ok := strings.Cut(p.Text, "\n\n")
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil || !ok {
		t.Fatalf("the checkpoint in the proof: %v", err)
	}
	tree, err := tlog.ParseTree(append([]byte("go.sum database tree\n"), n.Text[strings.IndexByte(n.Text, '\n')+1:]...))
	if err != nil {
		t.Fatal(err)
	}
	var path tlog.RecordProof
	lines := strings.Split(head, "\n")
	for _, l := range lines[3:] {
		hash, err := tlog.ParseHash(l)
		if err != nil {
			t.Fatal(err)
		}
		path = append(path, hash)
	}
	if err := tlog.CheckRecord(path, tree.N, tree.Hash, int64(p.Number), tlog.RecordHash(header)); err != nil {
		t.Errorf("the proof does not hold: %v", err)
	}
}

// TestLookFirst stops the recorder: nothing is answered any more.
func TestLookFirst(t *testing.T) {
	s := open(t, nil)
	put(s.house, 2)
	s.covered(2)
	s.house.StopRecorder()
	for _, path := range []string{"/api/v1/search", "/api/v1/events/1", "/api/v1/events/1/proof", "/api/v1/export", "/api/v1/tail"} {
		res := s.do("GET", path, adminToken, "")
		b, _ := io.ReadAll(res.Body)
		if res.StatusCode != 503 || !bytes.Contains(b, []byte("not-recorded")) || bytes.Contains(b, []byte("customers")) {
			t.Errorf("GET %s with a recorder that stopped: %s %s", path, res.Status, b)
		}
	}
}

func TestTail(t *testing.T) {
	s := open(t, nil)
	put(s.house, 3)
	res := s.do("GET", "/api/v1/tail?backlog=1&query=who.subject:alice", adminToken, "")
	if got := res.Header.Get("Content-Type"); res.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("tail: %s, %s", res.Status, got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "{}" {
				return data
			}
		}
		t.Fatalf("the tail ended: %v", lines.Err())
		return ""
	}
	if got := next(); !strings.Contains(got, "/customers/2") {
		t.Errorf("backlog %s", got)
	}
	s.house.Put(readingtest.Call(time.Now(), "bob", "GET", "/no", 200), readingtest.Call(time.Now(), "alice", "GET", "/live", 200))
	if got := next(); !strings.Contains(got, "/live") {
		t.Errorf("live %s", got)
	}
}

func TestExport(t *testing.T) {
	s := open(t, nil)
	put(s.house, 3)
	res := s.do("GET", "/api/v1/export?format=csv&columns=number,what.path", adminToken, "")
	b, err := io.ReadAll(res.Body)
	if got, want := string(b), "number,what.path\n0,/customers/0\n1,/customers/1\n2,/customers/2\n"; got != want || err != nil {
		t.Errorf("export %q, %v; want %q", got, err, want)
	}
	var sum reading.Exported
	if err := json.Unmarshal([]byte(res.Trailer.Get("Gatebook-Export")), &sum); err != nil || sum.Events != 3 || !sum.Complete {
		t.Errorf("trailer %v: %+v, %v", res.Trailer, sum, err)
	}
}

func TestVerify(t *testing.T) {
	s := open(t, nil)
	put(s.house, 3)
	signed := string(s.get("/checkpoint"))
	s.covered(3)
	body, _ := json.Marshal(api.VerifyRequest{Key: s.house.Key, Since: []string{signed}})
	res := s.do("POST", "/api/v1/verify", adminToken, string(body))
	var last api.VerifyItem
	for d := json.NewDecoder(res.Body); d.More(); {
		last = api.VerifyItem{}
		if err := d.Decode(&last); err != nil {
			t.Fatal(err)
		}
	}
	if last.Report == nil || !last.Report.OK || last.Report.Size < 3 || last.Report.Key != s.house.Key {
		t.Errorf("report %+v, problem %+v", last.Report, last.Problem)
	}
}

// served reads tiles over HTTP, as a foreign client would.
type served struct {
	*site
	saved int
}

func (r *served) Height() int { return 8 }

func (r *served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := strings.Replace(t.Path(), "tile/8/", "/tile/", 1)
		all = append(all, r.get(strings.Replace(path, "/tile/data/", "/tile/entries/", 1)))
	}
	return all, nil
}

func (r *served) SaveTiles(tiles []tlog.Tile, _ [][]byte) { r.saved += len(tiles) }

// TestTiles reads the whole ledger by its tiles, with nothing but tlog.
func TestTiles(t *testing.T) {
	s := open(t, nil)
	const records = 700
	now := time.Now()
	for i := range records {
		s.house.Recorder.Put(readingtest.Call(now, "alice", "GET", fmt.Sprint("/", i), 200))
	}
	s.covered(records)
	v, err := note.NewVerifier(s.house.Key)
	if err != nil {
		t.Fatal(err)
	}
	res := s.do("GET", "/checkpoint", adminToken, "")
	signed, _ := io.ReadAll(res.Body)
	if got := res.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("the checkpoint's Content-Type is %q", got)
	}
	c, err := ledger.ParseCheckpoint(signed, v)
	if err != nil {
		t.Fatal(err)
	}
	reader := &served{site: s}
	hashes := tlog.TileHashReader(tlog.Tree{N: int64(c.Size), Hash: c.Root}, reader)
	for n := int64(0); n < int64(c.Size); n += 256 {
		w := min(256, int64(c.Size)-n)
		bundle, err := reader.ReadTiles([]tlog.Tile{{H: 8, L: -1, N: n / 256, W: int(w)}})
		if err != nil {
			t.Fatal(err)
		}
		b := bundle[0]
		for i := range w {
			size := int(b[0])<<8 | int(b[1])
			want, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, n+i)})
			if err != nil {
				t.Fatal(err)
			}
			if tlog.RecordHash(b[2:2+size]) != want[0] {
				t.Fatalf("entry %d is not the one in the tree", n+i)
			}
			b = b[2+size:]
		}
		if len(b) != 0 {
			t.Fatalf("bundle %d has %d bytes too many", n/256, len(b))
		}
	}
	if reader.saved == 0 {
		t.Error("no tile was authenticated")
	}
	res = s.do("GET", "/tile/0/000", adminToken, "")
	if got := res.Header.Get("Cache-Control"); got != "private, max-age=31536000, immutable" {
		t.Errorf("a tile's Cache-Control is %q", got)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	draining := false
	checks := []api.Check{{Name: "ledger", OK: true, Required: true}, {Name: "index", OK: false, Detail: "down"}}
	s := open(t, func(c *api.Config) {
		c.Draining = func() bool { return draining }
		c.Checks = func() []api.Check { return checks }
		c.Metrics = func() []api.Metric {
			return []api.Metric{{Name: "gatebook_x_bytes", Help: "a\nb", Type: "gauge", Labels: []api.Label{{Name: "l", Value: `q"\`}}, Value: 1.5}}
		}
		c.PublicMetrics = true
	})
	state := func(path string, status int, want string) {
		t.Helper()
		res := s.do("GET", path, "", "")
		var h api.Health
		if err := json.NewDecoder(res.Body).Decode(&h); err != nil || res.StatusCode != status || h.Status != want {
			t.Errorf("%s: %s %+v %v, want %d %s", path, res.Status, h, err, status, want)
		}
	}
	state("/readyz", 200, "degraded")
	checks[0].OK = false
	state("/readyz", 503, "failing")
	checks[0].OK = true
	draining = true
	state("/healthz", 503, "draining")
	state("/livez", 200, "ok")
	b, _ := io.ReadAll(s.do("GET", "/metrics", "", "").Body)
	for _, want := range []string{"# HELP gatebook_x_bytes a\\nb\n# TYPE gatebook_x_bytes gauge\ngatebook_x_bytes{l=\"q\\\"\\\\\"} 1.5\n", `gatebook_api_requests_total{route="/readyz",status="503"} 1`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("metrics %s\nwant %s", b, want)
		}
	}
}

// TestOpenAPI compares the document with the one in docs, and the types of the
// console with what the document says.
func TestOpenAPI(t *testing.T) {
	s := open(t, nil)
	res := s.do("GET", "/api/v1/openapi.json", "", "")
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	types, err := typescript(got)
	if err != nil {
		t.Fatal(err)
	}
	for file, got := range map[string][]byte{"docs/openapi.json": got, "web/src/api/types.ts": []byte(types)} {
		if *update {
			if err := os.WriteFile("../../"+file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile("../../" + file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the routes say (%v): go test ./internal/api -run TestOpenAPI -update", file, err)
		}
	}
	var doc any
	if err := json.Unmarshal(got, &doc); err != nil {
		t.Fatal(err)
	}
	names := doc.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any)
	refs(doc, func(ref string) {
		if names[strings.TrimPrefix(ref, "#/components/schemas/")] == nil {
			t.Errorf("%s is not in the document", ref)
		}
	})
}

func refs(v any, f func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, w := range v {
			if ref, ok := w.(string); ok && k == "$ref" {
				f(ref)
			}
			refs(w, f)
		}
	case []any:
		for _, w := range v {
			refs(w, f)
		}
	}
}
