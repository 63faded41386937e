// Package bigledger makes ledgers of millions of events for benchmarks, as the
// recorder would have sealed them: block files, envelopes, tree and checkpoint.
// It skips the journal, through which five million events take minutes.
package bigledger

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// segment is the number of records of a sealed segment.
const segment = 256 * 256

// Make writes a ledger of n events into dir. Event i is that of the function,
// which is called by several goroutines; all must have arrived on the same day,
// as 2006-01-02.
func Make(dir string, signer note.Signer, key string, n int, day string, made func(i int) *event.Event) error {
	leaves := make([]ledger.Hash, n)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all error
	slots := make(chan struct{}, 4)
	for first := 0; first < n; first += segment {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			err := sealSegment(dir, day, first, min(first+segment, n), leaves, made)
			mu.Lock()
			defer mu.Unlock()
			all = errors.Join(all, err)
		})
	}
	wg.Wait()
	if all != nil {
		return all
	}
	var tree ledger.Tree
	tiles := map[int][]byte{}
	for _, h := range leaves {
		tree.Add(h, func(level int, h ledger.Hash) { tiles[level] = append(tiles[level], h[:]...) })
	}
	signed, err := ledger.Checkpoint{Origin: signer.Name(), Size: tree.Size(), Root: tree.Root()}.Sign(signer)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		ledger.FormatFile:     []byte(ledger.Format{Origin: signer.Name(), Key: key}.Text()),
		ledger.CheckpointFile: signed,
	}
	for level, hashes := range tiles {
		files[ledger.TileName(level)] = hashes
	}
	for name, content := range files {
		if err := writeFile(filepath.Join(dir, name), func(w *bufio.Writer) error { _, err := w.Write(content); return err }); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, write func(w *bufio.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// sealSegment writes the records [from, to), and notes their leaves.
func sealSegment(dir, day string, from, to int, leaves []ledger.Hash, made func(i int) *event.Event) error {
	var envelopes [event.Classes]bytes.Buffer
	var some [event.Classes]bool // there are envelopes of the class
	var writers [event.Classes]*ledger.EnvelopeWriter
	for c := range writers {
		var err error
		if writers[c], err = ledger.NewEnvelopeWriter(&envelopes[c], nil); err != nil {
			return err
		}
	}
	err := writeFile(filepath.Join(dir, ledger.SealedName(uint64(from))), func(w *bufio.Writer) error {
		blocks, err := ledger.NewBlockWriter(w)
		if err != nil {
			return err
		}
		var items []byte
		for i := from; i < to; i++ {
			var salts [event.Classes]event.Salt
			for c := range salts {
				binary.BigEndian.PutUint64(salts[c][:], uint64(i)*0x9E3779B97F4A7C15+uint64(c))
			}
			s, err := made(i).Seal(&salts)
			if err != nil {
				return err
			}
			leaves[i] = ledger.RecordHash(s.Header)
			items = ledger.AppendEntry(items, s.Header)
			for c, env := range s.Envelopes {
				if env == nil {
					continue
				}
				some[c] = true
				if err := writers[c].Add(uint64(i), env); err != nil {
					return err
				}
			}
			if (i+1)%ledger.BlockRecords == 0 {
				if err := blocks.Block(uint64(i+1-ledger.BlockRecords), ledger.BlockRecords, items); err != nil {
					return err
				}
				items = items[:0]
			}
		}
		return blocks.Close()
	})
	for c := range event.Class(event.Classes) {
		if err != nil {
			break
		}
		if err = writers[c].Close(); err == nil && some[c] {
			err = writeFile(filepath.Join(dir, ledger.EnvelopeName(c, day, uint64(from))), func(w *bufio.Writer) error {
				_, err := w.Write(envelopes[c].Bytes())
				return err
			})
		}
	}
	return err
}
