package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
)

// testKey returns a data key whose id and secret are made of b.
func testKey(t testing.TB, b byte) *DataKey {
	t.Helper()
	key, err := NewDataKey(KeyID{b}, bytes.Repeat([]byte{b}, DataKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// ring gives the keys that are in it, and says of others that they were
// destroyed.
func ring(keys ...*DataKey) Keys {
	return func(id KeyID) (*DataKey, error) {
		for _, k := range keys {
			if k.id == id {
				return k, nil
			}
		}
		return nil, ErrKeyDestroyed
	}
}

func testEnvelope(i int) *event.Envelope {
	return &event.Envelope{Salt: event.Salt{byte(i), 1}, Data: fmt.Appendf(nil, `{"subject":"secret person %d"}`, i)}
}

func testFrame(key *DataKey) []byte {
	var f FrameBuilder
	f.Reset(1000, key)
	for i := range 5 {
		s := &event.Sealed{Header: fmt.Appendf(nil, `{"v":1,"seq":%d}`, i)}
		for c := range s.Envelopes {
			if i != c { // not all have all
				s.Envelopes[c] = testEnvelope(10*i + c)
			}
		}
		f.Add(s)
	}
	return f.Finish(Hash{7}, []byte("checkpoint"))
}

func TestEncryptedFrame(t *testing.T) {
	key := testKey(t, 1)
	b := testFrame(key)
	if bytes.Contains(b, []byte("secret person")) {
		t.Fatal("the frame has an envelope in clear")
	}
	f, err := ParseFrame(b)
	if err != nil {
		t.Fatal(err)
	}
	clear, err := ParseFrame(testFrame(nil))
	if err != nil {
		t.Fatal(err)
	}
	if !f.Locked() || f.Key != key.ID() || f.First != 1000 || f.Root != (Hash{7}) || string(f.Checkpoint) != "checkpoint" {
		t.Errorf("got %+v", f)
	}
	for i := range f.Records {
		for c := range event.Class(event.Classes) {
			if got, want := f.Has(i, c), clear.Has(i, c); got != want || f.Records[i].Envelopes[c] != nil {
				t.Errorf("record %d: %s: is there: got %v, want %v, and locked", i, c, got, want)
			}
		}
	}
	if err := f.Unlock(nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("without keys: got %v", err)
	}
	if err := f.Unlock(ring()); !errors.Is(err, ErrKeyDestroyed) || !strings.Contains(err.Error(), key.ID().String()) {
		t.Errorf("with a key that was destroyed: got %v, want that with the key's id", err)
	}
	if err := f.Unlock(ring(key)); err != nil || f.Locked() {
		t.Fatal(err)
	}
	for i := range f.Records {
		for c, want := range clear.Records[i].Envelopes {
			got := f.Records[i].Envelopes[c]
			if (got == nil) != (want == nil) || got != nil && (got.Salt != want.Salt || !bytes.Equal(got.Data, want.Data)) {
				t.Errorf("record %d, class %d: got %v, want %v", i, c, got, want)
			}
		}
	}
}

// TestEncryptedFrameMoved puts an envelope in another's place: under the same
// key, with a right CRC, it must not decrypt there.
func TestEncryptedFrameMoved(t *testing.T) {
	key := testKey(t, 1)
	f, err := ParseFrame(testFrame(key))
	if err != nil {
		t.Fatal(err)
	}
	locked := f.locked
	var evidence *EvidenceError
	f.locked = [][event.Classes][]byte{{1: locked[0][2]}, {}, {}, {}, {}}
	if err := f.Unlock(ring(key)); !errors.As(err, &evidence) {
		t.Errorf("as another class: got %v, want an error of evidence", err)
	}
	f.locked = [][event.Classes][]byte{{}, {2: locked[0][2]}, {}, {}, {}}
	if err := f.Unlock(ring(key)); !errors.As(err, &evidence) || evidence.Where != "record 1001" {
		t.Errorf("as another record's: got %v, want an error of evidence of record 1001", err)
	}
}

func TestEncryptedFrameFlipped(t *testing.T) {
	key := testKey(t, 1)
	whole := testFrame(key)
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 0x10
		f, err := ParseFrame(b)
		if err == nil {
			t.Fatalf("byte %d changed: parsed as %+v", i, f)
		}
	}
	// With a right CRC only the key tells.
	f, err := ParseFrame(bytes.Clone(whole))
	if err != nil {
		t.Fatal(err)
	}
	f.locked[0][1][20] ^= 1
	var evidence *EvidenceError
	if err := f.Unlock(ring(key)); !errors.As(err, &evidence) {
		t.Errorf("a changed ciphertext: got %v, want an error of evidence", err)
	}
	f, _ = ParseFrame(whole)
	other, _ := NewDataKey(key.ID(), make([]byte, DataKeySize))
	if err := f.Unlock(ring(other)); !errors.As(err, &evidence) {
		t.Errorf("a wrong key: got %v, want an error of evidence", err)
	}
}

// TestEnvelopeFile writes envelope files, in clear and encrypted, of more than
// one block.
func TestEnvelopeFile(t *testing.T) {
	key := testKey(t, 2)
	for _, k := range []*DataKey{nil, key} {
		var file bytes.Buffer
		w, err := NewEnvelopeWriter(&file, k)
		if err != nil {
			t.Fatal(err)
		}
		const count = 700
		for i := range count {
			if err := w.Add(uint64(3*i), testEnvelope(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := NewEnvelopeReader(bytes.NewReader(file.Bytes()), int64(file.Len()), "f", ring(key))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range r.Blocks() {
			envs, err := r.Block(i)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range envs {
				want := testEnvelope(n)
				if e.N != uint64(3*n) || e.Envelope.Salt != want.Salt || !bytes.Equal(e.Envelope.Data, want.Data) {
					t.Fatalf("envelope %d: got %v of record %d", n, e.Envelope, e.N)
				}
				n++
			}
		}
		if n != count || r.Blocks() != 3 {
			t.Errorf("got %d envelopes in %d blocks, want %d in 3", n, r.Blocks(), count)
		}
	}
}

func TestEncryptedBlockRefused(t *testing.T) {
	key := testKey(t, 2)
	var file bytes.Buffer
	w, _ := NewEnvelopeWriter(&file, key)
	for i := range 10 {
		if err := w.Add(uint64(i), testEnvelope(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file.Bytes(), []byte("secret")) {
		t.Error("the file has an envelope in clear")
	}
	read := func(b []byte, keys Keys) error {
		r, err := NewEnvelopeReader(bytes.NewReader(b), int64(len(b)), "f", keys)
		if err != nil {
			return err
		}
		_, err = r.Block(0)
		return err
	}
	other, _ := NewDataKey(key.ID(), make([]byte, DataKeySize))
	if err := read(file.Bytes(), nil); !errors.Is(err, ErrNoKey) {
		t.Errorf("without keys: got %v", err)
	}
	if err := read(file.Bytes(), ring()); !errors.Is(err, ErrKeyDestroyed) {
		t.Errorf("with a destroyed key: got %v", err)
	}
	if err := read(file.Bytes(), ring(other)); !errors.Is(err, errBlock) {
		t.Errorf("with a wrong key: got %v, want an error of evidence", err)
	}
	for i := range file.Bytes() {
		b := bytes.Clone(file.Bytes())
		b[i] ^= 4
		if err := read(b, ring(key)); err == nil {
			t.Fatalf("byte %d changed: it was read", i)
		}
	}
}

// TestNonces collects the nonces of many frames and blocks under one key, also
// of records that are written twice, as after a failed commit.
func TestNonces(t *testing.T) {
	key := testKey(t, 3)
	seen := map[[gcmNonce]byte]bool{}
	note := func(sealed []byte) {
		if n := [gcmNonce]byte(sealed); seen[n] {
			t.Fatalf("the nonce %x was used twice", n)
		} else {
			seen[n] = true
		}
	}
	for range 2000 {
		f, err := ParseFrame(testFrame(key))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.locked {
			for _, sealed := range r {
				if sealed != nil {
					note(sealed)
				}
			}
		}
	}
	if len(seen) != 2000*12 {
		t.Errorf("got %d nonces, want %d", len(seen), 2000*12)
	}
}

func TestKeyID(t *testing.T) {
	id := KeyID{1, 0xab}
	if got, err := ParseKeyID(id.String()); err != nil || got != id {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"", "zz", strings.ToUpper(id.String()), KeyID{}.String(), id.String() + "0"} {
		if _, err := ParseKeyID(s); err == nil {
			t.Errorf("ParseKeyID(%q): no error", s)
		}
	}
}
