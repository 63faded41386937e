package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// forgery is a pack that is taken apart, to be changed.
type forgery struct {
	t     *testing.T
	files map[string][]byte
}

func (f *forgery) replace(name, old, new string) {
	f.t.Helper()
	b := bytes.Replace(f.files[name], []byte(old), []byte(new), 1)
	if bytes.Equal(b, f.files[name]) {
		f.t.Fatalf("%s does not have %q", name, old)
	}
	f.files[name] = b
}

func (f *forgery) lines(name string) []string {
	return strings.SplitAfter(strings.TrimSuffix(string(f.files[name]), "\n"), "\n")
}

func (f *forgery) setLines(name string, lines []string) {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimSuffix(l, "\n") + "\n")
	}
	f.files[name] = []byte(b.String())
}

// record changes a record of a member.
func (f *forgery) record(name string, i int, change func(*evidence.Record)) {
	f.t.Helper()
	lines := f.lines(name)
	r, err := evidence.ParseLine([]byte(strings.TrimSuffix(lines[i], "\n") + "\n"))
	if err != nil {
		f.t.Fatal(err)
	}
	change(r)
	b, err := evidence.AppendLine(nil, r)
	if err != nil {
		f.t.Fatal(err)
	}
	lines[i] = string(b)
	f.setLines(name, lines)
}

// replaced returns b with new for old, as a new slice.
func replaced(b []byte, old, new string) []byte {
	return bytes.Replace(bytes.Clone(b), []byte(old), []byte(new), 1)
}

// TestForgeries changes one pack in every way that we can think of. Each time
// the manifest is made to fit: it is no protection.
func TestForgeries(t *testing.T) {
	h := house(t, 30)
	x := reading.Evidence{Query: reading.Query{LogsQL: "outcome.status:=404"}, Disclose: []event.Class{event.ClassWho, event.ClassWhat}}
	base := pack(t, h, x)
	narrower := pack(t, h, reading.Evidence{Query: reading.Query{LogsQL: "outcome.status:=404", To: start.Add(10 * time.Second)}, Disclose: x.Disclose})
	x.Complete = true
	complete := pack(t, h, x)
	other := pack(t, house(t, 30), x)
	rewritten := rewrite(t, complete)
	files := func(b []byte) map[string][]byte {
		f, err := evidence.Files(b)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	const root = "do not lead to the checkpoint"
	for _, c := range []struct {
		name   string
		change func(f *forgery)
		want   string // in the report
	}{
		{"an event changed", func(f *forgery) {
			f.files = files(base)
			f.record("events.jsonl", 1, func(r *evidence.Record) { r.Header = replaced(r.Header, `"status":404`, `"status":200`) })
		}, root},
		{"an event's number changed", func(f *forgery) {
			f.record("events.jsonl", 14, func(r *evidence.Record) { r.Number-- })
		}, "The list of events is not the one that was sealed"},
		{"an envelope changed", func(f *forgery) {
			f.record("events.jsonl", 1, func(r *evidence.Record) {
				r.Envelopes[0].Data = replaced(r.Envelopes[0].Data, "alice", "mally")
			})
		}, "Record 3: its who envelope is not the one that was sealed"},
		{"a salt changed", func(f *forgery) {
			f.record("events.jsonl", 1, func(r *evidence.Record) { r.Envelopes[1].Salt[3] ^= 1 })
		}, "Record 3: its what envelope is not the one that was sealed"},
		{"envelopes of two events swapped", func(f *forgery) {
			var a *event.Envelope
			f.record("events.jsonl", 0, func(r *evidence.Record) { a = r.Envelopes[0] })
			f.record("events.jsonl", 1, func(r *evidence.Record) { r.Envelopes[0] = a })
		}, "Record 3: its who envelope is not"},
		{"an envelope removed", func(f *forgery) {
			f.record("events.jsonl", 1, func(r *evidence.Record) { r.Envelopes[0] = nil })
		}, "its who envelope was to be disclosed, and is missing"},
		{"an envelope removed, and said to be erased", func(f *forgery) {
			f.record("events.jsonl", 1, func(r *evidence.Record) { r.Envelopes[0], r.Erased = nil, []event.Class{0} })
		}, "The look says that the pack discloses 30 envelopes, and it holds 29"},
		{"an event removed", func(f *forgery) {
			f.setLines("events.jsonl", f.lines("events.jsonl")[1:])
		}, "Events were removed or added"},
		{"all events removed", func(f *forgery) { f.files["events.jsonl"] = nil }, "Events were removed or added"},
		{"an event twice", func(f *forgery) {
			l := f.lines("events.jsonl")
			f.setLines("events.jsonl", append(l[:2:2], l[1:]...))
		}, "twice, or out of order"},
		{"events in another order", func(f *forgery) {
			l := f.lines("events.jsonl")
			l[0], l[1] = l[1], l[0]
			f.setLines("events.jsonl", l)
		}, "twice, or out of order"},
		{"an event of the ledger added", func(f *forgery) {
			headers := f.lines("headers.jsonl")
			line, err := evidence.AppendLine(nil, &evidence.Record{Number: 2, Header: []byte(strings.TrimSuffix(headers[2], "\n"))})
			if err != nil {
				t.Fatal(err)
			}
			l := f.lines("events.jsonl")
			f.setLines("events.jsonl", append([]string{l[0], string(line)}, l[1:]...))
		}, "Events were removed or added"},
		{"a header of the range changed", func(f *forgery) {
			f.replace("headers.jsonl", `"status":200`, `"status":201`)
		}, root},
		{"a header of the range changed so that it matches", func(f *forgery) {
			f.replace("headers.jsonl", `"status":200`, `"status":404`)
		}, root},
		{"a header of the range removed", func(f *forgery) {
			f.setLines("headers.jsonl", f.lines("headers.jsonl")[1:])
		}, "and 32 were searched"},
		{"all headers of the range removed", func(f *forgery) { delete(f.files, "headers.jsonl") }, "headers.jsonl is not there"},
		{"an event and its header removed", func(f *forgery) {
			f.setLines("events.jsonl", f.lines("events.jsonl")[1:])
			l := f.lines("headers.jsonl")
			f.setLines("headers.jsonl", append(l[:1:1], l[2:]...))
		}, "Events were removed or added"},
		{"an event changed, of a complete pack", func(f *forgery) {
			f.record("events.jsonl", 1, func(r *evidence.Record) { r.Header = replaced(r.Header, `"status":404`, `"status":200`) })
		}, "Record 3 is not the same in events.jsonl and in headers.jsonl"},
		{"an event removed, of a pack that is not complete", func(f *forgery) {
			f.files = files(base)
			f.setLines("events.jsonl", f.lines("events.jsonl")[1:])
		}, "Events were removed or added"},
		{"a hash of the proof changed", func(f *forgery) {
			f.files = files(base)
			l := f.lines("proof")
			l[3], l[4] = l[4], l[3]
			f.setLines("proof", l)
		}, root},
		{"the proof of another pack", func(f *forgery) {
			f.files = files(base)
			f.files["proof"] = files(narrower)["proof"]
		}, root},
		{"the checkpoint of another ledger", func(f *forgery) {
			f.files["checkpoint"] = files(other)["checkpoint"]
		}, "The checkpoint does not hold: it is not signed by the key"},
		{"checkpoint and key of another ledger", func(f *forgery) {
			f.files["checkpoint"], f.files["key"] = files(other)["checkpoint"], files(other)["key"]
		}, "The pack is of a ledger with another key"},
		{"an older checkpoint of the ledger", func(f *forgery) { f.files["checkpoint"] = files(base)["checkpoint"] }, root},
		{"the size in the checkpoint changed", func(f *forgery) { f.replace("checkpoint", "\n33\n", "\n34\n") }, "The checkpoint does not hold: its signature does not fit"},
		{"the query changed", func(f *forgery) {
			f.record("look.jsonl", 0, func(r *evidence.Record) { r.Envelopes[1].Data = replaced(r.Envelopes[1].Data, "404", "200") })
		}, "its what envelope is not the one that was sealed"},
		{"who asked changed", func(f *forgery) {
			f.record("look.jsonl", 0, func(r *evidence.Record) { r.Envelopes[0].Data = replaced(r.Envelopes[0].Data, "ada", "eve") })
		}, "its who envelope is not the one that was sealed"},
		{"the count in the look changed", func(f *forgery) {
			f.record("look.jsonl", 0, func(r *evidence.Record) {
				r.Header = replaced(r.Header, `"results","value":"15"`, `"results","value":"14"`)
			})
		}, "Events were removed or added"},
		{"a look of a narrower search in its place", func(f *forgery) {
			f.files["look.jsonl"] = files(narrower)["look.jsonl"]
		}, "headers.jsonl is there, and the look does not say so"},
		{"a narrower pack with the checkpoint of this one", func(f *forgery) {
			cp := f.files["checkpoint"]
			f.files = files(narrower)
			f.files["checkpoint"] = cp
		}, root},
		{"an event in place of the look", func(f *forgery) { f.files["look.jsonl"] = []byte(f.lines("events.jsonl")[13]) }, "is not the look of an evidence pack"},
		{"the table changed", func(f *forgery) { f.replace("events.csv", "alice", "mally") }, "events.csv does not say what the events say"},
		{"the whole rewritten with another key", func(f *forgery) { f.files = files(rewritten) }, "The pack is of a ledger with another key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &forgery{t, maps.Clone(files(complete))}
			c.change(f)
			b, err := evidence.Forge(f.files, false)
			if err != nil {
				t.Fatal(err)
			}
			rep := verify(t, b, evidence.Options{Key: h.Key})
			wants(t, rep, false, c.want)
		})
	}
	t.Run("nothing", func(t *testing.T) {
		b, err := evidence.Forge(files(complete), false)
		if err != nil || !bytes.Equal(b, complete) {
			t.Fatalf("a pack that is put together again is another one (%v)", err)
		}
	})
	t.Run("a member changed, with the manifest as it was", func(t *testing.T) {
		f := files(complete)
		f["README.txt"] = append(f["README.txt"], "Trust me.\n"...)
		b, err := evidence.Forge(f, true)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, verify(t, b, evidence.Options{}), false, "README.txt is not the file that manifest.json lists")
	})
	// What cannot be noticed without what came another way.
	t.Run("the whole rewritten, no key given", func(t *testing.T) {
		wants(t, verify(t, rewritten, evidence.Options{}), true, "which was taken from the pack: compare it")
	})
	t.Run("the texts for people changed", func(t *testing.T) {
		f := files(complete)
		f["README.txt"] = []byte("Trust me.\n")
		b, err := evidence.Forge(f, false)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, verify(t, b, evidence.Options{Key: h.Key}), true, "index.html and README.txt are for people and are no evidence")
	})
}

// rewrite makes a pack as someone would who has all records and another key:
// whole in itself, with one event changed.
func rewrite(t *testing.T, old []byte) []byte {
	files, err := evidence.Files(old)
	if err != nil {
		t.Fatal(err)
	}
	skey, vkey, err := note.GenerateKey(nil, "gatebook.test/reading")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	f := &forgery{t, files}
	f.record("events.jsonl", 0, func(r *evidence.Record) { r.Header = replaced(r.Header, `"bytes"`, `"bytes"`) })
	f.replace("headers.jsonl", `"status":200`, `"status":201`)
	var tree ledger.Tree
	for _, header := range f.lines("headers.jsonl") {
		tree.Add(ledger.RecordHash([]byte(strings.TrimSuffix(header, "\n"))), nil)
	}
	look, err := evidence.ParseLine(files["look.jsonl"])
	if err != nil {
		t.Fatal(err)
	}
	tree.Add(ledger.RecordHash(look.Header), nil)
	signed, err := ledger.Checkpoint{Origin: signer.Name(), Size: tree.Size(), Root: tree.Root()}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	f.files["key"], f.files["checkpoint"] = []byte(vkey+"\n"), signed
	f.files["proof"] = []byte("gatebook-evidence-proof 1\nbounds\n\n")
	b, err := evidence.Forge(f.files, false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSince compares a pack with older checkpoints.
func TestSince(t *testing.T) {
	h := house(t, 7)
	old := checkpointOf(t, h, 7)
	forked := checkpointOf(t, house(t, 7), 7)
	for i := range 5 {
		h.Put(call(i))
	}
	x := reading.Evidence{Continues: []uint64{7}}
	b := pack(t, h, x)
	wants(t, verify(t, b, evidence.Options{Since: [][]byte{old}}), true, "The ledger of the pack continues the checkpoint of 7 records that you gave")
	wants(t, verify(t, b, evidence.Options{Since: [][]byte{forked}}), false, "An older checkpoint that you gave does not hold")
	rep := verify(t, pack(t, h, reading.Evidence{}), evidence.Options{Since: [][]byte{old}})
	if !rep.OK() || len(rep.Unchecked) != 1 || !strings.Contains(rep.Unchecked[0], "--continues 7") {
		t.Errorf("a pack that was not made for it: %s", text(rep))
	}
	// The key's owner shows another history.
	var tree ledger.Tree
	for i := range 7 {
		tree.Add(ledger.RecordHash(fmt.Appendf(nil, "%d", i)), nil)
	}
	fork := signAs(t, h, tree)
	wants(t, verify(t, b, evidence.Options{Since: [][]byte{fork}}), false, "does not continue the checkpoint of 7 records that you gave: its first records were changed")
}

// TestVersion refuses a pack that a newer Gatebook wrote, or of which it wrote
// the records, as an error that is not one of evidence.
func TestVersion(t *testing.T) {
	base := pack(t, house(t, 1), reading.Evidence{})
	for what, change := range map[string]func(*forgery){
		"manifest": func(f *forgery) { f.replace("manifest.json", `"version": 1`, `"version": 2`) },
		"look": func(f *forgery) {
			f.record("look.jsonl", 0, func(r *evidence.Record) {
				r.Header = replaced(r.Header, fmt.Sprintf(`{"v":%d,`, event.Version), fmt.Sprintf(`{"v":%d,`, event.Version+1))
			})
		},
	} {
		files, err := evidence.Files(base)
		if err != nil {
			t.Fatal(err)
		}
		change(&forgery{t, files})
		b, err := evidence.Forge(files, what == "manifest")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := evidence.Verify(bytes.NewReader(b), int64(len(b)), evidence.Options{}); !errors.Is(err, evidence.ErrVersion) {
			t.Errorf("%s: got %v, want ErrVersion", what, err)
		}
	}
}

// TestWitnesses asks for cosignatures of the checkpoint in a pack.
func TestWitnesses(t *testing.T) {
	b := pack(t, house(t, 3), reading.Evidence{})
	files, err := evidence.Files(b)
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewVerifier(strings.TrimSpace(string(files["key"])))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.ParseCheckpoint(files["checkpoint"], key)
	if err != nil {
		t.Fatal(err)
	}
	var keys []*ledger.WitnessKey
	var lines []string
	for _, name := range []string{"witness.test/a", "witness.test/b"} {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		k, err := ledger.NewWitnessKey(name, public)
		if err != nil {
			t.Fatal(err)
		}
		keys, lines = append(keys, k), append(lines, k.Cosign(c, private, start))
	}
	files["checkpoint"] = append(files["checkpoint"], lines[0]...)
	cosigned, err := evidence.Forge(files, false)
	if err != nil {
		t.Fatal(err)
	}
	const by = "The witness witness.test/a, whose key you gave, cosigned this checkpoint at 2026-11-20 10:00:00 UTC by its own clock"
	wants(t, verify(t, cosigned, evidence.Options{Witnesses: keys[:1]}), true, by)
	wants(t, verify(t, cosigned, evidence.Options{Witnesses: keys, Quorum: 1}), true, by)
	wants(t, verify(t, cosigned, evidence.Options{Witnesses: keys}), false, by, "1 of the 2 witnesses that you named cosigned this checkpoint, and 2 must have")
	wants(t, verify(t, cosigned, evidence.Options{}), true, "signatures of others, which were not checked")
	wants(t, verify(t, b, evidence.Options{Witnesses: keys[:1]}), false, "0 of the 1 witnesses")
	files["checkpoint"] = append(files["checkpoint"][:len(files["checkpoint"])-len(lines[0])], strings.Replace(lines[1], "witness.test/b", "witness.test/a", 1)...)
	if b, err = evidence.Forge(files, false); err != nil {
		t.Fatal(err)
	}
	wants(t, verify(t, b, evidence.Options{Witnesses: keys[:1]}), false, "0 of the 1 witnesses")
}
