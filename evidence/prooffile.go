package evidence

import (
	"bufio"
	"encoding/base64"
	"io"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/ledger"
)

// The proof is text: the version, the line of bounds, an empty line, and one
// hash a line, in the order of [ledger.Ledger.ProveRecords].

const proofLine = formatName + "-proof 1"

func writeProof(w io.Writer, bounds []uint64, proof []ledger.Hash) {
	b := []byte(proofLine + "\nbounds")
	for _, n := range bounds {
		b = strconv.AppendUint(append(b, ' '), n, 10)
	}
	b = append(b, '\n', '\n')
	for _, h := range proof {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	w.Write(b)
}

// readProof is the inverse of writeProof.
func readProof(r io.Reader) (bounds []uint64, proof []ledger.Hash, err error) {
	lines := bufio.NewReaderSize(r, 4096)
	next := func() (string, error) {
		b, err := lines.ReadSlice('\n')
		if err == io.EOF && len(b) > 0 || err == bufio.ErrBufferFull {
			return "", faultf("%s: a line does not end", ProofFile)
		}
		return strings.TrimSuffix(string(b), "\n"), err
	}
	head := [3]string{}
	for i := range head {
		if head[i], err = next(); err == io.EOF {
			err = faultf("%s is cut short", ProofFile)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	numbers, ok := strings.CutPrefix(head[1], "bounds")
	if head[0] != proofLine || !ok || head[2] != "" {
		return nil, nil, faultf("%s does not begin as a proof does", ProofFile)
	}
	if numbers != "" {
		for s := range strings.SplitSeq(numbers[1:], " ") {
			n, err := strconv.ParseUint(s, 10, 63)
			if err != nil || strconv.FormatUint(n, 10) != s || numbers[0] != ' ' || len(bounds) == maxBounds {
				return nil, nil, faultf("%s: its bounds are not numbers", ProofFile)
			}
			bounds = append(bounds, n)
		}
	}
	for {
		s, err := next()
		if err == io.EOF {
			return bounds, proof, nil
		}
		if err != nil {
			return nil, nil, err
		}
		var h ledger.Hash
		if len(s) != base64.StdEncoding.EncodedLen(len(h)) {
			return nil, nil, faultf("%s: hash %d is not 32 bytes in base64", ProofFile, len(proof))
		}
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil || len(b) != len(h) {
			return nil, nil, faultf("%s: hash %d is not 32 bytes in base64", ProofFile, len(proof))
		}
		copy(h[:], b)
		proof = append(proof, h)
	}
}
