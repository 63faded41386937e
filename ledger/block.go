package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/gatebook/gatebook/event"
)

// A block file (sealed segments and envelope files) is a sequence of blocks,
// followed by an index of them. A block is
//
//	"GBB1", number of its first record (8), count of its items (4),
//	size before compression (4), size after (4), CRC-32C of all that (4),
//	the items, compressed with Zstandard
//
// where the CRC-32C covers the 24 bytes before it and the compressed items.
// The index is, for each block, the number of its first record (8) and its
// offset (8); then the count of blocks (4), the CRC-32C of all of the index up
// to here (4), and "GBX1".
//
// The items of a sealed segment are the entries of a C2SP tlog-tiles entry
// bundle: the size in 2 bytes and the header. The items of an envelope file
// are the number of the record (8), the salt (16), the size (4) and the
// envelope.
const (
	blockMagic  = "GBB1"
	indexMagic  = "GBX1"
	blockHeader = 28
	indexTail   = 12
	maxBlock    = 1 << 28
)

// BlockWriter writes a block file. It is not safe for concurrent use.
type BlockWriter struct {
	w      io.Writer
	enc    *zstd.Encoder
	offset uint64
	index  []byte
	count  uint32
	buf    []byte
}

// NewBlockWriter returns a writer that writes to w.
func NewBlockWriter(w io.Writer) (*BlockWriter, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("starting the compressor: %w", err)
	}
	return &BlockWriter{w: w, enc: enc}, nil
}

// Block writes one block of count items.
func (w *BlockWriter) Block(first uint64, count int, items []byte) error {
	b := append(w.buf[:0], blockMagic...)
	b = binary.BigEndian.AppendUint64(b, first)
	b = binary.BigEndian.AppendUint32(b, uint32(count))
	b = binary.BigEndian.AppendUint32(b, uint32(len(items)))
	b = append(b, make([]byte, 8)...)
	b = w.enc.EncodeAll(items, b)
	binary.BigEndian.PutUint32(b[20:], uint32(len(b)-blockHeader))
	binary.BigEndian.PutUint32(b[24:], blockCRC(b))
	w.buf = b
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	w.index = binary.BigEndian.AppendUint64(w.index, first)
	w.index = binary.BigEndian.AppendUint64(w.index, w.offset)
	w.count++
	w.offset += uint64(len(b))
	return nil
}

// Close writes the index. It does not close the underlying writer.
func (w *BlockWriter) Close() error {
	w.enc.Close()
	b := binary.BigEndian.AppendUint32(w.index, w.count)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	b = append(b, indexMagic...)
	_, err := w.w.Write(b)
	return err
}

func blockCRC(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:24], castagnoli), castagnoli, b[blockHeader:])
}

// blockRef says where a block is.
type blockRef struct{ first, offset uint64 }

// errBlock is wrapped by all errors of bytes that are not a block file.
var errBlock = errors.New("not what was written")

// readIndex reads the index of a block file of the given size, and returns
// where the blocks end.
func readIndex(r io.ReaderAt, size int64) (refs []blockRef, end uint64, err error) {
	var tail [indexTail]byte
	if size < indexTail {
		return nil, 0, fmt.Errorf("%w: it is cut short", errBlock)
	}
	if _, err := r.ReadAt(tail[:], size-indexTail); err != nil {
		return nil, 0, err
	}
	n := int64(binary.BigEndian.Uint32(tail[:]))
	start := size - indexTail - 16*n
	if string(tail[8:]) != indexMagic || start < 0 {
		return nil, 0, fmt.Errorf("%w: its index is damaged or cut off", errBlock)
	}
	b := make([]byte, 16*n+4)
	if _, err := r.ReadAt(b, start); err != nil {
		return nil, 0, err
	}
	if crc32.Checksum(b, castagnoli) != binary.BigEndian.Uint32(tail[4:]) {
		return nil, 0, fmt.Errorf("%w: the CRC-32C of its index is wrong", errBlock)
	}
	refs = make([]blockRef, n)
	for i := range refs {
		refs[i] = blockRef{binary.BigEndian.Uint64(b[16*i:]), binary.BigEndian.Uint64(b[16*i+8:])}
		if refs[i].offset >= uint64(start) || i > 0 && (refs[i].offset <= refs[i-1].offset || refs[i].first <= refs[i-1].first) || i == 0 && refs[i].offset != 0 {
			return nil, 0, fmt.Errorf("%w: its index is out of order", errBlock)
		}
	}
	return refs, uint64(start), nil
}

// readBlock reads the block that takes the bytes [from, to) and returns its
// items uncompressed.
func readBlock(r io.ReaderAt, dec *zstd.Decoder, ref blockRef, to uint64) (items []byte, count int, err error) {
	if to <= ref.offset || to-ref.offset > maxBlock || to-ref.offset < blockHeader {
		return nil, 0, fmt.Errorf("%w: it has an impossible size", errBlock)
	}
	b := make([]byte, to-ref.offset)
	if _, err := r.ReadAt(b, int64(ref.offset)); err != nil {
		return nil, 0, err
	}
	raw := binary.BigEndian.Uint32(b[16:])
	switch {
	case string(b[:4]) != blockMagic || int(binary.BigEndian.Uint32(b[20:])) != len(b)-blockHeader || raw > maxBlock:
		return nil, 0, fmt.Errorf("%w: its header is damaged", errBlock)
	case binary.BigEndian.Uint32(b[24:]) != blockCRC(b):
		return nil, 0, fmt.Errorf("%w: its CRC-32C is wrong", errBlock)
	case binary.BigEndian.Uint64(b[4:]) != ref.first:
		return nil, 0, fmt.Errorf("%w: it begins with record %d, its index says %d", errBlock, binary.BigEndian.Uint64(b[4:]), ref.first)
	}
	items, err = dec.DecodeAll(b[blockHeader:], make([]byte, 0, raw))
	if err != nil || len(items) != int(raw) {
		return nil, 0, fmt.Errorf("%w: it does not uncompress", errBlock)
	}
	return items, int(binary.BigEndian.Uint32(b[12:])), nil
}

// AppendEntry appends a header as an item of a sealed segment, which is an
// entry of a C2SP entry bundle.
func AppendEntry(b, header []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(header)))
	return append(b, header...)
}

// parseEntries is the inverse of repeated AppendEntry.
func parseEntries(items []byte, count int) ([][]byte, error) {
	if count > len(items) {
		return nil, fmt.Errorf("%w: it claims %d records", errBlock, count)
	}
	r := reader{b: items}
	headers := make([][]byte, count)
	for i := range headers {
		headers[i] = r.take(int(r.uint16()))
	}
	if r.bad || len(r.b) != 0 {
		return nil, fmt.Errorf("%w: its records do not fill it exactly", errBlock)
	}
	return headers, nil
}

// AppendEnvelope appends an envelope of record n as an item of an envelope
// file.
func AppendEnvelope(b []byte, n uint64, env *event.Envelope) []byte {
	b = binary.BigEndian.AppendUint64(b, n)
	b = append(b, env.Salt[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(env.Data)))
	return append(b, env.Data...)
}

// numbered is an envelope and its record's number.
type numbered struct {
	n   uint64
	env *event.Envelope
}

// parseEnvelopes is the inverse of repeated AppendEnvelope.
func parseEnvelopes(items []byte, count int) ([]numbered, error) {
	if count > len(items) {
		return nil, fmt.Errorf("%w: it claims %d envelopes", errBlock, count)
	}
	r := reader{b: items}
	envs := make([]numbered, count)
	for i := range envs {
		envs[i] = numbered{r.uint64(), r.envelope()}
		if i > 0 && envs[i].n <= envs[i-1].n {
			r.bad = true
		}
	}
	if r.bad || len(r.b) != 0 {
		return nil, fmt.Errorf("%w: its envelopes do not fill it exactly", errBlock)
	}
	return envs, nil
}
