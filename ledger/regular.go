package ledger

import (
	"fmt"
	"io"
	"io/fs"
)

// regularFS gives a verifier nothing but folders and regular files. What is
// given to it to verify comes from someone who may want it to read the wrong
// bytes, or to wait for ever: a link in the place of a file leads out of the
// ledger, a named pipe or a device has no end.
type regularFS struct{ fs.FS }

// Open opens a folder, which may be on another disk by way of a link, or a
// regular file.
func (r regularFS) Open(name string) (fs.File, error) {
	info, err := fs.Lstat(r.FS, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() && !r.leadsToFolder(name, info) {
		return nil, &EvidenceError{name, "", fmt.Sprintf("it is no regular file: the ledger does not have %s", kindOf(info.Mode()))}
	}
	return r.FS.Open(name)
}

func (r regularFS) leadsToFolder(name string, info fs.FileInfo) bool {
	if info.Mode()&fs.ModeSymlink == 0 {
		return false
	}
	to, err := fs.Stat(r.FS, name)
	return err == nil && to.IsDir()
}

func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic links"
	case m&fs.ModeNamedPipe != 0:
		return "named pipes"
	}
	return "devices and sockets"
}

// maxSmall is the largest size of the files that are read whole: the format
// file and the newest checkpoints, which have a few hundred bytes.
const maxSmall = 1 << 20

// readSmall reads a file of at most maxSmall bytes.
func readSmall(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err == nil && len(b) > maxSmall {
		return nil, &EvidenceError{name, "", fmt.Sprintf("it has more than %d bytes", maxSmall)}
	}
	return b, err
}
