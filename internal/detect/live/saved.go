package live

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/disk"
)

// A saved state is a file of three parts: this head with the SHA-256 of what
// follows, a line of JSON, and the engine's snapshot.
const savedHead = "gatebook-detect 1 "

// saved describes a state.
type saved struct {
	Origin string    `json:"origin"` // of the ledger
	Epoch  uint64    `json:"epoch"`
	Next   uint64    `json:"next"`  // number of the first record that the engine was not given
	Found  uint64    `json:"found"` // findings of the engine
	At     time.Time `json:"at"`
}

// generations is how many states are kept. The one before the newest is for an
// event that belongs before what the newest has judged.
const generations = 2

// states are the saved states in a directory, by the number of the next record.
type states struct {
	dir    string
	origin string
}

func (s states) name(next uint64) string { return fmt.Sprintf("state-%020d", next) }

// write saves a state, durably, and removes the oldest ones.
func (s states) write(m saved, snapshot []byte) error {
	m.Origin = s.origin
	head, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.New()
	sum.Write(head)
	sum.Write([]byte("\n"))
	sum.Write(snapshot)
	content := slices.Concat([]byte(savedHead+hex.EncodeToString(sum.Sum(nil))+"\n"), head, []byte("\n"), snapshot)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("saving the state of detection: %w", err)
	}
	if err := disk.Replace(disk.Dir(s.dir), ".", s.name(m.Next), content); err != nil {
		return fmt.Errorf("saving the state of detection: %w", err)
	}
	return s.keepNewest(generations)
}

// keepNewest removes all but the newest n states.
func (s states) keepNewest(n int) error {
	names, err := s.names()
	if err != nil {
		return err
	}
	for _, old := range names[min(n, len(names)):] {
		if err := os.Remove(filepath.Join(s.dir, old)); err != nil {
			return fmt.Errorf("removing an old state of detection: %w", err)
		}
	}
	return nil
}

// names returns the names of the files, the newest first.
func (s states) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the states of detection: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "state-") && !strings.HasSuffix(e.Name(), disk.TempExt) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names, nil
}

// errSaved is the error of a file that is no state for this ledger.
var errSaved = errors.New("not a saved state of detection for this ledger, or a damaged one")

func (s states) read(name string) (saved, []byte, error) {
	var m saved
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return m, nil, fmt.Errorf("reading a state of detection: %w", err)
	}
	head, rest, _ := bytes.Cut(b, []byte("\n"))
	sum := sha256.Sum256(rest)
	if string(head) != savedHead+hex.EncodeToString(sum[:]) {
		return m, nil, fmt.Errorf("%s: %w", name, errSaved)
	}
	line, snapshot, _ := bytes.Cut(rest, []byte("\n"))
	if err := json.Unmarshal(line, &m); err != nil || m.Origin != s.origin {
		return m, nil, fmt.Errorf("%s: %w", name, errSaved)
	}
	return m, snapshot, nil
}

// remove removes all states: what is personal in them goes with them.
func (s states) remove() error {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "state-") {
			if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
				return fmt.Errorf("removing the states of detection: %w", err)
			}
		}
	}
	return nil
}
