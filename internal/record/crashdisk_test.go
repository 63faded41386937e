package record

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"sort"
	"strings"
	"sync"
	"testing/fstest"
)

var errPower = errors.New("the power is gone")

// crashDisk is a disk in memory that knows what would survive a loss of power:
// what was synced, and of the rest any part, in sectors.
type crashDisk struct {
	mu      sync.Mutex
	now     map[string]*crashFile // what a reader sees
	durable map[string]*crashFile // folder entries that are sure to survive
	ops     int                   // writes, syncs, renames, … so far
	fuse    int                   // the power goes at this operation; 0: never
	rooms   bool                  // it has the folders ledger and keys
	full    int64                 // bytes that fit; 0: any
	used    int64
	noSpace error
}

type crashFile struct {
	data, synced []byte
	pending      []pendingWrite // since the last sync
}

type pendingWrite struct {
	off      int64
	b        []byte
	truncate bool
}

func newCrashDisk() *crashDisk {
	return &crashDisk{now: map[string]*crashFile{}, durable: map[string]*crashFile{}}
}

// step counts an operation; it fails once the power is gone. The operation at
// which it goes may or may not reach the disk: last reports that it is this.
func (d *crashDisk) step() (last bool, err error) {
	d.ops++
	if d.fuse > 0 && d.ops > d.fuse {
		return false, errPower
	}
	return d.ops == d.fuse, nil
}

// crash returns a disk with what survived.
func (d *crashDisk) crash(r *rand.Rand) *crashDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newCrashDisk()
	names := map[string]bool{}
	for name := range d.now {
		names[name] = true
	}
	for name := range d.durable {
		names[name] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	sort.Strings(sorted)
	for _, name := range sorted {
		f := d.durable[name]
		if r.IntN(2) == 0 {
			f = d.now[name]
		}
		if f == nil {
			continue
		}
		b := f.survivor(r)
		g := &crashFile{data: b, synced: bytes.Clone(b)}
		after.now[name], after.durable[name] = g, g
	}
	return after
}

// survivor returns the synced content with some sectors of what was written
// since.
func (f *crashFile) survivor(r *rand.Rand) []byte {
	b := bytes.Clone(f.synced)
	for _, w := range f.pending {
		if w.truncate {
			if r.IntN(2) == 0 {
				b = resize(b, w.off)
			}
			continue
		}
		for from := 0; from < len(w.b); {
			to := min(len(w.b), from+512-int(w.off+int64(from))%512)
			if r.IntN(3) > 0 {
				b = put(b, w.b[from:to], w.off+int64(from))
			}
			from = to
		}
	}
	return b
}

func resize(b []byte, n int64) []byte {
	if int64(len(b)) >= n {
		return b[:n:n]
	}
	return append(b[:len(b):len(b)], make([]byte, n-int64(len(b)))...)
}

func put(b, p []byte, off int64) []byte {
	if end := off + int64(len(p)); int64(len(b)) < end {
		b = resize(b, end)
	}
	copy(b[off:], p)
	return b
}

func (d *crashDisk) fs() fstest.MapFS {
	m := fstest.MapFS{}
	for name, f := range d.now {
		m[name] = &fstest.MapFile{Data: f.data[:len(f.data):len(f.data)], Mode: 0o600}
	}
	for _, dir := range []string{"journal", "sealed", "envelope", "tile"} {
		m[dir] = &fstest.MapFile{Mode: fs.ModeDir | 0o700}
	}
	if d.rooms {
		for _, dir := range []string{"journal", "sealed", "envelope", "tile"} {
			m["ledger/"+dir] = m[dir]
			delete(m, dir)
		}
		m["keys"] = &fstest.MapFile{Mode: fs.ModeDir | 0o700}
	}
	return m
}

func (d *crashDisk) Open(name string) (fs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	// The content is copied, since writers go on while the file is read.
	if f := d.now[name]; f != nil {
		return fstest.MapFS{name: {Data: bytes.Clone(f.data), Mode: 0o600}}.Open(name)
	}
	return d.fs().Open(name)
}

func (d *crashDisk) OpenFile(name string) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.now[name]
	if f == nil {
		if _, err := d.step(); err != nil {
			return nil, err
		}
		f = &crashFile{}
		d.now[name] = f
	}
	return &crashHandle{d, f}, nil
}

func (d *crashDisk) Rename(old, new string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now[old] == nil {
		return &fs.PathError{Op: "rename", Path: old, Err: fs.ErrNotExist}
	}
	if _, err := d.step(); err != nil {
		return err
	}
	d.now[new] = d.now[old]
	delete(d.now, old)
	return nil
}

func (d *crashDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.step(); err != nil {
		return err
	}
	if f := d.now[name]; f != nil {
		d.used -= int64(len(f.data))
	}
	delete(d.now, name)
	return nil
}

func (d *crashDisk) MakeDir(string) error { return nil }

func (d *crashDisk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.step(); err != nil {
		return err
	}
	in := func(name string) bool {
		return path.Dir(name) == dir || dir != "ledger" && strings.HasPrefix(name, dir+"/")
	}
	for name := range d.durable {
		if in(name) && d.now[name] == nil {
			delete(d.durable, name)
		}
	}
	for name, f := range d.now {
		if in(name) {
			d.durable[name] = f
		}
	}
	return nil
}

// room is a folder of a crashDisk, as a disk of its own.
type room struct {
	*crashDisk
	dir string
}

func (r room) Open(name string) (fs.File, error) { return r.crashDisk.Open(path.Join(r.dir, name)) }
func (r room) OpenFile(name string) (File, error) {
	return r.crashDisk.OpenFile(path.Join(r.dir, name))
}
func (r room) Remove(name string) error  { return r.crashDisk.Remove(path.Join(r.dir, name)) }
func (r room) SyncDir(name string) error { return r.crashDisk.SyncDir(path.Join(r.dir, name)) }
func (r room) Rename(old, new string) error {
	return r.crashDisk.Rename(path.Join(r.dir, old), path.Join(r.dir, new))
}

type crashHandle struct {
	d *crashDisk
	f *crashFile
}

func (h *crashHandle) ReadAt(p []byte, off int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if off >= int64(len(h.f.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *crashHandle) WriteAt(p []byte, off int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if _, err := h.d.step(); err != nil {
		return 0, err
	}
	if grow := off + int64(len(p)) - int64(len(h.f.data)); grow > 0 {
		if h.d.full > 0 && h.d.used+grow > h.d.full {
			return 0, h.d.noSpace
		}
		h.d.used += grow
	}
	h.f.data = put(h.f.data, p, off)
	h.f.pending = append(h.f.pending, pendingWrite{off: off, b: bytes.Clone(p)})
	return len(p), nil
}

func (h *crashHandle) Truncate(n int64) error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if _, err := h.d.step(); err != nil {
		return err
	}
	h.d.used += n - int64(len(h.f.data))
	h.f.data = resize(h.f.data, n)
	h.f.pending = append(h.f.pending, pendingWrite{off: n, truncate: true})
	return nil
}

func (h *crashHandle) Sync() error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	last, err := h.d.step()
	if err != nil {
		return err
	}
	if last {
		return errPower // it may have reached the disk in part
	}
	h.f.synced = bytes.Clone(h.f.data)
	h.f.pending = nil
	return nil
}

func (h *crashHandle) Size() (int64, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	return int64(len(h.f.data)), nil
}

func (h *crashHandle) Close() error { return nil }
