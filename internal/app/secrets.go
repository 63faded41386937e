package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/ledger"
)

// secrets are what makes this installation itself. All but the public key stay
// in files that only their owner can read.
type secrets struct {
	signer      note.Signer
	vkey        string     // public
	fingerprint redact.Key // names secrets and persons
	token       string     // of the operations listener's administrator
	edge        string     // this process, in its events
}

// openSecrets reads the secrets, and makes on first start those that are not
// given.
func openSecrets(cfg *config.Config) (*secrets, error) {
	dir := filepath.Join(cfg.Data, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data: making the data directory: %w", err)
	}
	s := new(secrets)
	if err := s.openSigner(cfg, dir); err != nil {
		return nil, err
	}
	key, err := secretFile(filepath.Join(dir, "fingerprint.key"), func() string { return randomHex(32) })
	if err != nil {
		return nil, err
	}
	if s.fingerprint, err = hex.DecodeString(key); err != nil || len(s.fingerprint) < redact.MinKey {
		return nil, fmt.Errorf("%s: it is not a key of this installation: it must be 64 hex digits", filepath.Join(dir, "fingerprint.key"))
	}
	token := cfg.Ops.TokenFile
	if token == "" {
		token = filepath.Join(dir, "ops.token")
	}
	if s.token, err = secretFile(token, func() string { return "gbo_" + randomHex(24) }); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "gatebook"
	}
	s.edge = host + "@" + time.Now().UTC().Format("20060102T150405Z")
	return s, nil
}

// openSigner reads the key that signs the ledger. Its file holds the private
// and the public key as C2SP signed-note writes them, a line each.
func (s *secrets) openSigner(cfg *config.Config, dir string) error {
	name := cfg.Ledger.SigningKeyFile
	if name == "" {
		name = filepath.Join(dir, "ledger.key")
		if err := refuseLostKey(name, cfg); err != nil {
			return err
		}
	}
	origin := cfg.Ledger.Origin
	if origin == "" {
		origin = "gatebook.local/" + randomHex(8)
	}
	var made error
	text, err := secretFile(name, func() string {
		var skey, vkey string
		skey, vkey, made = note.GenerateKey(rand.Reader, origin)
		return skey + "\n" + vkey
	})
	if err = errors.Join(err, made); err != nil {
		return err
	}
	skey, vkey, ok := strings.Cut(text, "\n")
	if !ok {
		return fmt.Errorf("%s: it is not a signing key: it must have two lines, the private and the public key of a signed note", name)
	}
	signer, err := note.NewSigner(skey)
	verifier, verr := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil || verr != nil || signer.Name() != verifier.Name() || signer.KeyHash() != verifier.KeyHash() {
		return fmt.Errorf("%s: it is not a signing key: its lines are not the private and the public key of one signed note", name)
	}
	if cfg.Ledger.Origin != "" && signer.Name() != cfg.Ledger.Origin {
		return fmt.Errorf("ledger.origin: it is %q, but the key in %s is for %q: the origin of a ledger can never be changed", cfg.Ledger.Origin, name, signer.Name())
	}
	s.signer, s.vkey = signer, strings.TrimSpace(vkey)
	return nil
}

// refuseLostKey keeps a new key from being made for a ledger that has one.
func refuseLostKey(name string, cfg *config.Config) error {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "ledger", ledger.FormatFile)); err == nil {
		return fmt.Errorf("%s is missing, but the ledger in %s was signed with it: restore the key, or move the ledger away and begin a new one", name, cfg.Data)
	}
	return nil
}

// secretFile returns the content of a file, which is made with what first
// returns if it is not there. Whoever else could read it is a reason to stop.
func secretFile(name string, first func() string) (string, error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(name, first())
	}
	if err != nil {
		return "", fmt.Errorf("reading a key: %w", err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("reading a key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("%s: others can read it (mode %04o): run chmod 600 %s", name, mode, name)
	}
	if len(strings.TrimSpace(string(b))) == 0 {
		return "", fmt.Errorf("%s: it is empty: restore it, or remove it to have a new one made", name)
	}
	return strings.TrimSpace(string(b)), nil
}

func makeSecret(name, content string) (string, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("making a key: %w", err)
	}
	_, err = f.WriteString(content + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("making a key: %w", err)
	}
	return content, nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
