// Package vault keeps the data keys that the envelopes of a ledger are
// encrypted with: it makes them, gives them, and destroys them.
//
// Each data key is a file of its own in a folder outside the ledger, wrapped
// under the installation's key (a [Wrapper]): a file on the same machine, an
// age identity, a key in a token. So a copy of the ledger without that folder
// can be read by nobody, and a data key that is destroyed takes all copies of
// its file with it, wherever they are.
//
// It promises that a data key is durable before it is given out to encrypt
// with; that a key is noted in the list of destroyed ones before it is
// overwritten and removed, so that a missing key is not mistaken for a
// destroyed one; and that what is wrapped under another key is refused by
// name. It is safe for concurrent use, by one process at a time.
//
// A key file is text, six lines, each ended by a line feed:
//
//	gatebook-data-key 1
//	the id of the data key
//	the file of the ledger that it was made for
//	the name of the key that it is wrapped under
//	the wrapped secret, base64
//	the first 16 hex digits of the SHA-256 of the lines before
//
// The list of destroyed keys has a line for each: id, time, file.
package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/ledger"
)

// Wrapper is a key-encryption key. It is safe for concurrent use.
type Wrapper interface {
	// Name tells this key from others, in one line without secrets. It
	// stands in clear beside what the key wraps.
	Name() string
	// Wrap encrypts the secret of a data key, bound to its id where the
	// method allows that.
	Wrap(id ledger.KeyID, secret []byte) ([]byte, error)
	// Unwrap is the inverse of Wrap. It fails for what another key wrapped,
	// and for what was changed.
	Unwrap(id ledger.KeyID, wrapped []byte) ([]byte, error)
}

// Config says what keys to keep where.
type Config struct {
	Disk     disk.Disk // the folder of the keys, which exists. Required
	Key      Wrapper   // wraps all new keys. Required
	Previous []Wrapper // keys that older ones may still be wrapped under; see [Vault.Rewrap]
	Now      func() time.Time
}

// Vault keeps data keys.
type Vault struct {
	cfg   Config
	cache cached

	mu    sync.Mutex // guards what follows, and the folder
	keys  map[ledger.KeyID]entry
	files map[string][]ledger.KeyID
}

// entry is a data key that exists.
type entry struct {
	file string // of the ledger
	kek  string // that wraps it
}

// ErrWrongKey is the error of data keys that are wrapped under a key that was
// not given.
var ErrWrongKey = errors.New("the encryption key is not the one that the data keys are wrapped under")

// Open reads what keys there are. It fails with [ErrWrongKey] if one of them is
// wrapped under a key that was not given, or if a given one does not fit.
func Open(cfg Config) (*Vault, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	v := &Vault{cfg: cfg, cache: newCached(), keys: make(map[ledger.KeyID]entry), files: make(map[string][]ledger.KeyID)}
	entries, err := fs.ReadDir(cfg.Disk, ".")
	if err != nil {
		return nil, fmt.Errorf("listing the data keys: %w", err)
	}
	tried := make(map[string]bool)
	for _, e := range entries {
		if err := v.load(e.Name(), tried); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// load takes up one file of the folder. Of each wrapping key one data key is
// unwrapped, to know at once that it fits.
func (v *Vault) load(name string, tried map[string]bool) error {
	if strings.HasSuffix(name, keyExt+disk.TempExt) {
		return v.remove(name) // was not finished, and never used
	}
	if !strings.HasSuffix(name, keyExt) {
		return nil
	}
	k, err := readKey(v.cfg.Disk, name)
	if errors.Is(err, errEmpty) {
		return v.remove(name) // its destruction was interrupted
	}
	if err != nil {
		return err
	}
	if !tried[k.kek] {
		tried[k.kek] = true
		if _, err := k.unwrap(v.wrappers()); err != nil {
			return err
		}
	}
	v.keys[k.id] = entry{file: k.file, kek: k.kek}
	v.files[k.file] = append(v.files[k.file], k.id)
	return nil
}

func (v *Vault) wrappers() []Wrapper { return append([]Wrapper{v.cfg.Key}, v.cfg.Previous...) }

// New makes a data key for a file of the ledger. The key is durable when New
// returns.
func (v *Vault) New(file string) (*ledger.DataKey, error) {
	var id ledger.KeyID
	rand.Read(id[:])
	secret := make([]byte, ledger.DataKeySize)
	rand.Read(secret)
	defer clear(secret)
	key, err := ledger.NewDataKey(id, secret)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.write(id, file, secret); err != nil {
		return nil, fmt.Errorf("making a data key: %w", err)
	}
	v.cache.put(id, key)
	v.keys[id] = entry{file, v.cfg.Key.Name()}
	v.files[file] = append(v.files[file], id)
	return key, nil
}

func (v *Vault) write(id ledger.KeyID, file string, secret []byte) error {
	wrapped, err := v.cfg.Key.Wrap(id, secret)
	if err != nil {
		return err
	}
	k := keyFile{id, file, v.cfg.Key.Name(), wrapped}
	return disk.Replace(v.cfg.Disk, ".", keyName(id), []byte(k.text()))
}

// Key gives a data key; it is a [ledger.Keys].
func (v *Vault) Key(id ledger.KeyID) (*ledger.DataKey, error) {
	v.mu.Lock()
	_, exists := v.keys[id]
	v.mu.Unlock()
	if !exists {
		return nil, absent(v.cfg.Disk, id)
	}
	return v.cache.get(id, func() (*ledger.DataKey, error) { return give(v.cfg.Disk, v.wrappers(), id) })
}

// Files returns the files of the ledger for which there are keys, sorted.
func (v *Vault) Files() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	files := make([]string, 0, len(v.files))
	for f := range v.files {
		files = append(files, f)
	}
	slices.Sort(files)
	return files
}

// Len returns the number of keys.
func (v *Vault) Len() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.keys)
}

// Retire destroys the keys that were made for a file of the ledger, but those
// to keep: after the file was written anew, or removed. What they encrypted can
// be read by nobody when Retire returns. Nothing is written if there is none.
func (v *Vault) Retire(file string, keep ...ledger.KeyID) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var gone, stay []ledger.KeyID
	for _, id := range v.files[file] {
		if slices.Contains(keep, id) {
			stay = append(stay, id)
		} else {
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := v.note(file, gone); err != nil {
		return fmt.Errorf("noting destroyed data keys: %w", err)
	}
	for _, id := range gone {
		if err := v.erase(keyName(id)); err != nil {
			return fmt.Errorf("destroying a data key: %w", err)
		}
	}
	if err := v.cfg.Disk.SyncDir("."); err != nil {
		return fmt.Errorf("destroying a data key: %w", err)
	}
	for _, id := range gone {
		v.cache.drop(id)
		delete(v.keys, id)
	}
	if v.files[file] = stay; len(stay) == 0 {
		delete(v.files, file)
	}
	return nil
}

// note adds keys to the list of destroyed ones.
func (v *Vault) note(file string, ids []ledger.KeyID) error {
	f, err := v.cfg.Disk.OpenFile(destroyedName)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if size > 0 {
		// A line that a crash cut short is ended, and then is none.
		var last [1]byte
		if _, err := f.ReadAt(last[:], size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			b.WriteByte('\n')
		}
	}
	for _, id := range ids {
		fmt.Fprintf(&b, "%s %s %s\n", id, v.cfg.Now().UTC().Format(time.RFC3339), file)
	}
	if _, err := f.WriteAt(b.Bytes(), size); err != nil {
		return err
	}
	if err := f.Sync(); err != nil || size > 0 {
		return err
	}
	return v.cfg.Disk.SyncDir(".")
}

// erase overwrites a key file with zeros, and removes it.
func (v *Vault) erase(name string) error {
	f, err := v.cfg.Disk.OpenFile(name)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil {
		_, err = f.WriteAt(make([]byte, size), 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return v.cfg.Disk.Remove(name)
}

// remove removes a file that is no key.
func (v *Vault) remove(name string) error {
	if err := v.cfg.Disk.Remove(name); err != nil {
		return fmt.Errorf("removing what is left of a data key: %w", err)
	}
	return v.cfg.Disk.SyncDir(".")
}

// KeyName returns the name of the key that new data keys are wrapped under.
func (v *Vault) KeyName() string { return v.cfg.Key.Name() }

// Stale returns the number of keys that are wrapped under a previous key.
func (v *Vault) Stale() int { return len(v.stale()) }

func (v *Vault) stale() []ledger.KeyID {
	v.mu.Lock()
	defer v.mu.Unlock()
	var ids []ledger.KeyID
	for id, e := range v.keys {
		if e.kek != v.cfg.Key.Name() {
			ids = append(ids, id)
		}
	}
	return ids
}

// Rewrap wraps all keys that are wrapped under a previous key under the
// present one, and returns how many. It can be interrupted at any time, and
// called again.
func (v *Vault) Rewrap(ctx context.Context) (int, error) {
	n := 0
	for _, id := range v.stale() {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := v.rewrap(id); err != nil {
			return n, fmt.Errorf("wrapping a data key anew: %w", err)
		}
		n++
	}
	return n, nil
}

// rewrap wraps one key anew. The lock is held for one key at a time, so that a
// new segment does not wait for all.
func (v *Vault) rewrap(id ledger.KeyID) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	e, exists := v.keys[id]
	if !exists {
		return nil // destroyed meanwhile
	}
	k, err := readKey(v.cfg.Disk, keyName(id))
	if err != nil {
		return err
	}
	secret, err := k.unwrap(v.wrappers())
	if err != nil {
		return err
	}
	defer clear(secret)
	if err := v.write(id, e.file, secret); err != nil {
		return err
	}
	v.keys[id] = entry{e.file, v.cfg.Key.Name()}
	return nil
}
