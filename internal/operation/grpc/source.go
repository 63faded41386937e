package grpc

import (
	"io"
	"io/fs"
)

// accessor opens .proto sources in folder.
func accessor(folder fs.FS) func(string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) { return folder.Open(name) }
}
