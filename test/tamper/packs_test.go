package tamper

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

// packed is an evidence pack that is taken apart.
type packed struct {
	t     *testing.T
	names []string // in their order
	files map[string][]byte
	other map[string][]byte // of a pack of another ledger
	// stale leaves the manifest as it was. Otherwise it is made to fit.
	stale bool
}

func (p *packed) replace(name, old, new string) {
	p.t.Helper()
	b := bytes.Replace(p.files[name], []byte(old), []byte(new), 1)
	if bytes.Equal(b, p.files[name]) {
		p.t.Fatalf("%s does not have %q", name, old)
	}
	p.files[name] = b
}

// drop removes a line.
func (p *packed) drop(name string, i int) {
	lines := bytes.SplitAfter(p.files[name], []byte("\n"))
	p.files[name] = bytes.Join(append(lines[:i:i], lines[i+1:]...), nil)
}

// whoEnvelope is how the line of an event has an envelope.
var whoEnvelope = regexp.MustCompile(`,"who":\{"salt":"[0-9a-f]{32}","data":"(?:[^"\\]|\\.)*"\}`)

var packs = []attack{
	{what: "an event changed, in the list and among all headers", has: hasPack, by: packAlone, says: "do not lead to the checkpoint", pack: func(p *packed) {
		p.replace("events.jsonl", `\"status\":404`, `\"status\":200`)
		p.replace("headers.jsonl", `"status":404`, `"status":200`)
	}},
	{what: "an event changed, in the list only", has: hasPack, by: packAlone, says: "is not the same in events.jsonl and in headers.jsonl", pack: func(p *packed) {
		p.replace("events.jsonl", `\"status\":404`, `\"status\":200`)
	}},
	{what: "an event left out", has: hasPack, by: packAlone, says: "Events were removed or added", pack: func(p *packed) { p.drop("events.jsonl", 3) }},
	{what: "an event left out, and its header too", has: hasPack, by: packAlone, says: "Events were removed or added", pack: func(p *packed) {
		p.drop("events.jsonl", 0)
		p.drop("headers.jsonl", 1)
	}},
	{what: "all events left out", has: hasPack, by: packAlone, says: "Events were removed or added", pack: func(p *packed) { p.files["events.jsonl"] = nil }},
	{what: "a header of the range left out", has: hasPack, by: packAlone, says: "were searched", pack: func(p *packed) { p.drop("headers.jsonl", 0) }},
	{what: "a disclosed envelope changed", has: hasPack, by: packAlone, says: "its who envelope is not the one that was sealed", pack: func(p *packed) { p.replace("events.jsonl", `\"subject\":\"alice`, `\"subject\":\"mally`) }},
	{what: "a disclosed envelope left out", has: hasPack, by: packAlone, says: "was to be disclosed, and is missing", pack: func(p *packed) {
		at := whoEnvelope.FindIndex(p.files["events.jsonl"])
		p.files["events.jsonl"] = slices.Delete(p.files["events.jsonl"], at[0], at[1])
	}},
	{what: "the table for spreadsheets changed", has: hasPack, by: packAlone, says: "events.csv does not say what the events say", pack: func(p *packed) { p.replace("events.csv", "alice", "mally") }},
	{what: "the question changed", has: hasPack, by: packAlone, says: "its what envelope is not the one that was sealed", pack: func(p *packed) { p.replace("look.jsonl", "status:=404", "status:=200") }},
	{what: "the size in the checkpoint changed", has: hasPack, by: packAlone, says: "The checkpoint does not hold", pack: func(p *packed) { p.replace("checkpoint", "\n31\n", "\n32\n") }},
	{what: "the proof of another pack", has: hasPack, by: packAlone, says: "The checkpoint does not hold", pack: func(p *packed) {
		p.files["proof"], p.files["checkpoint"] = p.other["proof"], p.other["checkpoint"]
	}},
	{what: "a member changed, with the manifest as it was", has: hasPack, by: packAlone, says: "is not the file that manifest.json lists", pack: func(p *packed) {
		p.stale = true
		p.files["README.txt"] = append(p.files["README.txt"], "Trust me.\n"...)
	}},
	{what: "all of it of a ledger with another key", has: hasPack, by: packKey, says: "The pack is of a ledger with another key", pack: func(p *packed) { p.files = p.other }},
}

// TestPacks does the attacks on evidence packs.
func TestPacks(t *testing.T) {
	verifier := theHouse(t).program
	good, key := makePack(t)
	other, _ := makePack(t)
	names, files := members(t, good)
	_, others := members(t, other)
	show := func(t *testing.T, pack []byte, args ...string) (int, string) {
		t.Helper()
		name := filepath.Join(t.TempDir(), "pack.zip")
		if err := os.WriteFile(name, pack, 0o600); err != nil {
			t.Fatal(err)
		}
		return program(t, verifier, append(args, name)...)
	}
	same := (&packed{t: t, names: names, files: files}).zip()
	if code, out := show(t, same, "--key", key); code != 0 || !bytes.Equal(same, good) {
		t.Fatalf("a pack that is put together again: exit code %d, want 0\n%s", code, out)
	}
	for _, a := range packs {
		t.Run(a.what, func(t *testing.T) {
			p := &packed{t: t, names: names, files: map[string][]byte{}, other: others}
			for name, b := range files {
				p.files[name] = bytes.Clone(b)
			}
			a.pack(p)
			var args []string
			if a.by == packKey {
				if code, out := show(t, p.zip()); code != 0 {
					t.Errorf("it is noticed without %s too, exit code %d\n%s", meansText[a.by], code, out)
				}
				args = []string{"--key", key}
			}
			if code, out := show(t, p.zip(), args...); code != 1 || !named(out, "BROKEN", a.says) {
				t.Errorf("exit code %d, want 1 and %q\n%s", code, a.says, out)
			}
		})
	}
}

// makePack makes a pack of 30 calls, complete and with names.
func makePack(t *testing.T) (pack []byte, key string) {
	t.Helper()
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	h := readingtest.Open(t)
	for i := range 30 {
		who := []string{"alice", "bob", "carol"}[i%3]
		h.Put(readingtest.Call(start.Add(time.Duration(i)*time.Second), who, "GET", fmt.Sprintf("/customers/%d", i), 404-i%2*204))
	}
	p, _, err := h.Room.Evidence(t.Context(), reading.Reader{Name: "ada", Role: reading.Investigator, Reason: "complaint of a customer"},
		reading.Evidence{Query: reading.Query{LogsQL: "outcome.status:=404"}, Disclose: []event.Class{event.ClassWho, event.ClassWhat}, Complete: true})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Write(&b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), h.Key
}

func members(t *testing.T, pack []byte) (names []string, files map[string][]byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	files = make(map[string][]byte)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		names, files[f.Name] = append(names, f.Name), b
	}
	return names, files
}

// zip puts the pack together as the product does.
func (p *packed) zip() []byte {
	p.t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	manifest := p.files["manifest.json"]
	for _, name := range p.names {
		if sum := `"sha256": "`; !p.stale && name != "manifest.json" {
			at := bytes.Index(manifest, fmt.Appendf(nil, `"name": %q`, name))
			end := at + bytes.Index(manifest[at:], []byte("}"))
			now := sha256.Sum256(p.files[name])
			entry := fmt.Appendf(nil, "\"name\": %q,\n      \"size\": %d,\n      %s%s\"\n    ", name, len(p.files[name]), sum, hex.EncodeToString(now[:]))
			manifest = append(append(bytes.Clone(manifest[:at]), entry...), manifest[end:]...)
		}
	}
	for _, name := range p.names {
		b := p.files[name]
		if name == "manifest.json" {
			b = manifest
		}
		var stored bytes.Buffer
		w, _ := flate.NewWriter(&stored, flate.DefaultCompression)
		w.Write(b)
		w.Close()
		f, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Deflate, Flags: 0x800, CreatorVersion: 20, ReaderVersion: 20, ModifiedDate: 1<<5 | 1,
			CRC32: crc32.ChecksumIEEE(b), CompressedSize64: uint64(stored.Len()), UncompressedSize64: uint64(len(b)),
		})
		if err != nil {
			p.t.Fatal(err)
		}
		f.Write(stored.Bytes())
	}
	if err := z.Close(); err != nil {
		p.t.Fatal(err)
	}
	return out.Bytes()
}
