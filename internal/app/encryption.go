package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/internal/vault/age"
	"github.com/gatebook/gatebook/internal/vault/locate"
	"github.com/gatebook/gatebook/ledger"
)

// openVault opens the keys of the envelopes. It returns nil if nothing is
// encrypted. It fails where going on would mean to write in clear what was
// encrypted, or under a key that is not the ledger's.
func openVault(cfg *config.Config) (*vault.Vault, error) {
	where, begun, err := encryptionOf(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Encryption.Mode == config.EncryptionNone {
		if begun {
			return nil, fmt.Errorf("encryption.mode: it is none, but the envelopes in %s are encrypted: a ledger that is encrypted stays so; set it to %s", cfg.Data, where.Mode)
		}
		return nil, nil
	}
	key, err := openWrapper(where, begun)
	if err != nil {
		return nil, err
	}
	var previous []vault.Wrapper
	for i, name := range cfg.Encryption.PreviousKeyFiles {
		k, err := readWrapper(name)
		if err != nil {
			return nil, fmt.Errorf("encryption.previous_key_files[%d]: %w", i, err)
		}
		previous = append(previous, k)
	}
	if err := os.MkdirAll(where.KeysDir, 0o700); err != nil {
		return nil, fmt.Errorf("encryption.keys_dir: making the folder of the data keys: %w", err)
	}
	v, err := vault.Open(vault.Config{Disk: disk.Dir(where.KeysDir), Key: key, Previous: previous})
	if errors.Is(err, vault.ErrWrongKey) {
		return nil, fmt.Errorf("encryption.key_file: %w: give the key that they were made with, or name it in encryption.previous_key_files to change to this one", err)
	}
	if err != nil {
		return nil, fmt.Errorf("encryption.keys_dir: %w", err)
	}
	return v, nil
}

// noteEncryption leaves in the data directory how the ledger is encrypted, once
// it is known that it can be gone on with.
func (a *App) noteEncryption() error {
	if a.vault == nil {
		return nil
	}
	where, _, err := encryptionOf(a.cfg)
	if err != nil {
		return err
	}
	return where.store(a.cfg)
}

// encryption is how the ledger of a data directory is encrypted, as its state
// file says: for verbs that have no configuration.
type encryption locate.Encryption

// encryptionOf returns how the ledger is to be encrypted, and whether that was
// begun.
func encryptionOf(cfg *config.Config) (where encryption, begun bool, err error) {
	stored, err := locate.Read(cfg.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return where, false, err
	}
	begun = err == nil
	e := &cfg.Encryption
	where = encryption{Mode: string(e.Mode), KeyFile: e.KeyFile, KeysDir: e.KeysDir}
	if e.Mode == config.EncryptionNone {
		where.Mode = stored.Mode
		return where, begun, nil
	}
	if where.KeyFile == "" {
		where.KeyFile = filepath.Join(cfg.Data, "keys", "envelope.key")
	}
	if where.KeysDir == "" {
		where.KeysDir = filepath.Join(cfg.Data, "keys", "envelope")
	}
	if where.KeyFile, err = filepath.Abs(where.KeyFile); err != nil {
		return where, begun, err
	}
	where.KeysDir, err = filepath.Abs(where.KeysDir)
	return where, begun, err
}

// openWrapper returns the key that wraps the data keys. One in a file of the
// data directory is made on first start.
func openWrapper(e encryption, begun bool) (vault.Wrapper, error) {
	switch config.EncryptionMode(e.Mode) {
	case config.EncryptionFile:
		if _, err := os.Stat(e.KeyFile); errors.Is(err, fs.ErrNotExist) && (begun || holdsKeys(e.KeysDir)) {
			return nil, fmt.Errorf("encryption key missing: %s: the envelopes are encrypted with it: restore it; without it names, paths and bodies can be read by nobody", e.KeyFile)
		}
		text, err := secretFile(e.KeyFile, vault.NewLocalKey)
		if err != nil {
			return nil, err
		}
		k, err := vault.ParseLocal(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.KeyFile, err)
		}
		return k, nil
	case config.EncryptionAge:
		text, err := os.ReadFile(e.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("encryption key missing: reading the age identity: %w", err)
		}
		k, err := age.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.KeyFile, err)
		}
		return k, nil
	}
	return nil, fmt.Errorf("encryption.mode: %q is not known", e.Mode)
}

// readWrapper reads a key file or an age identity.
func readWrapper(name string) (vault.Wrapper, error) { return locate.ReadKey(name) }

// holdsKeys reports whether there are data keys in a folder.
func holdsKeys(dir string) bool {
	names, _ := filepath.Glob(filepath.Join(dir, "*.key"))
	return len(names) > 0
}

// store leaves in the data directory how the ledger is encrypted.
func (e encryption) store(cfg *config.Config) error {
	b, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Join(cfg.Data, "keys")
	if err := disk.Replace(disk.Dir(dir), ".", locate.StateFile, append(b, '\n')); err != nil {
		return fmt.Errorf("data: noting that the ledger is encrypted: %w", err)
	}
	return nil
}

// adopt takes over how a data directory is encrypted, for a verb that has no
// configuration.
func adopt(cfg *config.Config) error {
	e, err := locate.Read(cfg.Data)
	if errors.Is(err, fs.ErrNotExist) {
		cfg.Encryption.Mode = config.EncryptionNone // to look at it changes nothing
		return nil
	}
	if err != nil {
		return err
	}
	cfg.Encryption.Mode, cfg.Encryption.KeyFile, cfg.Encryption.KeysDir = config.EncryptionMode(e.Mode), e.KeyFile, e.KeysDir
	return nil
}

// ledgerKeys are the data keys as the ledger takes them; nil: there are none.
func (a *App) ledgerKeys() ledger.Keys {
	if a.vault == nil {
		return nil
	}
	return a.vault.Key
}

// rewrap wraps the data keys anew after the key that wraps them was changed. It
// is decided and sealed first.
func (a *App) rewrap(ctx context.Context) error {
	if a.vault == nil {
		return nil
	}
	n := a.vault.Stale()
	if n == 0 {
		return nil
	}
	err := a.seal(ctx, event.Decision, "rotate-encryption-key", event.Fact{Name: "key", Value: a.vault.KeyName()}, event.Fact{Name: "keys", Value: strconv.Itoa(n)})
	if err != nil {
		return err
	}
	if n, err = a.vault.Rewrap(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // taken up again at the next start
		}
		return err
	}
	a.log.Info("all data keys are wrapped under the present key; destroy the previous one", "keys", n, "previous", strings.Join(a.cfg.Encryption.PreviousKeyFiles, ", "))
	return nil
}
