package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/ledger"
)

// Witness is a witness that is asked to cosign.
type Witness struct {
	Key *ledger.WitnessKey // what it must cosign with
	URL *url.URL           // its submission prefix, without /add-checkpoint
}

// Errors of a witness's answers that say something about the ledger.
var (
	// ErrAhead is the error of a witness that has cosigned more records than
	// the ledger has: the newest were removed, or another ledger has its key.
	ErrAhead = errors.New("the witness has cosigned more records than the ledger has")
	// ErrForked is the error of a witness that has cosigned other records.
	ErrForked = errors.New("what the witness has cosigned is another history of this ledger")
	// ErrUnknown is the error of a witness that does not know the ledger.
	ErrUnknown = errors.New("the witness does not know the ledger: its operator must add its origin and key")
	// ErrKey is the error of a witness that knows the ledger with another key.
	ErrKey = errors.New("the witness knows the ledger with another key")
)

// conflict says how much a witness has cosigned.
type conflict struct{ size uint64 }

func (e *conflict) Error() string { return fmt.Sprintf("the witness has cosigned %d records", e.size) }

// ask makes one call of add-checkpoint. It returns the line of the witness's
// cosignature of c.
func ask(ctx context.Context, client *http.Client, w Witness, c ledger.Checkpoint, r *request) (line string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL.JoinPath(addPath).String(), bytes.NewReader(r.format()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("User-Agent", "gatebook")
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	switch res.StatusCode {
	case http.StatusOK:
		return cosignature(w.Key, c, body)
	case http.StatusConflict:
		size, ok := strings.CutSuffix(string(body), "\n")
		n, err := parseSize(size)
		if !ok || err != nil {
			return "", fmt.Errorf("%s with a body that is not a size", res.Status)
		}
		return "", &conflict{n}
	case http.StatusNotFound:
		return "", ErrUnknown
	case http.StatusForbidden:
		return "", ErrKey
	case http.StatusUnprocessableEntity:
		return "", ErrForked
	}
	return "", fmt.Errorf("it answered %s", res.Status)
}

// cosignature takes the line of the witness from its answer, and checks it.
// Lines of other keys are ignored.
func cosignature(key *ledger.WitnessKey, c ledger.Checkpoint, answer []byte) (string, error) {
	n, err := note.Open([]byte(c.Text()+"\n"+string(answer)), note.VerifierList(key))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return "", fmt.Errorf("it did not cosign with the key %s", key)
	case err != nil:
		return "", fmt.Errorf("its cosignature does not fit, or the answer is not spelt as one")
	}
	return "— " + n.Sigs[0].Name + " " + n.Sigs[0].Base64 + "\n", nil
}

// prover is what proves that a ledger continues an older state of itself.
type prover interface {
	ProveConsistency(old, size uint64) ([]ledger.Hash, error)
}

// submit has the witness cosign c, of which signed is the signed note. old is
// what the witness is believed to have cosigned last; if that was wrong, it is
// asked again with what it says.
func submit(ctx context.Context, client *http.Client, w Witness, p prover, c ledger.Checkpoint, signed []byte, old uint64) (string, error) {
	for try := 0; ; try++ {
		r := &request{old: old, note: signed}
		if 0 < old && old < c.Size {
			var err error
			if r.proof, err = p.ProveConsistency(old, c.Size); err != nil {
				return "", err
			}
		}
		line, err := ask(ctx, client, w, c, r)
		var has *conflict
		switch {
		case !errors.As(err, &has):
			return line, err
		case has.size > c.Size:
			return "", fmt.Errorf("%w: %d, and the ledger has %d", ErrAhead, has.size, c.Size)
		case has.size == old && old == c.Size:
			return "", fmt.Errorf("%w: its root of the first %d records is another", ErrForked, c.Size)
		case try == 2:
			return "", fmt.Errorf("it says again and again that it has cosigned another size, the last was %d", has.size)
		}
		old = has.size
	}
}
