package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/ledger"
)

// addPath is the path of the one call of the protocol, below a witness's URL.
const addPath = "add-checkpoint"

// sizeType is the content type of an answer that says how much the witness has
// seen.
const sizeType = "text/x.tlog.size"

const (
	maxProof   = 63       // lines of a proof, as the protocol says
	maxRequest = 64 << 10 // bytes
	maxAnswer  = 64 << 10
)

// request is the body of add-checkpoint.
type request struct {
	old   uint64        // size of the checkpoint that the witness cosigned last; 0: none
	proof []ledger.Hash // that the tree of old records begins the checkpoint's; empty if old is 0 or the same size
	note  []byte        // signed checkpoint
}

// format is the inverse of parseRequest.
func (r *request) format() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.old)
	for _, h := range r.proof {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return append(append(b, '\n'), r.note...)
}

// parseRequest reads the body of add-checkpoint. The note is not parsed.
func parseRequest(b []byte) (*request, error) {
	head, note, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok {
		return nil, errors.New("there is no empty line before the checkpoint")
	}
	lines := strings.Split(string(head), "\n")
	size, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return nil, errors.New("the first line is not \"old SIZE\"")
	}
	old, err := parseSize(size)
	if err != nil {
		return nil, fmt.Errorf("the old size: %w", err)
	}
	lines = lines[1:]
	if len(lines) > maxProof {
		return nil, fmt.Errorf("the proof has %d lines, at most %d are allowed", len(lines), maxProof)
	}
	r := &request{old: old, note: note}
	for i, line := range lines {
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return nil, fmt.Errorf("line %d of the proof is not a hash in base64", i+1)
		}
		r.proof = append(r.proof, h)
	}
	return r, nil
}

// parseSize reads the size of a tree in its one spelling.
func parseSize(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%.40q is not the size of a tree", s)
	}
	return n, nil
}
