package tamper

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

const (
	origin      = "gatebook.test/tamper"
	witnessName = "witness.test/w"
	segment     = 96 << 10
)

// house is what the attacks are made on: a ledger, what was kept of it
// elsewhere, and what its thieves have stolen.
type house struct {
	program string // gatebook-verify
	dir     string // the ledger: two sealed segments at least, and a journal
	early   string // a copy of it from some hundred records before
	vkey    string
	since   string // the file of the checkpoint of early, kept elsewhere
	newest  string // the file of the ledger's newest checkpoint, kept elsewhere
	other   string // a ledger of the same origin and size with a key of its own

	signer  note.Signer        // the ledger's key
	thief   note.Signer        // another key of the same name
	witness *ledger.WitnessKey // vouches for the ledger
	cosign  ed25519.PrivateKey // its key, which nobody steals
	headers [][]byte           // of all records
	records []*event.Sealed    // all records, as far as they are not erased
	starts  []uint64           // first records of the sealed segments, and of what is not sealed
}

// build makes the house once for all tests.
var build = sync.OnceValues(func() (*house, error) {
	root, err := os.MkdirTemp("", "gatebook-tamper")
	if err != nil {
		return nil, err
	}
	h := &house{program: filepath.Join(root, "gatebook-verify"), dir: filepath.Join(root, "ledger"), early: filepath.Join(root, "early"), other: filepath.Join(root, "other"), since: filepath.Join(root, "since"), newest: filepath.Join(root, "newest")}
	made = root
	if out, err := exec.Command("go", "build", "-o", h.program, "../../cmd/gatebook-verify").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building gatebook-verify: %w\n%s", err, out)
	}
	if err := h.keys(); err != nil {
		return nil, err
	}
	return h, h.fill()
})

// made is the folder of the house, to be removed at the end.
var made string

func TestMain(m *testing.M) {
	code := m.Run()
	if made != "" {
		os.RemoveAll(made)
	}
	os.Exit(code)
}

func theHouse(t *testing.T) *house {
	t.Helper()
	h, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func newKey() (note.Signer, string, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, "", err
	}
	signer, err := note.NewSigner(skey)
	return signer, vkey, err
}

func (h *house) keys() error {
	var err error
	if h.signer, h.vkey, err = newKey(); err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	h.cosign = private
	h.witness, err = ledger.NewWitnessKey(witnessName, public)
	return err
}

// fill writes the ledger as the product does: some hundred calls, of which a
// checkpoint is cosigned and kept; more, and an erasure; and one cosigned again.
func (h *house) fill() error {
	if err := recorded(h.dir, h.signer, h.vkey, 0, 700, nil); err != nil {
		return err
	}
	if err := h.vouch(h.dir); err != nil {
		return err
	}
	if err := os.CopyFS(h.early, os.DirFS(h.dir)); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(h.dir, ledger.CheckpointFile), h.since); err != nil {
		return err
	}
	erase := &ledger.Removal{Name: ledger.NoteErase, Classes: [event.Classes]bool{event.ClassWho: true}, Records: ledger.Ranges{{From: 40, To: 44}, {From: 300, To: 300}}, Count: 6}
	if err := recorded(h.dir, h.signer, h.vkey, 700, 1300, erase); err != nil {
		return err
	}
	if err := h.vouch(h.dir); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(h.dir, ledger.CheckpointFile), h.newest); err != nil {
		return err
	}
	thief, vkey, err := newKey()
	if err != nil {
		return err
	}
	h.thief = thief
	if err := recorded(h.other, thief, vkey, 0, 1300, nil); err != nil {
		return err
	}
	return h.readBack()
}

// readBack reads what the attacks change.
func (h *house) readBack() error {
	l, err := ledger.Open(os.DirFS(h.dir))
	if err != nil {
		return err
	}
	err = l.Range(0, l.Size(), func(_ uint64, s *event.Sealed) error {
		h.headers = append(h.headers, s.Header)
		h.records = append(h.records, s)
		return nil
	})
	if err != nil {
		return err
	}
	names, _ := filepath.Glob(filepath.Join(h.dir, ledger.SealedDir, "*"))
	for _, name := range names {
		var n uint64
		if _, err := fmt.Sscanf(filepath.Base(name), "%d.entries", &n); err != nil {
			return err
		}
		h.starts = append(h.starts, n)
	}
	sealed, _ := l.Segments()
	h.starts = append(h.starts, sealed)
	if len(names) < 2 {
		return fmt.Errorf("the ledger has %d sealed segments, want 2", len(names))
	}
	return nil
}

// recorded records calls, waits until some of them are sealed, and records some
// more; then it decides and carries out a removal, if there is one, and records
// a few calls after that.
func recorded(dir string, signer note.Signer, vkey string, from, to int, removal *ledger.Removal) error {
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: segment})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	err = appendAll(ctx, r, from, to)
	for err == nil && r.Stats().SealedSegments == 0 {
		time.Sleep(10 * time.Millisecond) // until the sealer's next round
	}
	if err == nil {
		err = appendAll(ctx, r, to, to+20)
	}
	if err == nil && removal != nil {
		err = carryOut(ctx, r, removal)
		for i := to + 20; err == nil && i < to+30; i++ { // a frame each
			_, err = r.Append(ctx, call(i, time.Now()))
		}
	}
	cancel()
	if stopped := <-done; err == nil {
		err = stopped
	}
	return err
}

func appendAll(ctx context.Context, r *record.Recorder, from, to int) error {
	var wg sync.WaitGroup
	failed := make(chan error, 64)
	for c := range 64 {
		wg.Go(func() {
			for i := from + c; i < to; i += 64 {
				if _, err := r.Append(ctx, call(i, time.Now())); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	return <-failed
}

func carryOut(ctx context.Context, r *record.Recorder, removal *ledger.Removal) error {
	e := call(0, time.Now())
	e.Who, e.What, e.Payload = nil, nil, nil
	e.Kind, e.Edge, e.Sequence, e.Capture = event.Decision, "", 0, event.Capture{Method: "self"}
	e.Note = &event.Note{Name: removal.Name, Facts: removal.Facts()}
	receipt, err := r.Append(ctx, e)
	if err != nil {
		return err
	}
	_, err = r.CarryOut(ctx, receipt.Number)
	return err
}

// call is an event as the gateway makes them.
func call(i int, at time.Time) *event.Event {
	var random [8]byte
	rand.Read(random[:])
	return &event.Event{
		Header:  event.Header{ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Edge: "edge", Sequence: uint64(i + 1), Capture: event.Capture{Method: "gateway", Route: "api"}},
		Who:     &event.Who{Subject: fmt.Sprintf("user-%d", i)},
		What:    &event.What{Path: fmt.Sprintf("/things/%d", i)},
		Payload: &event.Payload{Response: event.Message{Body: strings.Repeat("body ", i%20)}},
	}
}

// vouch has the witness cosign the published checkpoint of a ledger.
func (h *house) vouch(dir string) error { return h.vouchAt(dir, time.Now()) }

func (h *house) vouchAt(dir string, at time.Time) error {
	signed, err := os.ReadFile(filepath.Join(dir, ledger.CheckpointFile))
	if err != nil {
		return err
	}
	key, err := note.NewVerifier(h.vkey)
	if err != nil {
		return err
	}
	c, err := ledger.ParseCheckpoint(signed, key)
	if err != nil {
		return err
	}
	signed = append(signed, h.witness.Cosign(c, h.cosign, at)...)
	if err := os.WriteFile(filepath.Join(dir, ledger.WitnessedFile), signed, 0o600); err != nil {
		return err
	}
	day := filepath.Join(dir, ledger.CosignedDir, ledger.Day(at))
	if err := os.MkdirAll(filepath.Dir(day), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(day, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(ledger.AppendCosigned(nil, signed))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}
