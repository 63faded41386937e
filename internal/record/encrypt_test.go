package record

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/ledger"
)

// written records events without a clock, seals what can be, and closes.
func written(t *testing.T, cfg Config, events int) {
	t.Helper()
	r, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events / storyGroup {
		if !storyCommit(t, r, i*storyGroup, map[uint64]event.ID{}) {
			t.Fatal("an event was refused")
		}
	}
	if err := r.w.publish(); err != nil {
		t.Fatal(err)
	}
	if err := r.sealFinished(t.Context()); err != nil {
		t.Fatal(err)
	}
	var old oldFiles
	if err := r.encryptOld(t.Context(), &old); err != nil || len(old.names) > 0 {
		t.Fatalf("encrypting old files: %v, %d left", err, len(old.names))
	}
	if err := r.w.close(); err != nil {
		t.Fatal(err)
	}
	if r.unlock != nil {
		r.unlock.Close()
	}
}

// encrypted returns a configuration with keys in a folder of their own.
func encrypted(t *testing.T, cfg Config, keys string) (Config, *vault.Vault) {
	t.Helper()
	if err := os.MkdirAll(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(vault.Config{Disk: Dir(keys), Key: testKEK()})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Keys = v
	return cfg, v
}

// inClear returns the files below dir that hold one of the texts.
func inClear(t *testing.T, dir string, texts ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		if slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(b, []byte(text)) }) {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestTurnOn records in clear, then with keys: all is readable, what is new is
// encrypted at once, and what was sealed before is written anew.
func TestTurnOn(t *testing.T) {
	signer, vkey := testKey(t)
	dir := t.TempDir()
	cfg := Config{Dir: filepath.Join(dir, "ledger"), Signer: signer, Key: vkey, SegmentSize: 64 << 10}
	written(t, cfg, 600)
	secret := []string{"192.0.2.1", "/customers/1"}
	if len(inClear(t, dir, secret...)) == 0 {
		t.Fatal("without encryption nothing is found in clear, so that this test shows nothing")
	}
	cfg, v := encrypted(t, cfg, filepath.Join(dir, "keys"))
	written(t, cfg, 600) // seals the rest of what was in clear
	written(t, cfg, 300)
	if found := inClear(t, dir, secret...); len(found) > 0 {
		t.Errorf("in clear: %v", found)
	}
	files := os.DirFS(cfg.Dir)
	report := ledger.Verify(files, ledger.VerifyOptions{Keys: v.Key, Decode: true})
	if !report.OK() || report.Locked != 0 || report.Envelopes < 3*1500 {
		t.Errorf("with keys: %v %v, %d envelopes, %d locked", report.Problems, report.Unreadable, report.Envelopes, report.Locked)
	}
	report = ledger.Verify(files, ledger.VerifyOptions{})
	if !report.OK() || report.Envelopes != 0 || report.Locked < 3*1500 || !strings.Contains(strings.Join(report.Notes, "\n"), "encrypted") {
		t.Errorf("without keys: %v %v, %d envelopes, %d locked, %q", report.Problems, report.Unreadable, report.Envelopes, report.Locked, report.Notes)
	}
	l, err := ledger.OpenWithKeys(files, v.Key)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Range(0, l.Size(), func(n uint64, s *event.Sealed) error {
		if s.Envelopes[event.ClassWho] == nil {
			t.Errorf("record %d has no who", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if l, err = ledger.Open(files); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(0); !errors.Is(err, ledger.ErrNoKey) {
		t.Errorf("a record without keys: got %v, want ErrNoKey", err)
	}
}

// TestEncryptedRefused starts on an encrypted ledger without its keys: with
// records in the journal, and with all of them sealed.
func TestEncryptedRefused(t *testing.T) {
	for _, events := range []int{12, 600} {
		signer, vkey := testKey(t)
		dir := t.TempDir()
		plain := Config{Dir: filepath.Join(dir, "ledger"), Signer: signer, Key: vkey, SegmentSize: 16 << 10}
		cfg, _ := encrypted(t, plain, filepath.Join(dir, "keys"))
		written(t, cfg, events)
		if events == 600 {
			// Only sealed records are left, as after an idle time.
			names, err := filepath.Glob(filepath.Join(cfg.Dir, "journal", "*"))
			if err != nil || len(names) == 0 {
				t.Fatal("no journal", err)
			}
		}
		if _, err := Open(plain); !errors.Is(err, ErrEncrypted) {
			t.Errorf("%d events, without keys: got %v, want ErrEncrypted", events, err)
		}
		lost, _ := encrypted(t, plain, filepath.Join(dir, "other"))
		if _, err := Open(lost); !errors.Is(err, ErrEncrypted) || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%d events, with other keys: got %v, want ErrEncrypted", events, err)
		}
		written(t, cfg, 12)
	}
}

// TestEncryptedDamage changes what is encrypted, with a right CRC: only the key
// tells.
func TestEncryptedDamage(t *testing.T) {
	signer, vkey := testKey(t)
	dir := t.TempDir()
	cfg, v := encrypted(t, Config{Dir: filepath.Join(dir, "ledger"), Signer: signer, Key: vkey, SegmentSize: 64 << 10}, filepath.Join(dir, "keys"))
	written(t, cfg, 900)
	names, err := filepath.Glob(filepath.Join(cfg.Dir, "envelope", "who", "*", "*.env"))
	if err != nil || len(names) == 0 {
		t.Fatal("no envelope file", err)
	}
	name, _ := filepath.Rel(cfg.Dir, names[0])
	var id ledger.KeyID
	if id, err = ledger.EnvelopeKey(os.DirFS(cfg.Dir), name); err != nil {
		t.Fatal(err)
	}
	wrong := func(asked ledger.KeyID) (*ledger.DataKey, error) {
		if asked == id {
			return ledger.NewDataKey(id, make([]byte, ledger.DataKeySize))
		}
		return v.Key(asked)
	}
	report := ledger.Verify(os.DirFS(cfg.Dir), ledger.VerifyOptions{Keys: wrong})
	if len(report.Problems) == 0 || report.Problems[0].File != name || !strings.Contains(report.Problems[0].What, id.String()) {
		t.Errorf("a wrong key: got %v, want damage of %s", report.Problems, name)
	}
	if err := v.Retire(name); err != nil {
		t.Fatal(err)
	}
	report = ledger.Verify(os.DirFS(cfg.Dir), ledger.VerifyOptions{Keys: v.Key})
	if len(report.Problems) > 0 || len(report.Unreadable) == 0 || !strings.Contains(report.Unreadable[0].What, "destroyed") {
		t.Errorf("a destroyed key: got %v %v, want unreadable, destroyed", report.Problems, report.Unreadable)
	}
	l, err := ledger.OpenWithKeys(os.DirFS(cfg.Dir), v.Key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Record(0)
	if err != nil || s.Envelopes[event.ClassWho] != nil || s.Envelopes[event.ClassWhat] == nil {
		t.Errorf("a record whose who has no key any more: got %v, %v, want the rest of it", s, err)
	}
}

// TestBackupAfterErasure takes a backup of the ledger, erases records, and
// tries the backup with all keys that are left: what was erased cannot be read
// from it, wherever it was.
func TestBackupAfterErasure(t *testing.T) {
	signer, vkey := testKey(t)
	dir := t.TempDir()
	cfg, v := encrypted(t, Config{Dir: filepath.Join(dir, "ledger"), Signer: signer, Key: vkey, SegmentSize: 64 << 10, Publish: 10 * time.Millisecond}, filepath.Join(dir, "keys"))
	r, stop := running(t, cfg)
	appendMany(t, r, 0, 700, 8)
	l, err := ledger.OpenWithKeys(os.DirFS(cfg.Dir), v.Key)
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := l.Segments()
	for sealed == 0 {
		time.Sleep(10 * time.Millisecond) // until the sealer's next round
		if err := l.Refresh(); err != nil {
			t.Fatal(err)
		}
		sealed, _ = l.Segments()
	}
	stop() // so that the copy is of one moment
	backup := filepath.Join(dir, "backup")
	if err := os.CopyFS(backup, os.DirFS(cfg.Dir)); err != nil {
		t.Fatal(err)
	}
	r, stop = running(t, cfg)
	victims := []uint64{3, 4, 5, r.Size() - 2} // sealed, and in the journal
	receipt, err := r.Append(t.Context(), decide(&ledger.Removal{Name: ledger.NoteErase, Classes: allClasses, Records: ledger.RangesOf(victims)}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.CarryOut(t.Context(), receipt.Number); err != nil {
		t.Fatal(err)
	}
	stop()
	old, err := ledger.OpenWithKeys(os.DirFS(backup), v.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range victims {
		s, err := old.Record(n)
		if err != nil || s.Envelopes != [event.Classes]*event.Envelope{} {
			t.Errorf("record %d of the backup: %v, %v, want a header alone", n, s, err)
		}
	}
	report := ledger.Verify(os.DirFS(backup), ledger.VerifyOptions{Keys: v.Key})
	if len(report.Problems) > 0 || len(report.Unreadable) == 0 {
		t.Errorf("the backup: got %v %v, want that some cannot be read", report.Problems, report.Unreadable)
	}
	if report = ledger.Verify(os.DirFS(cfg.Dir), ledger.VerifyOptions{Keys: v.Key}); !report.OK() || report.Locked > 0 {
		t.Errorf("the ledger: got %v %v", report.Problems, report.Unreadable)
	}
}
