package evidence

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Writer makes a pack: first the events and, for a complete one, the headers
// that were searched; then the look is sealed, with what [Writer.Count] says;
// then [Writer.Finish]. It holds the pack in memory, compressed. It is not safe
// for concurrent use.
type Writer struct {
	events, table, headers *hashed
	csv                    *table
	list                   *List
	numbers                []uint64
	envelopes              uint64
	first, end             uint64 // of the headers
	line                   []byte
}

// hashed is a member in the making, and its hash.
type hashed struct {
	*deflater
	sum hash.Hash
}

func newHashed(name string) *hashed { return &hashed{newDeflater(name), sha256.New()} }

func (p *hashed) Write(b []byte) (int, error) {
	p.sum.Write(b)
	return p.deflater.Write(b)
}

// NewWriter returns a writer of an empty pack.
func NewWriter() *Writer {
	w := &Writer{events: newHashed(EventsFile), table: newHashed(TableFile), list: NewList()}
	w.csv = newTable(w.table)
	return w
}

// Event adds an event; the numbers ascend.
func (w *Writer) Event(r *Record) error {
	switch n := len(w.numbers); {
	case n == MaxEvents:
		return fmt.Errorf("a pack holds at most %d events: ask for fewer", MaxEvents)
	case n > 0 && w.numbers[n-1] >= r.Number:
		return fmt.Errorf("record %d comes after record %d", r.Number, w.numbers[n-1])
	}
	e, err := (&event.Sealed{Header: r.Header, Envelopes: r.Envelopes}).Open()
	if err != nil {
		return err
	}
	if w.line, err = appendLine(w.line[:0], r); err != nil {
		return err
	}
	w.events.Write(w.line)
	w.csv.add(r.Number, e)
	w.list.Add(r.Number)
	w.numbers = append(w.numbers, r.Number)
	for _, env := range r.Envelopes {
		if env != nil {
			w.envelopes++
		}
	}
	return nil
}

// Header adds the header of the next record that was searched.
func (w *Writer) Header(n uint64, header []byte) error {
	switch {
	case w.headers == nil:
		w.headers, w.first, w.end = newHashed(HeadersFile), n, n
	case w.end-w.first == MaxHeaders:
		return fmt.Errorf("a complete pack encloses the headers of at most %d records: narrow the time", MaxHeaders)
	}
	if n != w.end {
		return fmt.Errorf("the header of record %d comes where that of %d should", n, w.end)
	}
	w.end++
	w.headers.Write(header)
	w.headers.Write([]byte{'\n'})
	return nil
}

// Count returns how many events and disclosed envelopes there are, and the hash
// of the events' numbers, for the [Claim].
func (w *Writer) Count() (events, envelopes uint64, list event.Hash) {
	return uint64(len(w.numbers)), w.envelopes, w.list.Sum()
}

// Bytes returns how many bytes the pack takes so far, compressed.
func (w *Writer) Bytes() int {
	n := w.events.buf.Len() + w.table.buf.Len()
	if w.headers != nil {
		n += w.headers.buf.Len()
	}
	return n
}

// Records returns the numbers of the records that the proof must be of, with
// the look's.
func (w *Writer) Records(look uint64) []uint64 {
	records := slices.Clone(w.numbers)
	if w.headers != nil {
		records = records[:0]
		for n := w.first; n < w.end; n++ {
			records = append(records, n)
		}
	}
	return append(records, look)
}

// Seal is what a pack is proven by.
type Seal struct {
	Key        string        // public key of the ledger
	Checkpoint []byte        // signed, of a tree that holds the look; with cosignatures, if there are any
	Look       *Record       // with its who and what envelopes
	Bounds     []uint64      // sizes of older trees whose roots the proof gives, ascending
	Proof      []ledger.Hash // by [ledger.Ledger.ProveRecords], of [Writer.Records] and Bounds
}

// Pack is a finished pack.
type Pack struct {
	parts []content // without manifest and page
	sums  []manifestFile
}

// Finish ends the pack. Before it is handed out it should be checked with
// [Verify].
func (w *Writer) Finish(s *Seal) (*Pack, error) {
	look, err := appendLine(nil, s.Look)
	if err != nil {
		return nil, err
	}
	if err := w.csv.finish(); err != nil {
		return nil, err
	}
	proof := newHashed(ProofFile)
	out := bufio.NewWriter(proof)
	writeProof(out, s.Bounds, s.Proof)
	if err := out.Flush(); err != nil {
		return nil, err
	}
	p := &Pack{}
	small := func(name string, b []byte) *hashed {
		d := newHashed(name)
		d.Write(b)
		return d
	}
	for _, d := range []*hashed{
		small(ReadmeFile, []byte(readme(s.Key))), small(KeyFile, []byte(s.Key+"\n")), small(CheckpointFile, s.Checkpoint), small(LookFile, look),
		w.events, w.table, w.headers, proof,
	} {
		if d == nil {
			continue
		}
		if err := p.add(d); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Pack) add(d *hashed) error {
	c, err := d.finish()
	p.parts = append(p.parts, c)
	p.sums = append(p.sums, manifestFile{d.name, d.size, hex.EncodeToString(d.sum.Sum(nil))})
	return err
}

// Write writes the zip, with the page if it is not nil.
func (p *Pack) Write(w io.Writer, page []byte) error {
	whole := &Pack{slices.Clone(p.parts), slices.Clone(p.sums)}
	if page != nil {
		d := newHashed(PageFile)
		d.Write(page)
		if err := whole.add(d); err != nil {
			return err
		}
	}
	byOrder := func(a, b string) int {
		_, i := memberOf(a)
		_, k := memberOf(b)
		return i - k
	}
	slices.SortFunc(whole.sums, func(a, b manifestFile) int { return byOrder(a.Name, b.Name) })
	d := newHashed(ManifestFile)
	d.Write(encodeManifest(whole.sums))
	if err := whole.add(d); err != nil {
		return err
	}
	slices.SortFunc(whole.parts, func(a, b content) int { return byOrder(a.name, b.name) })
	return writeZip(w, whole.parts)
}

// manifest is the list of the members, for whoever wants to know whether a file
// was damaged. It proves nothing: who changes a member can change it too.
type manifest struct {
	Format  string         `json:"format"`
	Version int            `json:"version"`
	Files   []manifestFile `json:"files"`
}

type manifestFile struct {
	Name   string `json:"name"`
	Size   uint64 `json:"size"`
	SHA256 string `json:"sha256"`
}

func encodeManifest(files []manifestFile) []byte {
	b, err := json.MarshalIndent(&manifest{formatName, Version, files}, "", "  ")
	if err != nil {
		panic("evidence: a manifest cannot be encoded: " + err.Error()) // it has texts and numbers only
	}
	return append(b, '\n')
}

func readme(key string) string {
	return `This is a Gatebook evidence pack: events from a ledger that shows any change.

To check it, alone and offline:

1. Get gatebook-verify from someone you trust, or build it from its source.
2. Get the ledger's public key another way than with this file. The pack says:
   ` + key + `
3. Run: gatebook-verify --key KEY PACK.zip   (or open index.html in a browser)
4. It prints what holds and what that rests on, and ends with 0 if all holds,
   1 if it does not, 2 if the file could not be read.
5. To check it without our programs, follow docs/EVIDENCE.md of Gatebook.

events.jsonl holds the events byte for byte as they were sealed, events.csv the
same for spreadsheets (a cell that one would run as a formula begins with an
apostrophe), look.jsonl what was asked, by whom and when. This text and
index.html are for people, and are no evidence.

Format: ` + formatName + " " + strconv.Itoa(Version) + `
`
}
