package verify_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/verify"
	"github.com/gatebook/gatebook/ledger"
)

// TestNewerHeaders verifies a ledger in which a newer Gatebook wrote a header.
// Its members are not known here, but that it is the one that was sealed is.
// Asked to decode it, the verifier says that it cannot, and of no damage.
func TestNewerHeaders(t *testing.T) {
	signer, vkey := newSigner(t)
	s, err := someEvent(1).Seal(new([event.Classes]event.Salt))
	if err != nil {
		t.Fatal(err)
	}
	newer := *s
	newer.Header = bytes.Replace(s.Header, fmt.Appendf(nil, `{"v":%d,`, event.Version), fmt.Appendf(nil, `{"v":%d,"colour":"blue",`, event.Version+1), 1)

	dir := t.TempDir()
	var tree ledger.Tree
	var frame ledger.FrameBuilder
	frame.Reset(0, nil)
	var leaves []byte
	for _, s := range []*event.Sealed{s, &newer} {
		h := ledger.RecordHash(s.Header)
		tree.Add(h, nil)
		leaves = append(leaves, h[:]...)
		frame.Add(s)
	}
	cp, err := ledger.Checkpoint{Origin: signer.Name(), Size: 2, Root: tree.Root()}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"format": []byte(ledger.Format{Origin: signer.Name(), Key: vkey}.Text()), "checkpoint": cp,
		ledger.JournalName(0): frame.Finish(tree.Root(), cp), "tile/0": leaves,
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out := run(dir, "--key", vkey); code != verify.Intact {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, out := run(dir, "--key", vkey, "--decode"); code != verify.Unreadable || !strings.Contains(out, fmt.Sprintf("record 1: header of version %d: written by a newer version", event.Version+1)) || strings.Contains(out, "CHANGED") {
		t.Errorf("with --decode: exit code %d\n%s", code, out)
	}
}

func newSigner(t *testing.T) (note.Signer, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(nil, "gatebook.test/version")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return signer, vkey
}
