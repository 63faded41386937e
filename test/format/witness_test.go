package format

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/ledger"
)

// TestWitnessed has verify.py check cosigned checkpoints, good ones and bad
// ones, and compares it with ours.
func TestWitnessed(t *testing.T) {
	dir, vkey := makeLedger(t, 40, 1<<20)
	key, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	published, err := os.ReadFile(filepath.Join(dir, ledger.CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.ParseCheckpoint(published, key)
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w, err := ledger.NewWitnessKey("witness.test/a", public)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cosigned := append(bytes.Clone(published), w.Cosign(c, private, now)...)
	day := filepath.Join(ledger.CosignedDir, ledger.Day(now))
	if err := os.Mkdir(filepath.Join(dir, ledger.CosignedDir), 0o700); err != nil {
		t.Fatal(err)
	}

	f := func(what string, code int, want string, args ...string) {
		t.Helper()
		got, out := second(t, append(append([]string{"--key", vkey}, args...), dir)...)
		if got != code || !strings.Contains(out, want) {
			t.Errorf("%s: got exit code %d, want %d and %q\n%s", what, got, code, want, out)
		}
		opts := ledger.VerifyOptions{Key: vkey}
		if len(args) > 0 {
			opts.Witnesses = []*ledger.WitnessKey{w}
		}
		if ours := ledger.Verify(os.DirFS(dir), opts); ours.OK() != (code == 0) {
			t.Errorf("%s: ours says %v", what, ours.Problems)
		}
	}
	f("not witnessed", 1, "fewer than 1 of the witnesses vouch", "--witness", w.String())
	put(t, dir, ledger.WitnessedFile, cosigned)
	put(t, dir, day, ledger.AppendCosigned(nil, cosigned))
	f("witnessed", 0, "INTACT", "--witness", w.String())
	f("nobody was asked", 0, "INTACT")
	put(t, dir, day, append(ledger.AppendCosigned(nil, cosigned), cosigned[:20]...))
	f("a torn history", 0, "a torn end", "--witness", w.String())
	put(t, dir, day, nil)

	bad := append(bytes.Clone(published), w.Cosign(ledger.Checkpoint{Origin: c.Origin, Size: c.Size + 1, Root: c.Root}, private, now)...)
	put(t, dir, ledger.WitnessedFile, bad)
	f("a cosignature of another checkpoint", 1, "the cosignature of witness.test/a is wrong", "--witness", w.String())
	f("which nobody looked at", 0, "INTACT")
	put(t, dir, ledger.WitnessedFile, cosigned[:len(cosigned)/2])
	f("half a checkpoint", 1, "witnessed: checkpoint:")
	put(t, dir, ledger.WitnessedFile, cosigned)
	put(t, dir, filepath.Join(ledger.CosignedDir, "notes.txt"), []byte("x"))
	f("a stranger", 1, "cosigned/notes.txt: it is no part of a ledger")
}
