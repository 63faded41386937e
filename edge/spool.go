package edge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gatebook/gatebook/internal/disk"
)

// spool is a store in files: lines, in files of some megabytes that are numbered
// in their order. A file whose lines were all dropped is removed. After a crash
// lines that were dropped since can be there again, and the last line can be
// cut off, in which case it was never said to be stored.
type spool struct {
	dir  disk.Disk
	max  int64 // bytes
	log  *slog.Logger
	each int64 // bytes of a file, from which on another is begun

	mu    sync.Mutex   // guards what follows
	files []*spoolFile // oldest first; the last is written to
	next  uint64       // number of the next file
	bytes int64        // in all files
	lines int          // that were not dropped
}

type spoolFile struct {
	disk.File
	name  string
	size  int64 // bytes of whole lines
	from  int64 // where the oldest line that was not dropped begins
	lines int   // that were not dropped
}

const (
	spoolFileSize = 8 << 20
	spoolExt      = ".events"
)

// openSpool opens the spool in a folder, which is there.
func openSpool(dir string, max int64, log *slog.Logger) (*spool, error) {
	s := &spool{dir: disk.Dir(dir), max: max, log: log, each: spoolFileSize}
	entries, err := fs.ReadDir(s.dir, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries { // sorted by name, and so by number
		text, ok := strings.CutSuffix(e.Name(), spoolExt)
		n, err := strconv.ParseUint(text, 10, 64)
		if !ok || err != nil {
			continue
		}
		s.next = n + 1
		if err := s.read(e.Name()); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", e.Name(), err), s.close())
		}
	}
	return s, nil
}

// read takes up a file from before.
func (s *spool) read(name string) error {
	f, err := s.dir.OpenFile(name)
	if err != nil {
		return err
	}
	file := &spoolFile{File: f, name: name}
	size, err := f.Size()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return errors.Join(err, f.Close())
	}
	file.size, file.lines = int64(bytes.LastIndexByte(b, '\n')+1), bytes.Count(b, []byte{'\n'})
	if file.size < size {
		s.log.Warn("gatebook: the end of a spooled file was cut off by a crash", "file", name, "bytes", size-file.size)
		if err := f.Truncate(file.size); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	s.files = append(s.files, file)
	s.bytes, s.lines = s.bytes+file.size, s.lines+file.lines
	return nil
}

func (s *spool) add(lines [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := bytes.Join(lines, nil)
	if s.bytes+int64(len(text)) > s.max {
		return errFull
	}
	f, err := s.active()
	if err != nil {
		return err
	}
	_, err = f.WriteAt(text, f.size)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(f.size))
	}
	f.size, f.lines = f.size+int64(len(text)), f.lines+len(lines)
	s.bytes, s.lines = s.bytes+int64(len(text)), s.lines+len(lines)
	return nil
}

// active returns the file to write to.
func (s *spool) active() (*spoolFile, error) {
	if n := len(s.files); n > 0 && s.files[n-1].size < s.each {
		return s.files[n-1], nil
	}
	name := fmt.Sprintf("%016d%s", s.next, spoolExt)
	f, err := s.dir.OpenFile(name)
	if err != nil {
		return nil, err
	}
	if err := s.dir.SyncDir("."); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.next++
	s.files = append(s.files, &spoolFile{File: f, name: name})
	return s.files[len(s.files)-1], nil
}

func (s *spool) oldest(lines, most int) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.files, func(f *spoolFile) bool { return f.lines > 0 })
	if i < 0 {
		return nil, nil
	}
	f := s.files[i]
	for size := most; ; size = maxLine {
		out, err := f.head(lines, most, size)
		if len(out) > 0 || err != nil {
			return out, err
		}
		if size >= maxLine {
			return nil, fmt.Errorf("%s: there is no whole line of up to %d bytes at %d", f.name, maxLine, f.from)
		}
	}
}

// head reads so many bytes, and returns the lines that are whole in them, as far
// as the bounds go.
func (f *spoolFile) head(lines, most, size int) (out [][]byte, err error) {
	b := make([]byte, min(int64(size), f.size-f.from))
	if _, err := f.ReadAt(b, f.from); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	for len(out) < lines {
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 || len(out) > 0 && end > most {
			break
		}
		out, b, most = append(out, b[:end]), b[end:], most-end
	}
	return out, nil
}

// drop removes the n oldest, which are those that oldest returned, or the first
// of them.
func (s *spool) drop(n int) error {
	lines, err := s.oldest(n, maxBytes)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.files, func(f *spoolFile) bool { return f.lines > 0 })
	f := s.files[i]
	for _, l := range lines {
		f.from += int64(len(l))
	}
	f.lines, s.lines = f.lines-len(lines), s.lines-len(lines)
	if f.lines > 0 {
		return nil
	}
	s.files, s.bytes = slices.Delete(s.files, i, i+1), s.bytes-f.size
	return errors.Join(f.Close(), s.dir.Remove(f.name))
}

func (s *spool) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines
}

func (s *spool) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	s.files = nil
	return errors.Join(errs...)
}
