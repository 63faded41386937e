package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is a signed state of the ledger: C2SP tlog-checkpoint without
// extension lines, in a C2SP signed-note.
type Checkpoint struct {
	Origin string // names the ledger; also the name of its key
	Size   uint64 // number of records
	Root   Hash   // of the tree
}

// Text returns the text of the checkpoint, which is what is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatUint(c.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\n"
}

// Sign returns the signed checkpoint.
func (c Checkpoint) Sign(signer note.Signer) ([]byte, error) {
	if signer.Name() != c.Origin {
		return nil, fmt.Errorf("signing a checkpoint of %q: the key's name is %q", c.Origin, signer.Name())
	}
	return note.Sign(&note.Note{Text: c.Text()}, signer)
}

// ParseCheckpoint is the inverse of [Checkpoint.Sign]. The signature must be by
// key, and the origin must be the key's name; further signatures are those of
// witnesses, and are not looked at.
func ParseCheckpoint(b []byte, key note.Verifier) (Checkpoint, error) {
	n, err := note.Open(b, note.VerifierList(key))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return Checkpoint{}, fmt.Errorf("it is not signed by the key %s", key.Name())
	case err != nil:
		return Checkpoint{}, errors.New("its signature does not fit, or it is not a signed note")
	}
	for _, sig := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(sig.Base64); err != nil {
			return Checkpoint{}, errors.New("its signature is spelt differently from how it was written")
		}
	}
	c, err := parseText(n.Text)
	if err == nil && c.Origin != key.Name() {
		err = fmt.Errorf("its origin is %q, want %q", c.Origin, key.Name())
	}
	return c, err
}

func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return Checkpoint{}, errors.New("it has fewer than three lines")
	}
	c := Checkpoint{Origin: lines[0]}
	var err error
	if c.Size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return Checkpoint{}, fmt.Errorf("its size %q is not a number", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return Checkpoint{}, fmt.Errorf("its root hash %q is not 32 bytes in base64", lines[2])
	}
	copy(c.Root[:], root)
	if c.Text() != text {
		return Checkpoint{}, errors.New("it has extension lines, or is spelt differently")
	}
	return c, nil
}

// Format is the content of the format file.
type Format struct {
	Origin string // of the ledger
	Key    string // public key, as C2SP signed-note writes it ("vkey")
}

const formatLine = "gatebook-ledger 1"

// Text returns the content of the format file: the version, the origin, the
// key, and the first 16 hex digits of the SHA-256 of these lines, which tell a
// damaged file from one of a newer version.
func (f Format) Text() string {
	return withSum(formatLine + "\n" + f.Origin + "\n" + f.Key + "\n")
}

func withSum(lines string) string {
	sum := sha256.Sum256([]byte(lines))
	return lines + hex.EncodeToString(sum[:8]) + "\n"
}

// ReadFormat reads the format file of a ledger. It is where the ledger says
// whose it is: proof of nothing, until the key is compared with one that came
// another way.
func ReadFormat(fsys fs.FS) (Format, error) {
	b, err := readSmall(fsys, FormatFile)
	if err != nil {
		return Format{}, fmt.Errorf("reading the ledger's format: %w", err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	if len(lines) < 3 || withSum(strings.Join(lines[:len(lines)-2], "")) != string(b) {
		return Format{}, &EvidenceError{FormatFile, "", "it is not a ledger's format file, or was changed"}
	}
	if lines[0] != formatLine+"\n" {
		return Format{}, fmt.Errorf("%s: %q, want %q: %w", FormatFile, strings.TrimSpace(lines[0]), formatLine, ErrVersion)
	}
	if len(lines) != 5 {
		return Format{}, &EvidenceError{FormatFile, "", fmt.Sprintf("it has %d lines, want 4", len(lines)-1)}
	}
	f := Format{strings.TrimSuffix(lines[1], "\n"), strings.TrimSuffix(lines[2], "\n")}
	v, err := note.NewVerifier(f.Key)
	if err != nil || v.Name() != f.Origin {
		return Format{}, &EvidenceError{FormatFile, "line 3", "it is not a public key of the ledger's origin"}
	}
	return f, nil
}
