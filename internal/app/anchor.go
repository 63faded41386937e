package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// fileAnchor keeps the newest checkpoint in a file outside of the ledger.
type fileAnchor string

// Load implements record.Anchor.
func (a fileAnchor) Load() ([]byte, error) {
	b, err := os.ReadFile(string(a))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Store implements record.Anchor. The ledger's lock keeps other processes of
// the same data directory away; a copy of it with the same anchor is noticed
// by what the file says.
func (a fileAnchor) Store(old, new []byte) error {
	now, err := a.Load()
	if err != nil {
		return err
	}
	if !bytes.Equal(now, old) {
		return fmt.Errorf("%s: another Gatebook has stored a checkpoint there: two run on copies of one ledger", string(a))
	}
	f, err := os.OpenFile(string(a)+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(new)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(string(a)+".tmp", string(a))
}
