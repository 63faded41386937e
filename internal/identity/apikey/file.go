package apikey

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gatebook/gatebook/event"
)

// fileVersion is the version of the file that this package writes.
//
//   - 1: the first (2026-11).
const fileVersion = 1

// file is the store on disk.
type file struct {
	Version int      `json:"version"`   // [fileVersion]
	Check   digest   `json:"key_check"` // of the installation's key; see keyCheck
	Keys    []record `json:"keys"`      // in the order in which they were made
}

// record is one key on disk.
type record struct {
	ID          string              `json:"id"`                 // public id; unique
	Name        string              `json:"name"`               // who it is for
	Kind        event.PrincipalKind `json:"kind"`               // user, service, machine
	Owner       string              `json:"owner,omitempty"`    // who answers for it
	Scopes      []string            `json:"scopes,omitempty"`   // sorted
	Hash        digest              `json:"hash"`               // see hash
	Fingerprint string              `json:"fingerprint"`        // as in events
	Created     time.Time           `json:"created"`            // UTC
	Expires     time.Time           `json:"expires,omitzero"`   // zero: never
	Revoked     time.Time           `json:"revoked,omitzero"`   // zero: it is not
	Used        time.Time           `json:"last_used,omitzero"` // about a minute behind; zero: never
}

// digest is a hash in hex.
type digest [32]byte

// MarshalText implements encoding.TextMarshaler.
func (d digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *digest) UnmarshalText(b []byte) error {
	if n, err := hex.Decode(d[:], b); err != nil || n != len(d) {
		return errors.New("want 64 hex digits")
	}
	return nil
}

// read returns the file at path; a store that does not exist is empty.
func (s *Store) read() (*file, error) {
	raw, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &file{Version: fileVersion, Check: keyCheck(s.key)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading API keys: %w", err)
	}
	var head struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(raw, &head) == nil && head.Version > fileVersion {
		return nil, fmt.Errorf("reading API keys: %s has version %d, written by a newer Gatebook: this one reads up to %d", s.path, head.Version, fileVersion)
	}
	f := new(file)
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return nil, fmt.Errorf("reading API keys: %s: %w", s.path, err)
	}
	switch {
	case f.Version != fileVersion:
		return nil, fmt.Errorf("reading API keys: %s: version is %d, want %d", s.path, f.Version, fileVersion)
	case f.Check != keyCheck(s.key):
		return nil, fmt.Errorf("reading API keys: %s was written under another installation key: restore that one, or move the file away and make new API keys", s.path)
	}
	return f, nil
}

// lock takes the lock for changes, and returns what gives it back. The lock is
// on a file of its own, since the store is replaced and not changed.
func (s *Store) lock() (unlock func(), err error) {
	l, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking API keys: %w", err)
	}
	for {
		if err = syscall.Flock(int(l.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("locking API keys: %s.lock: %w", s.path, err)
	}
	return func() { l.Close() }, nil // closing gives the lock back
}

// write replaces the file and returns when that is durable.
func (s *Store) write(f *file) (err error) {
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("writing API keys: %w", err)
	}
	dir := filepath.Dir(s.path)
	tmp, err := os.CreateTemp(dir, filepath.Base(s.path)+".*.tmp") // 0600
	if err != nil {
		return fmt.Errorf("writing API keys: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
			err = fmt.Errorf("writing API keys: %w", err)
		}
	}()
	_, err = tmp.Write(append(raw, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), s.path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
