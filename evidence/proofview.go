package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// ProofView is what a proof of one event shows, for a page that shows it.
type ProofView struct {
	OK       bool      `json:"ok"`
	Findings []Finding `json:"findings"`
	Number   uint64    `json:"number"`          // of the event
	Size     uint64    `json:"size"`            // records in the tree of the checkpoint
	Origin   string    `json:"origin"`          // of the ledger
	Root     string    `json:"root"`            // of the checkpoint
	Header   string    `json:"header"`          // of the event, as sealed
	Error    string    `json:"error,omitempty"` // why the proof could not be read; the others are zero
}

// maxProofPath is more than any audit path has: one hash for each level of the
// highest tree.
const maxProofPath = 64

// LookProof checks a proof in the form of C2SP tlog-proof, whose extra data is
// the event's header, under the public key of the ledger, and returns its
// [ProofView] as JSON.
func LookProof(text []byte, key string) []byte {
	v := ProofView{Findings: []Finding{}}
	if err := v.check(text, key); err != nil {
		v = ProofView{Findings: []Finding{}, Error: err.Error()}
	}
	v.OK = len(v.Findings) > 0
	for _, f := range v.Findings {
		v.OK = v.OK && f.Holds
	}
	b, err := json.Marshal(&v)
	if err != nil {
		panic("evidence: a view cannot be encoded: " + err.Error()) // it has texts and numbers only
	}
	return b
}

// check fills the view, as far as the proof can be read.
func (v *ProofView) check(text []byte, key string) error {
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return fmt.Errorf("%q is not a public key of a ledger", clip(key, 200))
	}
	p, header, signed, err := parseProof(text)
	if err != nil {
		return err
	}
	v.Number, v.Header = p.Number, string(header)
	c, err := ledger.ParseCheckpoint(signed, verifier)
	if err != nil {
		v.Findings = append(v.Findings, Finding{false, fmt.Sprintf("The checkpoint does not hold: %v.", err)})
		return nil
	}
	v.Size, v.Origin, v.Root = c.Size, c.Origin, c.Root.String()
	v.Findings = append(v.Findings, Finding{true, fmt.Sprintf("The checkpoint of the ledger %s at %s is signed by the key %s.", c.Origin, count(c.Size, "record"), verifier.Name())})
	h, err := event.DecodeHeader(header)
	if err != nil {
		v.Findings = append(v.Findings, Finding{false, fmt.Sprintf("The header is not that of an event: %v.", err)})
		return nil
	}
	p.Size = c.Size
	if err := p.Check(header, c); err != nil {
		v.Findings = append(v.Findings, Finding{false, fmt.Sprintf("Record %s does not lead to the root of the checkpoint: its header was changed, or the proof is of another.", commas(p.Number))})
		return nil
	}
	v.Findings = append(v.Findings, Finding{true, fmt.Sprintf("Event %s is record %s of this ledger: its header leads, by %d hashes on the way, to the root of the checkpoint.", h.ID, commas(p.Number), len(p.Path))})
	return nil
}

// parseProof reads a proof. Its size is not in it: that is the checkpoint's.
func parseProof(text []byte) (p ledger.Proof, header, checkpoint []byte, err error) {
	const wrong = "it is not a proof in the form of C2SP tlog-proof with the header of an event"
	head, checkpoint, ok := bytes.Cut(text, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) < 3 || len(lines) > 3+maxProofPath || lines[0] != "c2sp.org/tlog-proof@v1" {
		return p, nil, nil, errors.New(wrong)
	}
	extra, ok := strings.CutPrefix(lines[1], "extra ")
	index, ok2 := strings.CutPrefix(lines[2], "index ")
	if !ok || !ok2 {
		return p, nil, nil, errors.New(wrong)
	}
	if header, err = base64.StdEncoding.Strict().DecodeString(extra); err != nil || len(header) > event.MaxHeader {
		return p, nil, nil, errors.New(wrong)
	}
	// Numbers are below 2^63, as those of a tree are.
	if p.Number, err = strconv.ParseUint(index, 10, 63); err != nil {
		return p, nil, nil, errors.New(wrong)
	}
	for _, line := range lines[3:] {
		b, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(b) != len(ledger.Hash{}) {
			return p, nil, nil, errors.New(wrong)
		}
		p.Path = append(p.Path, ledger.Hash(b))
	}
	return p, header, checkpoint, nil
}
