package tail

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// headSize is how many bytes a file is known by.
const headSize = 1024

// chunk is how much is read at once.
const chunk = 256 << 10

// file is a file that is being read.
type file struct {
	name     string
	f        *os.File
	r        io.Reader // from f, at the end of rest
	packed   bool      // r unpacks
	head     []byte    // the first bytes of what was read, up to headSize
	offset   int64     // of the first byte that was not returned
	line     uint64    // lines before it
	rest     []byte    // what was read behind offset
	skipping bool      // within a line that is too long
	ended    bool      // nothing more was there when it was last read
	finished bool      // it does not grow any more
	idle     time.Time // since when nothing came; zero: it is not known
}

func open(name string) (*file, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	x := &file{name: name, f: f, r: f}
	magic := make([]byte, 2)
	if n, _ := f.ReadAt(magic, 0); n == 2 && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		x.packed = true
		if x.r, err = gzip.NewReader(f); err != nil {
			f.Close()
			return nil, errHead // it is being written
		}
		x.head = make([]byte, headSize)
		n, _ := io.ReadFull(x.r, x.head)
		x.head = x.head[:n]
		x.r = io.MultiReader(bytes.NewReader(x.head), x.r)
	}
	return x, nil
}

// openAt opens a file at a place, or fails with [errHead] if it is another one.
func openAt(name string, p Place) (*file, error) {
	x, err := open(name)
	if err != nil {
		return nil, err
	}
	if x.packed {
		x.head = x.head[:min(p.Size, int64(len(x.head)))]
		_, err = io.CopyN(io.Discard, x.r, p.Offset)
	} else {
		x.head = make([]byte, min(p.Size, headSize))
		if _, err = io.ReadFull(x.r, x.head); err == nil {
			_, err = x.f.Seek(p.Offset, io.SeekStart)
		}
		if info, bad := x.f.Stat(); bad == nil && info.Size() < p.Offset {
			err = errHead
		}
	}
	if err == nil && sum(x.head) != p.Head {
		err = errHead
	}
	if err != nil {
		x.close()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errHead
		}
		return nil, err
	}
	x.offset, x.line = p.Offset, p.Line
	return x, nil
}

func (x *file) close() { x.f.Close() }

func (x *file) place() Place {
	if len(x.head) == 0 && !x.packed { // nothing was read yet, and something may be there by now
		head := make([]byte, headSize)
		n, _ := x.f.ReadAt(head, 0)
		x.head = head[:n]
	}
	return Place{Head: sum(x.head), Size: int64(len(x.head)), Offset: x.offset, Line: x.line}
}

func sum(head []byte) string {
	s := sha256.Sum256(head)
	return hex.EncodeToString(s[:])
}

// toEnd goes behind the last line that is complete.
func (x *file) toEnd(longest int) error {
	info, err := x.f.Stat()
	if err != nil {
		return err
	}
	x.head = make([]byte, min(info.Size(), headSize))
	if _, err := io.ReadFull(io.NewSectionReader(x.f, 0, headSize), x.head); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	end := info.Size()
	buf := make([]byte, min(end, int64(longest)))
	if _, err := x.f.ReadAt(buf, end-int64(len(buf))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	end -= int64(len(buf) - 1 - bytes.LastIndexByte(buf, '\n'))
	x.offset = end
	_, err = x.f.Seek(end, io.SeekStart)
	return err
}

// same reports whether what was read is still in the file: it was not emptied,
// and if it was, it has not grown again.
func (x *file) same() (bool, error) {
	info, err := x.f.Stat()
	if err != nil {
		return false, err
	}
	if x.packed {
		return true, nil
	}
	read := x.offset + int64(len(x.rest))
	if info.Size() < read {
		return false, nil
	}
	if len(x.head) == 0 {
		return true, nil
	}
	now := make([]byte, len(x.head))
	if _, err := x.f.ReadAt(now, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return bytes.Equal(now, x.head), nil
}

func (x *file) behind() int64 {
	info, err := x.f.Stat()
	if err != nil || x.packed {
		return int64(len(x.rest))
	}
	return max(info.Size()-x.offset, 0)
}

// lines returns up to max lines that are complete.
func (x *file) lines(max, longest int) ([]Line, error) {
	var list []Line
	for len(list) < max {
		if k := bytes.IndexByte(x.rest, '\n'); k >= 0 {
			list = x.take(list, k, 1, longest)
			continue
		}
		if len(x.rest) > longest {
			if !x.skipping {
				x.line++
				list = append(list, Line{string(x.rest[:longest]), x.line, true})
			}
			x.skipping = true
			x.offset += int64(len(x.rest))
			x.rest = x.rest[:0]
			continue
		}
		more, err := x.read()
		if err != nil {
			return list, err
		}
		if !more {
			break
		}
	}
	return list, nil
}

// take takes the line that ends at k, with an end of so many bytes.
// Of one that is longer than longest the beginning is kept.
func (x *file) take(list []Line, k, end, longest int) []Line {
	if x.skipping {
		x.skipping = false
	} else {
		x.line++
		list = append(list, Line{string(x.rest[:min(k, longest)]), x.line, k > longest})
	}
	x.offset += int64(k + end)
	x.rest = x.rest[k+end:]
	return list
}

// last returns what is behind the last line that is complete.
func (x *file) last(longest int) []Line {
	if len(x.rest) == 0 {
		return nil
	}
	return x.take(nil, len(x.rest), 0, longest)
}

// read reads more; false: there is nothing now.
func (x *file) read() (bool, error) {
	kept := len(x.rest)
	if cap(x.rest) < kept+chunk {
		x.rest = append(make([]byte, 0, 2*kept+chunk), x.rest...)
	}
	n, err := x.r.Read(x.rest[kept : kept+chunk])
	x.rest = x.rest[:kept+n]
	if n > 0 {
		x.idle = time.Time{}
		if at := x.offset + int64(kept); at == int64(len(x.head)) && at < headSize {
			x.head = append(x.head, x.rest[kept:][:min(n, headSize-int(at))]...)
		}
		return true, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && x.packed {
		return false, nil
	}
	return err == nil, err
}

// sibling is a file whose name begins with that of the log.
type sibling struct {
	name    string
	changed time.Time
}

// siblings are the log and what it can have been renamed or copied to, the log
// first and then the one that was changed first.
func (f *Follower) siblings() ([]sibling, error) {
	dir, base := filepath.Split(f.cfg.Path)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	// access.log.1, access.log.2.gz, access.log-20261127, access-20261127.log
	ext := filepath.Ext(base)
	named, err := regexp.Compile(`^(?:` + regexp.QuoteMeta(base) + `(?:[-._]?\d[-\d._T]*)?|` + regexp.QuoteMeta(strings.TrimSuffix(base, ext)) + `[-._]?\d[-\d._T]*` + regexp.QuoteMeta(ext) + `)(?:\.gz)?$`)
	if err != nil {
		return nil, err
	}
	var list []sibling
	for _, e := range entries {
		if !named.MatchString(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		s := sibling{filepath.Join(dir, e.Name()), info.ModTime()}
		if e.Name() == base {
			s.name = f.cfg.Path
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b sibling) int {
		switch {
		case a.name == f.cfg.Path:
			return -1
		case b.name == f.cfg.Path:
			return 1
		}
		return a.changed.Compare(b.changed)
	})
	return list, nil
}
