package verify_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/verify"
	"github.com/gatebook/gatebook/ledger"
)

// noon is when the stories of these tests begin.
var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// witnessed is a ledger in the making, and a witness of it.
type witnessed struct {
	t       *testing.T
	dir     string
	key     string
	signer  note.Signer
	witness *ledger.WitnessKey
	private ed25519.PrivateKey
	stop    func()
	rec     *record.Recorder
	seq     uint64
}

func newWitnessed(t *testing.T, name string) *witnessed {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/witnessed")
	if err != nil {
		t.Fatal(err)
	}
	w := &witnessed{t: t, dir: t.TempDir(), key: vkey}
	if w.signer, err = note.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if w.witness, err = ledger.NewWitnessKey(name, public); err != nil {
		t.Fatal(err)
	}
	w.private = private
	return w
}

// open starts the recorder.
func (w *witnessed) open() {
	w.t.Helper()
	var err error
	w.rec, err = record.Open(record.Config{Dir: w.dir, Signer: w.signer, Key: w.key, SegmentSize: 1 << 20})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.rec.Run(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
}

// put records calls that were complete at the given times, and stops, so that
// the checkpoint is published.
func (w *witnessed) put(times ...time.Time) {
	w.t.Helper()
	w.open()
	for _, at := range times {
		w.seq++
		w.append(&event.Event{Header: event.Header{
			Kind: event.Access, Arrived: at, Completed: at, Edge: "e@1/default", Sequence: w.seq, Capture: event.Capture{Method: "gateway"},
		}})
	}
	w.stop()
}

func (w *witnessed) append(e *event.Event) {
	w.t.Helper()
	e.ID = event.NewID(e.Arrived, [8]byte{byte(w.seq), 1})
	if _, err := w.rec.Append(w.t.Context(), e); err != nil {
		w.t.Fatal(err)
	}
}

// cosign has the witness cosign the published checkpoint, and keeps that.
func (w *witnessed) cosign(at time.Time) []byte {
	w.t.Helper()
	signed := w.read(ledger.CheckpointFile)
	verifier, err := note.NewVerifier(w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := ledger.ParseCheckpoint(signed, verifier)
	if err != nil {
		w.t.Fatal(err)
	}
	signed = append(signed, w.witness.Cosign(c, w.private, at)...)
	w.write(ledger.WitnessedFile, signed)
	day := filepath.Join(ledger.CosignedDir, ledger.Day(at))
	var history []byte
	if b, err := os.ReadFile(filepath.Join(w.dir, day)); err == nil {
		history = b
	}
	w.write(day, ledger.AppendCosigned(history, signed))
	return signed
}

func (w *witnessed) read(name string) []byte {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *witnessed) write(name string, b []byte) {
	w.t.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// verify fails the test unless the verification ends with the code and says all
// of want. It returns what was said.
func (w *witnessed) verify(what string, code int, args []string, want ...string) string {
	w.t.Helper()
	var out bytes.Buffer
	got := verify.Main(append(args, w.dir), &out, &out)
	if got != code {
		w.t.Errorf("%s: got exit code %d, want %d:\n%s", what, got, code, out.String())
	}
	for _, text := range want {
		if !strings.Contains(out.String(), text) {
			w.t.Errorf("%s: it does not say %q:\n%s", what, text, out.String())
		}
	}
	return out.String()
}

func (w *witnessed) args(more ...string) []string {
	return append([]string{"--witness", w.witness.String()}, more...)
}

func TestWitnessVouches(t *testing.T) {
	w := newWitnessed(t, "witness.test/a")
	w.put(noon, noon.Add(time.Second))
	w.verify("without witnesses", 0, nil, "nothing outside vouches for this ledger")
	w.verify("not witnessed yet", 1, w.args(), "no checkpoint of these records is cosigned by 1 of the 1 witnesses")
	w.cosign(noon.Add(2 * time.Second))
	w.put(noon.Add(time.Minute))
	w.verify("witnessed", 0, w.args(),
		"witness     witness.test/a cosigned 2 records at 2026-11-26T12:00:02Z", "witnessed   2 records existed as they are at 2026-11-26T12:00:02Z",
		"the newest 1 records, from number 2 on, are not cosigned yet")
	w.verify("without its key", 0, nil, "carry cosignatures, which were not checked")

	other := newWitnessed(t, "witness.test/b")
	w.verify("two of two", 1, w.args("--witness", other.witness.String()), "witness.test/b cosigned nothing", "cosigned by 2 of the 2 witnesses")
	w.verify("one of two", 0, w.args("--witness", other.witness.String(), "--quorum", "1"), "witness.test/b cosigned nothing", "witnessed   2 records")
	w.verify("three of one", 2, w.args("--quorum", "3"), "3 of 1 witnesses cannot be")
	w.verify("no key of a witness", 2, []string{"--witness", w.key}, "its algorithm is 1, want 4")
}

func TestHistoriesThatAWitnessDidNotSee(t *testing.T) {
	w := newWitnessed(t, "witness.test/a")
	w.put(noon, noon.Add(time.Second))
	old := w.cosign(noon.Add(2 * time.Second))
	oldCheckpoint := w.read(ledger.CheckpointFile)
	w.put(noon.Add(time.Minute), noon.Add(time.Minute))
	cosigned := w.cosign(noon.Add(2 * time.Minute))
	newest := w.read(ledger.CheckpointFile)

	// A torn end of the history is what a crash leaves.
	day := filepath.Join(ledger.CosignedDir, "2026-11-26")
	history := w.read(day)
	w.write(day, append(bytes.Clone(history), cosigned[:30]...))
	w.verify("a torn history", 0, w.args(), "taken for a write that was interrupted")
	w.write(day, ledger.AppendCosigned(bytes.Clone(history), old))
	w.verify("a history that goes back", 1, w.args(), "checkpoint 2: it is for 2 records, but stands after one for 4")
	w.write(day, history)

	// A byte of a cosignature.
	bad := bytes.Clone(cosigned)
	if bad[len(bad)-20]++; bad[len(bad)-20] != 'B' {
		bad[len(bad)-20] = 'A'
	}
	w.write(ledger.WitnessedFile, bad)
	w.verify("a changed cosignature", 1, w.args(), "witnessed: the cosignature of witness.test/a does not fit")
	w.write(ledger.WitnessedFile, cosigned)

	// An older checkpoint in the place of the published one.
	w.write(ledger.CheckpointFile, oldCheckpoint)
	w.verify("an old checkpoint replayed", 1, nil, "it is for 4 records, but the published checkpoint, which is always the newer one, is for 2: it was replaced by an older one")
	w.write(ledger.CheckpointFile, newest)

	// The newest records and the checkpoint taken back together.
	taken := newWitnessed(t, "-")
	taken.key, taken.signer, taken.witness, taken.private = w.key, w.signer, w.witness, w.private
	taken.put(noon, noon.Add(time.Second))
	taken.write(ledger.WitnessedFile, cosigned)
	taken.verify("records taken back, the cosigned checkpoint is left", 1, w.args(), "the published checkpoint, which is always the newer one, is for 2")
	if err := os.Remove(filepath.Join(taken.dir, ledger.WitnessedFile)); err != nil {
		t.Fatal(err)
	}
	view := filepath.Join(t.TempDir(), "view")
	if err := os.WriteFile(view, cosigned, 0o600); err != nil {
		t.Fatal(err)
	}
	taken.verify("all taken back, held against the view of the witness", 1, w.args("--since", view), "it is for 4 records, but there are only 2: records were removed")

	// The whole ledger made anew with the stolen key.
	forged := newWitnessed(t, "-")
	forged.key, forged.signer, forged.witness, forged.private = w.key, w.signer, w.witness, w.private
	forged.put(noon, noon.Add(2*time.Second), noon.Add(time.Minute), noon.Add(time.Minute))
	forged.verify("made anew, nobody asked", 0, []string{"--key", w.key}, "INTACT")
	forged.verify("made anew, the witness did not see it", 1, w.args(), "no checkpoint of these records is cosigned by 1 of the 1 witnesses")
	forged.write(ledger.WitnessedFile, cosigned)
	forged.verify("made anew, with the old cosignature", 1, w.args(), "the first 4 records are not the ones that it was made for (cosigned by witness.test/a at 2026-11-26T12:02:00Z)")
}

func TestTimesThatCannotBe(t *testing.T) {
	w := newWitnessed(t, "witness.test/a")
	w.put(noon, noon.Add(time.Second))
	w.cosign(noon.Add(2 * time.Second))
	w.put(noon.Add(10*time.Minute), noon.Add(3*time.Hour), noon.Add(-24*time.Hour))
	w.verify("without a witness", 0, nil, "time runs backwards at record 4: it is from 2026-11-25T12:00:00.000Z, 27h0m0s before the record ahead of it")
	w.cosign(noon.Add(11 * time.Minute))
	w.verify("with a witness", 1, w.args(),
		"time: record 3: record 3 claims to be from 2026-11-26T15:00:00.000Z, but a checkpoint that covers it (5 records) was cosigned at 2026-11-26T12:11:00Z: the ledger's clock was 2h48m59s ahead",
		"time: record 4: record 4 claims to be from 2026-11-25T12:00:00.000Z, but the checkpoint before it (2 records) was cosigned at 2026-11-26T12:00:02Z, without it: the ledger's clock was 24h0m2s behind")
	w.verify("with patience", 0, w.args("--tolerance", "48h"), "INTACT")
}

// TestLongCalls: a call is recorded when it is over. That one which broke off
// after minutes arrived long before its record is no wrong time; its end is
// bounded as those of others are.
func TestLongCalls(t *testing.T) {
	w := newWitnessed(t, "witness.test/a")
	w.put(noon)
	w.cosign(noon.Add(time.Second))
	broken := func(arrived, ended time.Time) {
		w.open()
		w.seq++
		w.append(&event.Event{Header: event.Header{
			Kind: event.Access, Arrived: arrived, Ended: ended, Edge: "e@1/default", Sequence: w.seq, Capture: event.Capture{Method: "gateway"},
		}})
		w.stop()
	}
	w.put(noon.Add(10 * time.Minute))
	broken(noon.Add(-time.Hour), noon.Add(10*time.Minute))
	w.put(noon.Add(10 * time.Minute))
	w.cosign(noon.Add(10*time.Minute + time.Second))
	if out := w.verify("calls that broke off", 0, w.args(), "INTACT"); strings.Contains(out, "backwards") {
		t.Errorf("time runs backwards:\n%s", out)
	}
	broken(noon.Add(-2*time.Hour), noon.Add(-time.Hour))
	broken(noon.Add(-2*time.Hour), time.Time{})
	w.cosign(noon.Add(11 * time.Minute))
	w.verify("an end dated back, and one left out", 1, w.args(), "records 4 to 5: record 5 claims to be from 2026-11-26T10:00:00.000Z, but the checkpoint before it (4 records)")
}

func TestLossesAndClock(t *testing.T) {
	w := newWitnessed(t, "witness.test/a")
	note := func(at time.Time, edge, name string, facts ...event.Fact) {
		w.append(&event.Event{Header: event.Header{Kind: event.System, Arrived: at, Completed: at, Edge: edge, Capture: event.Capture{Method: "self"}, Note: &event.Note{Name: name, Facts: facts}}})
	}
	call := func(at time.Time, seq uint64) {
		w.seq = seq
		w.append(&event.Event{Header: event.Header{Kind: event.Access, Arrived: at, Completed: at, Edge: "e@1/default", Sequence: seq, Capture: event.Capture{Method: "gateway"}}})
	}
	held := []event.Fact{{Name: "source", Value: "kernel"}, {Name: "synchronized", Value: "true"}}
	free := []event.Fact{{Name: "source", Value: "kernel"}, {Name: "synchronized", Value: "false"}}
	w.open()
	note(noon, "e@1", "start")
	note(noon, "e@1", "clock", held...)
	call(noon.Add(1*time.Second), 1)
	call(noon.Add(2*time.Second), 3)
	call(noon.Add(3*time.Second), 200)
	note(noon.Add(10*time.Minute), "e@1", "clock", free...)
	note(noon.Add(20*time.Minute), "e@1", "clock", held...)
	w.append(&event.Event{Header: event.Header{
		Kind: event.Gap, Arrived: noon.Add(21 * time.Minute), Edge: "e@1", Capture: event.Capture{Method: "self"},
		Lost: &event.Lost{Count: 196, Reason: "queue-full", From: noon.Add(2 * time.Second), To: noon.Add(3 * time.Second)},
	}})
	note(noon.Add(30*time.Minute), "e@2", "start")
	note(noon.Add(30*time.Minute), "e@2", "clock", append([]event.Fact{held[0], {Name: "step_ns", Value: "-7200000000000"}}, held[1])...)
	w.stop()
	w.verify("losses and clock", 0, nil,
		"lost        2026-11-26T12:00:02.000Z to 2026-11-26T12:00:03.000Z: 196 calls were served and not recorded: queue-full (record 7)",
		"lost        2026-11-26T12:21:00.000Z to 2026-11-26T12:30:00.000Z: e@1 ended without a word, so that what it had not written then is lost; the next start is record 8",
		"1 events of e@1/default are missing, numbers 2 to 2 of its own count",
		"196 events of e@1/default are missing, numbers 4 to 199 of its own count",
		"clock       2026-11-26T12:10:00.000Z to 2026-11-26T12:20:00.000Z: it had no source: nothing held it to the time of others (record 5)",
		"the clock was set back by 2h0m0s (record 9)")
}
