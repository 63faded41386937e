package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/query"
	"github.com/gatebook/gatebook/ledger"
)

// Options say what to verify a pack with. The zero value takes the key from the
// pack, and says so.
type Options struct {
	Key   string   // public key of the ledger; empty: the one in the pack
	Since [][]byte // older signed checkpoints that the ledger of the pack must continue

	// Witnesses are asked for: at least Quorum of them must have cosigned the
	// checkpoint of the pack; 0: all.
	Witnesses []*ledger.WitnessKey
	Quorum    int

	// Event is called for each event of the pack, in order, with what is wrong
	// with it alone; may be nil. Whether the events are in the ledger is known
	// only at the end.
	Event func(r *Record, e *event.Event, wrong string)
}

// Verify checks a pack of size bytes. What is wrong with the pack is in the
// report; an error means that it could not be read, or is of a newer version
// ([ErrVersion]).
func Verify(r io.ReaderAt, size int64, o Options) (*Report, error) {
	v := &verifier{o: o, rep: &Report{Findings: []Finding{}, Unchecked: []string{}, Limits: []string{}}}
	steps := []func() error{v.manifest, v.checkpoint, v.look, v.events, v.headers, v.proof}
	var err error
	if v.a, err = openZip(r, size); err == nil {
		for _, step := range steps {
			if err = step(); err != nil {
				break
			}
		}
	}
	var f *fault
	switch {
	case errors.As(err, &f):
		v.rep.fails("%s.", f.sentence())
	case err != nil:
		return nil, err
	default:
		v.limits()
	}
	return v.rep, nil
}

// verifier is one verification.
type verifier struct {
	o    Options
	a    *archive
	rep  *Report
	key  note.Verifier
	tree ledger.Checkpoint
	st   *state

	numbers []uint64 // of the events
	leaves  []ledger.Hash
	erased  uint64
	matched *List // of the headers that match; nil: not evaluated here
	ranged  []ledger.Hash
}

// manifest compares each member with the manifest.
func (v *verifier) manifest() error {
	b, err := v.a.read(ManifestFile)
	if err != nil {
		return err
	}
	var m manifest
	if json.Unmarshal(b, &m) != nil || m.Format != formatName {
		return faultf("%s is not that of an evidence pack", ManifestFile)
	}
	if m.Version > Version {
		return fmt.Errorf("version %d: %w", m.Version, ErrVersion)
	}
	if m.Version != Version || !bytes.Equal(encodeManifest(m.Files), b) {
		return faultf("%s is spelt differently from how Gatebook writes it", ManifestFile)
	}
	if len(m.Files) != len(v.a.parts)-1 {
		return faultf("%s does not list the members of the pack", ManifestFile)
	}
	for i := range v.a.parts {
		p := &v.a.parts[i]
		if p.name == ManifestFile {
			continue
		}
		listed := m.Files[0]
		m.Files = m.Files[1:]
		h := sha256.New()
		if _, err := io.Copy(h, v.a.open(p)); err != nil {
			return err
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)); listed != (manifestFile{p.name, uint64(p.size), got}) {
			return faultf("%s is not the file that %s lists: the pack was damaged or changed", p.name, ManifestFile)
		}
	}
	return nil
}

// checkpoint reads the signed checkpoint.
func (v *verifier) checkpoint() error {
	b, err := v.a.read(KeyFile)
	if err != nil {
		return err
	}
	packed, ok := strings.CutSuffix(string(b), "\n")
	key := packed
	if v.o.Key != "" {
		key, v.rep.KeyGiven = strings.TrimSpace(v.o.Key), true
	}
	if v.key, err = note.NewVerifier(key); err != nil || !ok {
		return faultf("%q is not a public key of a ledger", clip(key, 200))
	}
	v.rep.Key = key
	if key != packed {
		return faultf("the pack is of a ledger with another key: %s, where you gave %s", clip(packed, 200), key)
	}
	signed, err := v.a.read(CheckpointFile)
	if err != nil {
		return err
	}
	cosigned, err := ledger.ParseCosigned(signed, v.key, v.o.Witnesses)
	if err != nil {
		return faultf("the checkpoint does not hold: %v", err)
	}
	v.tree = cosigned.Checkpoint
	v.rep.Origin, v.rep.Size, v.rep.Root = v.tree.Origin, v.tree.Size, v.tree.Root.String()
	source := "which was taken from the pack: compare it with one that came another way"
	if v.rep.KeyGiven {
		source = "which you gave"
	}
	v.rep.holds("The checkpoint of the ledger %s at %s is signed by the key %s, %s.", v.tree.Origin, count(v.tree.Size, "record"), key, source)
	v.cosigned(&cosigned)
	return nil
}

// cosigned says who vouches for the checkpoint.
func (v *verifier) cosigned(c *ledger.Cosigned) {
	for _, by := range c.By {
		v.rep.holds("The witness %s, whose key you gave, cosigned this checkpoint at %s by its own clock.", by.Witness.Name(), moment(by.Time))
	}
	want := v.o.Quorum
	if want == 0 {
		want = len(v.o.Witnesses)
	}
	if len(c.By) < want {
		v.rep.fails("%s of the %s that you named cosigned this checkpoint, and %d must have.", commas(uint64(len(c.By))), commas(uint64(len(v.o.Witnesses)))+" witnesses", want)
	}
	if c.Unknown > 0 {
		v.rep.limit("The checkpoint carries signatures of others, which were not checked: name their keys with --witness.")
	}
}

// look reads the sealed look.
func (v *verifier) look() error {
	b, err := v.a.read(LookFile)
	if err != nil {
		return err
	}
	rec, err := parseLine(b)
	if err != nil {
		return faultf("%s: %v", LookFile, err)
	}
	if _, err := event.DecodeHeader(rec.Header); errors.Is(err, event.ErrVersion) {
		return fmt.Errorf("the look, record %s: %v: %w", commas(rec.Number), err, ErrVersion)
	}
	e, wrong := open(rec)
	if wrong != "" {
		return faultf("the look, record %s: %s", commas(rec.Number), wrong)
	}
	claim, err := parseClaim(&e.Header)
	if err != nil {
		return err
	}
	if e.Who == nil || e.What == nil {
		return faultf("the look, record %s: the pack does not disclose who looked, and at what", commas(rec.Number))
	}
	if claim.Size > rec.Number {
		return faultf("the look, record %s, says that it was made when the ledger had %s", commas(rec.Number), count(claim.Size, "record"))
	}
	v.st = &state{Claim: claim, record: *rec, event: e}
	text := e.What.Query
	if strings.TrimSpace(text) == "" {
		text = "*"
	}
	if q, err := query.Parse(query.Config{Field: knownField}, text); err == nil {
		v.st.query = q
	}
	v.rep.Statement = v.st.statement()
	return nil
}

// open decodes a record and checks its envelopes; wrong says what is wrong.
func open(r *Record) (e *event.Event, wrong string) {
	h, err := event.DecodeHeader(r.Header)
	if err != nil {
		return nil, err.Error()
	}
	e = &event.Event{Header: *h}
	for c := range event.Class(event.Classes) {
		env := r.Envelopes[c]
		if env != nil && !env.Check(c, h.Commit.Of(c)) {
			return e, fmt.Sprintf("its %s envelope is not the one that was sealed: envelope or salt were changed", c)
		}
	}
	for _, c := range r.Erased {
		if h.Commit.Of(c).IsZero() {
			return e, fmt.Sprintf("it never had the %s envelope that is said to be erased", c)
		}
	}
	if env := r.Envelopes[event.ClassWho]; env != nil {
		e.Who, err = event.DecodeWho(env.Data)
	}
	if env := r.Envelopes[event.ClassWhat]; env != nil && err == nil {
		e.What, err = event.DecodeWhat(env.Data)
	}
	if env := r.Envelopes[event.ClassPayload]; env != nil && err == nil {
		e.Payload, err = event.DecodePayload(env.Data)
	}
	if err != nil {
		return e, err.Error()
	}
	return e, ""
}

// eachLine calls yield for each line of a member, line feed included, which is
// valid until the next call.
func (v *verifier) eachLine(name string, limit int, yield func(i int, line []byte) error) error {
	r := bufio.NewReaderSize(v.a.open(v.a.part(name)), 64<<10)
	var long []byte
	for i := 0; ; i++ {
		line, err := r.ReadSlice('\n')
		for long = long[:0]; err == bufio.ErrBufferFull; {
			long = append(long, line...)
			if len(long) > limit {
				return faultf("%s: line %d is longer than %d bytes", name, i+1, limit)
			}
			if line, err = r.ReadSlice('\n'); err != bufio.ErrBufferFull {
				line = append(long, line...)
			}
		}
		switch {
		case err == io.EOF && len(line) == 0:
			return nil
		case err == io.EOF:
			return faultf("%s: its last line does not end", name)
		case err != nil:
			return err
		}
		if err := yield(i, line); err != nil {
			return err
		}
	}
}
