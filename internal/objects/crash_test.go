package objects_test

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"testing"

	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/objects"
)

var errPower = errors.New("the power is cut")

// cutDisk is a disk whose power is cut after some steps. What was written and
// not synced by then is lost.
type cutDisk struct {
	disk.Dir
	left int // steps
}

func (d *cutDisk) step() error {
	if d.left--; d.left < 0 {
		return errPower
	}
	return nil
}

func (d *cutDisk) OpenFile(name string) (disk.File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := d.Dir.OpenFile(name)
	return &cutFile{File: f, disk: d}, err
}

func (d *cutDisk) Rename(old, new string) error {
	return errors.Join(d.step(), d.alive(func() error { return d.Dir.Rename(old, new) }))
}

func (d *cutDisk) Remove(name string) error {
	return errors.Join(d.step(), d.alive(func() error { return d.Dir.Remove(name) }))
}

func (d *cutDisk) SyncDir(name string) error {
	return errors.Join(d.step(), d.alive(func() error { return d.Dir.SyncDir(name) }))
}

func (d *cutDisk) alive(f func() error) error {
	if d.left < 0 {
		return nil
	}
	return f()
}

// cutFile keeps writes until they are synced.
type cutFile struct {
	disk.File
	disk    *cutDisk
	pending []func() error
}

func (f *cutFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.disk.step(); err != nil {
		return 0, err
	}
	b = append([]byte(nil), b...)
	f.pending = append(f.pending, func() error { _, err := f.File.WriteAt(b, at); return err })
	return len(b), nil
}

func (f *cutFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	var err error
	for _, write := range f.pending {
		err = errors.Join(err, write())
	}
	f.pending = nil
	return errors.Join(err, f.File.Sync())
}

// TestPowerCut cuts the power at each step of following the record and merging,
// and then takes the view up again: it says what a scan says.
func TestPowerCut(t *testing.T) {
	h := newHouse(t)
	r := mathrand.New(mathrand.NewPCG(9, 10))
	for range 120 {
		h.put(random(r, len(h.calls)))
	}
	steps := 1
	for cut := 0; cut < steps; cut += 3 {
		h.restore(nil)
		d := &cutDisk{Dir: disk.Dir(h.dir), left: cut}
		err := h.work(t.Context(), d)
		if err == nil {
			break // it was done before
		}
		steps = cut + 4
		v := h.open()
		if p := v.Progress(); p.Covered > p.Sealed {
			t.Fatalf("cut at %d: %+v", cut, p)
		}
		if err := v.CatchUp(t.Context(), 1<<20); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		h.same(v, r)
	}
	if steps < 100 {
		t.Errorf("%d steps: the test is too small", steps)
	}
}

// work follows the record in small steps, and merges.
func (h *house) work(ctx context.Context, d disk.Disk) error {
	v, err := objects.Open(objects.Config{Disk: d, Feed: h.recorder, Ledger: h.ledger, Origin: "test", Key: []byte(h.key), Flush: 20})
	for to := uint64(8); err == nil && to <= uint64(len(h.calls)); to += 8 {
		if err = v.Advance(ctx, to); err == nil {
			_, err = v.Merge(ctx)
		}
	}
	return err
}
