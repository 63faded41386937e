package reading_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

func TestMain(m *testing.M) { readingtest.Main(m) }

var (
	admin  = reading.Reader{Name: "ada", Role: reading.Administrator, Address: "127.0.0.1", Tool: "cli", Reason: "ticket 7"}
	viewer = reading.Reader{Name: "vic", Role: reading.Viewer}
)

// calls are n calls, a second apart, that end now.
func calls(n int) []*event.Event {
	now := time.Now().UTC()
	list := make([]*event.Event, n)
	for i := range list {
		at := now.Add(time.Duration(i-n) * time.Second)
		list[i] = readingtest.Call(at, []string{"alice", "bob", "carol"}[i%3], "GET", fmt.Sprintf("/customers/%d", i), 200+i%2*204)
	}
	return list
}

func paths(t *testing.T, hits []reading.Record) string {
	t.Helper()
	var list []string
	for i := range hits {
		e, err := hits[i].Event()
		if err != nil {
			t.Fatal(err)
		}
		if e.What == nil {
			list = append(list, string(e.Kind))
			continue
		}
		list = append(list, strings.TrimPrefix(e.What.Path, "/customers/"))
	}
	return strings.Join(list, " ")
}

// TestSearch asks the same questions of the ledger alone, of the index, and of
// the index when it is behind: the answers are the same.
func TestSearch(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(12)...)
	table := []struct {
		name, query, want string
		search            reading.Search
	}{
		{"newest", "", "11 10 9", reading.Search{Limit: 3}},
		{"oldest", "*", "0 1 2", reading.Search{Limit: 3, Oldest: true}},
		{"field", "who.subject:=bob", "10 7 4 1", reading.Search{}},
		{"number", "outcome.status:>=400 who.subject:=alice", "9 3", reading.Search{}},
		{"bare word in who", "carol", "11 8 5 2", reading.Search{}},
		{"bare word in a body", "zanzibar who.subject:=alice", "9 6 3 0", reading.Search{}},
		{"fingerprint", `"fp-bob" outcome.status:=200`, "10 4", reading.Search{}},
		{"or and not", "(who.subject:=bob or who.subject:=carol) -outcome.status:=200", "11 7 5 1", reading.Search{}},
		{"looks by name", "kind:=look note.name:=search", "", reading.Search{Limit: 1}},
		{"nothing", "who.subject:=nobody", "", reading.Search{}},
	}
	ask := func(t *testing.T, source string) {
		for _, c := range table {
			c.search.LogsQL = c.query
			res, err := h.Room.Search(t.Context(), admin, c.search)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			got := paths(t, res.Hits)
			if c.name == "looks by name" {
				if len(res.Hits) != 1 {
					t.Errorf("%s: %d hits, want 1", c.name, len(res.Hits))
				}
				continue
			}
			if got != c.want {
				t.Errorf("%s: hits %q, want %q; meta %+v", c.name, got, c.want, res.Meta)
			}
			if !res.Meta.Complete || len(res.Problems) > 0 {
				t.Errorf("%s: complete %v, problems %v; want a complete answer without", c.name, res.Meta.Complete, res.Problems)
			}
			if c.query != "" && c.query != "*" && res.Meta.Source != source {
				t.Errorf("%s: answered by %q, want %q", c.name, res.Meta.Source, source)
			}
		}
	}
	// The first question is itself a look that the later ones may find.
	if _, err := h.Room.Search(t.Context(), admin, reading.Search{}); err != nil {
		t.Fatal(err)
	}
	t.Run("ledger", func(t *testing.T) { ask(t, "ledger") })
	h.StartIndex()
	h.Indexed()
	behind := h.Config
	behind.Status = func() reading.IndexStatus { return reading.IndexStatus{Indexed: 7} }
	room := h.Room
	h.Room = reading.New(behind)
	t.Run("behind", func(t *testing.T) { ask(t, "index and ledger") })
	h.Room = room
	h.StopIndex()
	t.Run("down again", func(t *testing.T) { ask(t, "ledger") })
}

// TestIndex asks what only the index can answer.
func TestIndex(t *testing.T) {
	h := readingtest.Open(t)
	list := calls(12)
	h.Put(list...)
	h.StartIndex()
	h.Indexed()
	ctx := t.Context()

	res, err := h.Room.Search(ctx, admin, reading.Search{Query: reading.Query{LogsQL: `kind:=access | stats by (who.subject) count() calls | sort by (who.subject)`}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Rows) != 3 || res.Rows[1]["who.subject"] != "bob" || res.Rows[1]["calls"] != "4" || !res.Derived || len(res.Hits) != 0 {
		t.Errorf("rows %v derived %v", res.Rows, res.Derived)
	}
	res, err = h.Room.Search(ctx, admin, reading.Search{Query: reading.Query{LogsQL: `what.path:~"/customers/1.$"`}})
	if err != nil || paths(t, res.Hits) != "11 10" {
		t.Errorf("a regular expression found %q, %v", paths(t, res.Hits), err)
	}
	res, err = h.Room.Search(ctx, admin, reading.Search{Query: reading.Query{LogsQL: "who.subject:alice", From: list[2].Arrived, To: list[9].Arrived}})
	if err != nil || paths(t, res.Hits) != "6 3" {
		t.Errorf("with bounds: %q, %v", paths(t, res.Hits), err)
	}
	var pages []string
	for s := (reading.Search{Query: reading.Query{LogsQL: "kind:=access"}, Limit: 5}); ; s.Cursor = res.Next {
		if res, err = h.Room.Search(ctx, admin, s); err != nil {
			t.Fatal(err)
		}
		pages = append(pages, paths(t, res.Hits))
		if res.Next == "" {
			break
		}
	}
	if got, want := strings.Join(pages, "|"), "11 10 9 8 7|6 5 4 3 2|1 0"; got != want {
		t.Errorf("pages %q, want %q", got, want)
	}

	fs, err := h.Room.Facets(ctx, admin, reading.Query{LogsQL: "kind:=access"}, []string{"who.subject", "outcome.status"}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(fs.Facets), "[{who.subject [{alice 4} {bob 4} {carol 4}]} {outcome.status [{200 6} {404 6}]}]"; got != want {
		t.Errorf("facets %s, want %s", got, want)
	}
	hist, err := h.Room.Histogram(ctx, admin, reading.Query{LogsQL: "kind:=access", From: time.Now().Add(-59 * time.Minute)}, 0, "outcome.status")
	if err != nil {
		t.Fatal(err)
	}
	var sum uint64
	for _, b := range hist.Buckets {
		sum += b.Count
	}
	if sum != 12 || hist.Step != time.Minute {
		t.Errorf("histogram: %d events in steps of %s, want 12 in steps of 1m", sum, hist.Step)
	}
	st, err := h.Room.Stats(ctx, admin, reading.Query{LogsQL: "who.subject:bob"}, []string{"who.subject", "outcome.status"}, 10)
	if err != nil || fmt.Sprint(st.Rows) != "[{[bob 200] 2} {[bob 404] 2}]" && fmt.Sprint(st.Rows) != "[{[bob 404] 2} {[bob 200] 2}]" {
		t.Errorf("stats %v, %v", st, err)
	}
	for _, name := range []string{"bob", "bob@shop.test", "fp-bob", list[1].Principal.ID} {
		p, err := h.Room.Who(ctx, admin, name, reading.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Calls != 4 || len(p.Identities) != 1 || p.Identities[0].Email != "bob@shop.test" || p.First == nil || p.Last == nil || paths(t, []reading.Record{*p.First, *p.Last}) != "1 10" {
			t.Errorf("who %s: %+v", name, p)
		}
	}

	id := list[4].ID.String()
	d, err := h.Room.Event(ctx, admin, id)
	if err != nil || d.Record.Number != 4 {
		t.Errorf("event %s: %+v, %v; want number 4", id, d, err)
	}
}

// lying is an index that names records that are not there.
type lying struct{ reading.Index }

func (lying) Search(context.Context, index.Query) ([]index.Hit, error) {
	return []index.Hit{{Number: 0, Time: time.Now()}, {Number: 99, Time: time.Now()}}, nil
}

// restarted is an index that is started anew while it is asked, with nothing of
// what it had.
type restarted struct {
	reading.Index
	life *uint64
}

func (r restarted) Search(context.Context, index.Query) ([]index.Hit, error) {
	*r.life++
	return nil, nil
}

func (r restarted) Run(context.Context, index.Query, func([]index.Field) error) error {
	*r.life++
	return nil
}

func (r restarted) Histogram(context.Context, index.Query, time.Duration, string) ([]index.Bucket, error) {
	*r.life++
	return nil, nil
}

func (r restarted) Facets(context.Context, index.Query, int, ...string) ([]index.Facet, error) {
	*r.life++
	return nil, nil
}

// TestRestarted: what an index that was started anew does not find is not said
// not to be there.
func TestRestarted(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(12)...)
	cfg, life := h.Config, uint64(1)
	cfg.Index = restarted{life: &life}
	cfg.Status = func() reading.IndexStatus { return reading.IndexStatus{Indexed: 12, Life: life} }
	room, alice := reading.New(cfg), reading.Query{LogsQL: "who.subject:=alice"}
	res, err := room.Search(t.Context(), admin, reading.Search{Query: alice})
	if err != nil || len(res.Hits) == 0 || !res.Meta.Complete || res.Meta.Source != "ledger" {
		t.Errorf("searching: %+v, %v; want the hits from the ledger", res, err)
	}
	count := alice
	count.LogsQL += " | stats count() n"
	for name, ask := range map[string]func() error{
		"counting": func() error { _, err := room.Search(t.Context(), admin, reading.Search{Query: count}); return err },
		"facets":   func() error { _, err := room.Facets(t.Context(), admin, alice, nil, 10); return err },
		"histogram": func() error {
			_, err := room.Histogram(t.Context(), admin, alice, time.Minute, "")
			return err
		},
		"stats": func() error { _, err := room.Stats(t.Context(), admin, alice, []string{"kind"}, 10); return err },
		"who":   func() error { _, err := room.Who(t.Context(), admin, "alice", reading.Query{}); return err },
		"objects": func() error {
			_, err := room.Objects(t.Context(), admin, "alice", reading.Query{}, 10)
			return err
		},
		"candidates": func() error { _, err := room.Candidates(t.Context(), admin, "alice", time.Time{}); return err },
		"evidence": func() error {
			_, _, err := room.Evidence(t.Context(), admin, reading.Evidence{Query: alice})
			return err
		},
	} {
		if err := ask(); !errors.Is(err, reading.ErrIndex) {
			t.Errorf("%s: %v, want ErrIndex", name, err)
		}
	}
}

func TestHitsAreChecked(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(2)...)
	cfg := h.Config
	cfg.Index, cfg.Status = lying{}, func() reading.IndexStatus { return reading.IndexStatus{Indexed: 2} }
	// The second byte of the first leaf hash: record 0 is no longer the one that
	// was sealed.
	tile := filepath.Join(h.Dir, ledger.TileName(0))
	f, err := os.OpenFile(tile, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0xff, 0xff, 0xff}, 1); err != nil {
		t.Fatal(err)
	}
	res, err := reading.New(cfg).Search(t.Context(), admin, reading.Search{Query: reading.Query{LogsQL: "who.subject:=alice"}})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, p := range res.Problems {
		kinds = append(kinds, fmt.Sprintf("%d %s", p.Number, p.Kind))
	}
	slices.Sort(kinds)
	if len(res.Hits) != 0 || fmt.Sprint(kinds) != "[0 evidence 99 index]" {
		t.Errorf("hits %d, problems %v; want no hit, and both as problems", len(res.Hits), res.Problems)
	}
}

func TestLooks(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(3)...)
	ctx := t.Context()
	if _, err := h.Room.Search(ctx, admin, reading.Search{Query: reading.Query{LogsQL: "who.subject:=bob"}}); err != nil {
		t.Fatal(err)
	}
	d, err := h.Room.Event(ctx, admin, "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Room.Prove(ctx, admin, "1"); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := h.Room.Export(ctx, admin, reading.Export{}, &file); err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(file.Bytes()))
	e, err := d.Record.Event()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range h.Looks() {
		got = append(got, fmt.Sprint(l.Note.Name, l.Note.Facts, l.Who.Subject, l.What.Query, l.What.Objects))
	}
	reason := "{reason ticket 7}"
	want := []string{
		"search[{results 1} {role administrator} {shown 1} {shown_count 1} {tool cli}]adawho.subject:=bob[" + reason + "]",
		"view[{number 1} {role administrator} {tool cli}]ada[{event " + e.ID.String() + "} " + reason + "]",
		"prove[{number 1} {role administrator} {tool cli}]ada[{event " + e.ID.String() + "} " + reason + "]",
		"export[{format jsonl} {role administrator} {tool cli}]ada[" + reason + "]",
		"exported[{format jsonl} {results 3} {role administrator} {sha256 " + sum + "} {shown 0-2} {shown_count 3} {tool cli}]ada[" + reason + "]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("looks\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	h.StopRecorder()
	if _, err := h.Room.Search(ctx, admin, reading.Search{}); !errors.Is(err, reading.ErrNotRecorded) {
		t.Errorf("a search that cannot be recorded: %v, want ErrNotRecorded", err)
	}
	if d, err := h.Room.Event(ctx, admin, "1"); d != nil || !errors.Is(err, reading.ErrNotRecorded) {
		t.Errorf("a view that cannot be recorded: %v, %v; want ErrNotRecorded", d, err)
	}
	var out bytes.Buffer
	if _, err := h.Room.Export(ctx, admin, reading.Export{}, &out); !errors.Is(err, reading.ErrNotRecorded) || out.Len() > 0 {
		t.Errorf("an export that cannot be recorded wrote %d bytes, %v; want none", out.Len(), err)
	}
}

func TestRoles(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(2)...)
	h.StartIndex()
	h.Indexed()
	ctx := t.Context()
	d, err := h.Room.Event(ctx, viewer, "0")
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := json.Marshal(d); bytes.Contains(b, []byte("zanzibar")) || fmt.Sprint(d.Record.Withheld) != "[payload]" {
		t.Errorf("a viewer sees %s", b)
	}
	for _, c := range []struct {
		query string
		hits  int
		err   string
	}{
		{"alice", 1, ""},
		{"zanzibar", 0, ""}, // only in a body
		{"payload.response.body:zanzibar", 0, "does not see payload.response.body"},
		{"who.subject:in(payload.response.body:x | fields who.subject)", 0, "not allowed"},
		{"_msg:alice", 0, "does not see _msg"},
		{"* | fields payload.response.body", 0, "not allowed"},
	} {
		res, err := h.Room.Search(ctx, viewer, reading.Search{Query: reading.Query{LogsQL: c.query}})
		switch {
		case c.err == "" && (err != nil || len(res.Hits) != c.hits):
			t.Errorf("%q: %v, %v; want %d hits", c.query, res, err, c.hits)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q: error %v, want %q", c.query, err, c.err)
		}
	}
	if _, err := h.Room.Export(ctx, viewer, reading.Export{}, &bytes.Buffer{}); !errors.Is(err, reading.ErrForbidden) {
		t.Errorf("a viewer exports: %v, want ErrForbidden", err)
	}
	if _, err := h.Room.Stats(ctx, viewer, reading.Query{}, []string{"payload.response.body"}, 1); !errors.Is(err, reading.ErrForbidden) {
		t.Errorf("a viewer counts bodies: %v, want ErrForbidden", err)
	}
	if _, err := h.Room.Search(ctx, reading.Reader{Name: "nobody"}, reading.Search{}); !errors.Is(err, reading.ErrForbidden) {
		t.Errorf("a reader without a role searches: %v, want ErrForbidden", err)
	}
}

func TestProof(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(300)...)
	p, err := h.Room.Prove(t.Context(), admin, "299")
	if err != nil {
		t.Fatal(err)
	}
	if p.Number != 299 || p.Size < 300 || !strings.HasPrefix(p.Text, "c2sp.org/tlog-proof@v1\nextra ") || !strings.HasSuffix(p.Text, p.Checkpoint) {
		t.Errorf("proof %+v", p)
	}
	for _, ref := range []string{"400", "0197a3b0-5c1e-7d2a-9f00-3b6c1f6e2a10"} {
		if _, err := h.Room.Prove(t.Context(), admin, ref); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("proving %s: %v, want ErrNotFound", ref, err)
		}
	}
	if _, err := h.Room.Event(t.Context(), admin, "nonsense"); !errors.Is(err, reading.ErrArgument) {
		t.Errorf("event nonsense: %v, want ErrArgument", err)
	}
}

func TestExport(t *testing.T) {
	h := readingtest.Open(t)
	list := calls(3)
	list[1].Who.Subject = "=cmd|' /C calc'!A0"
	h.Put(list...)
	var out bytes.Buffer
	sum, err := h.Room.Export(t.Context(), admin, reading.Export{Format: reading.CSV, Columns: []string{"number", "who.subject", "what.path"}}, &out)
	if err != nil || sum.Events != 3 || !sum.Complete {
		t.Fatalf("%+v, %v", sum, err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if got, want := fmt.Sprint(rows), "[[number who.subject what.path] [0 alice /customers/0] [1 '=cmd|' /C calc'!A0 /customers/1] [2 carol /customers/2]]"; got != want || err != nil {
		t.Errorf("CSV %s, %v; want %s", got, err, want)
	}
	out.Reset()
	// More than a page, from the ledger alone.
	h.Put(calls(1200)...)
	if sum, err = h.Room.Export(t.Context(), admin, reading.Export{}, &out); err != nil || sum.Events != 1203 {
		t.Fatalf("%+v, %v", sum, err)
	}
	var first reading.Record
	if err := json.NewDecoder(&out).Decode(&first); err != nil {
		t.Fatal(err)
	}
	sealed, err := h.Ledger.Record(0)
	if err != nil || !bytes.Equal(first.Header, sealed.Header) || !bytes.Equal(first.Payload, sealed.Envelopes[event.ClassPayload].Data) {
		t.Errorf("the export does not hold the bytes that were sealed: %s", first.Payload)
	}
	if _, err := h.Room.Export(t.Context(), admin, reading.Export{Format: reading.CSV, Columns: []string{"email"}}, &out); err == nil || !strings.Contains(err.Error(), "who.email") {
		t.Errorf("an unknown column: %v, want a suggestion", err)
	}
}

func TestTail(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(6)...)
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	err := h.Room.Tail(ctx, admin, reading.Tail{Query: reading.Query{LogsQL: "who.subject:=bob"}, Backlog: 1}, func() error { return nil }, func(rec *reading.Record, bad *reading.Problem) error {
		if bad != nil {
			t.Errorf("problem %+v", bad)
			return errors.New("stop")
		}
		got = append(got, paths(t, []reading.Record{*rec}))
		switch len(got) {
		case 1:
			go h.Recorder.Append(ctx, readingtest.Call(time.Now(), "carol", "GET", "not bob", 200))
			go h.Recorder.Append(ctx, readingtest.Call(time.Now(), "bob", "GET", "live", 200))
		case 2:
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || fmt.Sprint(got) != "[4 live]" {
		t.Errorf("tail %v, %v; want [4 live] and a cancelled context", got, err)
	}
	err = h.Room.Tail(t.Context(), admin, reading.Tail{Query: reading.Query{LogsQL: `what.path:~"a.*"`}}, func() error { return nil }, nil)
	var wrong *reading.QueryError
	if !errors.As(err, &wrong) {
		t.Errorf("tail of a regular expression: %v, want a QueryError", err)
	}
}

// TestTailSample shows a few of many calls, counts all, and seals only what was
// shown as looked at.
func TestTailSample(t *testing.T) {
	h := readingtest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	const all = 300
	shown, passed := 0, uint64(0)
	opened := func() error {
		go func() {
			for i := range all {
				h.Recorder.Append(ctx, readingtest.Call(time.Now(), "bob", "GET", fmt.Sprintf("crowd/%d", i), 200))
			}
		}()
		return nil
	}
	tell := func(p reading.Passed) error {
		if passed += p.Total(); passed == all {
			cancel()
		}
		return nil
	}
	err := h.Room.Tail(ctx, admin, reading.Tail{Query: reading.Query{LogsQL: "kind:=access"}, Most: 10, Passed: tell}, opened, func(*reading.Record, *reading.Problem) error {
		shown++
		return nil
	})
	if !errors.Is(err, context.Canceled) || passed != all || shown == 0 || shown > all/3 {
		t.Errorf("tail: %d shown of %d, %v; want a few of %d, and a cancelled context", shown, passed, err, all)
	}
	res, err := h.Room.Search(t.Context(), admin, reading.Search{Query: reading.Query{LogsQL: `kind:=look note.name:=tailed`}})
	if err != nil {
		t.Fatal(err)
	}
	look, err := json.Marshal(res.Hits)
	if want := `{"name":"shown_count","value":"` + strconv.Itoa(shown) + `"}`; err != nil || len(res.Hits) != 1 || !strings.Contains(string(look), want) {
		t.Errorf("the look: %s, %v; want %s in it", look, err, want)
	}
}
