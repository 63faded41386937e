package reading_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

var (
	auditor      = reading.Reader{Name: "una", Role: reading.Auditor}
	investigator = reading.Reader{Name: "ivo", Role: reading.Investigator}
)

// fact returns a fact of a note; empty if it has none of that name.
func fact(e *event.Event, name string) string {
	for _, f := range e.Note.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// TestRefusals floods the room with refusals: few are recorded, all are counted.
func TestRefusals(t *testing.T) {
	h := readingtest.Open(t)
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	c := h.Config
	c.Now = func() time.Time { return now }
	room := reading.New(c)
	const tries = 5000
	for range tries {
		now = now.Add(time.Millisecond)
		if err := room.Refused(t.Context(), reading.Reader{Address: "192.0.2.9"}, "token-unknown", "GET /api/v1/search"); err != nil {
			t.Fatal(err)
		}
	}
	// Another reader has room of their own.
	if err := room.Refused(t.Context(), viewer, "role", "GET /api/v1/export"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := room.Run(ctx); err != nil {
		t.Fatal(err)
	}
	looks := h.Looks()
	if len(looks) > 14 {
		t.Errorf("%d refusals made %d events", tries, len(looks))
	}
	var sum, one int
	for _, l := range looks {
		if l.Note.Name != "refused" {
			t.Errorf("got the look %+v", l.Note)
		}
		if l.Who.Subject == "vic" {
			if fact(l, "reason") != "role" || l.Principal.Level != event.LevelVerified {
				t.Errorf("the viewer's refusal is %+v of %+v", l.Note, l.Principal)
			}
			continue
		}
		if l.Principal.Kind != event.Unknown || l.Principal.ID != "" || l.Who.Address != "192.0.2.9" {
			t.Errorf("who is not known is %+v at %s", l.Principal, l.Who.Address)
		}
		if fact(l, "reason") != "" {
			one++
		}
		var n int
		fmt.Sscan(fact(l, "counted_token-unknown"), &n)
		sum += n
	}
	if sum+one != tries {
		t.Errorf("%d refusals are recorded and %d counted, want %d together", one, sum, tries)
	}
}

// TestReasons asks for reasons.
func TestReasons(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(3)...)
	c := h.Config
	c.RequireReason = []reading.Action{reading.ActExport, reading.ActPayload}
	room := reading.New(c)
	silent := reading.Reader{Name: "ada", Role: reading.Administrator, Reason: "  "}
	var out bytes.Buffer
	if _, err := room.Export(t.Context(), silent, reading.Export{}, &out); !errors.Is(err, reading.ErrReason) || out.Len() > 0 {
		t.Errorf("an export without a reason: %v and %d bytes, want ErrReason", err, out.Len())
	}
	if _, err := room.Export(t.Context(), admin, reading.Export{}, &out); err != nil || !strings.Contains(out.String(), "zanzibar") {
		t.Errorf("an export with a reason: %v, %s", err, out.String())
	}
	d, err := room.Event(t.Context(), silent, "0")
	if err != nil || d.Record.Payload != nil || fmt.Sprint(d.Record.Withheld) != "[payload]" || !strings.Contains(d.Note, "--reason") {
		t.Errorf("a view without a reason: %v, %+v", err, d)
	}
	if d, err := room.Event(t.Context(), admin, "0"); err != nil || d.Record.Payload == nil {
		t.Errorf("a view with a reason: %v, %+v", err, d)
	}
	for _, q := range []string{"payload.response.body:zanzibar", "* | fields _msg"} {
		if _, err := room.Search(t.Context(), silent, reading.Search{Query: reading.Query{LogsQL: q}}); !errors.Is(err, reading.ErrReason) {
			t.Errorf("%s without a reason: %v, want ErrReason", q, err)
		}
	}
	if res, err := room.Search(t.Context(), silent, reading.Search{Query: reading.Query{LogsQL: "zanzibar"}}); err != nil || len(res.Hits) != 0 {
		t.Errorf("a word of a body was found without a reason: %v, %v", err, res)
	}
}

// TestMatrix asks everything of everyone.
func TestMatrix(t *testing.T) {
	roles := map[reading.Action]string{
		reading.ActSearch: "viewer investigator auditor administrator", reading.ActView: "viewer investigator auditor administrator",
		reading.ActProve: "viewer investigator auditor administrator", reading.ActTail: "viewer investigator auditor administrator",
		reading.ActWho: "viewer investigator auditor administrator", reading.ActTiles: "viewer investigator auditor administrator",
		reading.ActExport: "investigator auditor administrator", reading.ActEvidence: "investigator auditor administrator", reading.ActReport: "investigator auditor administrator",
		reading.ActPayload: "investigator administrator", reading.ActLooks: "auditor administrator", reading.ActVerify: "auditor administrator",
		reading.ActListKeys: "auditor administrator", reading.ActKeys: "administrator", reading.ActReaders: "administrator", reading.ActRoutes: "administrator",
	}
	for a, want := range roles {
		var got []string
		for _, role := range append(slices.Clone(reading.Roles), "", "root") {
			if (reading.Reader{Name: "x", Role: role}).May(a) == nil {
				got = append(got, string(role))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", a, got, want)
		}
		if (reading.Reader{Role: reading.Administrator}).May(a) == nil {
			t.Errorf("%s: allowed to a reader without a name", a)
		}
	}
}

// TestLooksAreForOverseers: what was looked at is shown to auditors, who see no
// payloads; a viewer and an investigator do not learn of it.
func TestLooksAreForOverseers(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(2)...)
	if _, err := h.Room.Search(t.Context(), admin, reading.Search{Query: reading.Query{LogsQL: "who.subject:=bob"}}); err != nil {
		t.Fatal(err)
	}
	looks := reading.Search{Query: reading.Query{LogsQL: `kind:="look"`}, Oldest: true}
	for _, who := range []reading.Reader{viewer, investigator} {
		res, err := h.Room.Search(t.Context(), who, looks)
		if err != nil || len(res.Hits) != 0 || !strings.Contains(res.Meta.Note, "not shown") {
			t.Errorf("%s searches looks: %v, %+v", who.Role, err, res)
		}
		if d, err := h.Room.Event(t.Context(), who, "2"); !errors.Is(err, reading.ErrForbidden) {
			t.Errorf("%s views a look: %v, %+v; want ErrForbidden", who.Role, err, d)
		}
	}
	res, err := h.Room.Search(t.Context(), auditor, looks)
	if err != nil || len(res.Hits) == 0 || res.Hits[0].Number != 2 {
		t.Fatalf("an auditor searches looks: %v, %+v", err, res)
	}
	d, err := h.Room.Event(t.Context(), auditor, "0")
	if err != nil || d.Record.Payload != nil || d.Record.What == nil {
		t.Errorf("an auditor views a call: %v, %+v; want what without payload", err, d)
	}
}

// TestTileLook: entry bundles hold headers, and getting them is a look.
func TestTileLook(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(3)...)
	for range 500 {
		if c, _, err := h.Room.Checkpoint(); err == nil && c.Size >= 3 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	entries := tlog.Tile{H: 8, L: -1, N: 0, W: 3}
	for _, who := range []reading.Reader{viewer, viewer, {}} {
		if _, err := h.Room.Tile(t.Context(), who, entries); err != nil {
			t.Fatal(err)
		}
	}
	if looks := h.Looks(); len(looks) != 1 || looks[0].Note.Name != "tiles" || looks[0].Who.Subject != "vic" {
		t.Errorf("got %d looks, want one of vic at tiles", len(looks))
	}
}

// TestWhoLooked asks who looked at one event, with the index and without.
func TestWhoLooked(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(12)...)
	ctx := t.Context()
	// By page, by view, by proof, in an export, in a tail; and past it.
	search := func(who reading.Reader, q string, limit int) {
		t.Helper()
		if _, err := h.Room.Search(ctx, who, reading.Search{Query: reading.Query{LogsQL: q}, Limit: limit}); err != nil {
			t.Fatal(err)
		}
	}
	search(viewer, "who.subject:=bob", 10) // 10 7 4 1
	search(viewer, "who.subject:=bob", 1)  // 10
	search(investigator, "who.subject:=alice", 10)
	if _, err := h.Room.Event(ctx, admin, "7"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Room.Prove(ctx, auditor, "7"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Room.Export(ctx, investigator, reading.Export{Query: reading.Query{LogsQL: "who.subject:=bob"}}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	tail, cancel := context.WithCancel(ctx)
	seen := 0
	err := h.Room.Tail(tail, admin, reading.Tail{Query: reading.Query{LogsQL: "who.subject:=bob"}, Backlog: 10}, func() error { return nil }, func(*reading.Record, *reading.Problem) error {
		if seen++; seen == 4 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the tail ended with %v", err)
	}
	ask := func() {
		t.Helper()
		got, err := h.Room.LooksAt(ctx, auditor, "7")
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, l := range got.Looks {
			list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", l.Reader, l.How, l.Action, l.Reason)))
		}
		want := []string{"ada shown tailed ticket 7", "ivo shown exported", "una proved prove", "ada viewed view ticket 7", "vic shown search"}
		if !slices.Equal(list, want) || got.Total != 5 || !got.Meta.Complete {
			t.Errorf("who looked at 7: %q (%d, %+v), want %q", list, got.Total, got.Meta, want)
		}
	}
	ask()
	if _, err := h.Room.LooksAt(ctx, investigator, "7"); !errors.Is(err, reading.ErrForbidden) {
		t.Errorf("an investigator asks who looked: %v, want ErrForbidden", err)
	}
	got, err := h.Room.LooksOf(ctx, auditor, "vic", reading.Query{})
	if err != nil || len(got.Looks) != 2 || got.Looks[0].Shown != "10" || got.Looks[1].Shown != "10,7,4,1" || got.Looks[1].Query != "who.subject:=bob" {
		t.Errorf("what vic looked at: %v, %+v", err, got)
	}
	h.StartIndex()
	h.Indexed()
	ask()
	// What comes from the index has no numbers.
	if _, err := h.Room.Stats(ctx, viewer, reading.Query{}, []string{"who.subject"}, 10); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Room.LooksAt(ctx, auditor, "7"); err != nil || got.Possible != 1 || got.Total != 5 {
		t.Errorf("after a look at counts: %v, %+v; want one look that may have shown it", err, got)
	}
}

// TestExportParts exports more scattered records than fit into one event.
func TestExportParts(t *testing.T) {
	h := readingtest.Open(t)
	const records = 12_000
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for i := range records {
		h.Recorder.Put(readingtest.Call(at.Add(time.Duration(i)*time.Millisecond), []string{"alice", "bob"}[i%2], "GET", "/x", 200))
	}
	for h.Recorder.Size() < records {
		if _, err := h.Recorder.Wait(t.Context(), h.Recorder.Size()); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := h.Room.Export(t.Context(), investigator, reading.Export{Query: reading.Query{LogsQL: "who.subject:=bob"}, Format: reading.CSV, Columns: []string{"number"}}, &bytes.Buffer{})
	if err != nil || sum.Events != records/2 {
		t.Fatalf("exported %+v, %v", sum, err)
	}
	parts, last := 0, uint64(0)
	for _, l := range h.Looks() {
		if l.Note.Name == "exported-part" {
			parts++
		}
		for _, n := range strings.FieldsFunc(fact(l, "shown"), func(c rune) bool { return c == ',' }) {
			var v uint64
			fmt.Sscan(n, &v)
			if v != last+1 && v != last+2 {
				t.Fatalf("after %d comes %d", last, v)
			}
			last = v
		}
	}
	if parts < 1 || last < records-2 {
		t.Errorf("%d parts up to record %d, want all of %d in more than one", parts, last, records)
	}
}
