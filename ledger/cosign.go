package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/mod/sumdb/note"
)

// cosignatureV1 is the algorithm byte of Ed25519 cosignatures in a vkey: C2SP
// tlog-cosignature, "Format".
const cosignatureV1 = 4

// WitnessKey is the public key of a witness, for cosignatures of the form
// cosignature/v1 with Ed25519 (C2SP tlog-cosignature). It is a [note.Verifier]
// of such cosignatures.
type WitnessKey struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

var _ note.Verifier = (*WitnessKey)(nil)

// NewWitnessKey returns the key of the witness with the given name.
func NewWitnessKey(name string, key ed25519.PublicKey) (*WitnessKey, error) {
	if name == "" || strings.ContainsFunc(name, unicode.IsSpace) || strings.Contains(name, "+") {
		return nil, fmt.Errorf("the name %q of a witness is empty, or has a space or a plus sign", name)
	}
	if len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("the key of the witness %s has %d bytes, want %d", name, len(key), ed25519.PublicKeySize)
	}
	sum := sha256.Sum256(slices.Concat([]byte(name+"\n"), []byte{cosignatureV1}, key))
	return &WitnessKey{name, binary.BigEndian.Uint32(sum[:]), slices.Clone(key)}, nil
}

// ParseWitnessKey is the inverse of [WitnessKey.String].
func ParseWitnessKey(vkey string) (*WitnessKey, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	hash, encoded, ok := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 {
		return nil, fmt.Errorf("%q is not the public key of a witness, which is spelt name+hash+base64", vkey)
	}
	if key[0] != cosignatureV1 {
		return nil, fmt.Errorf("%q is not the key of a witness: its algorithm is %d, want %d (cosignature/v1); a ledger's own key is none", vkey, key[0], cosignatureV1)
	}
	k, err := NewWitnessKey(name, key[1:])
	if err != nil {
		return nil, err
	}
	if fmt.Sprintf("%08x", k.hash) != hash {
		return nil, fmt.Errorf("%q is not the public key of a witness: its hash is not that of its name and key", vkey)
	}
	return k, nil
}

// Name returns the name of the witness.
func (k *WitnessKey) Name() string { return k.name }

// KeyHash returns the four bytes by which a note names the key.
func (k *WitnessKey) KeyHash() uint32 { return k.hash }

// String returns the key as C2SP signed-note writes it ("vkey").
func (k *WitnessKey) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.hash, base64.StdEncoding.EncodeToString(append([]byte{cosignatureV1}, k.key...)))
}

// Verify reports whether sig, a time and an Ed25519 signature, is a cosignature
// of the text of a checkpoint.
func (k *WitnessKey) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize || binary.BigEndian.Uint64(sig) > math.MaxInt64 {
		return false
	}
	return ed25519.Verify(k.key, cosignedMessage(string(text), int64(binary.BigEndian.Uint64(sig))), sig[8:])
}

// cosignedMessage is what a witness signs.
func cosignedMessage(text string, at int64) []byte {
	return []byte("cosignature/v1\ntime " + strconv.FormatInt(at, 10) + "\n" + text)
}

// Cosign returns the line, with its line feed, by which the owner of private
// says that at the given time it had seen c, and nothing larger or other, of
// the ledger that c names. The time counts in whole seconds.
func (k *WitnessKey) Cosign(c Checkpoint, private ed25519.PrivateKey, at time.Time) string {
	sig := binary.BigEndian.AppendUint32(nil, k.hash)
	sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix()))
	sig = append(sig, ed25519.Sign(private, cosignedMessage(c.Text(), at.Unix()))...)
	return "— " + k.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
}

// Cosignature says who has cosigned a checkpoint, and when.
type Cosignature struct {
	Witness *WitnessKey
	Time    time.Time // by the clock of the witness, in whole seconds
}

// Cosigned is a checkpoint, and who vouches for it.
type Cosigned struct {
	Checkpoint
	By []Cosignature // of the witnesses that were asked for, each once, in their order
	// Unknown counts the signatures of others, which prove nothing.
	Unknown int
	Signed  []byte // all of it
}

// ParseCosigned is [ParseCheckpoint], and checks the cosignatures of the given
// witnesses. One that does not fit is an error; one that is not there is none.
func ParseCosigned(b []byte, key note.Verifier, witnesses []*WitnessKey) (Cosigned, error) {
	c, err := ParseCheckpoint(b, key)
	if err != nil {
		return Cosigned{}, err
	}
	out := Cosigned{Checkpoint: c, Signed: b}
	verifiers := []note.Verifier{key}
	for _, w := range witnesses {
		verifiers = append(verifiers, w)
	}
	n, err := note.Open(b, note.VerifierList(verifiers...))
	var wrong *note.InvalidSignatureError
	switch {
	case errors.As(err, &wrong):
		return Cosigned{}, fmt.Errorf("the cosignature of %s does not fit", wrong.Name)
	case err != nil:
		return Cosigned{}, errors.New("it names two witnesses of the same name and hash, or is not a signed note")
	}
	out.Unknown = len(n.UnverifiedSigs)
	for _, w := range witnesses {
		for _, sig := range n.Sigs {
			if sig.Name == w.name && sig.Hash == w.hash {
				at, err := cosignatureTime(sig)
				if err != nil {
					return Cosigned{}, err
				}
				out.By = append(out.By, Cosignature{w, at})
			}
		}
	}
	return out, nil
}

// cosignatureTime returns the time in a signature that is spelt as a
// cosignature.
func cosignatureTime(sig note.Signature) (time.Time, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(sig.Base64)
	if err != nil || len(b) != 4+8+ed25519.SignatureSize || binary.BigEndian.Uint64(b[4:]) > math.MaxInt64 {
		return time.Time{}, fmt.Errorf("the signature of %s is not spelt as a cosignature", sig.Name)
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC(), nil
}

// ClaimedTime returns the newest time that a signature on a checkpoint claims
// in the form of a cosignature, or the zero time. It checks no signature: it is
// for those who trust the file that they read, such as its writer.
func ClaimedTime(signed []byte) time.Time {
	n, err := note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return time.Time{}
	}
	n = unverified.Note
	var newest time.Time
	for _, sig := range n.UnverifiedSigs {
		if at, err := cosignatureTime(sig); err == nil && at.After(newest) {
			newest = at
		}
	}
	return newest
}

// At returns the time by which quorum of the witnesses had cosigned, or false
// if fewer did.
func (c *Cosigned) At(quorum int) (time.Time, bool) {
	if quorum < 1 || len(c.By) < quorum {
		return time.Time{}, false
	}
	times := make([]time.Time, len(c.By))
	for i, s := range c.By {
		times[i] = s.Time
	}
	slices.SortFunc(times, time.Time.Compare)
	return times[quorum-1], true
}

// AppendCosigned appends a cosigned checkpoint to the content of a file of
// [CosignedDir].
func AppendCosigned(b, signed []byte) []byte { return append(append(b, signed...), '\n') }

// SplitCosigned returns the checkpoints in the content of a file of
// [CosignedDir], and what follows the last whole one: what a crash left, or
// nothing.
func SplitCosigned(b []byte) (notes [][]byte, rest []byte) {
	for {
		// A note has an empty line before its signatures; another one ends it.
		text := strings.Index(string(b), "\n\n")
		if text < 0 {
			return notes, b
		}
		sigs := strings.Index(string(b[text+2:]), "\n\n")
		if sigs < 0 {
			return notes, b
		}
		end := text + 2 + sigs + 1
		notes = append(notes, b[:end:end])
		b = b[end+1:]
	}
}
