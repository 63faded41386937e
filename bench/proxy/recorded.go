//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// logLines returns a count of the calls in the access log called name: the lines
// with the path that all requests of the benchmark have.
func logLines(name string) func(setup) (uint64, error) {
	return func(s setup) (uint64, error) {
		f, err := os.Open(filepath.Join(s.dir, name))
		if err != nil {
			return 0, err
		}
		defer f.Close()
		r := bufio.NewReaderSize(f, 1<<20)
		var n uint64
		for {
			line, err := r.ReadSlice('\n')
			if bytes.Contains(line, []byte("/v1/orders")) {
				n++
			}
			if errors.Is(err, io.EOF) {
				return n, nil
			}
			if err != nil {
				return 0, fmt.Errorf("reading %s: %w", name, err)
			}
		}
	}
}

// ledgerSize returns how many events Gatebook has sealed, as its last checkpoint
// says. A few of them are not calls: start, stop, and gaps if there were any.
func ledgerSize(s setup) (uint64, error) {
	files, _ := filepath.Glob(filepath.Join(s.dir, "data", "*", "checkpoint"))
	top, _ := filepath.Glob(filepath.Join(s.dir, "data", "checkpoint"))
	files = append(files, top...)
	if len(files) != 1 {
		return 0, fmt.Errorf("%d checkpoints in the data directory, want 1", len(files))
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		return 0, err
	}
	parts := bytes.SplitN(b, []byte("\n"), 3)
	if len(parts) < 3 {
		return 0, errors.New("reading the checkpoint: it has no second line")
	}
	return strconv.ParseUint(string(parts[1]), 10, 64)
}
