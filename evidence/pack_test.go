package evidence_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

var auditor = reading.Reader{Name: "ada", Role: reading.Investigator, Reason: "complaint of a customer"}

// house is a ledger of n calls, by three people in turn.
func house(t testing.TB, n int) *readingtest.House {
	h := readingtest.Open(t)
	for i := range n {
		who := []string{"alice", "bob", "carol"}[i%3]
		h.Put(readingtest.Call(start.Add(time.Duration(i)*time.Second), who, "GET", fmt.Sprintf("/customers/%d", i), 200+i%2*204))
	}
	return h
}

// pack makes a pack of what x asks for.
func pack(t testing.TB, h *readingtest.House, x reading.Evidence) []byte {
	t.Helper()
	p, _, err := h.Room.Evidence(t.Context(), auditor, x)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Write(&b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func verify(t testing.TB, pack []byte, o evidence.Options) *evidence.Report {
	t.Helper()
	rep, err := evidence.Verify(bytes.NewReader(pack), int64(len(pack)), o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// text is the report as one reads it.
func text(r *evidence.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%v: %s\n", f.Holds, f.Text)
	}
	for _, l := range append(r.Unchecked, r.Limits...) {
		fmt.Fprintf(&b, "limit: %s\n", l)
	}
	return b.String()
}

func wants(t *testing.T, rep *evidence.Report, ok bool, sentences ...string) {
	t.Helper()
	got := text(rep)
	if rep.OK() != ok {
		t.Errorf("holds: %v, want %v\n%s", rep.OK(), ok, got)
	}
	for _, s := range sentences {
		if !strings.Contains(got, s) {
			t.Errorf("the report does not say %q:\n%s", s, got)
		}
	}
}

// TestRoundTrip makes packs and checks what the reports say.
func TestRoundTrip(t *testing.T) {
	h := house(t, 30)
	who := []event.Class{event.ClassWho, event.ClassWhat}
	alice := reading.Evidence{Query: reading.Query{LogsQL: "who.subject:=alice", From: start, To: start.Add(time.Hour)}, Disclose: who, Case: "C-17"}
	b := pack(t, h, alice)
	wants(t, verify(t, b, evidence.Options{Key: h.Key}), true,
		"10 of 10 events are in the ledger gatebook.test/reading at ", "which you gave.",
		"The who and what envelopes of the events are the ones that were sealed: all 20 match",
		"The payload envelopes are not disclosed", "as sealed at the time in record 30", "with a scan of the ledger",
		`ada asked for: All events of which who.subject is "alice", that arrived from 2026-11-20 10:00:00 UTC until before 2026-11-20 11:00:00 UTC. Events of looks at the record are left out.`)
	rep := verify(t, b, evidence.Options{})
	wants(t, rep, true, "was taken from the pack: compare it")
	if s := rep.Statement; s.By != "ada" || s.Reason != "complaint of a customer" || s.Case != "C-17" || s.Query != "who.subject:=alice" || s.Results != 10 || s.From != 0 || s.To != 30 {
		t.Errorf("the statement is %+v", s)
	}
	none := pack(t, h, reading.Evidence{Query: reading.Query{LogsQL: "outcome.status:=500"}})
	wants(t, verify(t, none, evidence.Options{}), true, "the search found no event there")
	rich := pack(t, h, reading.Evidence{Query: reading.Query{LogsQL: "outcome.status:>=400"}, Disclose: []event.Class{event.ClassPayload}, Complete: true})
	wants(t, verify(t, rich, evidence.Options{}), true, "as evaluated again here from every header: all 32 headers", "The who and what envelopes are not disclosed")
}

// TestForeignZip reads a pack with another implementation of zip.
func TestForeignZip(t *testing.T) {
	b := pack(t, house(t, 3), reading.Evidence{Complete: true})
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	files, err := evidence.Files(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, files[f.Name]) {
			t.Errorf("%s: %d bytes, want %d (%v)", f.Name, len(got), len(files[f.Name]), err)
		}
	}
	if len(z.File) != len(files) || len(files) != 9 {
		t.Errorf("%d members, want %d", len(z.File), len(files))
	}
}

func call(i int) *event.Event {
	return readingtest.Call(start.Add(time.Duration(i)*time.Second), "alice", "GET", fmt.Sprintf("/customers/%d", i), 200)
}

// checkpointOf waits for the published checkpoint of size records.
func checkpointOf(t *testing.T, h *readingtest.House, size uint64) []byte {
	t.Helper()
	for range 500 {
		if c, signed, err := h.Room.Checkpoint(); err == nil && c.Size == size {
			return signed
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no checkpoint of %d records was published", size)
	return nil
}

// signAs signs a tree as the ledger of h.
func signAs(t *testing.T, h *readingtest.House, tree ledger.Tree) []byte {
	signed, err := ledger.Checkpoint{Origin: h.Signer.Name(), Size: tree.Size(), Root: tree.Root()}.Sign(h.Signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
