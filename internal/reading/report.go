package reading

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Report is what a report reads of the record.
type Report struct {
	Name     string    // of the report
	From, To time.Time // the period that it is about
	Whole    bool      // it reads the whole record, not only that of its period
	Looks    bool      // it tells of look events, which not every role may see
	Format   string    // of the file that is made, for the record
	Objects  []event.Object
}

// Basis is what a report rests on.
type Basis struct {
	First      uint64 // the records from this number on were read
	Size       uint64 // up to this one; also the size of the checkpoint
	Origin     string // of the ledger
	Key        string // public key that the ledger names
	Root       string // of the tree, base64
	Checkpoint []byte // signed
	Reader     Reader // as admitted
}

// reportMargin is how long before its period a report begins to read: records
// are nearly in the order of time.
const reportMargin = time.Hour

// maxReports bounds the reports that are made at a time.
const maxReports = 2

// ErrReports is the error of one report too many.
var ErrReports = fmt.Errorf("%w: %d reports are being made already: wait for the end of one", ErrBusy, maxReports)

// Report reads the record for a report, under the newest checkpoint, and hands
// each event that the reader may see to add, or what is wrong with it; payloads
// are handed without their content. finish then makes the file, and names the
// records that it lists one by one. The look is recorded, with the hash of the
// file, before the file is returned.
//
// add must not keep the event.
func (r *Room) Report(ctx context.Context, who Reader, x Report, add func(n uint64, e *event.Event, bad *Problem) error, finish func(Basis) (file []byte, listed []uint64, err error)) ([]byte, error) {
	who, err := r.admit(who, ActReport)
	if err == nil && x.Looks {
		err = who.May(ActLooks)
	}
	if err != nil {
		return nil, err
	}
	select {
	case r.reports <- struct{}{}:
		defer func() { <-r.reports }()
	default:
		return nil, ErrReports
	}
	b, err := r.basis(ctx, x)
	if err != nil {
		return nil, err
	}
	b.Reader = who
	err = r.each(ctx, b.First, b.Size, func(n uint64, e *event.Event, bad *Problem) error {
		if bad != nil {
			return add(n, nil, bad)
		}
		if e.Kind == event.Look && !who.seesLooks() {
			return nil
		}
		if e.Payload != nil {
			e.Payload = &event.Payload{} // that it is there is no secret
		}
		return add(n, e, nil)
	})
	if err != nil {
		return nil, err
	}
	file, listed, err := finish(b)
	if err != nil {
		return nil, err
	}
	return file, r.sealReport(ctx, who, x, b, file, listed)
}

// basis waits until a checkpoint covers all that is sealed now, for a moment,
// and returns what a report of it rests on.
func (r *Room) basis(ctx context.Context, x Report) (Basis, error) {
	size, err := r.sealed()
	if err != nil {
		return Basis{}, err
	}
	c, signed, err := r.Checkpoint()
	for try := 0; (errors.Is(err, ErrPending) || err == nil && c.Size < size) && try < 20; try++ {
		select {
		case <-ctx.Done():
			return Basis{}, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		c, signed, err = r.Checkpoint()
	}
	if err != nil {
		return Basis{}, err
	}
	b := Basis{Size: c.Size, Origin: c.Origin, Key: r.cfg.Ledger.Format().Key, Root: base64.StdEncoding.EncodeToString(c.Root[:]), Checkpoint: signed}
	if !x.Whole {
		if b.First, err = r.position(x.From.Add(-reportMargin)); err != nil {
			return Basis{}, err
		}
		b.First = min(b.First, b.Size)
	}
	return b, nil
}

// sealReport records the look of a report. The numbers of the records that it
// lists are in it as far as they fit, the others in looks "report-part".
func (r *Room) sealReport(ctx context.Context, who Reader, x Report, b Basis, file []byte, listed []uint64) error {
	var seen shown
	for _, n := range listed {
		if seen.add(n) {
			if err := r.look(ctx, who, "report-part", "", nil, seen.facts()...); err != nil {
				return err
			}
			seen = shown{}
		}
	}
	sum := sha256.Sum256(file)
	facts := append(seen.facts(), Query{From: x.From, To: x.To}.bounds()...)
	facts = append(facts,
		event.Fact{Name: "format", Value: x.Format}, event.Fact{Name: "report", Value: x.Name}, event.Fact{Name: "sha256", Value: hex.EncodeToString(sum[:])})
	if b.Size > b.First {
		facts = append(facts, event.Fact{Name: "read", Value: string(appendRange(nil, b.First, b.Size-1))})
	}
	return r.look(ctx, who, ActReport, "", x.Objects, facts...)
}

// Signers returns the names of the signers of a signed note, in its order. Their
// signatures are not checked.
func Signers(signed []byte) []string {
	var names []string
	for line := range strings.SplitSeq(string(signed), "\n") {
		if rest, ok := strings.CutPrefix(line, "— "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}
