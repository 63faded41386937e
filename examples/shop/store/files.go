package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// KeptSize is the largest content that is kept, in bytes.
	KeptSize = 4 << 20
	// keptTotal bounds the memory for contents, in bytes.
	keptTotal = 128 << 20
	// maxFiles bounds the list; the oldest go first.
	maxFiles = 2000
	// ArchiveSize is the size of the generated archive, in bytes.
	ArchiveSize = 1 << 30
)

// ErrGone says that a file's content was not kept.
var ErrGone = errors.New("content was not kept")

// AddFile reads an upload to its end. Small contents are kept, larger ones
// are counted and hashed only, so that an upload of any size takes no memory.
func (s *Store) AddFile(name, mediaType, by string, content io.Reader) (File, error) {
	hash := sha256.New()
	var kept bytes.Buffer
	size, err := io.Copy(io.MultiWriter(hash, &kept), io.LimitReader(content, KeptSize))
	if err != nil {
		return File{}, fmt.Errorf("reading upload: %w", err)
	}
	rest, err := io.Copy(hash, content)
	if err != nil {
		return File{}, fmt.Errorf("reading upload: %w", err)
	}
	f := File{Name: name, Type: mediaType, Size: size + rest, By: by, SHA256: hex.EncodeToString(hash.Sum(nil)),
		Uploaded: time.Now().UTC().Truncate(time.Second)}

	s.mu.Lock()
	defer s.mu.Unlock()
	if rest == 0 && s.kept+size <= keptTotal {
		f.Stored, f.content = true, kept.Bytes()
		s.kept += size
	}
	if len(s.files.ids) >= maxFiles {
		s.dropFile(s.files.ids[1]) // the first is the archive
	}
	return s.files.add("fil", func(id string) File { f.ID = id; return f }), nil
}

// dropFile forgets a file. The caller holds mu.
func (s *Store) dropFile(id string) {
	s.kept -= int64(len(s.files.rows[id].content))
	s.files.remove(id)
}

// Files returns a page of files after an id.
func (s *Store) Files(after string, limit int) ([]File, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.files.page(after, limit, nil)
}

// File returns what is known of a file.
func (s *Store) File(id string) (File, error) { return get(s, &s.files, id) }

// RemoveFile deletes a file. The generated archive stays.
func (s *Store) RemoveFile(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files.rows[id]
	if !ok {
		return fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	if f.made {
		return fmt.Errorf("%s is the archive: %w", id, ErrConflict)
	}
	s.dropFile(id)
	return nil
}

// Content opens a file's content; ErrGone if it was not kept.
func (f File) Content() (io.ReadSeeker, error) {
	switch {
	case f.made:
		return io.NewSectionReader(archive{}, 0, f.Size), nil
	case f.Stored:
		return bytes.NewReader(f.content), nil
	}
	return nil, fmt.Errorf("%s: %w", f.ID, ErrGone)
}

// archive is a content without end whose byte at offset n is the low byte of
// n/251: cheap to make, easy to check, and a lost or doubled block shows.
type archive struct{}

// ReadAt implements io.ReaderAt.
func (archive) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		p[i] = byte((at + int64(i)) / 251)
	}
	return len(p), nil
}
