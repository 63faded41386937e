package ledger

import (
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"sort"

	"github.com/klauspost/compress/zstd"

	"github.com/gatebook/gatebook/event"
)

// This file is the one place that turns envelopes into the bytes of envelope
// files, and back. That of the journal is frame.go.

// maxEnvelopeBlock is the size at which a block of envelopes is closed.
const maxEnvelopeBlock = 512 << 10

// EnvelopeWriter writes an envelope file: envelopes of one class and day, in
// the order of their records. It is not safe for concurrent use.
type EnvelopeWriter struct {
	blocks *BlockWriter
	items  []byte
	first  uint64
	count  int
}

// NewEnvelopeWriter returns a writer that writes to w, and encrypts with key
// unless that is nil.
func NewEnvelopeWriter(w io.Writer, key *DataKey) (*EnvelopeWriter, error) {
	blocks, err := NewBlockWriter(w)
	if err != nil {
		return nil, err
	}
	blocks.key = key
	return &EnvelopeWriter{blocks: blocks}, nil
}

// Add writes the envelope of record n. The numbers ascend.
func (w *EnvelopeWriter) Add(n uint64, env *event.Envelope) error {
	if w.count == 0 {
		w.first = n
	}
	w.items = AppendEnvelope(w.items, n, env)
	w.count++
	if w.count == BlockRecords || len(w.items) >= maxEnvelopeBlock {
		return w.flush()
	}
	return nil
}

func (w *EnvelopeWriter) flush() error {
	if w.count == 0 {
		return nil
	}
	err := w.blocks.Block(w.first, w.count, w.items)
	w.items, w.count = w.items[:0], 0
	return err
}

// Close writes what is left, and the index. It does not close the underlying
// writer.
func (w *EnvelopeWriter) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.blocks.Close()
}

// AppendEnvelope appends an envelope of record n as an item of an envelope
// file.
func AppendEnvelope(b []byte, n uint64, env *event.Envelope) []byte {
	b = binary.BigEndian.AppendUint64(b, n)
	b = append(b, env.Salt[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(env.Data)))
	return append(b, env.Data...)
}

// NumberedEnvelope is an envelope and its record's number.
type NumberedEnvelope struct {
	N        uint64
	Envelope *event.Envelope
}

// parseEnvelopes is the inverse of repeated AppendEnvelope. The envelopes point
// into items; buf, if not nil, holds them until it is used again.
func parseEnvelopes(buf *envelopeBuffer, items []byte, count int) ([]NumberedEnvelope, error) {
	if count > len(items) {
		return nil, fmt.Errorf("%w: it claims %d envelopes", errBlock, count)
	}
	if buf == nil {
		buf = new(envelopeBuffer)
	}
	r := reader{b: items, envs: buf.envelopes}
	envs := buf.numbered[:0]
	for i := range count {
		envs = append(envs, NumberedEnvelope{r.uint64(), r.envelope()})
		if i > 0 && envs[i].N <= envs[i-1].N || r.bad {
			return nil, fmt.Errorf("%w: its envelopes do not fill it exactly, or are out of order", errBlock)
		}
	}
	if len(r.b) != 0 {
		return nil, fmt.Errorf("%w: its envelopes do not fill it exactly", errBlock)
	}
	buf.numbered = envs
	if len(buf.envelopes) < count {
		buf.envelopes = make([]event.Envelope, count)
	}
	return envs, nil
}

// envelopeBuffer holds the envelopes of one block, so that not each of them is
// allocated. The zero value is ready.
type envelopeBuffer struct {
	numbered  []NumberedEnvelope
	envelopes []event.Envelope
}

// EnvelopeReader reads an envelope file block by block. It is safe for
// concurrent use.
type EnvelopeReader struct {
	r     io.ReaderAt
	dec   *zstd.Decoder
	keys  Keys
	refs  []blockRef
	limit uint64
}

// NewEnvelopeReader reads the index of the envelope file in r, which has size
// bytes. Keys may be nil: encrypted blocks are then not readable. An error of
// bytes that are not what was written is an [EvidenceError] that names the
// file by name.
func NewEnvelopeReader(r io.ReaderAt, size int64, name string, keys Keys) (*EnvelopeReader, error) {
	dec, err := newDecoder()
	if err != nil {
		return nil, err
	}
	f, err := readEnvelopeIndex(r, size, dec, keys)
	if err != nil {
		return nil, blockError(name, "", err)
	}
	return f, nil
}

func readEnvelopeIndex(r io.ReaderAt, size int64, dec *zstd.Decoder, keys Keys) (*EnvelopeReader, error) {
	refs, limit, err := readIndex(r, size)
	if err != nil {
		return nil, err
	}
	return &EnvelopeReader{r, dec, keys, refs, limit}, nil
}

// Blocks returns the number of blocks.
func (f *EnvelopeReader) Blocks() int { return len(f.refs) }

// Block returns the envelopes of block i, decrypted. Its errors wrap
// [ErrNoKey] or [ErrKeyDestroyed] where the key is the reason.
func (f *EnvelopeReader) Block(i int) ([]NumberedEnvelope, error) {
	buf := new(blockBuffer)
	b, err := f.raw(i, buf)
	if err != nil {
		return nil, err
	}
	return f.parse(i, b, buf, nil)
}

// block is Block, uncompressed into buf if that is not nil.
func (f *EnvelopeReader) block(i int, buf *someBuffer) ([]NumberedEnvelope, error) {
	if buf == nil {
		return f.Block(i)
	}
	b, err := f.raw(i, &buf.block)
	if err != nil {
		return nil, err
	}
	return f.parse(i, b, &buf.block, &buf.envelopes)
}

// raw reads block i, and checks of it what needs no key.
func (f *EnvelopeReader) raw(i int, buf *blockBuffer) (*rawBlock, error) {
	to := f.limit
	if i+1 < len(f.refs) {
		to = f.refs[i+1].offset
	}
	return readRaw(f.r, buf, f.refs[i], to)
}

func (f *EnvelopeReader) parse(i int, b *rawBlock, buf *blockBuffer, out *envelopeBuffer) ([]NumberedEnvelope, error) {
	items, err := b.items(f.dec, f.keys, buf)
	if err != nil {
		return nil, err
	}
	envs, err := parseEnvelopes(out, items, b.count)
	if err == nil && (len(envs) == 0 || envs[0].N != f.refs[i].first) {
		err = fmt.Errorf("%w: it does not begin with the envelope that its index says", errBlock)
	}
	return envs, err
}

// from returns the first block that can hold an envelope of record n or later.
func (f *EnvelopeReader) from(n uint64) int {
	return max(0, sort.Search(len(f.refs), func(i int) bool { return f.refs[i].first > n })-1)
}

// EnvelopeKey returns the id of the key that the first block of an envelope
// file is encrypted with, or zero if that is in clear.
func EnvelopeKey(fsys fs.FS, name string) (KeyID, error) {
	f, size, err := openAt(fsys, name)
	if err != nil {
		return KeyID{}, err
	}
	defer f.Close()
	b := make([]byte, blockHeader+len(KeyID{}))
	if size < int64(len(b)) {
		return KeyID{}, blockError(name, "", fmt.Errorf("%w: it is cut short", errBlock))
	}
	if _, err := f.ReadAt(b, 0); err != nil {
		return KeyID{}, err
	}
	switch string(b[:4]) {
	case blockMagic:
		return KeyID{}, nil
	case cryptMagic:
		return KeyID(b[blockHeader:]), nil
	}
	return KeyID{}, blockError(name, "", fmt.Errorf("%w: its header is damaged", errBlock))
}
