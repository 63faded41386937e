package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/gatebook/gatebook/event"
)

// openSealed looks what sealed segments and envelope files there are.
func (v *verifier) openSealed() {
	firsts, strange, err := listSegments(v.fsys, SealedDir, sealedExt)
	v.problem(SealedDir, "", err)
	v.leftOver(strange)
	v.envelopes = v.envelopeFiles()
	v.openSegments(firsts)
	v.orphaned(firsts)
}

// openSegments opens the sealed segments, and says what records they cover,
// readable or not.
func (v *verifier) openSegments(firsts []uint64) {
	var next uint64
	for i, first := range firsts {
		if first > v.plausible {
			v.wrong(SealedName(first), "", "the ledger has no record of this number")
			continue
		}
		if first%BlockRecords != 0 {
			v.wrong(SealedName(first), "", "no segment begins with this record: they hold whole blocks of %d", BlockRecords)
			continue
		}
		if first > next {
			v.wrong(SealedName(next), "", "the segment is missing: the next one is %s", SealedName(first))
		}
		seg, err := openSegment(v.fsys, SealedName(first), first)
		if err != nil {
			v.problem(SealedName(first), "", err)
			next = first + BlockRecords // at least
			if i+1 < len(firsts) && firsts[i+1] <= v.plausible {
				next = firsts[i+1]
			} else {
				v.lastBad = true
			}
			continue
		}
		if first < next {
			v.wrong(SealedName(first), "", "it repeats records of the segment before it")
			continue
		}
		next = seg.end
		v.segments = append(v.segments, seg)
	}
	v.covered = next
}

// orphaned judges envelope files without a sealed segment: they are what an
// interrupted sealing leaves if their records are still in the journal.
func (v *verifier) orphaned(sealed []uint64) {
	interrupted := len(v.journaled) > 0 && v.journaled[0].first <= v.covered
	for first, names := range v.envelopes {
		if _, found := slices.BinarySearch(sealed, first); found {
			continue
		}
		if first == v.covered && interrupted {
			v.note("%s and %d more: the sealing of a segment was interrupted; it is done again at the next start", names[0], len(names)-1)
			continue
		}
		v.wrong(SealedName(first), "", "the segment is missing: its envelopes are there")
		for _, name := range names {
			v.wrong(name, "", "its sealed segment is missing")
		}
	}
}

// envelopeFiles lists the envelope files by the first record of their segment.
func (v *verifier) envelopeFiles() map[uint64][]string {
	files := make(map[uint64][]string)
	classes, err := fs.ReadDir(v.fsys, EnvelopeDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.problem(EnvelopeDir, "", err)
	}
	for _, c := range classes {
		if _, err := event.ParseClass(c.Name()); err != nil {
			v.wrong(EnvelopeDir+"/"+c.Name(), "", "the file is no part of a ledger")
		}
	}
	for c := range event.Class(event.Classes) {
		dir := EnvelopeDir + "/" + c.String()
		days, err := fs.ReadDir(v.fsys, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			v.problem(dir, "", err)
		}
		for _, day := range days {
			firsts, strange, err := listSegments(v.fsys, dir+"/"+day.Name(), envExt)
			v.problem(dir+"/"+day.Name(), "", err)
			v.leftOver(strange)
			for _, first := range firsts {
				files[first] = append(files[first], EnvelopeName(c, day.Name(), first))
			}
		}
	}
	return files
}

// buffers are what a worker checks sealed segments with. They are used again
// for the next one.
type buffers struct {
	block     blockBuffer
	headers   [][]byte
	leaves    []Hash
	envelopes envelopeBuffer
	wanted    map[string]*[event.Classes][]wanted // by day
}

func newBuffers() *buffers {
	return &buffers{wanted: make(map[string]*[event.Classes][]wanted)}
}

// wanted is an envelope that a header commits to.
type wanted struct {
	n    uint64
	hash event.Hash
}

// sealed checks all sealed segments, block by block, and their envelopes.
func (v *verifier) sealed() {
	// The largest first, so that no worker is left alone with one at the end.
	slices.SortStableFunc(v.segments, func(a, b *segment) int { return len(b.refs) - len(a.refs) })
	v.opts.Parallel(len(v.segments), func(i int) {
		b := v.buffers.Get().(*buffers)
		v.segment(v.segments[i], b)
		v.buffers.Put(b)
	})
}

// segment checks one sealed segment.
func (v *verifier) segment(seg *segment, b *buffers) {
	name := SealedName(seg.first)
	f, _, err := openAt(v.fsys, name)
	if err != nil {
		v.problem(name, "", err)
		return
	}
	defer f.Close()
	b.forget()
	roots := span{first: seg.first / BlockRecords, hashes: make([]Hash, 0, len(seg.refs))}
	for i, ref := range seg.refs {
		headers, err := readEntries(f, v.dec, &b.block, b.headers[:0], seg, i)
		if err != nil {
			where := fmt.Sprintf("block %d", i)
			v.problem(name, where, blockError(name, where, err))
			v.known(roots)
			roots = span{first: ref.first/BlockRecords + 1}
			continue
		}
		b.headers = headers
		v.facts.look(ref.first, len(headers), func(k int) []byte { return headers[k] })
		b.leaves = b.leaves[:0]
		for k, h := range headers {
			b.leaves = append(b.leaves, RecordHash(h))
			commit := v.header(name, ref.first+uint64(k), h)
			if !v.opts.SkipEnvelopes {
				b.want(ref.first+uint64(k), h, &commit)
			}
		}
		v.compareOverlap(ref.first, b.leaves)
		roots.hashes = append(roots.hashes, v.block(ref.first, b.leaves))
		v.progress(uint64(len(headers)))
	}
	v.known(roots)
	if !v.opts.SkipEnvelopes {
		v.explain(f, seg, v.segmentEnvelopes(seg, b))
	}
}

// forget empties the lists of what is wanted, and keeps their memory for the
// days that the last segment had.
func (b *buffers) forget() {
	for day, classes := range b.wanted {
		used := false
		for c := range classes {
			used = used || len(classes[c]) > 0
			classes[c] = classes[c][:0]
		}
		if !used {
			delete(b.wanted, day)
		}
	}
}

// want notes the envelopes that a header commits to.
func (b *buffers) want(n uint64, header []byte, commit *event.Commit) {
	var day *[event.Classes][]wanted
	for c := range event.Classes {
		hash := commitHash(commit, event.Class(c))
		if hash.IsZero() {
			continue
		}
		if day == nil {
			key := dayOf(header)
			if day = b.wanted[string(key)]; day == nil {
				day = new([event.Classes][]wanted)
				b.wanted[string(key)] = day
			}
		}
		day[c] = append(day[c], wanted{n, *hash})
	}
}

// segmentEnvelopes checks the envelope files of a sealed segment against what
// its headers commit to, and returns what is missing.
func (v *verifier) segmentEnvelopes(seg *segment, b *buffers) (gone []missed) {
	files := v.envelopes[seg.first]
	for day, classes := range b.wanted {
		for c, want := range classes {
			name := EnvelopeName(event.Class(c), day, seg.first)
			if len(want) > 0 && !slices.Contains(files, name) {
				gone = appendMissed(gone, want, missed{class: event.Class(c), whole: true})
			}
		}
	}
	for _, name := range files {
		class, day := envelopePlace(name)
		var want []wanted
		if w := b.wanted[day]; w != nil {
			want = w[class]
		}
		gone = v.envelopeFile(name, class, want, b, gone)
	}
	return gone
}

// envelopeFile checks one envelope file against what the headers of its
// segment and day commit to. It appends what is missing to gone.
func (v *verifier) envelopeFile(name string, class event.Class, want []wanted, b *buffers, gone []missed) []missed {
	f, size, err := openAt(v.fsys, name)
	if errors.Is(err, fs.ErrNotExist) { // removed since it was listed
		return appendMissed(gone, want, missed{class: class, whole: true})
	}
	if err != nil {
		v.problem(name, "", err)
		return gone
	}
	defer f.Close()
	file, err := readEnvelopeIndex(f, size, v.dec, v.opts.Keys)
	if err != nil {
		v.problem(name, "", blockError(name, "", err))
		return gone
	}
	all, before := want, len(gone)
	for i := range file.Blocks() {
		raw, err := file.raw(i, &b.block)
		if err == nil && !raw.key.IsZero() && v.opts.Keys == nil {
			var in []wanted
			in, want = v.lockedBlock(name, file, i, raw.count, want)
			if len(in) > raw.count {
				block := &lockedBlock{name: name, where: fmt.Sprintf("block %d", i), count: uint64(raw.count)}
				gone = appendMissed(gone, in, missed{class: class, locked: block})
			}
			continue
		}
		var envs []NumberedEnvelope
		if err == nil {
			envs, err = file.parse(i, raw, &b.block, &b.envelopes)
		}
		if errors.Is(err, ErrKeyDestroyed) {
			if now, err := EnvelopeKey(v.fsys, name); err == nil && now != raw.key {
				return v.envelopeFile(name, class, all, b, gone[:before]) // written anew since it was opened
			}
			v.keyDestroyed(name, err)
			end := file.wantedIn(i, want)
			gone = appendMissed(gone, want[:end], missed{class: class})
			want = want[end:]
			continue
		}
		if err != nil {
			where := fmt.Sprintf("block %d", i)
			v.problem(name, where, blockError(name, where, err))
			return gone
		}
		want, gone = v.envelopeBlock(name, class, envs, want, gone)
	}
	return appendMissed(gone, want, missed{class: class})
}

// appendMissed appends all of want to gone, each as like says.
func appendMissed(gone []missed, want []wanted, like missed) []missed {
	for _, w := range want {
		like.n = w.n
		gone = append(gone, like)
	}
	return gone
}

// wantedIn returns how many of want belong into block i and those before: they
// come before the first of the next block.
func (f *EnvelopeReader) wantedIn(i int, want []wanted) int {
	if i+1 == f.Blocks() {
		return len(want)
	}
	end, _ := slices.BinarySearchFunc(want, f.refs[i+1].first, func(w wanted, n uint64) int { return cmp.Compare(w.n, n) })
	return end
}

// lockedBlock checks block i of an envelope file, which has count envelopes,
// without its key: that its first is one that a header commits to, and that
// there are no more than the headers commit to up to the first of the next
// block. It returns what is wanted in it, and after it. If that is more, some
// of them are missing.
func (v *verifier) lockedBlock(name string, file *EnvelopeReader, i, count int, want []wanted) (in, after []wanted) {
	first, end := file.refs[i].first, file.wantedIn(i, want)
	begins := slices.ContainsFunc(want[:end], func(w wanted) bool { return w.n == first })
	if !begins || end < count {
		v.wrong(name, fmt.Sprintf("block %d", i), "it has %d encrypted envelopes from record %d on, which is not what the headers commit to", count, first)
	}
	v.count(0, count)
	return want[:end], want[end:]
}

// envelopeBlock checks envelopes in order against what is wanted from there
// on. It returns what is wanted after them, and appends what is missing to gone.
func (v *verifier) envelopeBlock(name string, class event.Class, envs []NumberedEnvelope, want []wanted, gone []missed) ([]wanted, []missed) {
	for i := range envs {
		e := &envs[i]
		for len(want) > 0 && want[0].n < e.N {
			gone = append(gone, missed{n: want[0].n, class: class})
			want = want[1:]
		}
		var commit event.Hash
		if len(want) > 0 && want[0].n == e.N {
			commit = want[0].hash
			want = want[1:]
		}
		v.envelope(name, class, e.N, e.Envelope, commit)
	}
	v.count(len(envs), 0)
	return want, gone
}
