// Package tail reads the lines of a log file that others write and rotate.
//
// It promises that each line is read once, in the order of the file, whatever
// happens to the file: it is renamed and made anew, copied and truncated,
// compressed after that, or not there for a while; and also if this program was
// stopped meanwhile, as long as what it had not read is still in the folder. It
// keeps no place itself: [Follower.Places] says where it is, and whoever keeps
// that decides what is read again after a crash.
//
// A file is known by its first bytes, and not by its inode, which systems use
// again. It is not for files that are changed in place.
package tail

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// MaxLine bounds a line in bytes, if nothing else is said. Of a longer one the
// beginning is returned.
const MaxLine = 64<<10 + 1

// Place is how far a file was read.
type Place struct {
	Head   string `json:"head"`   // hash of the first bytes of the file, in hex
	Size   int64  `json:"size"`   // how many these are
	Offset int64  `json:"offset"` // of the first byte that was not read
	Line   uint64 `json:"line"`   // lines before it

	At time.Time `json:"at"` // when it was taken
}

// Line is a line of a file, without its end.
type Line struct {
	Text   string
	Number uint64 // in its file, from 1
	Long   bool   // it is longer than a line may be, and Text is its beginning
}

// Config is what a [Follower] needs to know. Path is required.
type Config struct {
	Path    string
	End     bool             // where nothing was read yet, begin at the end of the file
	MaxLine int              // bytes of a line; 0: [MaxLine]
	Drain   time.Duration    // how long a file that was renamed may still grow; 0: a minute
	Now     func() time.Time // nil: time.Now
}

// Follower reads the lines of a file. It is not safe for concurrent use. Make
// one with [Open].
type Follower struct {
	cfg     Config
	current *file   // nil: it is not there yet
	old     []*file // that were the current one before, and are not at their end
	lost    []string
}

// Open returns a follower that goes on at places. What cannot be found again is
// said by [Follower.Lost].
func Open(cfg Config, places []Place) (*Follower, error) {
	if cfg.MaxLine == 0 {
		cfg.MaxLine = MaxLine
	}
	if cfg.Drain == 0 {
		cfg.Drain = time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	f := &Follower{cfg: cfg}
	err := f.resume(places)
	if err == nil {
		err = f.open()
	}
	if err == nil && f.current != nil && cfg.End && len(places) == 0 {
		err = f.current.toEnd(f.cfg.MaxLine)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close lets go of the files.
func (f *Follower) Close() {
	for _, x := range append(f.old, f.current) {
		if x != nil {
			x.close()
		}
	}
	f.old, f.current = nil, nil
}

// Lost says which files could not be read to their end, since the last time it
// was asked.
func (f *Follower) Lost() []string {
	lost := f.lost
	f.lost = nil
	return lost
}

// Places returns where the follower is: after the lines that Next returned.
func (f *Follower) Places() []Place {
	list := make([]Place, 0, len(f.old)+1)
	for _, x := range append(f.old[:len(f.old):len(f.old)], f.current) {
		if x != nil {
			p := x.place()
			p.At = f.cfg.Now()
			list = append(list, p)
		}
	}
	return list
}

// Behind returns how many bytes are there that were not read, as far as that can
// be told.
func (f *Follower) Behind() (n int64) {
	for _, x := range append(f.old[:len(f.old):len(f.old)], f.current) {
		if x != nil {
			n += x.behind()
		}
	}
	return n
}

// Next returns up to max lines; none if there is nothing new. All lines are of
// one file.
func (f *Follower) Next(max int) ([]Line, error) {
	for i := 0; i < len(f.old); {
		x := f.old[i]
		lines, err := x.lines(max, f.cfg.MaxLine)
		if len(lines) > 0 || err != nil {
			return lines, err
		}
		if !f.done(x) {
			i++
			continue
		}
		f.old = slices.Delete(f.old, i, i+1)
		last := x.last(f.cfg.MaxLine)
		x.close()
		if len(last) > 0 {
			return last, nil
		}
	}
	for range 2 {
		if err := f.open(); err != nil || f.current == nil {
			return nil, err
		}
		changed, err := f.truncated()
		if err != nil {
			return nil, err
		}
		if !changed {
			if lines, err := f.current.lines(max, f.cfg.MaxLine); len(lines) > 0 || err != nil {
				return lines, err
			}
			if changed, err = f.renamed(); err != nil || !changed {
				return nil, err
			}
		}
		if len(f.old) > 0 {
			return f.Next(max)
		}
	}
	return nil, nil
}

// open opens what is at the path, if something is.
func (f *Follower) open() (err error) {
	if f.current != nil {
		return nil
	}
	if f.current, err = open(f.cfg.Path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// done reports whether an old file, of which all was read, is at its end. As long
// as there is no new one, it is the one that is written to.
func (f *Follower) done(x *file) bool {
	now := f.cfg.Now()
	if x.idle.IsZero() {
		x.idle = now
	}
	if x.finished || now.Sub(x.idle) < f.cfg.Drain {
		return x.finished
	}
	_, err := os.Stat(f.cfg.Path)
	return err == nil
}

// renamed puts what is now at the path in the place of the current file, if it
// is another one. Servers write to the old one until they are told.
func (f *Follower) renamed() (bool, error) {
	here, err := os.Stat(f.cfg.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mine, err := f.current.f.Stat()
	if err != nil || os.SameFile(here, mine) {
		return false, err
	}
	f.current.idle = time.Time{}
	f.old, f.current = append(f.old, f.current), nil
	if err := f.between(mine.ModTime(), nil); err != nil {
		return false, err
	}
	return true, f.open() // now, before it is renamed as well
}

// truncated begins the current file anew, if it was emptied, and takes what was
// not read of it from its copy.
func (f *Follower) truncated() (bool, error) {
	x := f.current
	same, err := x.same()
	if err != nil || same {
		return false, err
	}
	place := x.place()
	f.current = &file{name: x.name, f: x.f, r: x.f} // the same, since it may have been renamed as well
	if _, err := x.f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	if place.Size == 0 { // nothing was taken of it
		return true, nil
	}
	copied, err := f.find(place, nil)
	if err != nil {
		return false, err
	}
	if copied != nil {
		copied.finished = true
		f.old = append(f.old, copied)
	} else {
		f.lose(place)
	}
	return true, nil
}

func (f *Follower) lose(p Place) {
	f.lost = append(f.lost, fmt.Sprintf("%s was emptied or removed after line %d was read, and no copy of it is in its folder: lines after that may be missing", filepath.Base(f.cfg.Path), p.Line))
}

// resume finds the files of places again.
func (f *Follower) resume(places []Place) error {
	var after time.Time
	taken := make(map[string]bool)
	for i, p := range places {
		if p.Size == 0 { // it was empty, and is known by nothing but the time
			if after.Before(p.At) {
				after = p.At
			}
			continue
		}
		x, err := f.find(p, taken)
		if err != nil {
			return err
		}
		if x == nil {
			f.lose(p)
			continue
		}
		taken[x.name] = true
		if i == len(places)-1 && x.name == f.cfg.Path {
			f.current = x
			continue
		}
		if info, err := os.Stat(x.name); err == nil && (after.IsZero() || info.ModTime().After(after)) {
			after = info.ModTime()
		}
		x.finished = x.packed // else a server may still write to it
		f.old = append(f.old, x)
	}
	if f.current != nil || after.IsZero() {
		return nil
	}
	return f.between(after, taken) // it was rotated meanwhile, perhaps more than once
}

// between takes the files that were the log after the last that is known and
// before the current one: those that were changed after it.
func (f *Follower) between(after time.Time, taken map[string]bool) error {
	siblings, err := f.siblings()
	if err != nil {
		return err
	}
	for _, s := range siblings {
		if s.name == f.cfg.Path || taken[s.name] || !s.changed.After(after) {
			continue
		}
		x, err := open(s.name)
		if err != nil {
			return err
		}
		if f.has(x) {
			x.close()
			continue
		}
		x.finished = x.packed
		f.old = append(f.old, x)
	}
	return nil
}

// has reports whether a file is one that is being read.
func (f *Follower) has(x *file) bool {
	info, err := x.f.Stat()
	return err == nil && slices.ContainsFunc(f.old, func(y *file) bool {
		other, err := y.f.Stat()
		return err == nil && os.SameFile(info, other)
	})
}

// errHead is the error of a file that is another one.
var errHead = errors.New("it is another file")

// find finds the file of a place, which has at least as much as was read: at the
// path, or among what it was renamed or copied to. Nil: there is none.
func (f *Follower) find(p Place, taken map[string]bool) (*file, error) {
	siblings, err := f.siblings()
	if err != nil {
		return nil, err
	}
	for _, s := range siblings {
		if taken[s.name] {
			continue
		}
		x, err := openAt(s.name, p)
		switch {
		case err == nil:
			return x, nil
		case errors.Is(err, errHead), errors.Is(err, fs.ErrNotExist), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, fs.ErrPermission) && s.name != f.cfg.Path:
		default:
			return nil, err
		}
	}
	return nil, nil
}
