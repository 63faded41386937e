package catalog

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// snapshot is the file, version 2: gzip of JSON. Version 1 did not have
// [Operation.Success].
type snapshot struct {
	Version     int                    `json:"version"`
	Origin      string                 `json:"origin"` // of the ledger
	Next        uint64                 `json:"next"`
	First       time.Time              `json:"first"`
	Last        time.Time              `json:"last"`
	Calls       uint64                 `json:"calls"`
	Operations  map[string]*Operation  `json:"operations"`
	Apps        map[string]*App        `json:"apps"`
	Callers     map[string]*Caller     `json:"callers"`
	Credentials map[string]*Credential `json:"credentials"`
	Dropped     Dropped                `json:"dropped"`
	Counts      map[string]string      `json:"counts"` // states of the counts of callers, by "operation " or "app " and the key
}

const snapshotVersion = 2

// ErrSnapshot is the error of a snapshot that cannot be used. The catalog is
// made again from the ledger then.
var ErrSnapshot = errors.New("not a snapshot of this catalog")

// Save returns the catalog as a file: one line with the SHA-256 of the rest in
// hex, then gzip of JSON. It is the same for the same events.
func (c *Catalog) Save(origin string) ([]byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	counts := make(map[string]string, len(c.operations)+len(c.apps))
	for key, o := range c.operations {
		counts["operation "+key] = o.Callers.state()
	}
	for key, a := range c.apps {
		counts["app "+key] = a.Callers.state()
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	err = json.NewEncoder(z).Encode(snapshot{
		snapshotVersion, origin, c.next, c.first, c.last, c.calls, c.operations, c.apps, c.callers, c.credentials, c.dropped, counts,
	})
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("encoding the catalog: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	return append([]byte(hex.EncodeToString(sum[:])+"\n"), b.Bytes()...), nil
}

// maxSnapshot bounds what a file may unpack to.
const maxSnapshot = 4 << 30

// Load is the inverse of [Catalog.Save]. What is no snapshot of this version
// for the ledger of that origin is an [ErrSnapshot], and leaves the catalog
// empty.
func (c *Catalog) Load(b []byte, origin string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	sum, rest, ok := bytes.Cut(b, []byte("\n"))
	want := sha256.Sum256(rest)
	if !ok || string(sum) != hex.EncodeToString(want[:]) {
		return fmt.Errorf("%w: its sum does not fit", ErrSnapshot)
	}
	z, err := gzip.NewReader(bytes.NewReader(rest))
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	var s snapshot
	if err := json.NewDecoder(io.LimitReader(z, maxSnapshot)).Decode(&s); err != nil {
		return fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	if s.Version != snapshotVersion || s.Origin != origin || s.Operations == nil || s.Apps == nil || s.Callers == nil || s.Credentials == nil {
		return fmt.Errorf("%w: it is version %d of the ledger %q", ErrSnapshot, s.Version, s.Origin)
	}
	if err := s.restoreCounts(); err != nil {
		return fmt.Errorf("%w: %v", ErrSnapshot, err)
	}
	c.next, c.first, c.last, c.calls, c.dropped = s.Next, s.First, s.Last, s.Calls, s.Dropped
	c.operations, c.apps, c.callers, c.credentials = s.Operations, s.Apps, s.Callers, s.Credentials
	return nil
}

func (s *snapshot) restoreCounts() error {
	for key, o := range s.Operations {
		if err := o.Callers.setState(s.Counts["operation "+key]); err != nil {
			return err
		}
	}
	for key, a := range s.Apps {
		if err := a.Callers.setState(s.Counts["app "+key]); err != nil {
			return err
		}
	}
	return nil
}
