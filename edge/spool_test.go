package edge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func open(t *testing.T, dir string, max int64) *spool {
	t.Helper()
	s, err := openSpool(dir, max, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// line is a line of 100 bytes.
func line(n int) []byte { return fmt.Appendf(nil, "%098d,\n", n) }

func add(t *testing.T, s store, from, to int) {
	t.Helper()
	for n := from; n < to; n += 50 {
		var lines [][]byte
		for i := n; i < min(n+50, to); i++ {
			lines = append(lines, line(i))
		}
		if err := s.add(lines); err != nil {
			t.Fatal(err)
		}
	}
}

// drain takes all lines out, some at a time, and fails the test unless they are
// those of from to to in their order.
func drain(t *testing.T, s store, from, to int) {
	t.Helper()
	for n := from; ; {
		lines, err := s.oldest(7, 450)
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 {
			if n != to || s.count() != 0 {
				t.Fatalf("it ends before line %d, want %d; it has %d", n, to, s.count())
			}
			return
		}
		if len(lines) > 4 {
			t.Fatalf("got %d lines of 100 bytes, want 450 bytes at most", len(lines))
		}
		for _, l := range lines {
			if !bytes.Equal(l, line(n)) {
				t.Fatalf("got %q, want line %d", l, n)
			}
			n++
		}
		if err := s.drop(len(lines)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStores: lines come out in the order in which they went in, through files
// that begin and end on the way.
func TestStores(t *testing.T) {
	dir := t.TempDir()
	files := open(t, dir, 1<<30)
	files.each = 20_000
	for _, s := range []store{&memory{max: 1 << 30}, files} {
		add(t, s, 0, 3000)
		if n := s.count(); n != 3000 {
			t.Errorf("it has %d lines, want 3000", n)
		}
		drain(t, s, 0, 3000)
		add(t, s, 0, 10)
		drain(t, s, 0, 10)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*"+spoolExt)); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

// TestLongLine: a line that is longer than a delivery should be is delivered by
// itself, and those around it are not lost.
func TestLongLine(t *testing.T) {
	long := append(bytes.Repeat([]byte("x"), maxLine-1), '\n')
	for _, s := range []store{&memory{max: 1 << 30}, open(t, t.TempDir(), 1<<30)} {
		if err := s.add([][]byte{line(0), long, line(1)}); err != nil {
			t.Fatal(err)
		}
		for _, want := range [][]byte{line(0), long, line(1)} {
			got, err := s.oldest(maxLines, maxBytes)
			if err != nil || len(got) != 1 || !bytes.Equal(got[0], want) {
				t.Fatalf("got %d lines, the first of %d bytes, %v; want one of %d", len(got), len(bytes.Join(got[:min(len(got), 1)], nil)), err, len(want))
			}
			if err := s.drop(1); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestRoom: what has no room is not stored, and there is room again.
func TestRoom(t *testing.T) {
	for _, s := range []store{&memory{max: 1000}, open(t, t.TempDir(), 1000)} {
		add(t, s, 0, 10)
		if err := s.add([][]byte{line(10)}); !errors.Is(err, errFull) || s.count() != 10 {
			t.Errorf("got %v with %d lines, want %v with 10", err, s.count(), errFull)
		}
		drain(t, s, 0, 10)
		add(t, s, 10, 20)
		drain(t, s, 10, 20)
	}
}

// TestReopen: after a crash at any byte of the last file the whole lines before
// it are there, and the next are stored after them.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<30)
	add(t, s, 0, 30)
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"+spoolExt))
	if err != nil || len(names) != 1 {
		t.Fatalf("files %v, %v", names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 99, 100, 101, 2950, 2999, 3000} {
		if err := os.WriteFile(names[0], whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, 1<<30)
		if n := s.count(); n != size/100 {
			t.Fatalf("after %d bytes it has %d lines", size, n)
		}
		add(t, s, size/100, size/100+5)
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, 1<<30)
		drain(t, s, 0, size/100+5)
	}
	// What was dropped of a file that is not finished comes again.
	s = open(t, dir, 1<<30)
	add(t, s, 0, 10)
	if err := s.drop(4); err != nil {
		t.Fatal(err)
	}
	s.close()
	drain(t, open(t, dir, 1<<30), 0, 10)
}

// TestBadSpool: a file without lines, and a folder that is none.
func TestBadSpool(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "0000000000000007"+spoolExt), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, 1<<30)
	add(t, s, 0, 3)
	drain(t, s, 0, 3)
	if _, err := openSpool(filepath.Join(dir, "none"), 1<<30, quiet()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
