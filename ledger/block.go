package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

// A block file (sealed segments and envelope files) is a sequence of blocks,
// followed by an index of them. A block is
//
//	"GBB1", number of its first record (8), count of its items (4),
//	size before compression (4), size as stored (4), CRC-32C of all that (4),
//	the items, compressed with Zstandard
//
// where the CRC-32C covers the 24 bytes before it and what is stored. An
// encrypted block begins with "GBC1", and stored are the id of the key (16), a
// nonce (12), and the compressed items encrypted with AES-256-GCM, which
// authenticates the 24 bytes too.
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
	cryptMagic  = "GBC1"
	indexMagic  = "GBX1"
	blockHeader = 28
	indexTail   = 12
	maxBlock    = 1 << 28
	maxBlocks   = 1 << 22 // in one file
)

// BlockWriter writes a block file. It is not safe for concurrent use.
type BlockWriter struct {
	w      io.Writer
	enc    *zstd.Encoder
	key    *DataKey // nil: blocks are in clear
	packed []byte
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
	magic := blockMagic
	if w.key != nil {
		magic = cryptMagic
	}
	b := append(w.buf[:0], magic...)
	b = binary.BigEndian.AppendUint64(b, first)
	b = binary.BigEndian.AppendUint32(b, uint32(count))
	b = binary.BigEndian.AppendUint32(b, uint32(len(items)))
	b = append(b, make([]byte, 8)...)
	if w.key == nil {
		b = w.enc.EncodeAll(items, b)
		binary.BigEndian.PutUint32(b[20:], uint32(len(b)-blockHeader))
	} else {
		w.packed = w.enc.EncodeAll(items, w.packed[:0])
		binary.BigEndian.PutUint32(b[20:], uint32(len(KeyID{})+gcmOverhead+len(w.packed)))
		b = append(b, w.key.id[:]...)
		b = w.key.seal(b, w.packed, b[:24])
	}
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
	if string(tail[8:]) != indexMagic || start < 0 || n > maxBlocks {
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

// blockBuffer holds what one block is read and uncompressed into. The zero
// value is ready; using it again saves both allocations.
type blockBuffer struct {
	raw           rawBlock
	stored, items []byte
}

// resize returns a slice of n bytes, in b if it is large enough.
func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, n+n/4)
	}
	return b[:n]
}

// readBlock reads the block in clear that takes the bytes [from, to) and
// returns its items uncompressed, which are valid until buf is used again.
func readBlock(r io.ReaderAt, dec *zstd.Decoder, buf *blockBuffer, ref blockRef, to uint64) (items []byte, count int, err error) {
	b, err := readRaw(r, buf, ref, to)
	if err != nil {
		return nil, 0, err
	}
	if !b.key.IsZero() {
		return nil, 0, fmt.Errorf("%w: it is encrypted, which headers never are", errBlock)
	}
	items, err = b.items(dec, nil, buf)
	return items, b.count, err
}

// rawBlock is a block as it is stored.
type rawBlock struct {
	head   []byte // the 24 bytes that are authenticated
	count  int    // of items
	size   int    // of the items
	stored []byte // without the id of the key
	key    KeyID  // zero: it is in clear
}

// readRaw reads the block that takes the bytes [from, to), and checks what can
// be checked without a key. What it returns is valid until buf is used again.
func readRaw(r io.ReaderAt, buf *blockBuffer, ref blockRef, to uint64) (*rawBlock, error) {
	if to <= ref.offset || to-ref.offset > maxBlock || to-ref.offset < blockHeader {
		return nil, fmt.Errorf("%w: it has an impossible size", errBlock)
	}
	buf.stored = resize(buf.stored, int(to-ref.offset))
	b := buf.stored
	if _, err := r.ReadAt(b, int64(ref.offset)); err != nil {
		return nil, err
	}
	raw := &buf.raw
	*raw = rawBlock{
		head: b[:24], count: int(binary.BigEndian.Uint32(b[12:])),
		size: int(binary.BigEndian.Uint32(b[16:])), stored: b[blockHeader:],
	}
	magic := string(b[:4])
	switch {
	case magic != blockMagic && magic != cryptMagic || int(binary.BigEndian.Uint32(b[20:])) != len(raw.stored) || raw.size > maxBlock:
		return nil, fmt.Errorf("%w: its header is damaged", errBlock)
	case binary.BigEndian.Uint32(b[24:]) != blockCRC(b):
		return nil, fmt.Errorf("%w: its CRC-32C is wrong", errBlock)
	case binary.BigEndian.Uint64(b[4:]) != ref.first:
		return nil, fmt.Errorf("%w: it begins with record %d, its index says %d", errBlock, binary.BigEndian.Uint64(b[4:]), ref.first)
	case magic == blockMagic:
		return raw, nil
	case len(raw.stored) < len(raw.key)+gcmOverhead:
		return nil, fmt.Errorf("%w: it is too short to be encrypted", errBlock)
	}
	raw.stored = raw.stored[copy(raw.key[:], raw.stored):]
	if raw.key.IsZero() {
		return nil, fmt.Errorf("%w: it names no key", errBlock)
	}
	return raw, nil
}

// items returns the items, decrypted and uncompressed.
func (b *rawBlock) items(dec *zstd.Decoder, keys Keys, buf *blockBuffer) ([]byte, error) {
	packed := b.stored
	if !b.key.IsZero() {
		key, err := keys.get(b.key)
		if err != nil {
			return nil, err
		}
		if packed, err = key.open(b.stored, b.head); err != nil {
			return nil, fmt.Errorf("%w: %w", errBlock, err)
		}
	}
	items, err := dec.DecodeAll(packed, resize(buf.items, b.size)[:0])
	if err != nil || len(items) != b.size {
		return nil, fmt.Errorf("%w: it does not uncompress", errBlock)
	}
	buf.items = items
	return items, nil
}

// AppendEntry appends a header as an item of a sealed segment, which is an
// entry of a C2SP entry bundle.
func AppendEntry(b, header []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(header)))
	return append(b, header...)
}

// parseEntries is the inverse of repeated AppendEntry. It appends the headers,
// which point into items, to dst.
func parseEntries(dst [][]byte, items []byte, count int) ([][]byte, error) {
	if count > len(items) {
		return nil, fmt.Errorf("%w: it claims %d records", errBlock, count)
	}
	r := reader{b: items}
	for range count {
		dst = append(dst, r.take(int(r.uint16())))
	}
	if r.bad || len(r.b) != 0 {
		return nil, fmt.Errorf("%w: its records do not fill it exactly", errBlock)
	}
	return dst, nil
}
