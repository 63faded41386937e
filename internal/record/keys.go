package record

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Keys makes, gives and destroys the data keys that the envelopes are encrypted
// with. Each file of the ledger has its own; the open end of the journal gets
// another at each start. It is safe for concurrent use.
type Keys interface {
	// New makes a key for a file. It is durable when New returns: nothing is
	// encrypted with it before.
	New(file string) (*ledger.DataKey, error)
	// Key gives a key; see [ledger.Keys] for the errors.
	Key(id ledger.KeyID) (*ledger.DataKey, error)
	// Retire destroys all keys that were made for a file, but those to keep.
	// It is called after what replaces the file, or its removal, is durable.
	Retire(file string, keep ...ledger.KeyID) error
	// Files returns the files for which there are keys.
	Files() []string
}

// ErrEncrypted is the error of a ledger whose envelopes are encrypted, while
// no keys were given, or not the right ones.
var ErrEncrypted = errors.New("encryption key missing")

// ledgerKeys returns the keys as the ledger takes them.
func (c *Config) ledgerKeys() ledger.Keys {
	if c.Keys == nil {
		return nil
	}
	return c.Keys.Key
}

// newKey makes a key for a file, or returns nil if nothing is encrypted.
func (c *Config) newKey(file string) (*ledger.DataKey, error) {
	if c.Keys == nil {
		return nil, nil
	}
	return c.Keys.New(file)
}

// retire destroys the keys of a file, but those to keep.
func (c *Config) retire(file string, keep ...ledger.KeyID) error {
	if c.Keys == nil {
		return nil
	}
	return c.Keys.Retire(file, keep...)
}

// retireUnfinished destroys the keys of an envelope file that was begun and not
// finished, but not the one of the file in whose place it should have come.
func (c *Config) retireUnfinished(file string) error {
	id, err := ledger.EnvelopeKey(c.Disk, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.retire(file)
	case err != nil:
		return err
	}
	return c.retire(file, id)
}

// unlockable reports whether a frame's key can be had, before the recorder
// goes on after it.
func (w *writer) unlockable(id ledger.KeyID) error {
	if id.IsZero() || w.known[id] {
		return nil
	}
	if err := w.cfg.hasKey(id); err != nil {
		return err
	}
	w.known[id] = true
	return nil
}

func (c *Config) hasKey(id ledger.KeyID) error {
	if c.Keys == nil {
		return fmt.Errorf("%w: the ledger's envelopes are encrypted, and no keys were given", ErrEncrypted)
	}
	if _, err := c.Keys.Key(id); err != nil {
		return fmt.Errorf("%w: the data key %s: %w", ErrEncrypted, id, err)
	}
	return nil
}

// checkSealed looks at the envelopes of the newest sealed segment, for a ledger
// whose journal does not tell whether it is encrypted.
func (w *writer) checkSealed(sealed uint64) error {
	if sealed == 0 {
		return nil
	}
	var newest string
	for c := range event.Class(event.Classes) {
		days, err := fs.ReadDir(w.disk, ledger.EnvelopeDir+"/"+c.String())
		if err != nil || len(days) == 0 {
			continue // none of this class
		}
		day := days[len(days)-1].Name()
		files, err := fs.ReadDir(w.disk, ledger.EnvelopeDir+"/"+c.String()+"/"+day)
		if err != nil || len(files) == 0 {
			continue
		}
		if name := files[len(files)-1].Name(); !strings.HasSuffix(name, tempExt) {
			newest = ledger.EnvelopeDir + "/" + c.String() + "/" + day + "/" + name
		}
	}
	if newest == "" {
		return nil
	}
	id, err := ledger.EnvelopeKey(w.disk, newest)
	if err != nil || id.IsZero() {
		return nil // what is damaged is for the verifier to say
	}
	if err := w.cfg.hasKey(id); err != nil && !errors.Is(err, ledger.ErrKeyDestroyed) {
		return err
	}
	return nil
}

// collect destroys the keys that a crash left behind: those of journal
// segments that are sealed and removed, and of envelope files those that are
// not the file's. Keys of files that should be there and are not stay, since
// such a file may come back from a backup.
func (w *writer) collect(sealed uint64, journals []uint64) error {
	if w.cfg.Keys == nil {
		return nil
	}
	for _, file := range w.cfg.Keys.Files() {
		first, err := segmentOf(file)
		if err != nil {
			continue
		}
		if strings.HasPrefix(file, ledger.JournalDir+"/") {
			// Sealed and removed, or to be begun when the power went.
			if !slices.Contains(journals, first) && first != w.first && (first < sealed || first == w.tree.Size()) {
				err = w.cfg.retire(file)
			}
		} else if first >= sealed {
			continue // made again when it is sealed
		} else if id, keyErr := ledger.EnvelopeKey(w.disk, file); keyErr == nil {
			err = w.cfg.retire(file, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// segmentOf returns the first record of the segment that a file is of.
func segmentOf(file string) (uint64, error) {
	name := file[strings.LastIndexByte(file, '/')+1:]
	digits, _, _ := strings.Cut(name, ".")
	return strconv.ParseUint(digits, 10, 64)
}
