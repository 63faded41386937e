//go:build linux || darwin || freebsd

package storage

import "golang.org/x/sys/unix"

// room returns the bytes of the file system of dir, and those that can still be
// used.
func room(dir string) (total, free int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return int64(s.Blocks) * int64(s.Bsize), max(0, int64(s.Bavail)) * int64(s.Bsize), nil
}
