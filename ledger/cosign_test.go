package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
)

// The example of C2SP tlog-cosignature has a key that nobody published, so that
// ours are checked against torchwood in test/foreign.

func newWitness(t testing.TB, name string) (*WitnessKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewWitnessKey(name, public)
	if err != nil {
		t.Fatal(err)
	}
	return k, private
}

func newLedgerKey(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func TestCosignature(t *testing.T) {
	signer, key := newLedgerKey(t, "ledger.test/a")
	a, privateA := newWitness(t, "witness.test/a")
	b, privateB := newWitness(t, "witness.test/b")
	at := time.Date(2026, 11, 26, 12, 0, 7, 999, time.UTC)
	c := Checkpoint{"ledger.test/a", 42, RecordHash([]byte("x"))}
	signed, err := c.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	both := string(signed) + a.Cosign(c, privateA, at) + b.Cosign(c, privateB, at.Add(time.Hour))

	got, err := ParseCosigned([]byte(both), key, []*WitnessKey{b, a})
	if err != nil {
		t.Fatal(err)
	}
	if got.Checkpoint != c || len(got.By) != 2 || got.By[0].Witness != b || !got.By[1].Time.Equal(at.Truncate(time.Second)) || got.Unknown != 0 {
		t.Errorf("got %+v", got)
	}
	for quorum, want := range map[int]time.Time{0: {}, 1: at.Truncate(time.Second), 2: at.Truncate(time.Second).Add(time.Hour), 3: {}} {
		if when, ok := got.At(quorum); !when.Equal(want) || ok == want.IsZero() {
			t.Errorf("quorum %d: got %v %v, want %v", quorum, when, ok, want)
		}
	}
	if got := ClaimedTime([]byte(both)); !got.Equal(at.Truncate(time.Second).Add(time.Hour)) {
		t.Errorf("claimed time: got %v", got)
	}
	if got := ClaimedTime(signed); !got.IsZero() {
		t.Errorf("claimed time without a cosignature: got %v", got)
	}
	one, err := ParseCosigned([]byte(both), key, []*WitnessKey{a})
	if err != nil || len(one.By) != 1 || one.Unknown != 1 {
		t.Errorf("of one witness: got %+v, %v", one, err)
	}

	f := func(what, text, want string) {
		t.Helper()
		if _, err := ParseCosigned([]byte(text), key, []*WitnessKey{a, b}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	other := Checkpoint{"ledger.test/a", 43, c.Root}
	f("of another checkpoint", string(signed)+a.Cosign(other, privateA, at), "the cosignature of witness.test/a does not fit")
	f("by another key", string(signed)+a.Cosign(c, privateB, at), "the cosignature of witness.test/a does not fit")
	f("with a time before 1970", string(signed)+a.Cosign(c, privateA, time.Unix(-1, 0)), "does not fit")
	f("without the ledger's own", c.Text()+"\n"+a.Cosign(c, privateA, at), "not signed by the key ledger.test/a")
}

func TestWitnessKey(t *testing.T) {
	a, _ := newWitness(t, "witness.test/a")
	got, err := ParseWitnessKey(a.String())
	if err != nil || got.String() != a.String() || got.Name() != a.Name() || got.KeyHash() != a.KeyHash() {
		t.Errorf("got %v, %v; want %v", got, err, a)
	}
	_, vkey, err := note.GenerateKey(rand.Reader, "ledger.test/a")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":   "spelt name+hash+base64",
		vkey: "its algorithm is 1, want 4",
		strings.Replace(a.String(), "/a+", "/b+", 1):          "its hash is not that",
		a.String()[:len(a.String())-4]:                        "has 29 bytes, want 32",
		strings.Replace(a.String(), "witness", "wit ness", 1): "has a space",
	} {
		if _, err := ParseWitnessKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestHistoryOfCosigned(t *testing.T) {
	signer, _ := newLedgerKey(t, "ledger.test/a")
	var file []byte
	var want [][]byte
	for n := range uint64(3) {
		signed, err := Checkpoint{"ledger.test/a", n, Hash{}}.Sign(signer)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, signed)
		file = AppendCosigned(file, signed)
	}
	for cut := range file {
		notes, rest := SplitCosigned(file[:cut])
		n := cut / (len(file) / 3)
		if len(notes) != n || len(rest) != cut-n*len(file)/3 {
			t.Fatalf("the first %d bytes: got %d checkpoints and a rest of %d, want %d", cut, len(notes), len(rest), n)
		}
	}
	notes, rest := SplitCosigned(file)
	if len(notes) != 3 || len(rest) != 0 || !bytes.Equal(notes[2], want[2]) {
		t.Errorf("got %d checkpoints, %q", len(notes), rest)
	}
}

func FuzzParseCosigned(f *testing.F) {
	signer, key := newLedgerKey(f, "ledger.test/a")
	w, private := newWitness(f, "witness.test/a")
	c := Checkpoint{"ledger.test/a", 42, Hash{1}}
	signed, err := c.Sign(signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(signed, w.Cosign(c, private, time.Unix(1e9, 0))...))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ParseCosigned(b, key, []*WitnessKey{w})
		if err == nil && got.Checkpoint != c {
			t.Errorf("took %q for %+v", b, got.Checkpoint)
		}
		SplitCosigned(b)
		ClaimedTime(b)
	})
}

// FuzzPrefix compares what is read of a header without decoding it with what
// decoding it gives.
func FuzzPrefix(f *testing.F) {
	at := time.Date(2026, 11, 26, 12, 0, 7, 999, time.UTC)
	for _, h := range []event.Header{
		{Kind: event.Access, Arrived: at},
		{Kind: event.Access, Arrived: at, Completed: at.Add(time.Second), Edge: "e\"\\1/x", Sequence: 1<<63 + 1, Capture: event.Capture{Method: "gateway"}},
		{Kind: event.Gap, Arrived: at, Edge: "e", Capture: event.Capture{Source: "x"}, Lost: &event.Lost{Count: 3, Reason: "disk-full"}},
		{Kind: event.System, Arrived: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC), Sequence: 7, Operation: event.Operation{Method: "gateway"}},
	} {
		h.ID = event.NewID(at, [8]byte{1})
		s, err := (&event.Event{Header: h}).Seal(new([event.Classes]event.Salt))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Header)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := readPrefix(b)
		h, err := event.DecodeHeader(b)
		if err != nil {
			return
		}
		if !ok {
			t.Fatalf("a header that decodes was not read: %s", b)
		}
		if p.arrived != h.Arrived.UnixNano() || string(p.kind) != string(h.Kind) || p.seq != h.Sequence {
			t.Errorf("got %+v of %s", p, b)
		}
		if !h.End().IsZero() && p.ended != h.End().UnixNano() {
			t.Errorf("the end: got %d of %s", p.ended, b)
		}
		if !strings.ContainsAny(h.Edge, "\"\\") && !strings.ContainsFunc(h.Edge, func(r rune) bool { return r < ' ' }) && string(p.edge) != h.Edge {
			t.Errorf("edge: got %q of %s", p.edge, b)
		}
		if string(p.method) != h.Capture.Method && !strings.ContainsAny(string(p.method), `\`) {
			t.Errorf("method: got %q of %s", p.method, b)
		}
	})
}
