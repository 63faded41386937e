package reading_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

// packOf makes a pack and returns what its verification says.
func packOf(t *testing.T, h *readingtest.House, x reading.Evidence) *evidence.Report {
	t.Helper()
	p, key, err := h.Room.Evidence(t.Context(), admin, x)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Write(&b, nil); err != nil {
		t.Fatal(err)
	}
	rep, err := evidence.Verify(bytes.NewReader(b.Bytes()), int64(b.Len()), evidence.Options{Key: h.Key})
	if err != nil || !rep.OK() || key != h.Key {
		t.Fatalf("the pack does not hold: %+v, %v", rep, err)
	}
	return rep
}

// TestEvidence makes packs with and without the index, and looks at what was
// sealed.
func TestEvidence(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(40)...)
	x := reading.Evidence{Query: reading.Query{LogsQL: "who.subject:=bob"}, Disclose: []event.Class{event.ClassWhat, event.ClassWho}, Case: "C-1"}
	alone := packOf(t, h, x)
	if alone.Events != 13 || alone.Envelopes != 26 || alone.Statement.Source != "ledger" {
		t.Errorf("without the index: %+v", alone.Statement)
	}
	looks := h.Looks()
	last := looks[len(looks)-1]
	facts := map[string]string{}
	for _, f := range last.Note.Facts {
		facts[f.Name] = f.Value
	}
	if last.Note.Name != "evidence" || facts["results"] != "13" || facts["shown_count"] != "13" || !strings.HasPrefix(facts["shown"], "1,4,7,") || facts["disclosed"] != "who,what" ||
		last.What.Query != "who.subject:=bob" || len(last.What.Objects) != 2 {
		t.Errorf("the look is %+v of %+v", last.Note, last.What)
	}
	h.StartIndex()
	h.Indexed()
	indexed := packOf(t, h, x)
	if indexed.Events != 13 || !strings.HasPrefix(indexed.Statement.Source, "index") {
		t.Errorf("with the index: %+v", indexed.Statement)
	}
	h.Put(calls(3)...)
	if rep := packOf(t, h, x); rep.Events != 14 {
		t.Errorf("with a call that may not be indexed yet: %d events, want 14", rep.Events)
	}
	h.Indexed()
	if rep := packOf(t, h, reading.Evidence{Query: reading.Query{LogsQL: `what.path:~"customers/1.*"`}}); rep.Events != 12 {
		t.Errorf("a query that only the index can judge: %d events, want 12", rep.Events)
	}
}

// TestEvidenceWhole encloses the headers of the time that was asked for.
func TestEvidenceWhole(t *testing.T) {
	h := readingtest.Open(t)
	list := calls(300)
	for i, e := range list {
		at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
		e.Arrived, e.Completed = at, at.Add(time.Second)
	}
	h.Put(list...)
	from := list[100].Arrived
	rep := packOf(t, h, reading.Evidence{Query: reading.Query{LogsQL: "outcome.status:=404", From: from, To: from.Add(time.Hour)}, Complete: true})
	if s := rep.Statement; rep.Events != 30 || rep.Headers < 60 || rep.Headers > 64 || s.From > 100 || s.To < 160 {
		t.Errorf("%d events of %d headers, %+v", rep.Events, rep.Headers, s)
	}
}

// TestEvidenceRefused lists what no pack is made of. No look is sealed then.
func TestEvidenceRefused(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(3)...)
	h.Config.Redact = func(s string) string { return strings.ReplaceAll(s, "gb_secret", "***") }
	h.Room = reading.New(h.Config)
	oversee := reading.Reader{Name: "olga", Role: reading.Auditor}
	var query *reading.QueryError
	for _, c := range []struct {
		name string
		who  reading.Reader
		x    reading.Evidence
		is   error
		want string
	}{
		{"a viewer", viewer, reading.Evidence{}, reading.ErrForbidden, "evidence needs the role"},
		{"an auditor and payloads", oversee, reading.Evidence{Disclose: []event.Class{event.ClassPayload}}, reading.ErrForbidden, "does not see payload"},
		{"pipes", admin, reading.Evidence{Query: reading.Query{LogsQL: "*|count()"}}, nil, "has no pipes"},
		{"a credential", admin, reading.Evidence{Query: reading.Query{LogsQL: "what.path:gb_secret"}}, nil, "search for the fingerprint"},
		{"a checkpoint that is not there yet", admin, reading.Evidence{Continues: []uint64{99}}, reading.ErrArgument, "the ledger has 3"},
		{"complete and a field of an envelope", admin, reading.Evidence{Query: reading.Query{LogsQL: "who.subject:=bob"}, Complete: true}, nil, "who.subject is not in them"},
		{"complete and a bare word", admin, reading.Evidence{Query: reading.Query{LogsQL: "bob"}, Complete: true}, nil, "name a field"},
		{"complete and a regular expression", admin, reading.Evidence{Query: reading.Query{LogsQL: `operation.method:~"G.*"`}, Complete: true}, nil, "judged by the index only"},
		{"what needs the index", admin, reading.Evidence{Query: reading.Query{LogsQL: `what.path:~"c.*"`}}, reading.ErrIndex, "needs it"},
	} {
		_, _, err := h.Room.Evidence(t.Context(), c.who, c.x)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) || c.is == nil && !errors.As(err, &query) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	for _, l := range h.Looks() {
		if l.Note.Name == "evidence" {
			t.Errorf("a look was sealed for a pack that was not made: %+v", l.Note)
		}
	}
}

// TestEvidenceOfDamage changes a record: no pack is made.
func TestEvidenceOfDamage(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(5)...)
	f, err := os.OpenFile(filepath.Join(h.Dir, ledger.TileName(0)), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1, 2, 3}, 2*32); err != nil { // the leaf of record 2
		t.Fatal(err)
	}
	var damage *ledger.EvidenceError
	for _, whole := range []bool{false, true} {
		if _, _, err := h.Room.Evidence(t.Context(), admin, reading.Evidence{Complete: whole}); !errors.As(err, &damage) {
			t.Errorf("complete %v: got %v, want an error of evidence", whole, err)
		}
	}
}

// TestEvidenceIsRecorded refuses a pack whose look cannot be sealed.
func TestEvidenceIsRecorded(t *testing.T) {
	h := readingtest.Open(t)
	h.Put(calls(2)...)
	h.StopRecorder()
	if p, _, err := h.Room.Evidence(t.Context(), admin, reading.Evidence{}); p != nil || !errors.Is(err, reading.ErrNotRecorded) {
		t.Errorf("got %v, %v", p, err)
	}
}
