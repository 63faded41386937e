package tamper

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// victim is a copy of the house's ledger, for one attack.
type victim struct {
	*house
	t   *testing.T
	dir string
}

func (v *victim) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// one returns the name of the first file that matches, relative to the ledger;
// last of the last.
func (v *victim) one(pattern string) string  { return v.names(pattern)[0] }
func (v *victim) last(pattern string) string { n := v.names(pattern); return n[len(n)-1] }

func (v *victim) names(pattern string) []string {
	v.t.Helper()
	names, err := filepath.Glob(v.path(pattern))
	v.must(err)
	if len(names) == 0 {
		v.t.Fatalf("there is no %s", pattern)
	}
	for i := range names {
		names[i], _ = filepath.Rel(v.dir, names[i])
		names[i] = filepath.ToSlash(names[i])
	}
	return names
}

func (v *victim) path(name string) string { return filepath.Join(v.dir, filepath.FromSlash(name)) }

func (v *victim) read(name string) []byte {
	v.t.Helper()
	b, err := os.ReadFile(v.path(name))
	v.must(err)
	return b
}

func (v *victim) write(name string, b []byte) {
	v.t.Helper()
	v.must(os.MkdirAll(filepath.Dir(v.path(name)), 0o700))
	v.must(os.WriteFile(v.path(name), b, 0o600))
}

func (v *victim) remove(names ...string) {
	v.t.Helper()
	for _, name := range names {
		v.must(os.RemoveAll(v.path(name)))
	}
}

// flip flips a bit at the given part of a file.
func (v *victim) flip(name string, part float64) {
	v.t.Helper()
	b := v.read(name)
	b[int(part*float64(len(b)-1))] ^= 4
	v.write(name, b)
}

// cut leaves the given part of a file.
func (v *victim) cut(name string, part float64) {
	v.t.Helper()
	b := v.read(name)
	v.write(name, b[:int(part*float64(len(b)))])
}

func (v *victim) swap(a, b string) {
	v.t.Helper()
	x, y := v.read(a), v.read(b)
	v.write(a, y)
	v.write(b, x)
}

// replace puts the same number of other bytes in the place of the first ones
// that are equal to old.
func (v *victim) replace(name, old, new string) {
	v.t.Helper()
	b := v.read(name)
	i := bytes.Index(b, []byte(old))
	if i < 0 || len(old) != len(new) {
		v.t.Fatalf("%s: cannot replace %q by %q", name, old, new)
	}
	copy(b[i:], new)
	v.write(name, b)
}

// copyOf copies headers or records, so that they can be changed.
func copyOf[T any](list []T) []T { return append([]T(nil), list...) }

// edited returns a header with a part of it replaced by another of its length.
func edited(header []byte, old, new string) []byte {
	if len(old) != len(new) || !bytes.Contains(header, []byte(old)) {
		panic("edited: no " + old)
	}
	return bytes.Replace(header, []byte(old), []byte(new), 1)
}

// reseal writes sealed segment i with other headers: blocks, index and sums are
// right.
func (v *victim) reseal(i int, headers [][]byte) {
	v.t.Helper()
	var b bytes.Buffer
	w, err := ledger.NewBlockWriter(&b)
	v.must(err)
	first := v.starts[i]
	for from := 0; from < len(headers); from += ledger.BlockRecords {
		block := headers[from:min(from+ledger.BlockRecords, len(headers))]
		var items []byte
		for _, h := range block {
			items = ledger.AppendEntry(items, h)
		}
		v.must(w.Block(first+uint64(from), len(block), items))
	}
	v.must(w.Close())
	v.write(ledger.SealedName(first), b.Bytes())
}

// sealedHeaders are those of sealed segment i.
func (v *victim) sealedHeaders(i int) [][]byte {
	return copyOf(v.headers[v.starts[i]:v.starts[i+1]])
}

// resealAll writes the sealed segments with the beginning of other headers, and
// makes the tile files anew.
func (v *victim) resealAll(headers [][]byte) {
	v.t.Helper()
	for i := range v.starts[1:] {
		v.reseal(i, headers[v.starts[i]:v.starts[i+1]])
	}
	v.retile(headers)
}

// retile makes the tile files anew, and returns the root.
func (v *victim) retile(headers [][]byte) ledger.Hash {
	v.t.Helper()
	var tree ledger.Tree
	tiles := map[int][]byte{}
	for _, h := range headers {
		tree.Add(ledger.RecordHash(h), func(level int, hash ledger.Hash) { tiles[level] = append(tiles[level], hash[:]...) })
	}
	v.remove(ledger.TileDir)
	for level, b := range tiles {
		v.write(ledger.TileName(level), b)
	}
	return tree.Root()
}

// rewrap writes an envelope file with other envelopes: blocks, index and sums
// are right.
func (v *victim) rewrap(name string, change func(envs []ledger.NumberedEnvelope) []ledger.NumberedEnvelope) {
	v.t.Helper()
	b := v.read(name)
	r, err := ledger.NewEnvelopeReader(bytes.NewReader(b), int64(len(b)), name, nil)
	v.must(err)
	var envs []ledger.NumberedEnvelope
	for i := range r.Blocks() {
		block, err := r.Block(i)
		v.must(err)
		envs = append(envs, block...)
	}
	var out bytes.Buffer
	w, err := ledger.NewEnvelopeWriter(&out, nil)
	v.must(err)
	for _, e := range change(envs) {
		v.must(w.Add(e.N, e.Envelope))
	}
	v.must(w.Close())
	v.write(name, out.Bytes())
}

// frames are the frames of a journal segment, without what follows them.
func (v *victim) frames(name string) [][]byte {
	v.t.Helper()
	var frames [][]byte
	for b := v.read(name); len(b) >= 4 && string(b[:3]) == "GBF"; {
		n := binary.BigEndian.Uint32(b[4:])
		frames = append(frames, b[:n:n])
		b = b[n:]
	}
	return frames
}

// resum makes the CRC-32C of a frame right.
func resum(frame []byte) {
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.BigEndian.PutUint32(frame[20:], crc32.Update(crc32.Checksum(frame[:20], table), table, frame[24:]))
}

// remake writes a whole ledger anew, all of it in the journal, as somebody can
// who has the key and no checkpoint to continue.
func (v *victim) remake(signer note.Signer, records []*event.Sealed) {
	v.t.Helper()
	v.remove(ledger.SealedDir, ledger.EnvelopeDir, ledger.JournalDir, ledger.CosignedDir, ledger.WitnessedFile)
	var tree ledger.Tree
	var headers [][]byte
	var journal, checkpoint []byte
	for from := 0; from < len(records); from += 200 {
		var b ledger.FrameBuilder
		b.Reset(uint64(from), nil)
		for _, s := range records[from:min(from+200, len(records))] {
			b.Add(s)
			headers = append(headers, s.Header)
			tree.Add(ledger.RecordHash(s.Header), nil)
		}
		checkpoint = v.sign(signer, ledger.Checkpoint{Origin: origin, Size: tree.Size(), Root: tree.Root()})
		journal = append(journal, b.Finish(tree.Root(), checkpoint)...)
	}
	v.write(ledger.JournalName(0), journal)
	v.write(ledger.CheckpointFile, checkpoint)
	v.retile(headers)
}

func (v *victim) sign(signer note.Signer, c ledger.Checkpoint) []byte {
	v.t.Helper()
	b, err := c.Sign(signer)
	v.must(err)
	return b
}

// resign signs a checkpoint of the given records.
func (v *victim) resign(signer note.Signer, headers [][]byte) {
	v.t.Helper()
	var tree ledger.Tree
	for _, h := range headers {
		tree.Add(ledger.RecordHash(h), nil)
	}
	v.write(ledger.CheckpointFile, v.sign(signer, ledger.Checkpoint{Origin: origin, Size: tree.Size(), Root: tree.Root()}))
}

// become puts another ledger in the place of this one.
func (v *victim) become(dir string) {
	v.t.Helper()
	v.must(os.RemoveAll(v.dir))
	v.must(os.CopyFS(v.dir, os.DirFS(dir)))
}

// sealed makes a record as the recorder would.
func (v *victim) sealed(e *event.Event) *event.Sealed {
	v.t.Helper()
	salts := [event.Classes]event.Salt{{1}, {2}, {3}}
	s, err := e.Seal(&salts)
	v.must(err)
	return s
}
