package format

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/ledger"
)

// second runs the second verifier, or skips the test if it cannot run.
func second(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	for _, tool := range []string{"python3", "zstd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, and the second verifier needs it", tool)
		}
	}
	b, err := exec.Command("python3", append([]string{"verify.py"}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("Traceback")) {
		t.Errorf("verify.py %v ended by an exception:\n%s", args, b)
	}
	return code, string(b)
}

// signers are the keys of the ledgers that makeLedger made, by their public
// part.
var signers = map[string]note.Signer{}

// makeLedger records some thousand events such that all kinds of file are
// there: with small segments some are sealed, with large ones none.
func makeLedger(t *testing.T, events int, segment int64) (dir, vkey string) {
	t.Helper()
	return makeLedgerWith(t, events, segment, nil)
}

func makeLedgerWith(t *testing.T, events int, segment int64, keys record.Keys) (dir, vkey string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/format")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	signers[vkey] = signer
	dir = t.TempDir()
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: segment, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	add := func(from, to int) {
		var wg sync.WaitGroup
		for c := range 64 {
			wg.Go(func() {
				for i := from + c; i < to; i += 64 {
					if _, err := r.Append(ctx, someEvent(i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	add(0, events)
	for segment < 1<<20 && r.Stats().SealedSegments == 0 {
		time.Sleep(10 * time.Millisecond) // until the sealer's next round
	}
	add(events, events+20) // not sealed
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return dir, vkey
}

func someEvent(i int) *event.Event {
	at := time.Now()
	var random [8]byte
	rand.Read(random[:])
	return &event.Event{
		Header:  event.Header{ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Edge: "edge-one"},
		Who:     &event.Who{Subject: fmt.Sprintf("user-%d", i), UserAgent: "\x00\"\\ünï\u2028"},
		What:    &event.What{Path: fmt.Sprintf("/things/%d", i)},
		Payload: &event.Payload{Response: event.Message{Body: strings.Repeat("body ", i%20)}},
	}
}

// TestSecondVerifierEncrypted has verify.py, which has no keys, accept an
// encrypted ledger, and notice what it can without them.
func TestSecondVerifierEncrypted(t *testing.T) {
	key, err := vault.ParseLocal(vault.NewLocalKey())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.Open(vault.Config{Disk: disk.Dir(t.TempDir()), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	dir, vkey := makeLedgerWith(t, 1200, 96<<10, keys)
	if code, out := second(t, "--key", vkey, dir); code != 0 || !strings.Contains(out, "envelopes are encrypted") {
		t.Fatalf("exit code %d, want 0 and that envelopes are encrypted\n%s", code, out)
	}
	for pattern, want := range map[string]string{"journal/*": "CRC-32C", "envelope/who/*/*": "CRC-32C"} {
		names, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if len(names) == 0 {
			t.Fatalf("there is no %s", pattern)
		}
		b, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(b)
		changed[200] ^= 1
		for _, tt := range []struct {
			content []byte
			code    int
			says    string
		}{{changed, 1, want}, {b, 0, ""}} {
			if err := os.WriteFile(names[0], tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out := second(t, "--key", vkey, dir); code != tt.code || !strings.Contains(out, tt.says) {
				t.Errorf("%s: exit code %d, want %d and %q\n%s", pattern, code, tt.code, tt.says, out)
			}
		}
	}
	names, _ := filepath.Glob(filepath.Join(dir, "envelope", "what", "*", "*"))
	if len(names) == 0 {
		t.Fatal("there is no envelope file")
	}
	if err := os.Remove(names[0]); err != nil {
		t.Fatal(err)
	}
	if code, out := second(t, "--key", vkey, dir); code != 1 || !strings.Contains(out, "missing") {
		t.Errorf("an envelope file removed: exit code %d\n%s", code, out)
	}
}

// TestSecondVerifier has verify.py accept what the recorder wrote, and notice a
// changed byte in each kind of file, a removed file and a removed end.
func TestSecondVerifier(t *testing.T) {
	dir, vkey := makeLedger(t, 1200, 96<<10)
	old := filepath.Join(dir, ledger.CheckpointFile)
	if code, out := second(t, "--key", vkey, "--since", old, dir); code != 0 {
		t.Fatalf("before anything is changed: exit code %d\n%s", code, out)
	}
	f := func(pattern, want string, change func(name string, b []byte)) {
		t.Helper()
		names, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if len(names) == 0 {
			t.Fatalf("there is no %s", pattern)
		}
		name := names[len(names)-1]
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		change(name, bytes.Clone(b))
		if code, out := second(t, "--key", vkey, dir); code != 1 || !strings.Contains(out, want) {
			t.Errorf("%s: exit code %d, want 1 and %q\n%s", pattern, code, want, out)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flip := func(part int) func(string, []byte) {
		return func(name string, b []byte) {
			b[len(b)*part/100] ^= 4
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string, _ []byte) {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	cut := func(name string, b []byte) {
		if err := os.WriteFile(name, b[:len(b)-1], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []int{2, 70} {
		f("format", "format", flip(part))
		f("checkpoint", "checkpoint", flip(part))
		f("journal/*.journal", "journal/", flip(part))
		f("sealed/*", "sealed/", flip(part))
		f("envelope/who/*/*", "envelope/who/", flip(part))
		f("envelope/payload/*/*", "envelope/payload/", flip(part))
		f("tile/0", "tile/0", flip(part))
		f("tile/1", "tile/1", flip(part))
	}
	f("format", "format: it is missing", remove)
	f("checkpoint", "checkpoint: it is missing", remove)
	f("sealed/*", "", remove)
	f("envelope/what/*/*", "it is missing", remove)
	f("journal/*.journal", "the newest were removed", remove)
	f("tile/0", "tile/0", cut)
	f("journal/*.journal", "journal/", cut)
	if code, out := second(t, "--key", vkey, dir); code != 0 {
		t.Errorf("after everything was put back: exit code %d\n%s", code, out)
	}
}

// TestOlderCheckpoint puts a checkpoint that a frame holds in the place of the
// published one, cuts the tree to it, and changes a later record: the roots of
// the later frames must tell.
func TestOlderCheckpoint(t *testing.T) {
	dir, vkey := makeLedger(t, 300, 1<<20)
	names, _ := filepath.Glob(filepath.Join(dir, ledger.JournalDir, "*.journal"))
	name := names[len(names)-1]
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	size := binary.BigEndian.Uint32(b[4:])
	first, err := ledger.ParseFrame(b[:size:size])
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, ledger.CheckpointFile, bytes.Clone(first.Checkpoint))
	if err := os.Truncate(filepath.Join(dir, "tile", "0"), 32*int64(first.First+uint64(len(first.Records)))); err != nil {
		t.Fatal(err)
	}
	if code, out := second(t, "--key", vkey, dir); code != 0 || !strings.Contains(out, "newer than the published checkpoint") {
		t.Fatalf("an older checkpoint alone: exit code %d, want 0 and a note\n%s", code, out)
	}
	frame := b[size:]
	frame = frame[:binary.BigEndian.Uint32(frame[4:])]
	copy(frame[bytes.Index(frame, []byte("edge-one")):], "EDGE-TWO")
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.BigEndian.PutUint32(frame[20:], crc32.Update(crc32.Checksum(frame[:20], table), table, frame[24:]))
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out := second(t, "--key", vkey, dir); code != 1 || !strings.Contains(out, "its root is not that of the first") {
		t.Errorf("a record after it changed: exit code %d, want 1\n%s", code, out)
	}
}

// TestRemovals has verify.py accept what was removed by decision, and nothing
// more.
func TestRemovals(t *testing.T) {
	dir, vkey := makeLedger(t, 600, 96<<10)
	skey := signers[vkey]
	r, err := record.Open(record.Config{Dir: dir, Signer: skey, Key: vkey, SegmentSize: 96 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	today := ledger.Day(time.Now())
	var numbers []uint64
	for _, x := range []ledger.Removal{
		{Name: ledger.NoteErase, Classes: [event.Classes]bool{true, true, true}, Records: ledger.Ranges{{From: 3, To: 3}, {From: 100, To: 300}, {From: 610, To: 612}}},
		{Name: ledger.NoteExpire, Classes: [event.Classes]bool{event.ClassPayload: true}, From: "2026-01-01", Until: today, Below: 500, RoutesExcept: []string{"kept"}, Except: ledger.Ranges{{From: 400, To: 420}}},
	} {
		e := someEvent(0)
		e.Who, e.What, e.Payload = nil, nil, nil
		e.Kind, e.Capture, e.Note = event.Decision, event.Capture{Method: "self"}, &event.Note{Name: x.Name, Facts: x.Facts()}
		receipt, err := r.Append(ctx, e)
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, receipt.Number)
	}
	if _, err := r.CarryOut(ctx, numbers...); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	report := ledger.Verify(os.DirFS(dir), ledger.VerifyOptions{Key: vkey})
	gone := uint64(0)
	for _, x := range report.Removals {
		gone += x.Missing
	}
	if want := uint64(3*(1+201+3) + 500 - 21 - 1 - 201); !report.OK() || gone != want {
		t.Fatalf("ours: %v, %d envelopes removed, want %d", report.Problems, gone, want)
	}
	want := fmt.Sprintf("%d envelopes were removed by 2 decisions", gone)
	if code, out := second(t, "--key", vkey, dir); code != 0 || !strings.Contains(out, want) {
		t.Fatalf("exit code %d, want 0 and %q\n%s", code, want, out)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "envelope", "who", "*", "*"))
	if err := os.Remove(names[0]); err != nil {
		t.Fatal(err)
	}
	if code, out := second(t, "--key", vkey, dir); code != 1 || !strings.Contains(out, "no decision covers that") {
		t.Errorf("more was removed: exit code %d, want 1\n%s", code, out)
	}
}
