package vault_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/ledger"
)

const someFile = "envelope/who/2026-11-26/00000000000000000000.env"

func open(t *testing.T, dir string, key vault.Wrapper, previous ...vault.Wrapper) *vault.Vault {
	t.Helper()
	v, err := vault.Open(vault.Config{Disk: disk.Dir(dir), Key: key, Previous: previous, Now: func() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func newKey(t *testing.T, v *vault.Vault, file string) ledger.KeyID {
	t.Helper()
	k, err := v.New(file)
	if err != nil {
		t.Fatal(err)
	}
	return k.ID()
}

// TestLife makes keys, opens the vault again, and destroys some of them.
func TestLife(t *testing.T) {
	dir, kek := t.TempDir(), local(t, vault.NewLocalKey())
	v := open(t, dir, kek)
	a, b, c := newKey(t, v, someFile), newKey(t, v, someFile), newKey(t, v, "journal/1.journal")
	v = open(t, dir, kek)
	if got := v.Files(); !slices.Equal(got, []string{someFile, "journal/1.journal"}) || v.Len() != 3 {
		t.Errorf("got %v and %d keys", got, v.Len())
	}
	for _, id := range []ledger.KeyID{a, b, c} {
		for _, keys := range []ledger.Keys{v.Key, vault.Reader(os.DirFS(dir), kek)} {
			if k, err := keys(id); err != nil || k.ID() != id {
				t.Errorf("key %s: got %v, %v", id, k, err)
			}
		}
	}
	if err := v.Retire(someFile, b); err != nil {
		t.Fatal(err)
	}
	if err := v.Retire("journal/2.journal"); err != nil {
		t.Errorf("a file without keys: %v", err)
	}
	for _, v := range []*vault.Vault{v, open(t, dir, kek)} {
		if _, err := v.Key(a); !errors.Is(err, ledger.ErrKeyDestroyed) || !strings.Contains(err.Error(), "2026-11-26T12:00:00Z") {
			t.Errorf("a destroyed key: got %v, want that it was destroyed, and when", err)
		}
		if _, err := v.Key(b); err != nil {
			t.Errorf("the key that was kept: %v", err)
		}
		if _, err := v.Key(ledger.KeyID{9}); !errors.Is(err, vault.ErrMissing) {
			t.Errorf("a key that never was: got %v, want ErrMissing", err)
		}
	}
	if _, err := vault.Reader(os.DirFS(dir), kek)(a); !errors.Is(err, ledger.ErrKeyDestroyed) {
		t.Errorf("a destroyed key, read by a verifier: got %v", err)
	}
}

func TestWrongKey(t *testing.T) {
	dir, kek := t.TempDir(), local(t, vault.NewLocalKey())
	id := newKey(t, open(t, dir, kek), someFile)
	other := local(t, vault.NewLocalKey())
	if _, err := vault.Open(vault.Config{Disk: disk.Dir(dir), Key: other}); !errors.Is(err, vault.ErrWrongKey) || !strings.Contains(err.Error(), kek.Name()) {
		t.Errorf("got %v, want ErrWrongKey with the name of the right one", err)
	}
	if _, err := vault.Reader(os.DirFS(dir), other)(id); !errors.Is(err, vault.ErrWrongKey) {
		t.Errorf("a verifier with a wrong key: got %v", err)
	}
}

// TestRewrap gives the vault another key.
func TestRewrap(t *testing.T) {
	dir, old, next := t.TempDir(), local(t, vault.NewLocalKey()), local(t, vault.NewLocalKey())
	v := open(t, dir, old)
	var ids []ledger.KeyID
	for range 5 {
		ids = append(ids, newKey(t, v, someFile))
	}
	v = open(t, dir, next, old)
	ids = append(ids, newKey(t, v, someFile))
	if v.Stale() != 5 {
		t.Errorf("got %d keys under the previous key, want 5", v.Stale())
	}
	if n, err := v.Rewrap(t.Context()); n != 5 || err != nil || v.Stale() != 0 {
		t.Errorf("rewrapped %d, %v, %d left", n, err, v.Stale())
	}
	v = open(t, dir, next)
	for _, id := range ids {
		if _, err := v.Key(id); err != nil {
			t.Error(err)
		}
	}
	if _, err := vault.Open(vault.Config{Disk: disk.Dir(dir), Key: old}); !errors.Is(err, vault.ErrWrongKey) {
		t.Errorf("the previous key still opens it: %v", err)
	}
}

// TestDamaged changes each byte of a key file: it is refused, and never taken
// for another key.
func TestDamaged(t *testing.T) {
	dir, kek := t.TempDir(), local(t, vault.NewLocalKey())
	id := newKey(t, open(t, dir, kek), someFile)
	name := filepath.Join(dir, id.String()+".key")
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		b := slices.Clone(whole)
		b[i] ^= 2
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Open(vault.Config{Disk: disk.Dir(dir), Key: kek}); err == nil {
			t.Fatalf("byte %d changed: no error", i)
		}
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(whole), "data-key 1", "data-key 2", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(vault.Config{Disk: disk.Dir(dir), Key: kek}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("of a newer version: got %v", err)
	}
}

// TestLeftovers opens a vault after a crash: half a key, a key that was
// overwritten and not yet removed, half a line of the list.
func TestLeftovers(t *testing.T) {
	dir, kek := t.TempDir(), local(t, vault.NewLocalKey())
	v := open(t, dir, kek)
	gone, kept := newKey(t, v, someFile), newKey(t, v, "journal/1.journal")
	put := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(ledger.KeyID{7}.String()+".key.tmp", "gatebook-da")
	put(gone.String()+".key", string(make([]byte, 400)))
	put("destroyed", gone.String()+" 2026-11-26T11:00:00Z "+someFile+"\n"+kept.String()[:20])
	v = open(t, dir, kek)
	if v.Len() != 1 {
		t.Errorf("got %d keys, want 1", v.Len())
	}
	if err := v.Retire("journal/1.journal"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []ledger.KeyID{gone, kept} {
		if _, err := v.Key(id); !errors.Is(err, ledger.ErrKeyDestroyed) {
			t.Errorf("key %s: got %v, want that it was destroyed", id, err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.key*"))
	if err != nil || len(names) != 0 {
		t.Errorf("left: %v, %v", names, err)
	}
}

func TestPermissions(t *testing.T) {
	dir, kek := t.TempDir(), local(t, vault.NewLocalKey())
	id := newKey(t, open(t, dir, kek), someFile)
	info, err := os.Stat(filepath.Join(dir, id.String()+".key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file that only its owner can read", info.Mode(), err)
	}
}
