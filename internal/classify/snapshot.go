package classify

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

// A snapshot is, in big-endian order:
//
//	"GBC1", version of the tables (4), routes (4)
//	each route, sorted by hash: hash of its name (8), fields (4)
//	each field, sorted by hash: hash of its path (8), state (8)
//	CRC32C of all before (4)
//
// A state holds classes by their places in the tables of this version of the
// program. Another version does not read it: it learns anew.

const snapshotMagic = "GBC1"

// tablesVersion changes when the meaning of a state does: the classes, the
// kinds or the lists of names.
var tablesVersion = func() uint32 {
	h := crc32.New(castagnoli)
	for _, i := range infos {
		h.Write([]byte(i.Code + "\n"))
	}
	for _, l := range nameLists {
		h.Write([]byte{byte(l.kind)})
		h.Write([]byte(l.names))
	}
	return h.Sum32()
}()

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrSnapshot is what [Classifier.Restore] returns for a snapshot that is
// damaged or of another version.
var ErrSnapshot = errors.New("classify: snapshot cannot be used")

// Snapshot returns what has been learned. It holds hashes of routes and paths,
// classes and counters: no name and no value.
func (c *Classifier) Snapshot() []byte {
	c.mu.RLock()
	defer c.mu.RUnlock()
	be := binary.BigEndian
	b := be.AppendUint32([]byte(snapshotMagic), tablesVersion)
	b = be.AppendUint32(b, uint32(len(c.routes)))
	var entries [][2]uint64
	for _, name := range slices.Sorted(maps.Keys(c.routes)) {
		entries = entries[:0]
		if t := c.routes[name].table.Load(); t != nil {
			for i := range t.slots {
				if key := t.slots[i].key.Load(); key != 0 {
					entries = append(entries, [2]uint64{key, t.slots[i].field.Load()})
				}
			}
		}
		slices.SortFunc(entries, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
		b = be.AppendUint64(b, name)
		b = be.AppendUint32(b, uint32(len(entries)))
		for _, e := range entries {
			b = be.AppendUint64(be.AppendUint64(b, e[0]), e[1])
		}
	}
	return be.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Restore makes what has been learned that of a snapshot. If it returns an
// error, which is an [ErrSnapshot], nothing has changed. It must not be called
// while bodies are read.
func (c *Classifier) Restore(b []byte) error {
	be := binary.BigEndian
	if len(b) < 16 || string(b[:4]) != snapshotMagic || crc32.Checksum(b[:len(b)-4], castagnoli) != be.Uint32(b[len(b)-4:]) {
		return fmt.Errorf("%w: it is damaged", ErrSnapshot)
	}
	if be.Uint32(b[4:]) != tablesVersion {
		return fmt.Errorf("%w: it is of another version", ErrSnapshot)
	}
	n := be.Uint32(b[8:])
	b = b[12 : len(b)-4]
	routes, ring, last := make(map[uint64]*route), []uint64(nil), uint64(0)
	for i := range n {
		if len(b) < 12 {
			return fmt.Errorf("%w: it ends too soon", ErrSnapshot)
		}
		name, size := be.Uint64(b), int64(be.Uint32(b[8:]))*16
		if b = b[12:]; int64(len(b)) < size {
			return fmt.Errorf("%w: it ends too soon", ErrSnapshot)
		}
		r, ok := restoreRoute(b[:size])
		if !ok || name <= last {
			return fmt.Errorf("%w: route %d is not as it would have been written", ErrSnapshot, i)
		}
		b = b[size:]
		if len(ring) < c.maxRoutes { // the limit may have become smaller
			routes[name], ring = r, append(ring, name)
		}
		last = name
	}
	if len(b) > 0 {
		return fmt.Errorf("%w: something follows the last route", ErrSnapshot)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.routes, c.ring, c.hand = routes, ring, 0
	return nil
}

// restoreRoute makes a route of its fields.
func restoreRoute(b []byte) (*route, bool) {
	r, before := new(route), uint64(0)
	for ; len(b) > 0; b = b[16:] {
		key, f := binary.BigEndian.Uint64(b), field(binary.BigEndian.Uint64(b[8:]))
		if key <= before || !f.valid() {
			return nil, false
		}
		before = key
		r.add(key, f, len(b)/16+r.n+1)
	}
	return r, true
}
