package witness

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// store keeps cosigned checkpoints in the folder of a ledger. One goroutine
// owns it.
type store struct {
	dir   string // of the ledger
	every time.Duration

	day  string    // name of the newest file of the history
	last time.Time // of the newest in the history, by the clock of this machine or of a witness
	size uint64    // records of the newest that was kept
}

// openStore looks at what is there, and cuts from the history what a crash left
// at its end.
func openStore(dir string, every time.Duration) (*store, error) {
	s := &store{dir: dir, every: every}
	entries, err := os.ReadDir(filepath.Join(dir, ledger.CosignedDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range slices.Backward(entries) {
		if _, err := time.Parse(time.DateOnly, e.Name()); err != nil {
			continue
		}
		name := filepath.Join(dir, ledger.CosignedDir, e.Name())
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		notes, rest := ledger.SplitCosigned(b)
		if len(rest) > 0 {
			if err := os.Truncate(name, int64(len(b)-len(rest))); err != nil {
				return nil, fmt.Errorf("cutting the end of the cosigned history: %w", err)
			}
		}
		s.day = e.Name()
		if len(notes) > 0 {
			s.last = ledger.ClaimedTime(notes[len(notes)-1])
		}
		break
	}
	return s, nil
}

// keep makes a cosigned checkpoint of the given size durable. It joins the
// history if the last one there is old enough.
func (s *store) keep(signed []byte, size uint64, now time.Time) error {
	if size < s.size {
		return nil // another has overtaken it
	}
	if err := replaceFile(filepath.Join(s.dir, ledger.WitnessedFile), signed, 0o600); err != nil {
		return err
	}
	grown := size > s.size
	s.size = size
	// The clock may have been set back: then it is due too.
	if !grown || now.Sub(s.last).Abs() < s.every {
		return nil
	}
	if err := s.append(signed, now); err != nil {
		return err
	}
	s.last = now
	return nil
}

// append adds to the file of the day. The files are read in the order of their
// names, so that a clock that was set back goes on in the newest.
func (s *store) append(signed []byte, now time.Time) error {
	dir := filepath.Join(s.dir, ledger.CosignedDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	s.day = max(s.day, ledger.Day(now))
	f, err := os.OpenFile(filepath.Join(dir, s.day), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Write(ledger.AppendCosigned(nil, signed))
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		// A half of it would be in the way of the next.
		err = errors.Join(err, f.Truncate(end))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the cosigned history: %w", err)
	}
	if end == 0 {
		return errors.Join(syncDir(dir), syncDir(s.dir))
	}
	return nil
}

// replaceFile puts a file in place of another, or of none, in one step, and
// makes it durable: after a crash there is the old content or the new.
func replaceFile(name string, content []byte, mode fs.FileMode) error {
	tmp := name + ledger.TempExt
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(name), err)
	}
	if err := os.Rename(tmp, name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
