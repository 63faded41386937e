// Package disk is the folder of a store that must survive a crash, behind an
// interface that tells each write, sync, rename and removal apart, so that a
// test can cut the power at each of them.
//
// It promises nothing by itself: what is durable when is said at each method,
// and the order of calls is the caller's.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Disk is a folder and all below it. [Dir] is the real one; tests crash another
// at every write. Names are relative and have slashes, as in [io/fs].
type Disk interface {
	fs.FS
	// OpenFile opens a file for reading and writing, and makes it if it is
	// not there.
	OpenFile(name string) (File, error)
	// Rename replaces new by old. It is durable after SyncDir.
	Rename(old, new string) error
	// Remove removes a file. It is durable after SyncDir.
	Remove(name string) error
	// MakeDir makes a folder and its parents.
	MakeDir(name string) error
	// SyncDir makes the entries of a folder durable.
	SyncDir(name string) error
}

// File is a file of a [Disk].
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes what was written durable; after an error nothing is known
	// of any write since the last Sync.
	Sync() error
	Truncate(size int64) error
	Size() (int64, error)
}

// Dir is a [Disk] on the operating system's file system.
type Dir string

// Open opens a file for reading.
func (d Dir) Open(name string) (fs.File, error) { return os.DirFS(string(d)).Open(name) }

// OpenFile opens or makes a file, readable by its owner only.
func (d Dir) OpenFile(name string) (File, error) {
	f, err := os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Rename implements [Disk].
func (d Dir) Rename(old, new string) error { return os.Rename(d.path(old), d.path(new)) }

// Remove implements [Disk].
func (d Dir) Remove(name string) error { return os.Remove(d.path(name)) }

// MakeDir implements [Disk].
func (d Dir) MakeDir(name string) error { return os.MkdirAll(d.path(name), 0o700) }

// SyncDir implements [Disk].
func (d Dir) SyncDir(name string) error {
	f, err := os.Open(d.path(name))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d Dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

type osFile struct{ *os.File }

// Sync is fdatasync: the size is made durable with the data if it changed.
func (f osFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return err
		}
	}
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// ErrLocked is the error of a folder that another process writes to.
var ErrLocked = errors.New("another Gatebook is running on this data directory")

// Lock takes the folder dir for this process until what it returns is closed
// or the process ends.
func Lock(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrLocked)
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return f, nil
}

// TempExt ends the name of a file that is not finished.
const TempExt = ".tmp"

// Replace puts a file in place of another, or of none, in one step: after a
// crash there is the old content or the new.
func Replace(d Disk, dir, name string, content []byte) error {
	f, err := d.OpenFile(name + TempExt)
	if err != nil {
		return err
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt(content, 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.Rename(name+TempExt, name); err != nil {
		return err
	}
	return d.SyncDir(dir)
}
