package verify_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/verify"
)

// makeLedger records some thousand events such that all kinds of file are
// there: sealed segments, envelopes, several journal segments, two tile levels.
func makeLedger(t testing.TB, events int) (dir, vkey string) {
	t.Helper()
	return makeLedgerOf(t, events, 96<<10, func(r *record.Recorder, _ string) bool { return r.Stats().SealedSegments > 0 })
}

// makeLedgerOf records events, waits until sealed reports true, and records
// some more, which are not sealed.
func makeLedgerOf(t testing.TB, events int, segment int64, sealed func(r *record.Recorder, dir string) bool) (dir, vkey string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/tamper")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: segment})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() {
			for i := c; i < events; i += 16 {
				if _, err := r.Append(ctx, someEvent(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for int64(r.Stats().Bytes) > 2*segment && !sealed(r, dir) {
		time.Sleep(10 * time.Millisecond) // until the sealer's next round
	}
	for i := range 20 { // some that are not sealed
		if _, err := r.Append(ctx, someEvent(i)); err != nil {
			t.Error(err)
		}
	}
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
		Header:  event.Header{ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Sequence: uint64(i + 1)},
		Who:     &event.Who{Subject: fmt.Sprintf("user-%d", i)},
		What:    &event.What{Path: fmt.Sprintf("/things/%d", i)},
		Payload: &event.Payload{Response: event.Message{Body: strings.Repeat("body ", i%20)}},
	}
}

func run(dir string, args ...string) (code int, out string) {
	var b bytes.Buffer
	code = verify.Main(append(args, dir), &b, &b)
	return code, b.String()
}

// TestEveryFile flips bits in every file of a ledger: each must be found, and
// the file, or the one that it belongs to, named.
func TestEveryFile(t *testing.T) {
	dir, vkey := makeLedger(t, 3000)
	if code, out := run(dir, "--key", vkey); code != verify.Intact {
		t.Fatalf("before anything is changed: exit code %d\n%s", code, out)
	}
	flips := 24
	if testing.Short() {
		flips = 4
	}
	r := mathrand.New(mathrand.NewPCG(11, 12))
	kinds := map[string]int{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		if err != nil || d.IsDir() || rel == "lock" || strings.HasSuffix(rel, ".tmp") {
			return err
		}
		b, err := os.ReadFile(name)
		if err != nil || len(b) == 0 {
			return err
		}
		kinds[strings.Split(filepath.ToSlash(rel), "/")[0]]++
		places := []int{0, len(b)*8 - 1}
		for range flips {
			places = append(places, r.IntN(len(b)*8))
		}
		for _, at := range places {
			flipped(t, dir, name, rel, vkey, b, at)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(kinds) != 6 {
		t.Errorf("got files of the kinds %v, want all six kinds", kinds)
	}
}

func flipped(t *testing.T, dir, name, rel, vkey string, b []byte, at int) {
	t.Helper()
	bad := bytes.Clone(b)
	bad[at/8] ^= 1 << (at % 8)
	if err := os.WriteFile(name, bad, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(name, b, 0o600)
	code, out := run(dir, "--key", vkey)
	if code != verify.Broken {
		t.Errorf("bit %d of %s: exit code %d, want %d\n%s", at, rel, code, verify.Broken, out)
	}
	if !strings.Contains(out, filepath.ToSlash(rel)) {
		t.Errorf("bit %d of %s: the file is not named\n%s", at, rel, out)
	}
}

func TestUnreadableIsNotTampering(t *testing.T) {
	dir, vkey := makeLedger(t, 1500)
	names, _ := filepath.Glob(filepath.Join(dir, "sealed", "*.entries"))
	// A folder in the place of a file can be opened and not be read, for root too.
	journals, _ := filepath.Glob(filepath.Join(dir, "journal", "*.journal"))
	envelopes, _ := filepath.Glob(filepath.Join(dir, "envelope", "who", "*", "*"))
	for _, name := range []string{names[0], journals[len(journals)-1], envelopes[0], filepath.Join(dir, "tile", "0")} {
		rel, _ := filepath.Rel(dir, name)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
		code, out := run(dir, "--key", vkey)
		if code != verify.Unreadable || !strings.Contains(out, "UNREADABLE  "+filepath.ToSlash(rel)) || strings.Contains(out, "CHANGED") {
			t.Errorf("%s: exit code %d, want %d\n%s", rel, code, verify.Unreadable, out)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTornTail is what a crash leaves: it is named, and is not tampering.
func TestTornTail(t *testing.T) {
	dir, vkey := makeLedger(t, 600)
	journals, _ := filepath.Glob(filepath.Join(dir, "journal", "*.journal"))
	f, err := os.OpenFile(journals[len(journals)-1], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("GBF1 and a frame that was not finished"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if code, out := run(dir, "--key", vkey); code != verify.Intact || !strings.Contains(out, "write that was interrupted") {
		t.Errorf("exit code %d, want %d\n%s", code, verify.Intact, out)
	}
}

func TestUsage(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		if code := verify.Main(args, &out, &out); code != verify.Unreadable || !strings.Contains(out.String(), want) {
			t.Errorf("%q: exit code %d, want %d and %q\n%s", args, code, verify.Unreadable, want, &out)
		}
	}
	f("want one directory")
	f("not defined", "--no-such-flag", ".")
	f("holds no ledger", t.TempDir())
	f("no such file", filepath.Join(t.TempDir(), "nothing"))
	f("older checkpoint", "--since", "nothing", t.TempDir())
}

// TestNoNetwork holds the command to its promise.
func TestNoNetwork(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "github.com/gatebook/gatebook/cmd/gatebook-verify").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, pkg := range strings.Fields(string(out)) {
		name, ours := strings.CutPrefix(pkg, "github.com/gatebook/gatebook/")
		if pkg == "net" || strings.HasPrefix(pkg, "net/") || ours && !slices.Contains([]string{"event", "ledger", "evidence", "internal/query", "internal/verify", "internal/vault", "internal/vault/age", "internal/vault/locate", "internal/disk", "cmd/gatebook-verify"}, name) {
			t.Errorf("gatebook-verify reaches %s", pkg)
		}
	}
}

// TestLive verifies while records come, segments roll and are sealed.
func TestLive(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/live")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: 512 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			r.Put(someEvent(i))
			if i%20 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	})
	for range 15 {
		if code, out := run(dir, "--key", vkey); code != verify.Intact {
			t.Errorf("beside a server that writes: exit code %d\n%s", code, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
	cancel()
	writing.Wait()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if r.Stats().SealedSegments == 0 {
		t.Error("nothing was sealed meanwhile")
	}
}
