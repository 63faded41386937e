package apikey

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// ErrNotFound is the error of a key id that the store does not have.
var ErrNotFound = errors.New("no such API key")

// StoreConfig is what a [Store] needs.
type StoreConfig struct {
	Path string           // of the file; made with the first key, in a directory that exists
	Key  redact.Key       // the installation's key
	Kind string           // how the keys begin: [Prefix] or [ReaderPrefix]; empty means Prefix
	Log  *slog.Logger     // hears of a file that cannot be read or written while running; nil: nobody does
	Now  func() time.Time // nil means time.Now
}

// Store keeps API keys. It is safe for concurrent use. Use [Open].
type Store struct {
	path   string
	key    redact.Key
	prefix string
	log    *slog.Logger
	now    func() time.Time

	keys atomic.Pointer[map[string]*entry] // by public id; replaced, never changed

	mu   sync.Mutex  // held while the file is read or written; guards seen, and changes of keys
	seen os.FileInfo // the file as it was last read; nil: it was not there

	usedMu sync.Mutex           // guards used; never held while something is waited for
	used   map[string]time.Time // last use of each key that is not in the file yet
}

// Spec says what a new key is to be.
type Spec struct {
	// Name is who the key is for; the subject of its principal. Two keys with
	// one name are the same principal, so keys can be exchanged without a
	// break; they must be of one kind.
	Name string
	// Kind is user, service or machine.
	Kind event.PrincipalKind
	// Owner is who answers for it; may be empty.
	Owner string
	// Expires is when it ends; zero means never.
	Expires time.Time
	// Scopes are recorded with each call; may be empty.
	Scopes []string
}

// Info is what can be known of a key.
type Info struct {
	ID string // public
	Spec
	Fingerprint string    // as in events, to search for
	Created     time.Time //
	Revoked     time.Time // zero: it is not
	LastUsed    time.Time // zero: never
}

// Open reads the store. A file that does not exist is an empty store.
func Open(cfg StoreConfig) (*Store, error) {
	if len(cfg.Key) < redact.MinKey {
		return nil, fmt.Errorf("apikey: the installation's key has %d bytes, want at least %d", len(cfg.Key), redact.MinKey)
	}
	if cfg.Path == "" {
		return nil, errors.New("apikey: path: is empty")
	}
	s := &Store{path: cfg.Path, key: cfg.Key, prefix: cmp.Or(cfg.Kind, Prefix), log: cfg.Log, now: cfg.Now, used: map[string]time.Time{}}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Add makes a key and returns it: it cannot be had again.
func (s *Store) Add(spec Spec) (redact.Secret, Info, error) {
	spec, err := spec.check(s.now())
	if err != nil {
		return "", Info{}, fmt.Errorf("adding an API key: %w", err)
	}
	var random [27]byte
	rand.Read(random[:]) // never fails
	id, key := format(s.prefix, &random)
	r := record{
		ID: id, Name: spec.Name, Kind: spec.Kind, Owner: spec.Owner, Scopes: spec.Scopes,
		Hash: hash(s.key, key), Fingerprint: redact.Fingerprint(s.key, key),
		Created: s.now().UTC(), Expires: spec.Expires,
	}
	err = s.change(func(f *file) error {
		for _, k := range f.Keys {
			if k.ID == id {
				return fmt.Errorf("adding an API key: id %s is taken: try again", id)
			}
			if k.Name == spec.Name && k.Kind != spec.Kind {
				return fmt.Errorf("adding an API key: name: %q is a %s already, by key %s: use another name", k.Name, k.Kind, k.ID)
			}
		}
		f.Keys = append(f.Keys, r)
		return nil
	})
	if err != nil {
		return "", Info{}, err
	}
	return redact.Secret(key), r.info(), nil
}

// Errors of [Store.Find].
var (
	ErrUnknown = errors.New("the key is not known")
	ErrRevoked = errors.New("the key was revoked")
	ErrExpired = errors.New("the key has expired")
)

// Find returns what is known of a key that somebody shows, and notes its use.
// The error is [ErrUnknown], or [ErrRevoked] or [ErrExpired] with the Info.
func (s *Store) Find(key string) (Info, error) {
	id := s.identify(key)
	e := (*s.keys.Load())[id.Credential.KeyID]
	switch {
	case e == nil:
		return Info{}, ErrUnknown
	case id == e.revoked:
		return e.info(), ErrRevoked
	case id == e.expired:
		return e.info(), ErrExpired
	case id != e.valid:
		return Info{}, ErrUnknown
	}
	return e.info(), nil
}

// List returns all keys, in the order in which they were made.
func (s *Store) List() []Info {
	used := s.lastUses()
	var out []Info
	for _, e := range *s.keys.Load() {
		info := e.record.info()
		if t := used[info.ID]; t.After(info.LastUsed) {
			info.LastUsed = t
		}
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b Info) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// Revoke ends a key for ever. Revoking it again changes nothing. The error of
// an unknown id is [ErrNotFound].
func (s *Store) Revoke(id string) error {
	return s.change(func(f *file) error {
		for i := range f.Keys {
			if f.Keys[i].ID == id {
				if f.Keys[i].Revoked.IsZero() {
					f.Keys[i].Revoked = s.now().UTC()
				}
				return nil
			}
		}
		return fmt.Errorf("revoking API key %q: %w", id, ErrNotFound)
	})
}

// Flush writes the times of last use, if there are new ones.
func (s *Store) Flush() error {
	if len(s.lastUses()) == 0 {
		return nil
	}
	return s.change(func(*file) error { return nil })
}

// Reload reads the file again if it is not the one that was read last. After
// an error the keys are as before.
func (s *Store) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.stat()
	if s.keys.Load() != nil && sameFile(s.seen, now) {
		return nil
	}
	f, err := s.read()
	if err != nil {
		return err
	}
	s.adopt(f)
	s.seen = now // of before the read: what came since is read the next time
	return nil
}

// change applies f to what the file says now, writes it with the times of
// last use, and takes it over.
func (s *Store) change(f func(*file) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	state, err := s.read()
	if err != nil {
		return err
	}
	if err := f(state); err != nil {
		return err
	}
	used := s.lastUses()
	for i := range state.Keys {
		k := &state.Keys[i]
		if t := used[k.ID]; t.After(k.Used) {
			k.Used = t
		}
	}
	if err := s.write(state); err != nil {
		return err
	}
	s.forget(used)
	s.adopt(state)
	s.seen = s.stat()
	return nil
}

// adopt makes the keys in f the ones that count; the caller holds mu.
func (s *Store) adopt(f *file) {
	keys := make(map[string]*entry, len(f.Keys))
	for _, r := range f.Keys {
		keys[r.ID] = newEntry(s.key, r)
	}
	s.keys.Store(&keys)
}

// touch notes that a key is used.
func (s *Store) touch(id string, now time.Time) {
	s.usedMu.Lock()
	defer s.usedMu.Unlock()
	s.used[id] = now.UTC()
}

// lastUses returns a copy of the uses that are not written yet.
func (s *Store) lastUses() map[string]time.Time {
	s.usedMu.Lock()
	defer s.usedMu.Unlock()
	return maps.Clone(s.used)
}

// forget drops the uses that are written, but none that came since.
func (s *Store) forget(written map[string]time.Time) {
	s.usedMu.Lock()
	defer s.usedMu.Unlock()
	for id, t := range written {
		if s.used[id].Equal(t) {
			delete(s.used, id)
		}
	}
}

func (s *Store) stat() os.FileInfo {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil
	}
	return info
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// maxName bounds names and owners, in bytes.
const maxName = 128

func (spec Spec) check(now time.Time) (Spec, error) {
	var errs []error
	for _, f := range []struct{ name, value string }{{"name", spec.Name}, {"owner", spec.Owner}} {
		if len(f.value) > maxName || strings.ContainsFunc(f.value, func(c rune) bool { return !unicode.IsPrint(c) }) {
			errs = append(errs, fmt.Errorf("%s: want at most %d printable characters", f.name, maxName))
		}
	}
	if strings.TrimSpace(spec.Name) == "" {
		errs = append(errs, errors.New("name: is empty: name who the key is for"))
	}
	switch spec.Kind {
	case event.User, event.Service, event.Machine:
	default:
		errs = append(errs, fmt.Errorf("kind: %q: want user, service or machine", spec.Kind))
	}
	if !spec.Expires.IsZero() && !spec.Expires.After(now) {
		errs = append(errs, fmt.Errorf("expires: %s is past", spec.Expires.Format(time.RFC3339)))
	}
	spec.Expires = spec.Expires.UTC().Round(0)
	spec.Scopes = slices.Clone(spec.Scopes)
	slices.Sort(spec.Scopes)
	spec.Scopes = slices.Compact(spec.Scopes)
	for _, scope := range spec.Scopes {
		if scope == "" || len(scope) > maxName || strings.ContainsFunc(scope, func(c rune) bool { return c <= ' ' || c > '~' }) {
			errs = append(errs, fmt.Errorf("scopes: %q: want printable ASCII without spaces, at most %d characters", scope, maxName))
		}
	}
	return spec, errors.Join(errs...)
}

func (r record) info() Info {
	return Info{
		ID:          r.ID,
		Spec:        Spec{Name: r.Name, Kind: r.Kind, Owner: r.Owner, Expires: r.Expires, Scopes: r.Scopes},
		Fingerprint: r.Fingerprint,
		Created:     r.Created,
		Revoked:     r.Revoked,
		LastUsed:    r.Used,
	}
}
