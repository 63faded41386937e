package vault

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gatebook/gatebook/ledger"
)

const (
	keyExt        = ".key"
	destroyedName = "destroyed"
	keyLine       = "gatebook-data-key 1"
)

func keyName(id ledger.KeyID) string { return id.String() + keyExt }

// keyFile is the content of a key file.
type keyFile struct {
	id      ledger.KeyID
	file    string // of the ledger
	kek     string // name of the wrapping key
	wrapped []byte
}

func (k *keyFile) text() string {
	lines := strings.Join([]string{keyLine, k.id.String(), k.file, k.kek, base64.StdEncoding.EncodeToString(k.wrapped)}, "\n") + "\n"
	return lines + sumOf(lines) + "\n"
}

func sumOf(lines string) string {
	sum := sha256.Sum256([]byte(lines))
	return hex.EncodeToString(sum[:8])
}

// errEmpty is the error of a key file that holds zeros, or nothing.
var errEmpty = errors.New("it is overwritten")

// parseKeyFile is the inverse of text.
func parseKeyFile(b []byte) (*keyFile, error) {
	if len(bytes.Trim(b, "\x00")) == 0 {
		return nil, errEmpty
	}
	lines := strings.Split(string(b), "\n")
	if lines[0] != keyLine && strings.HasPrefix(lines[0], "gatebook-data-key ") {
		return nil, fmt.Errorf("it was written by a newer Gatebook (%q)", lines[0])
	}
	if len(lines) != 7 || lines[0] != keyLine {
		return nil, errors.New("it is not a data key, or it was damaged")
	}
	id, err := ledger.ParseKeyID(lines[1])
	if err != nil {
		return nil, err
	}
	wrapped, err := base64.StdEncoding.Strict().DecodeString(lines[4])
	if err != nil {
		return nil, errors.New("its secret is not base64: it was damaged")
	}
	k := &keyFile{id, lines[2], lines[3], wrapped}
	if k.text() != string(b) {
		return nil, errors.New("its sum does not fit: it was damaged")
	}
	return k, nil
}

// readKey reads the key file of the given name.
func readKey(fsys fs.FS, name string) (*keyFile, error) {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("reading a data key: %w", err)
	}
	k, err := parseKeyFile(b)
	if err == nil && keyName(k.id) != name {
		err = fmt.Errorf("it is the key %s, not the one that its name says", k.id)
	}
	if err != nil {
		return nil, fmt.Errorf("the data key in %s: %w", name, err)
	}
	return k, nil
}

// unwrap returns the secret, with the one of the wrappers that wrapped it.
func (k *keyFile) unwrap(with []Wrapper) ([]byte, error) {
	var names []string
	for _, w := range with {
		if w.Name() == k.kek {
			secret, err := w.Unwrap(k.id, k.wrapped)
			if err != nil {
				return nil, fmt.Errorf("%w: unwrapping the data key %s: %w", ErrWrongKey, k.id, err)
			}
			return secret, nil
		}
		names = append(names, w.Name())
	}
	return nil, fmt.Errorf("%w: %s is wrapped under %s, given is %s", ErrWrongKey, k.id, k.kek, strings.Join(names, ", "))
}

// give reads and unwraps a data key.
func give(fsys fs.FS, with []Wrapper, id ledger.KeyID) (*ledger.DataKey, error) {
	k, err := readKey(fsys, keyName(id))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errEmpty) {
		return nil, absent(fsys, id)
	}
	if err != nil {
		return nil, err
	}
	secret, err := k.unwrap(with)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	return ledger.NewDataKey(id, secret)
}

// ErrMissing is the error of a data key that is not there, and was not
// destroyed on purpose.
var ErrMissing = errors.New("it is missing, and not in the list of destroyed keys: restore the folder of the data keys")

// absent says why a data key is not there.
func absent(fsys fs.FS, id ledger.KeyID) error {
	f, err := fsys.Open(destroyedName)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrMissing
	}
	if err != nil {
		return fmt.Errorf("reading the list of destroyed keys: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), " ")
		if name == id.String() {
			at, file, _ := strings.Cut(rest, " ")
			return fmt.Errorf("of %s, on %s: %w", file, at, ledger.ErrKeyDestroyed)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the list of destroyed keys: %w", err)
	}
	return ErrMissing
}

// Reader gives the data keys in a folder, without writing: for a verifier.
func Reader(fsys fs.FS, with ...Wrapper) ledger.Keys {
	r := newCached()
	return func(id ledger.KeyID) (*ledger.DataKey, error) {
		return r.get(id, func() (*ledger.DataKey, error) { return give(fsys, with, id) })
	}
}
