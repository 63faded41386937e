// Package locate finds the keys of an encrypted ledger: for the server, for
// verbs that have no configuration, and for the verifier, in one way.
package locate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/internal/vault/age"
)

// StateFile is the file below keys in a data directory that says how its
// ledger is encrypted.
const StateFile = "encryption.json"

// Encryption says how a ledger is encrypted. It holds no secret.
type Encryption struct {
	Mode    string `json:"mode"`     // file or age
	KeyFile string `json:"key_file"` // the key that wraps the data keys
	KeysDir string `json:"keys_dir"` // the folder of the data keys
}

// Read reads how the ledger in a data directory is encrypted. It
// fails with [fs.ErrNotExist] if it is not. What lies in the data directory is
// found there, also when that is a copy.
func Read(data string) (Encryption, error) {
	var e Encryption
	b, err := os.ReadFile(filepath.Join(data, "keys", StateFile))
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("%s: it was damaged: %w", filepath.Join(data, "keys", StateFile), err)
	}
	for _, p := range []*string{&e.KeyFile, &e.KeysDir} {
		here := filepath.Join(data, "keys", filepath.Base(*p))
		if _, err := os.Stat(*p); errors.Is(err, fs.ErrNotExist) {
			if _, err := os.Stat(here); err == nil {
				*p = here
			}
		}
	}
	return e, nil
}

// ReadKey reads a key that wraps data keys: a key file of Gatebook's, or an
// age identity.
func ReadKey(name string) (vault.Wrapper, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading an encryption key: %w", err)
	}
	if age.Is(string(b)) {
		k, err := age.Parse(string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return k, nil
	}
	k, err := vault.ParseLocal(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}
