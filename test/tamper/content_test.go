package tamper

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// formatText is a format file whose sum is right.
func formatText(line, vkey string) []byte {
	text := line + "\n" + origin + "\n" + vkey + "\n"
	sum := sha256.Sum256([]byte(text))
	return []byte(text + hex.EncodeToString(sum[:8]) + "\n")
}

// changed are the headers with another route in record n.
func (v *victim) changed(n int) [][]byte {
	headers := copyOf(v.headers)
	headers[n] = edited(headers[n], `"route":"api"`, `"route":"nil"`)
	return headers
}

var records = []attack{
	{what: "a sealed header changed; blocks, index and sums made right", has: hasDisk, file: "tile/0", says: "not the hash of the records", do: func(v *victim) {
		v.reseal(0, v.changed(17)[:v.starts[1]])
	}},
	{what: "a sealed header changed, and the tree made anew", has: hasDisk, file: "checkpoint", says: "its root is not that of the records", do: func(v *victim) { v.resealAll(v.changed(17)) }},
	{what: "a sealed header changed, the tree made anew, the checkpoint signed with another key of that name", has: hasDisk, file: "checkpoint", says: "not signed by the key", do: func(v *victim) {
		v.resealAll(v.changed(17))
		v.resign(v.thief, v.changed(17))
	}},
	{what: "a sealed header changed, the tree made anew, the checkpoint signed with the stolen key", has: hasKey, file: "journal/", says: "its root is not that of the records", do: func(v *victim) {
		v.resealAll(v.changed(17))
		v.resign(v.signer, v.changed(17))
	}},
	{what: "a header of the journal changed, and the frame's sum made right", has: hasDisk, file: "tile/0", says: "not the hash of the records", do: func(v *victim) { v.changeFrame() }},
	{what: "a header of the journal changed, and the frame's root and the tree made anew", has: hasDisk, file: "journal/", says: "its checkpoint is not that of its records", do: func(v *victim) {
		n := v.changeFrame()
		headers := v.changed(int(n))
		v.retile(headers)
		name, frames := v.longest()
		f, err := ledger.ParseFrame(frames[1])
		v.must(err)
		var tree ledger.Tree
		for _, h := range headers[:f.First+uint64(len(f.Records))] {
			tree.Add(ledger.RecordHash(h), nil)
		}
		root := tree.Root()
		copy(frames[1][len(frames[1])-4-len(f.Checkpoint)-2-len(root):], root[:])
		resum(frames[1])
		v.write(name, bytes.Join(frames, nil))
	}},
	{what: "two records of a sealed segment swapped, and the tree made anew", has: hasDisk, file: "checkpoint", says: "its root is not that of the records", do: func(v *victim) {
		headers := copyOf(v.headers)
		headers[100], headers[101] = headers[101], headers[100]
		v.resealAll(headers)
	}},
	{what: "a record inserted into a sealed segment, the last one dropped, and the tree made anew", has: hasDisk, file: "checkpoint", says: "its root is not that of the records", do: func(v *victim) {
		headers := slices.Insert(copyOf(v.headers), 100, v.headers[99])
		v.resealAll(slices.Delete(headers, int(v.starts[len(v.starts)-1]), int(v.starts[len(v.starts)-1])+1))
	}},
	{what: "a record removed from a sealed block", has: hasDisk, file: "sealed/", says: "it has 255 records", do: func(v *victim) {
		headers := v.sealedHeaders(0)
		v.reseal(0, append(headers[1:256:256], headers[256:]...)[:255])
	}},
	{what: "a record added to a sealed block", has: hasDisk, file: "sealed/", says: "it has 1 records", do: func(v *victim) {
		v.reseal(0, append(v.sealedHeaders(0), v.headers[0]))
	}},
	{what: "a header spelt with white space, and the tree made anew", has: hasDisk, file: "checkpoint", says: "its root is not that of the records", do: func(v *victim) {
		headers := copyOf(v.headers)
		headers[5] = bytes.Replace(headers[5], []byte(`{"v":`), []byte(`{ "v":`), 1)
		v.resealAll(headers)
	}},
}

// changeFrame changes a header in a frame that no sealed segment repeats, and
// returns the record's number.
func (v *victim) changeFrame() uint64 {
	name, frames := v.longest()
	f, err := ledger.ParseFrame(frames[1])
	v.must(err)
	if f.First < v.starts[len(v.starts)-1] {
		v.t.Fatalf("record %d is sealed already", f.First)
	}
	i := bytes.Index(frames[1], []byte(`"route":"api"`))
	copy(frames[1][i:], `"route":"nil"`)
	resum(frames[1])
	v.write(name, bytes.Join(frames, nil))
	return f.First
}

var keys = []attack{
	{what: "the key in the format file replaced", has: hasDisk, file: "checkpoint", says: "not signed by the key", do: func(v *victim) { v.write("format", formatText("gatebook-ledger 1", v.thiefKey())) }},
	{what: "all written anew with another key of the same name", has: hasDisk, by: withKey, file: "format", says: "not the one given", do: func(v *victim) {
		v.remake(v.thief, v.records)
		v.write("format", formatText("gatebook-ledger 1", v.thiefKey()))
	}},
	{what: "another ledger, which is whole, put in its place", has: hasDisk, by: withKey, file: "format", says: "not the one given", do: func(v *victim) { v.become(v.other) }},
	{what: "an older checkpoint of the same ledger put in the place of the published one", has: hasDisk, file: "checkpoint", says: "it was replaced by an older one", do: func(v *victim) { v.must(copyFile(v.since, v.path("checkpoint"))) }},
	{what: "the checkpoint of a frame put in the place of the published one, and a later record changed", has: hasDisk, file: "journal/", says: "its root is not that of the records", do: func(v *victim) {
		v.remove("cosigned", "witnessed")
		_, frames := v.longest()
		f, err := ledger.ParseFrame(frames[0])
		v.must(err)
		v.write("checkpoint", bytes.Clone(f.Checkpoint))
		n := v.changeFrame()
		v.retile(v.changed(int(n)))
	}},
	{what: "a checkpoint for more records than there are, signed with the stolen key", has: hasKey, file: "checkpoint", says: "were removed", do: func(v *victim) {
		v.write("checkpoint", v.sign(v.signer, ledger.Checkpoint{Origin: origin, Size: 5000}))
	}},
	{what: "a checkpoint for 2^60 records, signed with the stolen key", has: hasKey, file: "checkpoint", says: "were removed", do: func(v *victim) {
		v.write("checkpoint", v.sign(v.signer, ledger.Checkpoint{Origin: origin, Size: 1 << 60}))
	}},
	{what: "a second signature line of the ledger's key that is wrong, before the right one", has: hasDisk, file: "checkpoint", says: "signature does not fit", do: func(v *victim) {
		text, line := v.noteParts("checkpoint")
		v.write("checkpoint", []byte(text+"\n"+flipped(line)+line))
	}},
	{what: "the signature line replaced by one of the same name and another key", has: hasDisk, file: "checkpoint", says: "not signed by the key", do: func(v *victim) {
		v.resign(v.thief, v.headers)
	}},
	{what: "the signature spelt with other bits at the end of its base64", has: hasDisk, file: "checkpoint", says: "spelt differently", do: func(v *victim) {
		text, line := v.noteParts("checkpoint")
		i := strings.LastIndexByte(line, '=') - 1
		for line[i] == '=' {
			i--
		}
		v.write("checkpoint", []byte(text+"\n"+line[:i]+string(line[i]+1)+line[i+1:]))
	}},
	{what: "an extension line added to the checkpoint", has: hasDisk, file: "checkpoint", says: "signature does not fit", do: func(v *victim) {
		text, line := v.noteParts("checkpoint")
		v.write("checkpoint", []byte(text+"more\n\n"+line))
	}},
	{what: "the checkpoint's size spelt with a leading zero, signed with the stolen key", has: hasKey, file: "checkpoint", says: "spelt differently", do: func(v *victim) {
		text, _ := v.noteParts("checkpoint")
		lines := strings.SplitN(text, "\n", 3)
		v.write("checkpoint", signText(v, lines[0]+"\n0"+lines[1]+"\n"+lines[2]))
	}},
	{what: "a checkpoint of another origin, signed with the stolen key", has: hasKey, file: "checkpoint", says: "its origin is", do: func(v *victim) {
		text, _ := v.noteParts("checkpoint")
		v.write("checkpoint", signText(v, strings.Replace(text, origin, "gatebook.test/temper", 1)))
	}},
	{what: "line ends of another system in the checkpoint", has: hasDisk, file: "checkpoint", says: "not a signed note", do: func(v *victim) {
		v.write("checkpoint", bytes.ReplaceAll(v.read("checkpoint"), []byte("\n"), []byte("\r\n")))
	}},
}

var histories = []attack{
	{what: "the newest records removed, and the checkpoint taken back with them", has: hasDisk, by: withOld, file: "the checkpoint given as number 2", says: "records were removed", do: func(v *victim) { v.become(v.early) }},
	{what: "the newest records removed by cutting journal, tree and checkpoint to an older frame", has: hasDisk, by: withOld, file: "the checkpoint given as number 2", says: "records were removed", do: func(v *victim) {
		v.remove("cosigned", "witnessed")
		v.cutBefore(len(v.headers) - 3)
	}},
	{what: "the same, while the cosigned checkpoints are still there", has: hasDisk, file: "witnessed", says: "replaced by an older one", do: func(v *victim) { v.cutBefore(len(v.headers) - 3) }},
	{what: "the newest records removed in that way, and a decision to erase with them", has: hasDisk, file: "envelope/who/", says: "no decision covers that", do: func(v *victim) {
		v.remove("cosigned", "witnessed")
		v.cutBefore(slices.IndexFunc(v.headers, func(h []byte) bool { return bytes.Contains(h, []byte(`"kind":"decision"`)) }))
	}},
	{what: "the whole ledger written anew with the stolen key, one record changed", has: hasKey, by: withOld, file: "the checkpoint given as number 1", says: "the ledger was rewritten, or this is another history", do: func(v *victim) {
		v.remake(v.signer, v.withRoute(17))
	}},
	{what: "a record removed from the middle with the stolen key, everything written anew", has: hasKey, by: withOld, file: "the checkpoint given as number 1", says: "the ledger was rewritten", do: func(v *victim) {
		v.remake(v.signer, slices.Delete(copyOf(v.records), 500, 501))
	}},
	{what: "a record inserted in the middle with the stolen key, everything written anew", has: hasKey, by: withOld, file: "the checkpoint given as number 1", says: "the ledger was rewritten", do: func(v *victim) {
		v.remake(v.signer, slices.Insert(copyOf(v.records), 500, v.sealed(call(9999, time.Now()))))
	}},
	{what: "two records put in the other order with the stolen key, everything written anew", has: hasKey, by: withOld, file: "the checkpoint given as number 1", says: "the ledger was rewritten", do: func(v *victim) {
		list := copyOf(v.records)
		list[500], list[501] = list[501], list[500]
		v.remake(v.signer, list)
	}},
	{what: "two readers shown two histories that are the same up to a record", has: hasKey, by: withOld, file: "the checkpoint given as number 2", says: "this is another history", do: func(v *victim) {
		v.remake(v.signer, v.withRoute(len(v.records)-3))
	}},
}

// withRoute are the records with another route in record n.
func (v *victim) withRoute(n int) []*event.Sealed {
	list := copyOf(v.records)
	list[n] = &event.Sealed{Header: v.changed(n)[n], Envelopes: list[n].Envelopes}
	return list
}

// cutBefore takes the ledger back to the last frame that ends before record n.
func (v *victim) cutBefore(n int) {
	var newest *ledger.Frame
	for _, name := range v.names("journal/*") {
		var kept [][]byte
		for _, b := range v.frames(name) {
			f, err := ledger.ParseFrame(b)
			v.must(err)
			if f.First+uint64(len(f.Records)) <= uint64(n) {
				kept, newest = append(kept, b), f
			}
		}
		v.remove(name)
		if len(kept) > 0 {
			v.write(name, bytes.Join(kept, nil))
		}
	}
	size := newest.First + uint64(len(newest.Records))
	if size < v.starts[len(v.starts)-1] {
		v.t.Fatalf("the frame ends with record %d, which is sealed", size)
	}
	v.write("checkpoint", newest.Checkpoint)
	v.retile(v.headers[:size])
}

var witnesses = []attack{
	{what: "the whole ledger written anew with the stolen key, and nobody kept a checkpoint", has: hasKey, by: withWit, file: "witnessed", says: "do not vouch for this ledger", do: func(v *victim) {
		v.remake(v.signer, v.withRoute(17))
	}},
	{what: "the same, with the cosigned checkpoints left in place", has: hasKey, file: "cosigned/", says: "the ledger was rewritten, or this is another history", do: func(v *victim) {
		cosigned, newest := v.read(v.one("cosigned/*")), v.read("witnessed")
		name := v.one("cosigned/*")
		v.remake(v.signer, v.withRoute(17))
		v.write(name, cosigned)
		v.write("witnessed", newest)
	}},
	{what: "the same, cosigned by another witness of the same name", has: hasKey, by: withWit, file: "witnessed", says: "do not vouch for this ledger", do: func(v *victim) {
		v.remake(v.signer, v.withRoute(17))
		v.vouchBy(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	}},
	{what: "the same, with the cosignature of the true checkpoint on it", has: hasKey, by: withWit, file: "witnessed", says: "the cosignature of " + witnessName + " does not fit", do: func(v *victim) {
		_, lines := v.noteParts("witnessed")
		v.remake(v.signer, v.withRoute(17))
		v.write("witnessed", append(v.read("checkpoint"), lines[strings.Index(lines, "\n")+1:]...))
	}},
	{what: "the order of the cosigned history changed", has: hasDisk, file: "cosigned/", says: "stands after one", do: func(v *victim) {
		name := v.one("cosigned/*")
		notes, _ := ledger.SplitCosigned(v.read(name))
		slices.Reverse(notes)
		var b []byte
		for _, n := range notes {
			b = ledger.AppendCosigned(b, n)
		}
		v.write(name, b)
	}},
	{what: "a record dated back by two hours, and cosigned after", has: hasAll, by: withWit, file: "time", says: "dated back", do: func(v *victim) { v.dated(-2 * time.Hour) }, second: "compares no times"},
	{what: "a record from a clock that is two hours ahead, and cosigned after", has: hasAll, by: withWit, file: "time", says: "clock was", do: func(v *victim) { v.dated(2 * time.Hour) }, second: "compares no times"},
}

// vouchBy has another witness of the same name cosign the checkpoint.
func (v *victim) vouchBy(private ed25519.PrivateKey) {
	other := *v.house
	w, err := ledger.NewWitnessKey(witnessName, private.Public().(ed25519.PublicKey))
	v.must(err)
	other.witness, other.cosign = w, private
	v.must(other.vouch(v.dir))
}

// dated writes the ledger anew from the early checkpoint on, with a record that
// claims to be from another time, and has that cosigned too.
func (v *victim) dated(by time.Duration) {
	notes, _ := ledger.SplitCosigned(v.read(v.one("cosigned/*")))
	name := v.one("cosigned/*")
	list := copyOf(v.records)
	list[1000] = v.sealed(call(1000, time.Now().Add(by)))
	v.remake(v.signer, list)
	v.write(name, ledger.AppendCosigned(nil, notes[0]))
	v.must(v.vouch(v.dir))
}

var envelopes = []attack{
	{what: "an envelope edited; blocks, index and sums made right", has: hasDisk, file: "envelope/who/", says: "is not the one that was sealed", do: func(v *victim) {
		v.rewrap(v.one("envelope/who/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope {
			e[3].Envelope = &event.Envelope{Salt: e[3].Envelope.Salt, Data: []byte(`{"subject":"nobody"}`)}
			return e
		})
	}},
	{what: "the salt of an envelope changed", has: hasDisk, file: "envelope/what/", says: "is not the one that was sealed", do: func(v *victim) {
		v.rewrap(v.one("envelope/what/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope {
			e[3].Envelope.Salt[0] ^= 1
			return e
		})
	}},
	{what: "the envelopes of two records swapped", has: hasDisk, file: "envelope/who/", says: "is not the one that was sealed", do: func(v *victim) {
		v.rewrap(v.one("envelope/who/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope {
			e[3].Envelope, e[4].Envelope = e[4].Envelope, e[3].Envelope
			return e
		})
	}},
	{what: "the file of another class put in the place of who-envelopes", has: hasDisk, file: "envelope/who/", says: "is not the one that was sealed", do: func(v *victim) {
		v.write(v.one("envelope/who/*/*"), v.read(v.one("envelope/what/*/*")))
	}},
	{what: "the envelope files of two segments swapped", has: hasDisk, file: "envelope/payload/", says: "that its header does not commit to", do: func(v *victim) {
		v.swap(v.one("envelope/payload/*/*"), v.last("envelope/payload/*/*"))
	}},
	{what: "an envelope file moved to another day", has: hasDisk, file: "envelope/who/", says: "the file is missing", do: func(v *victim) {
		name := v.one("envelope/who/*/*")
		b := v.read(name)
		v.remove(name)
		v.write("envelope/who/2020-01-01/"+filepath.Base(name), b)
	}},
	{what: "an envelope removed from its file, without a decision", has: hasDisk, file: "envelope/who/", says: "is missing, and no decision covers that", do: func(v *victim) {
		v.rewrap(v.one("envelope/who/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope { return slices.Delete(e, 10, 11) })
	}},
	{what: "an envelope file removed, without a decision", has: hasDisk, file: "envelope/payload/", says: "the file is missing", do: func(v *victim) { v.remove(v.one("envelope/payload/*/*")) }},
	{what: "an envelope added to a record that has none", has: hasDisk, file: "envelope/who/", says: "that its header does not commit to", do: func(v *victim) {
		v.rewrap(v.one("envelope/who/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope {
			last := e[len(e)-1]
			return append(e, ledger.NumberedEnvelope{N: last.N + 1000, Envelope: last.Envelope})
		})
	}},
	{what: "an envelope of the journal edited, and the frame's sum made right", has: hasDisk, file: "journal/", says: "is not the one that was sealed", do: func(v *victim) {
		name, frames := v.longest()
		i := bytes.Index(frames[1], []byte(`"subject":"user`))
		copy(frames[1][i:], `"subject":"USER`)
		resum(frames[1])
		v.write(name, bytes.Join(frames, nil))
	}},
	{what: "an envelope of the journal removed as an erasure would, without a decision", has: hasDisk, file: "journal/", says: "no decision covers that", do: func(v *victim) {
		name, frames := v.longest()
		f, err := ledger.ParseFrame(frames[1])
		v.must(err)
		stripped, removed := f.Strip(nil, func(n uint64, c event.Class, _ []byte) bool { return n == f.First && c == event.ClassWho })
		if removed != 1 {
			v.t.Fatalf("stripped %d envelopes, want 1", removed)
		}
		frames[1] = stripped
		v.write(name, bytes.Join(frames, nil))
	}},
	{what: "an erased envelope put back as something else", has: hasDisk, file: "envelope/who/", says: "is not the one that was sealed", do: func(v *victim) {
		v.rewrap(v.one("envelope/who/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope {
			i := slices.IndexFunc(e, func(x ledger.NumberedEnvelope) bool { return x.N > 44 })
			return slices.Insert(e, i, ledger.NumberedEnvelope{N: 44, Envelope: e[0].Envelope})
		})
	}},
}

var decisions = []attack{
	{what: "a decision to erase written over a sealed record, without the key", has: hasDisk, file: "checkpoint", says: "its root is not that of the records", do: func(v *victim) {
		headers := copyOf(v.headers)
		headers[450] = v.decision(ledger.Range{From: 100, To: 110}).Header
		v.resealAll(headers)
		v.eraseWho(100, 110)
	}},
	{what: "the same with the stolen key, everything written anew", has: hasKey, by: withOld, file: "the checkpoint given as number 1", says: "the ledger was rewritten", do: func(v *victim) {
		list := copyOf(v.records)
		list[450] = v.decision(ledger.Range{From: 100, To: 110})
		for n := 100; n <= 110; n++ {
			list[n] = without(list[n], event.ClassWho)
		}
		v.remake(v.signer, list)
	}},
	{what: "the same, and nobody kept a checkpoint", has: hasKey, by: withWit, file: "witnessed", says: "do not vouch for this ledger", do: func(v *victim) {
		list := copyOf(v.records)
		list[450] = v.decision(ledger.Range{From: 100, To: 110})
		for n := 100; n <= 110; n++ {
			list[n] = without(list[n], event.ClassWho)
		}
		v.remake(v.signer, list)
	}},
	{what: "a decision that permits records after itself to be erased", has: hasKey, file: "journal/", says: "no decision covers that", do: func(v *victim) {
		list := copyOf(v.records)
		list[450] = v.decision(ledger.Range{From: 400, To: 600})
		list[500] = without(list[500], event.ClassWho)
		v.remake(v.signer, list)
	}},
	{what: "more erased than the decision says", has: hasDisk, file: "envelope/who/", says: "no decision covers that", do: func(v *victim) { v.eraseWho(45, 45) }},
	{what: "another class erased than the decision says", has: hasDisk, file: "envelope/what/", says: "no decision covers that", do: func(v *victim) {
		v.rewrap(v.one("envelope/what/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope {
			return slices.DeleteFunc(e, func(x ledger.NumberedEnvelope) bool { return x.N == 40 })
		})
	}},
	{what: "a decision to erase at the end, signed with the stolen key, and carried out", has: hasKey, by: listed, says: "17 envelopes erased by 2 sealed decisions", do: func(v *victim) {
		list := append(copyOf(v.records), v.decision(ledger.Range{From: 100, To: 110}))
		for n := 100; n <= 110; n++ {
			list[n] = without(list[n], event.ClassWho)
		}
		name, notes := v.one("cosigned/*"), v.read(v.one("cosigned/*"))
		newest := v.read("witnessed")
		v.remake(v.signer, list)
		v.write(name, notes)
		v.write("witnessed", newest)
	}},
}

// decision is a record that decides to erase the who-envelopes of some records.
func (v *victim) decision(records ledger.Range) *event.Sealed {
	r := ledger.Removal{Name: ledger.NoteErase, Classes: [event.Classes]bool{event.ClassWho: true}, Records: ledger.Ranges{records}}
	e := call(0, time.Now())
	e.Who, e.What, e.Payload = nil, nil, nil
	e.Kind, e.Edge, e.Sequence, e.Capture = event.Decision, "", 0, event.Capture{Method: "self"}
	e.Note = &event.Note{Name: r.Name, Facts: r.Facts()}
	return v.sealed(e)
}

// without is a record without its envelope of a class.
func without(s *event.Sealed, c event.Class) *event.Sealed {
	out := &event.Sealed{Header: s.Header, Envelopes: s.Envelopes}
	out.Envelopes[c] = nil
	return out
}

// eraseWho removes the who-envelopes of sealed records.
func (v *victim) eraseWho(from, to uint64) {
	v.rewrap(v.one("envelope/who/*/*"), func(e []ledger.NumberedEnvelope) []ledger.NumberedEnvelope {
		return slices.DeleteFunc(e, func(x ledger.NumberedEnvelope) bool { return x.N >= from && x.N <= to })
	})
}

// noteParts returns the text and the signature lines of a signed note.
func (v *victim) noteParts(name string) (text, lines string) {
	text, lines, ok := strings.Cut(string(v.read(name)), "\n\n")
	if !ok {
		v.t.Fatalf("%s is not a signed note", name)
	}
	return text + "\n", lines
}

// flipped changes the signature in a line.
func flipped(line string) string {
	b := []byte(line)
	i := len(b) - 20
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// signText signs a text that is not a checkpoint as it must be.
func signText(v *victim, text string) []byte {
	sig, err := v.signer.Sign([]byte(text))
	v.must(err)
	hash := v.signer.KeyHash()
	return fmt.Appendf(nil, "%s\n— %s %s\n", text, v.signer.Name(), base64Of(hash, sig))
}

// thiefKey is the thief's public key, as the other ledger names it.
func (v *victim) thiefKey() string {
	b, err := os.ReadFile(filepath.Join(v.other, "format"))
	v.must(err)
	return strings.Split(string(b), "\n")[2]
}
