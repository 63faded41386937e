package readingtest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// StartKeeper starts what erases, and gives the room its knowledge of what was
// erased. Call it after StartIndex, if there is to be an index. It can be
// called again, after stop.
func (h *House) StartKeeper(change ...func(*erasure.Config)) (stop func()) {
	h.t.Helper()
	h.Config.Removal = func(c event.Class, n uint64, day, route string) *ledger.Removal {
		return h.Keeper.Removal(c, n, day, route)
	}
	h.Config.Removing = func() bool { return h.Keeper.Pending() }
	h.Room = reading.New(h.Config)
	c := erasure.Config{Ledger: h.Ledger, Recorder: h.Recorder, Room: h.Room, Objects: h.Config.Objects, Edge: "test"}
	if h.follower != nil {
		c.Index = h.follower
	}
	for _, f := range change {
		f(&c)
	}
	h.Keeper = erasure.New(c)
	return running(h.t, h.Keeper.Run)
}

// Everything returns the bytes of all files below a folder, and of everything
// in them that is compressed with Zstandard or gzip, in lower case. Files that are
// removed meanwhile are left out.
func Everything(t testing.TB, dir string) string {
	t.Helper()
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	var all bytes.Buffer
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !e.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		all.Write(b)
		if z, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
			if _, err := io.Copy(&all, z); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		for rest := b; ; {
			i := bytes.Index(rest, []byte("\x28\xb5\x2f\xfd"))
			if i < 0 {
				return nil
			}
			// What follows the compressed bytes makes an error after them.
			out, _ := dec.DecodeAll(rest[i:], nil)
			all.Write(out)
			rest = rest[i+4:]
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToLower(all.String())
}
