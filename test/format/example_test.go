package format

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

var update = flag.Bool("update", false, "rewrite the examples of docs/FORMAT.md")

const document = "../../docs/FORMAT.md"

// exampleKey returns the key of the examples: its seed is 32 zero bytes, so
// that nobody mistakes it for a secret.
func exampleKey(t *testing.T) (note.Signer, string) {
	t.Helper()
	const name = "example.com/gatebook"
	seed := make([]byte, ed25519.SeedSize)
	public := append([]byte{1}, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(name+"\n"), public...))
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))))
	if err != nil {
		t.Fatal(err)
	}
	return signer, fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(public))
}

func exampleEvent(t *testing.T) *event.Sealed {
	t.Helper()
	at := time.Date(2026, 11, 23, 8, 15, 30, 250_000_000, time.UTC)
	e := &event.Event{
		Header: event.Header{
			ID: event.NewID(at, [8]byte{1, 2, 3, 4, 5, 6, 7, 8}), Kind: event.Access, Arrived: at, Sequence: 7,
			Operation: event.Operation{Protocol: "http/1.1", Method: "GET", Route: "/customers/{id}"},
			Trace:     event.Trace{ID: "4bf92f3577b34da6a3ce929d0e0e4736", Parent: "00f067aa0ba902b7"},
			Outcome:   event.Outcome{Status: 200},
		},
		Who:  &event.Who{Subject: "alice", UserAgent: "say \"hi\"\t\\ <é>"},
		What: &event.What{Path: "/customers/4711"},
	}
	salts := [event.Classes]event.Salt{{0: 0xaa}, {0: 0xbb}}
	s, err := e.Seal(&salts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// examples makes the content of each example block.
func examples(t *testing.T) map[string]string {
	t.Helper()
	signer, vkey := exampleKey(t)
	s := exampleEvent(t)
	var tree ledger.Tree
	tree.Add(ledger.RecordHash(s.Header), nil)
	cp, err := ledger.Checkpoint{Origin: signer.Name(), Size: 1, Root: tree.Root()}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	var frame ledger.FrameBuilder
	frame.Reset(0, nil)
	frame.Add(s)
	var file bytes.Buffer
	w, err := ledger.NewBlockWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Block(0, 1, ledger.AppendEnvelope(nil, 0, s.Envelopes[event.ClassWho])); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "header  %s\n", s.Header)
	for c := range event.Class(2) {
		env := s.Envelopes[c]
		fmt.Fprintf(&b, "%-7s %s\n  salt  %x\n  hash  %s\n", c, env.Data, env.Salt, event.Commitment(c, env.Salt, env.Data))
	}
	root := tree.Root()
	fmt.Fprintf(&b, "leaf    %x\n", root[:])
	return map[string]string{
		"format":     ledger.Format{Origin: signer.Name(), Key: vkey}.Text(),
		"checkpoint": string(cp),
		"event":      b.String(),
		"frame":      hex.Dump(frame.Finish(tree.Root(), cp)),
		"block":      hex.Dump(file.Bytes()),
	}
}

var exampleBlock = regexp.MustCompile("(?s)<!-- example ([a-z]+) -->\n(?:```\n(.*?)```\n)?")

// TestExamples makes the examples again, and verifies the ledger that they add
// up to, from the document's bytes alone.
func TestExamples(t *testing.T) {
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	want := examples(t)
	if *update {
		doc = exampleBlock.ReplaceAllFunc(doc, func(m []byte) []byte {
			name := string(exampleBlock.FindSubmatch(m)[1])
			return []byte("<!-- example " + name + " -->\n```\n" + want[name] + "```\n")
		})
		if err := os.WriteFile(document, doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have := make(map[string]string)
	for _, m := range exampleBlock.FindAllStringSubmatch(string(doc), -1) {
		have[m[1]] = m[2]
		if m[2] != want[m[1]] {
			t.Errorf("the example %q of the document is not what the code writes: run go test ./test/format -update\ngot:\n%s\nwant:\n%s", m[1], m[2], want[m[1]])
		}
	}
	if len(have) != len(want) {
		t.Fatalf("the document has %d examples, want %d", len(have), len(want))
	}
	verifyExamples(t, have)
}

// TestOlderVersions verifies the examples as they were when headers had older
// versions.
func TestOlderVersions(t *testing.T) {
	for v := 1; v < event.Version; v++ {
		doc, err := os.ReadFile(fmt.Sprintf("testdata/version%d.md", v))
		if err != nil {
			t.Fatal(err)
		}
		have := make(map[string]string)
		for _, m := range exampleBlock.FindAllStringSubmatch(string(doc), -1) {
			have[m[1]] = m[2]
		}
		if !strings.Contains(have["event"], fmt.Sprintf(`{"v":%d,`, v)) {
			t.Fatalf("the examples are not those of version %d", v)
		}
		verifyExamples(t, have)
	}
}

// verifyExamples makes a ledger of examples, and has both verifiers accept it.
func verifyExamples(t *testing.T, have map[string]string) {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "format", []byte(have["format"]))
	put(t, dir, "checkpoint", []byte(have["checkpoint"]))
	put(t, dir, ledger.JournalName(0), undump(t, have["frame"]))
	_, leaf, _ := strings.Cut(have["event"], "leaf    ")
	b, err := hex.DecodeString(strings.TrimSpace(leaf))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "tile/0", b)
	if r := ledger.Verify(os.DirFS(dir), ledger.VerifyOptions{Decode: true}); !r.OK() || r.Size != 1 {
		t.Errorf("our verifier refuses the ledger of the examples: %v", r.Problems)
	}
	if code, out := second(t, dir); code != 0 || !strings.Contains(out, "INTACT: 1 records, 2 envelopes") {
		t.Errorf("verify.py refuses the ledger of the examples: exit code %d\n%s", code, out)
	}
}

func put(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// undump is the inverse of hex.Dump.
func undump(t *testing.T, dump string) []byte {
	t.Helper()
	var b []byte
	for line := range strings.Lines(dump) {
		digits, _, _ := strings.Cut(line[8:], "|")
		part, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(digits), " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		b = append(b, part...)
	}
	return b
}
