package evidence_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/internal/reading"
)

// zipOf makes a zip as other programs do.
func zipOf(t *testing.T, method uint16, files ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		name, content, _ := strings.Cut(f, "=")
		fw, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		fw.Write([]byte(content))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestHostileZips gives the verifier what is no pack. Each is refused, with a
// reason that names what is wrong.
func TestHostileZips(t *testing.T) {
	good := pack(t, house(t, 3), reading.Evidence{})
	changed := func(change func(b []byte) []byte) []byte { return change(bytes.Clone(good)) }
	directory := bytes.Index(good, []byte("PK\x01\x02"))
	for _, c := range []struct {
		name string
		zip  []byte
		want string
	}{
		{"nothing", nil, "too short"},
		{"text", []byte(strings.Repeat("not a zip ", 10)), "does not end with the directory"},
		{"zeros", make([]byte, 1000), "does not end with the directory"},
		{"an empty zip", []byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "is missing"},
		{"a zip of another program", zipOf(t, zip.Deflate, "README.txt=hello"), "in a way that Gatebook does not use"},
		{"names that lead out", zipOf(t, zip.Store, "../../etc/passwd=x"), "in a way that Gatebook does not use"},
		{"cut at the end", good[:len(good)-1], "does not end with the directory"},
		{"cut at the beginning", good[1:], "does not fit the file"},
		{"something before it", append([]byte("#!/bin/sh\n"), good...), "does not fit the file"},
		{"something after it", append(bytes.Clone(good), 0), "does not end with the directory"},
		{"a comment", changed(func(b []byte) []byte { b[len(b)-2] = 1; return append(b, 'x') }), "does not end with the directory"},
		{"many members", changed(func(b []byte) []byte {
			binary.LittleEndian.PutUint16(b[len(b)-14:], 65535)
			binary.LittleEndian.PutUint16(b[len(b)-12:], 65535)
			return b
		}), "does not fit the file"},
		{"a member more than there are", changed(func(b []byte) []byte { b[len(b)-14]++; b[len(b)-12]++; return b }), "its directory is cut short"},
		{"another name in the local header", changed(func(b []byte) []byte { b[30] = 'r'; return b }), "is described in two ways"},
		{"another name in the directory", changed(func(b []byte) []byte { b[directory+46] = 'r'; return b }), "has no place in it"},
		{"another method", changed(func(b []byte) []byte { b[directory+10] = 12; return b }), "in a way that Gatebook does not use"},
		{"encrypted", changed(func(b []byte) []byte { b[directory+8] |= 1; return b }), "in a way that Gatebook does not use"},
		{"another offset", changed(func(b []byte) []byte { b[directory+42]++; return b }), "is not where it should be"},
		{"a size that is too large", changed(func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[directory+24:], 1<<31)
			return b
		}), "the limit is"},
		{"a size that is one too small", changed(func(b []byte) []byte { b[22]--; b[directory+24]--; return b }), "is longer than the directory says"},
		{"a size that is one too large", changed(func(b []byte) []byte { b[22]++; b[directory+24]++; return b }), "cannot be unpacked"},
		{"another checksum", changed(func(b []byte) []byte { b[14]++; b[directory+16]++; return b }), "does not have the checksum"},
		{"what cannot be inflated", changed(func(b []byte) []byte { b[30+len("README.txt")] = 0xff; return b }), "cannot be unpacked"},
	} {
		t.Run(c.name, func(t *testing.T) { wants(t, verify(t, c.zip, evidence.Options{}), false, c.want) })
	}
}

// TestMembers gives the verifier members that are not as they should be.
func TestMembers(t *testing.T) {
	files, err := evidence.Files(pack(t, house(t, 3), reading.Evidence{}))
	if err != nil {
		t.Fatal(err)
	}
	good := string(files["events.jsonl"])
	for _, c := range []struct{ file, content, want string }{
		{"key", "nonsense\n", "is not a public key"},
		{"key", "", "is not a public key"},
		{"checkpoint", "", "The checkpoint does not hold"},
		{"look.jsonl", "{}\n", "it is spelt differently"},
		{"look.jsonl", "[]\n", "it is not the line of a record"},
		{"events.jsonl", strings.TrimSuffix(good, "\n"), "its last line does not end"},
		{"events.jsonl", " " + good, "spelt differently"},
		{"events.jsonl", strings.Replace(good, `{"number":0,`, `{"number":0,"number":0,`, 1), "spelt differently"},
		{"events.jsonl", strings.Replace(good, `{"number"`, `{"Number"`, 1), "spelt differently"},
		{"events.jsonl", strings.Replace(good, `{"number":0,`, `{"number":0,"x":0,`, 1), "it is not the line of a record"},
		{"events.jsonl", strings.Replace(good, `}`, `,"erased":["who"]}`, 1), "line 1"},
		{"events.jsonl", `{"number":18446744073709551616}` + "\n", "it is not the line of a record"},
		{"events.jsonl", strings.Repeat("x", 17<<20) + "\n", "is longer than"},
		{"proof", "gatebook-evidence-proof 2\nbounds\n\n", "does not begin as a proof does"},
		{"proof", "gatebook-evidence-proof 1\nbounds 1 x\n\n", "its bounds are not numbers"},
		{"proof", "gatebook-evidence-proof 1\nbounds" + strings.Repeat(" 1", 65) + "\n\n", "its bounds are not numbers"},
		{"proof", "gatebook-evidence-proof 1\nbounds\n\nAAAA\n", "is not 32 bytes in base64"},
		{"proof", "gatebook-evidence-proof 1\nbounds\n\n" + strings.Repeat("A", 43) + "=\n", "do not lead to the checkpoint"},
		{"proof", "gatebook-evidence-proof 1", "does not end"},
		{"events.csv", "", "events.csv does not say"},
	} {
		t.Run(c.file, func(t *testing.T) {
			f := make(map[string][]byte)
			for k, v := range files {
				f[k] = v
			}
			f[c.file] = []byte(c.content)
			b, err := evidence.Forge(f, false)
			if err != nil {
				t.Fatal(err)
			}
			wants(t, verify(t, b, evidence.Options{}), false, c.want)
		})
	}
}

// TestBomb gives the verifier packs of zeros, a thousand times as large as they look, and sees that
// it takes little memory for it.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds to inflate")
	}
	files, err := evidence.Files(pack(t, house(t, 1), reading.Evidence{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"events.jsonl", "proof", "manifest.json"} {
		b, err := evidence.Bomb(files, name, map[string]int64{"events.jsonl": 128 << 20, "proof": 32 << 20, "manifest.json": 64 << 10}[name])
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		rep := verify(t, b, evidence.Options{})
		runtime.ReadMemStats(&after)
		if rep.OK() {
			t.Errorf("%s: %s", name, text(rep))
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 300<<20 {
			t.Errorf("%s: %d MiB were allocated for a pack of %d KiB", name, used>>20, len(b)>>10)
		}
	}
}

// TestUnreadable tells a broken disk from broken evidence.
func TestUnreadable(t *testing.T) {
	b := pack(t, house(t, 3), reading.Evidence{})
	for at := int64(0); at < int64(len(b)); at += 97 {
		_, err := evidence.Verify(brokenAt{bytes.NewReader(b), at}, int64(len(b)), evidence.Options{})
		if !errors.Is(err, errDisk) {
			t.Fatalf("the disk fails at byte %d: got %v", at, err)
		}
	}
}

var errDisk = errors.New("the disk is broken")

type brokenAt struct {
	io.ReaderAt
	at int64
}

func (r brokenAt) ReadAt(b []byte, offset int64) (int, error) {
	if offset <= r.at && r.at < offset+int64(len(b)) {
		return 0, fmt.Errorf("sector: %w", errDisk)
	}
	return r.ReaderAt.ReadAt(b, offset)
}

// FuzzVerify looks for a pack that the verifier cannot cope with, and for one
// that is not the one that Gatebook wrote and still holds under its key.
func FuzzVerify(f *testing.F) {
	h := house(f, 3)
	good := pack(f, h, reading.Evidence{Complete: true})
	want, err := evidence.Files(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		rep, err := evidence.Verify(bytes.NewReader(b), int64(len(b)), evidence.Options{Key: h.Key})
		if err != nil || !rep.OK() {
			return
		}
		// The same can be compressed in several ways.
		if got, err := evidence.Files(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("another pack holds (%v):\n%s", err, text(rep))
		}
	})
}

// FuzzMembers does the same with the members of a pack, each wrapped well.
func FuzzMembers(f *testing.F) {
	h := house(f, 3)
	files, err := evidence.Files(pack(f, h, reading.Evidence{Complete: true}))
	if err != nil {
		f.Fatal(err)
	}
	names := []string{"checkpoint", "look.jsonl", "events.jsonl", "headers.jsonl", "proof", "events.csv", "key"}
	for i, name := range names {
		f.Add(i, files[name])
	}
	f.Fuzz(func(t *testing.T, i int, content []byte) {
		name := names[uint(i)%uint(len(names))]
		forged := make(map[string][]byte)
		for k, v := range files {
			forged[k] = v
		}
		forged[name] = content
		b, err := evidence.Forge(forged, false)
		if err != nil {
			t.Skip(err)
		}
		rep, err := evidence.Verify(bytes.NewReader(b), int64(len(b)), evidence.Options{Key: h.Key})
		// Other signatures beside the ledger's are witnesses', and no part of this.
		if err == nil && rep.OK() && !bytes.Equal(content, files[name]) && name != "checkpoint" && name != "proof" {
			t.Errorf("%s: another one holds:\n%s", name, text(rep))
		}
	})
}
