package tamper

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gatebook/gatebook/ledger"
)

var bitFlips = []attack{
	{what: "a bit of the format file", has: hasDisk, file: "format", says: "was changed", do: func(v *victim) { v.flip("format", .5) }},
	{what: "a bit of the published checkpoint's text", has: hasDisk, file: "checkpoint", says: "signature does not fit", do: func(v *victim) { v.flip("checkpoint", .15) }},
	{what: "a bit of the published checkpoint's signature", has: hasDisk, file: "checkpoint", says: "signature does not fit", do: func(v *victim) { v.flip("checkpoint", .8) }},
	{what: "a bit in the middle of the journal", has: hasDisk, file: "journal/", says: "CRC-32C", do: func(v *victim) {
		name := v.last("journal/*")
		b := bytes.Join(v.frames(name), nil)
		v.flip(name, .5*float64(len(b))/float64(len(v.read(name))))
	}},
	{what: "a bit of the journal's last frame", has: hasDisk, file: "journal/", says: "CRC-32C", do: func(v *victim) {
		name := v.last("journal/*")
		frames := v.frames(name)
		frames[len(frames)-1][60] ^= 1
		v.write(name, bytes.Join(frames, nil))
	}},
	{what: "a bit of a sealed segment's block", has: hasDisk, file: "sealed/", says: "CRC-32C", do: func(v *victim) { v.flip(v.one("sealed/*"), .4) }},
	{what: "a bit of a sealed segment's index", has: hasDisk, file: "sealed/", says: "index", do: func(v *victim) {
		name := v.one("sealed/*")
		b := v.read(name)
		b[len(b)-20] ^= 1
		v.write(name, b)
	}},
	{what: "a bit of a file of who-envelopes", has: hasDisk, file: "envelope/who/", says: "CRC-32C", do: func(v *victim) { v.flip(v.one("envelope/who/*/*"), .3) }},
	{what: "a bit of a file of what-envelopes", has: hasDisk, file: "envelope/what/", says: "CRC-32C", do: func(v *victim) { v.flip(v.one("envelope/what/*/*"), .5) }},
	{what: "a bit of a file of payload-envelopes", has: hasDisk, file: "envelope/payload/", says: "CRC-32C", do: func(v *victim) { v.flip(v.one("envelope/payload/*/*"), .7) }},
	{what: "a bit of the tree's leaves", has: hasDisk, file: "tile/0", says: "not the hash of the records", do: func(v *victim) { v.flip("tile/0", .5) }},
	{what: "a bit of the tree's upper hashes", has: hasDisk, file: "tile/1", says: "not the hash of the records", do: func(v *victim) { v.flip("tile/1", .5) }},
	{what: "a bit of the newest cosigned checkpoint", has: hasDisk, file: "witnessed", says: "signature does not fit", do: func(v *victim) { v.flip("witnessed", .15) }},
	{what: "a bit of the cosigned history", has: hasDisk, file: "cosigned/", says: "signature does not fit", do: func(v *victim) { v.replace(v.one("cosigned/*"), origin+"\n", "gatebook.test/temper\n") }},
	{what: "a bit of a cosignature", has: hasDisk, by: withWit, file: "witnessed", says: "the cosignature of " + witnessName + " does not fit", do: func(v *victim) {
		b := v.read("witnessed")
		at := len(b) - 20
		if b[at]++; b[at] == 'z'+1 || b[at] == '9'+1 || b[at] == 'Z'+1 || b[at] == '+'+1 || b[at] == '/'+1 {
			b[at] = 'A'
		}
		v.write("witnessed", b)
	}},
}

var cuts = []attack{
	{what: "the format file cut", has: hasDisk, file: "format", says: "was changed", do: func(v *victim) { v.cut("format", .7) }},
	{what: "the checkpoint cut", has: hasDisk, file: "checkpoint", says: "not a signed note", do: func(v *victim) { v.cut("checkpoint", .6) }},
	{what: "the journal cut within its last frame", has: hasDisk, file: "journal/", says: "not complete", do: func(v *victim) {
		name := v.last("journal/*")
		b := bytes.Join(v.frames(name), nil)
		v.write(name, b[:len(b)-9])
	}},
	{what: "the journal's last frame cut off whole", has: hasDisk, file: "checkpoint", says: "were removed", do: func(v *victim) {
		name := v.last("journal/*")
		frames := v.frames(name)
		v.write(name, bytes.Join(frames[:len(frames)-1], nil))
	}},
	{what: "the journal's end turned into zeros, like space that was not used yet", has: hasDisk, file: "checkpoint", says: "were removed", do: func(v *victim) {
		name := v.last("journal/*")
		frames := v.frames(name)
		b := bytes.Join(frames, nil)
		clear(b[len(b)-len(frames[len(frames)-1]):])
		v.write(name, b)
	}},
	{what: "4 KiB in the middle of the journal turned into zeros", has: hasDisk, file: "journal/", says: "frame at byte", do: func(v *victim) {
		name := v.one("journal/*")
		b := v.read(name)
		clear(b[100:min(len(b), 4196)])
		v.write(name, b)
	}},
	{what: "a sealed segment cut in the middle", has: hasDisk, file: "sealed/", says: "index", do: func(v *victim) { v.cut(v.one("sealed/*"), .5) }},
	{what: "a sealed segment emptied", has: hasDisk, file: "sealed/", says: "cut short", do: func(v *victim) { v.cut(v.last("sealed/*"), 0) }},
	{what: "a hole of 1 KiB in a sealed segment", has: hasDisk, file: "sealed/", says: "CRC-32C", do: func(v *victim) {
		name := v.one("sealed/*")
		b := v.read(name)
		clear(b[200:1224])
		v.write(name, b)
	}},
	{what: "a sealed segment that claims four billion blocks, in a file with a hole", has: hasDisk, file: "sealed/", says: "index", second: "does not read files of more than 4 GiB", code: 2, do: func(v *victim) {
		name := v.one("sealed/*")
		b := v.read(name)
		tail := b[len(b)-12:]
		copy(tail, "\xff\xff\xff\xfe")
		f, err := os.OpenFile(v.path(name), os.O_WRONLY, 0)
		v.must(err)
		_, err = f.WriteAt(tail, 80<<30)
		v.must(err)
		v.must(f.Close())
	}},
	{what: "an envelope file cut", has: hasDisk, file: "envelope/who/", says: "index", do: func(v *victim) { v.cut(v.one("envelope/who/*/*"), .9) }},
	{what: "an envelope file emptied", has: hasDisk, file: "envelope/payload/", says: "cut short", do: func(v *victim) { v.cut(v.one("envelope/payload/*/*"), 0) }},
	{what: "the tree's leaves cut", has: hasDisk, file: "tile/0", says: "cut short", do: func(v *victim) { v.cut("tile/0", .6) }},
	{what: "the tree's leaves extended", has: hasDisk, file: "tile/0", says: "bytes more than the records have hashes", do: func(v *victim) { v.write("tile/0", append(v.read("tile/0"), make([]byte, 64)...)) }},
	{what: "the cosigned history cut in front", has: hasDisk, file: "cosigned/", says: "not a signed note", do: func(v *victim) {
		name := v.one("cosigned/*")
		v.write(name, v.read(name)[40:])
	}},
	{what: "the format file removed", has: hasDisk, file: "format", says: "missing", do: func(v *victim) { v.remove("format") }},
	{what: "the checkpoint removed", has: hasDisk, file: "checkpoint", says: "missing", do: func(v *victim) { v.remove("checkpoint") }},
	{what: "the tree removed", has: hasDisk, file: "tile/0", says: "missing", do: func(v *victim) { v.remove("tile") }},
	{what: "all envelopes removed", has: hasDisk, file: "envelope/", says: "the file is missing", do: func(v *victim) { v.remove("envelope") }},
	{what: "everything removed but the format file and a checkpoint", has: hasDisk, file: "checkpoint", says: "were removed", do: func(v *victim) { v.remove("sealed", "journal", "envelope", "tile") }},
}

var segments = []attack{
	{what: "the first sealed segment removed", has: hasDisk, file: "sealed/", says: "the segment is missing", do: func(v *victim) { v.remove(v.one("sealed/*")) }},
	{what: "the last sealed segment removed", has: hasDisk, file: "sealed/", says: "the segment is missing", do: func(v *victim) { v.remove(v.last("sealed/*")) }},
	{what: "two sealed segments swapped", has: hasDisk, file: "sealed/", says: "it begins with record", do: func(v *victim) { v.swap(v.one("sealed/*"), v.last("sealed/*")) }},
	{what: "a sealed segment repeated under a later name", has: hasDisk, file: "sealed/", says: "it begins with record", do: func(v *victim) {
		v.write(ledger.SealedName(v.starts[len(v.starts)-1]), v.read(v.one("sealed/*")))
	}},
	{what: "a sealed segment renamed", has: hasDisk, file: "sealed/", says: "the segment is missing", do: func(v *victim) {
		v.must(os.Rename(v.path(v.one("sealed/*")), v.path(ledger.SealedName(256*4096))))
	}},
	{what: "the newest journal segment removed", has: hasDisk, file: "checkpoint", says: "were removed", do: func(v *victim) { v.remove(v.last("journal/*")) }},
	{what: "all of the journal removed", has: hasDisk, file: "checkpoint", says: "were removed", do: func(v *victim) { v.remove("journal") }},
	{what: "a journal segment repeated under a later name", has: hasDisk, file: "journal/", says: "it is in the wrong place", do: func(v *victim) {
		v.write(ledger.JournalName(uint64(len(v.headers))), v.read(v.last("journal/*")))
	}},
	{what: "two frames swapped", has: hasDisk, file: "journal/", says: "it begins with record", do: func(v *victim) {
		name, frames := v.longest()
		frames[0], frames[1] = frames[1], frames[0]
		v.write(name, bytes.Join(frames, nil))
	}},
	{what: "a frame repeated", has: hasDisk, file: "journal/", says: "it begins with record", do: func(v *victim) {
		name, frames := v.longest()
		v.write(name, bytes.Join(append([][]byte{frames[0]}, frames...), nil))
	}},
	{what: "a frame removed from the middle", has: hasDisk, file: "journal/", says: "it begins with record", do: func(v *victim) {
		name, frames := v.longest()
		v.write(name, bytes.Join(append(frames[:1:1], frames[2:]...), nil))
	}},
	{what: "a sealed segment of another ledger with the same key and place", has: hasKey, file: "tile/0", says: "not the hash of the records", do: func(v *victim) {
		headers := v.sealedHeaders(0)
		for i := range headers {
			headers[i] = edited(headers[i], `"route":"api"`, `"route":"apx"`)
		}
		v.reseal(0, headers)
	}},
}

// longest returns the journal segment with the most frames; the second of its
// frames is of calls that are not sealed.
func (v *victim) longest() (name string, frames [][]byte) {
	v.t.Helper()
	for _, n := range v.names("journal/*") {
		f := v.frames(n)
		if len(f) < 3 || len(f) < len(frames) || !bytes.Contains(f[1], []byte(`"subject":"user`)) {
			continue
		}
		if second, err := ledger.ParseFrame(f[1]); err == nil && second.First >= v.starts[len(v.starts)-1] {
			name, frames = n, f
		}
	}
	if frames == nil {
		v.t.Fatal("no journal segment has three frames and calls that are not sealed")
	}
	return name, frames
}

var strangers = []attack{
	{what: "a file of no name of the format", has: hasDisk, file: "notes.txt", says: "no part of a ledger", do: func(v *victim) { v.write("notes.txt", []byte("x")) }},
	{what: "a file among the sealed segments", has: hasDisk, file: "sealed/extra", says: "no part of a ledger", do: func(v *victim) { v.write("sealed/extra", []byte("x")) }},
	{what: "a file among the journal segments", has: hasDisk, file: "journal/1.journal", says: "no part of a ledger", do: func(v *victim) { v.write("journal/1.journal", nil) }},
	{what: "a class of envelopes that does not exist", has: hasDisk, file: "envelope/where", says: "no part of a ledger", do: func(v *victim) { v.write("envelope/where/2026-11-23/"+filepath.Base(v.one("envelope/who/*/*")), nil) }},
	{what: "a level of the tree that the records do not have", has: hasDisk, file: "tile/5", says: "no part of a ledger", do: func(v *victim) { v.write("tile/5", make([]byte, 32)) }},
	{what: "a file among the cosigned checkpoints", has: hasDisk, file: "cosigned/today", says: "no part of a ledger", do: func(v *victim) { v.write("cosigned/today", []byte("x")) }},
	{what: "a sealed segment far beyond the newest record", has: hasDisk, file: "sealed/", says: "the ledger has no record of this number", do: func(v *victim) { v.write(ledger.SealedName(1<<60), v.read(v.one("sealed/*"))) }},
	{what: "a link in the place of a sealed segment", has: hasDisk, file: "sealed/", says: "no regular file", do: func(v *victim) {
		name := v.one("sealed/*")
		outside := v.dir + ".elsewhere"
		v.must(os.Rename(v.path(name), outside))
		v.must(os.Symlink(outside, v.path(name)))
	}},
	{what: "a link to endless zeros in the place of the checkpoint", has: hasDisk, file: "checkpoint", says: "no regular file", do: func(v *victim) {
		v.remove("checkpoint")
		v.must(os.Symlink("/dev/zero", v.path("checkpoint")))
	}},
	{what: "a named pipe, which nobody writes to, in the place of the journal", has: hasDisk, file: "journal/", says: "no regular file", do: func(v *victim) {
		name := v.last("journal/*")
		v.remove(name)
		v.must(syscall.Mkfifo(v.path(name), 0o600))
	}},
	{what: "a checkpoint of 1 TiB", has: hasDisk, file: "checkpoint", says: "more than", do: func(v *victim) { v.must(os.Truncate(v.path("checkpoint"), 1<<40)) }},
	{what: "a folder in the place of a file", has: hasDisk, by: unreadab, file: "tile/0", says: "is a directory", do: func(v *victim) {
		v.remove("tile/0")
		v.must(os.Mkdir(v.path("tile/0"), 0o700))
	}},
	{what: "a format of a version that is not known", has: hasDisk, by: unreadab, file: "format", says: "newer version", do: func(v *victim) { v.write("format", formatText("gatebook-ledger 9", v.vkey)) }},
}
