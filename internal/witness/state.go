package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/gatebook/gatebook/ledger"
)

// keyFile is the witness's key in its folder: the private and the public key as
// C2SP signed-note writes them, a line each.
const keyFile = "witness.key"

// logsDir has a file for each ledger: the newest checkpoint that the witness
// cosigned, with its cosignature. Its name is originName.
const logsDir = "logs"

// originName is how a ledger is named in files and URLs: the SHA-256 of its
// origin in hex, as C2SP tlog-mirror does it.
func originName(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return hex.EncodeToString(sum[:])
}

// ErrLocked is the error of a witness whose folder another process uses.
var ErrLocked = errors.New("another witness is running on this directory")

// lockDir takes the folder for this process.
func lockDir(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", dir, ErrLocked)
		}
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return f, nil
}

// openKey reads the witness's key, or makes one with the given name. An empty
// name is that of the key that is there.
func openKey(dir, name string) (ed25519.PrivateKey, *ledger.WitnessKey, error) {
	file := filepath.Join(dir, keyFile)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		if name == "" {
			return nil, nil, fmt.Errorf("there is no key in %s yet: give the witness a name, such as witness.example.com", dir)
		}
		if old, err := os.ReadDir(filepath.Join(dir, logsDir)); err == nil && len(old) > 0 {
			return nil, nil, fmt.Errorf("%s is missing, but the witness has cosigned with it: restore the key, or begin in another directory", file)
		}
		return makeKey(file, name)
	}
	if err != nil {
		return nil, nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, nil, fmt.Errorf("%s: others can read it (mode %04o): run chmod 600 %s", file, mode, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	private, key, err := parseKey(string(b))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	if name != "" && name != key.Name() {
		return nil, nil, fmt.Errorf("the witness in %s is %s, not %s: the name of a witness cannot be changed", dir, key.Name(), name)
	}
	return private, key, nil
}

func makeKey(file, name string) (ed25519.PrivateKey, *ledger.WitnessKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	key, err := ledger.NewWitnessKey(name, public)
	if err != nil {
		return nil, nil, err
	}
	return private, key, replaceFile(file, []byte(formatKey(private, key)), 0o600)
}

// privatePrefix begins a private key of signed-note.
const privatePrefix = "PRIVATE+KEY+"

func formatKey(private ed25519.PrivateKey, key *ledger.WitnessKey) string {
	seed := append([]byte{4}, private.Seed()...) // 4: cosignature/v1
	return fmt.Sprintf("%s%s+%08x+%s\n%s\n", privatePrefix, key.Name(), key.KeyHash(), base64.StdEncoding.EncodeToString(seed), key)
}

// parseKey is the inverse of formatKey.
func parseKey(text string) (ed25519.PrivateKey, *ledger.WitnessKey, error) {
	errKey := errors.New("it is not the key of a witness: it must have two lines, the private and the public key of a signed note")
	first, second, _ := strings.Cut(text, "\n")
	key, err := ledger.ParseWitnessKey(strings.TrimSuffix(second, "\n"))
	if err != nil {
		return nil, nil, errKey
	}
	_, rest, _ := strings.Cut(strings.TrimPrefix(first, privatePrefix), "+")
	_, encoded, _ := strings.Cut(rest, "+") // which may have a plus sign too
	seed, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return nil, nil, errKey
	}
	private := ed25519.NewKeyFromSeed(seed[1:])
	if formatKey(private, key) != text || !samePublic(private, key) {
		return nil, nil, errKey
	}
	return private, key, nil
}

func samePublic(private ed25519.PrivateKey, key *ledger.WitnessKey) bool {
	k, err := ledger.NewWitnessKey(key.Name(), private.Public().(ed25519.PublicKey))
	return err == nil && k.String() == key.String()
}
