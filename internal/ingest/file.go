package ingest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"regexp"
)

// MaxUnpacked is the most bytes that a compressed file may hold.
const MaxUnpacked = 64 << 30

// Unpack returns what a file holds that may be compressed with gzip, through a
// buffer of so many bytes. A compressed file that holds more than [MaxUnpacked]
// ends with an error.
func Unpack(in io.Reader, buffer int) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(in, buffer)
	if magic, _ := b.Peek(2); string(magic) != "\x1f\x8b" {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("the compressed file is damaged: %w", err)
	}
	return bufio.NewReaderSize(&bounded{z, MaxUnpacked}, buffer), nil
}

// bounded fails when more was read than may be.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("it holds more than %d bytes", int64(MaxUnpacked))
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

var sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// IsSource reports whether a name can be that of a source: where a log was
// written, in people's words.
func IsSource(name string) bool { return sourceName.MatchString(name) }

// CheckSource returns what is wrong with the name of a source, which may be
// empty.
func CheckSource(name string) error {
	if name == "" || IsSource(name) {
		return nil
	}
	return fmt.Errorf("the source %.60q: want letters, digits, points, hyphens and underscores, at most 64", name)
}
