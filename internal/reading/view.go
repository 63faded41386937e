package reading

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/ledger"
)

// Detail is one event and its proof.
type Detail struct {
	Record Record `json:"record"`
	Proof  *Proof `json:"proof,omitempty"` // absent: no checkpoint covers the event yet
	Note   string `json:"note,omitempty"`  // why there is no proof, or no payload
}

// Proof shows that an event is in the ledger. It was checked before it is shown.
type Proof struct {
	Number     uint64   `json:"number"`     // of the event
	Size       uint64   `json:"size"`       // records in the tree of the checkpoint
	Leaf       string   `json:"leaf"`       // hash of the leaf, base64
	Path       []string `json:"path"`       // audit path of RFC 6962, from the leaf upwards, base64
	Checkpoint string   `json:"checkpoint"` // signed, C2SP tlog-checkpoint
	Key        string   `json:"key"`        // public key that the ledger names, C2SP signed-note
	Text       string   `json:"text"`       // all of it as C2SP tlog-proof; its extra data are the sealed header
}

// ErrPending is the error of a proof of an event that no checkpoint covers yet.
var ErrPending = errors.New("no checkpoint covers the event yet: ask again in a second")

// Event returns the event with the given number or id, and its proof.
func (r *Room) Event(ctx context.Context, who Reader, ref string) (*Detail, error) {
	who, err := r.admit(who, ActView)
	if err != nil {
		return nil, err
	}
	n, err := r.number(ctx, ref)
	if err != nil {
		return nil, err
	}
	s, err := r.cfg.Ledger.Record(n)
	if err != nil {
		return nil, err
	}
	rec, e, bad := show(who, n, s, allRead)
	if bad != nil {
		return nil, &ledger.EvidenceError{File: bad.File, Where: fmt.Sprintf("record %d", n), Reason: bad.Detail}
	}
	if e.Kind == event.Look && !who.seesLooks() {
		return nil, who.May(ActLooks)
	}
	r.explain(rec)
	if who.NoPayload {
		rec.leaveOutPayload()
	}
	d := &Detail{Record: *rec}
	if who.masked && len(rec.Withheld) > 0 {
		d.Note = "the payload is withheld, because no reason was given (--reason, or the header Gatebook-Reason); "
	}
	d.Proof, err = r.prove(n, s.Header)
	switch {
	case errors.Is(err, ErrPending):
		d.Note += err.Error()
	case err != nil:
		return nil, err
	}
	d.Note = strings.TrimSuffix(d.Note, "; ")
	if err := r.look(ctx, who, ActView, "", looked(e), event.Fact{Name: "number", Value: strconv.FormatUint(n, 10)}); err != nil {
		return nil, err
	}
	return d, nil
}

// Prove returns the proof of the event with the given number or id. It waits up
// to two seconds for a checkpoint that covers the event, then fails with
// [ErrPending].
func (r *Room) Prove(ctx context.Context, who Reader, ref string) (*Proof, error) {
	who, err := r.admit(who, ActProve)
	if err != nil {
		return nil, err
	}
	n, err := r.number(ctx, ref)
	if err != nil {
		return nil, err
	}
	s, err := r.cfg.Ledger.Read(n)
	if err != nil {
		return nil, err
	}
	h, err := event.DecodeHeader(s.Header)
	if err != nil {
		return nil, err
	}
	proof, err := r.prove(n, s.Header)
	for try := 0; errors.Is(err, ErrPending) && try < 20; try++ {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		proof, err = r.prove(n, s.Header)
	}
	if err != nil {
		return nil, err
	}
	if err := r.look(ctx, who, ActProve, "", looked(&event.Event{Header: *h}), event.Fact{Name: "number", Value: strconv.FormatUint(n, 10)}); err != nil {
		return nil, err
	}
	return proof, nil
}

// looked names the event that was looked at.
func looked(e *event.Event) []event.Object {
	return []event.Object{{Type: "event", ID: e.ID.String()}}
}

func (r *Room) prove(n uint64, header []byte) (*Proof, error) {
	c, signed, err := r.provenBy(n)
	if err != nil {
		return nil, err
	}
	if n >= c.Size {
		return nil, ErrPending
	}
	proof, err := r.cfg.Ledger.Prove(n, c.Size)
	if err != nil {
		return nil, err
	}
	if err := proof.Check(header, c); err != nil {
		return nil, &ledger.EvidenceError{File: ledger.CheckpointFile, Where: fmt.Sprintf("record %d", n), Reason: err.Error()}
	}
	leaf := ledger.RecordHash(header)
	p := &Proof{
		Number: n, Size: c.Size, Leaf: base64.StdEncoding.EncodeToString(leaf[:]), Path: []string{},
		Checkpoint: string(signed), Key: r.cfg.Ledger.Format().Key,
	}
	var b strings.Builder
	fmt.Fprintf(&b, "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", base64.StdEncoding.EncodeToString(header), n)
	for _, h := range proof.Path {
		line := base64.StdEncoding.EncodeToString(h[:])
		p.Path = append(p.Path, line)
		b.WriteString(line + "\n")
	}
	p.Text = b.String() + "\n" + p.Checkpoint
	return p, nil
}

// Checkpoint returns the newest published checkpoint. It is public, and no look
// is recorded. With no checkpoint published yet the error is [ErrPending].
func (r *Room) Checkpoint() (ledger.Checkpoint, []byte, error) {
	c, signed, err := r.cfg.Ledger.Checkpoint()
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil, ErrPending
	}
	if err != nil {
		return c, nil, err
	}
	// The checkpoint may be newer than what was read of the ledger.
	if c.Size > r.cfg.Ledger.Size() {
		err = r.cfg.Ledger.Refresh()
	}
	return c, signed, err
}

// number returns the number of the event that ref, a number or an id, names.
func (r *Room) number(ctx context.Context, ref string) (uint64, error) {
	size, err := r.sealed()
	if err != nil {
		return 0, err
	}
	if n, err := strconv.ParseUint(ref, 10, 64); err == nil {
		if n >= size {
			return 0, fmt.Errorf("record %d: %w: the ledger has %d records, from 0 on", n, ledger.ErrNotFound, size)
		}
		return n, nil
	}
	id, err := event.ParseID(strings.ToLower(ref))
	if err != nil {
		return 0, fmt.Errorf("%w: %q is neither the number of an event nor an id: %v", ErrArgument, clip(ref, 60), err)
	}
	if r.cfg.Index != nil {
		hits, err := r.cfg.Index.Search(ctx, index.Query{LogsQL: "id:=" + quote(id.String()), Limit: 1})
		if err == nil && len(hits) == 1 && r.is(hits[0].Number, id) {
			return hits[0].Number, nil
		}
	}
	return r.findID(ctx, id, size)
}

func (r *Room) is(n uint64, id event.ID) bool {
	s, err := r.cfg.Ledger.Read(n)
	if err != nil {
		return false
	}
	h, err := event.DecodeHeader(s.Header)
	return err == nil && h.ID == id
}

// idWindow is how many records are searched for an id, from the place where a
// call that ended as soon as it arrived would be.
const idWindow = 20_000

// findID finds an event by its id without the index: the id holds the time of
// arrival, and records are nearly in the order in which calls end.
func (r *Room) findID(ctx context.Context, id event.ID, size uint64) (uint64, error) {
	from, err := r.position(id.Time().Add(-time.Second))
	if err != nil {
		return 0, err
	}
	to := min(from+idWindow, size)
	at, ok := uint64(0), false
	errFound := errors.New("found")
	err = r.each(ctx, from, to, func(n uint64, e *event.Event, _ *Problem) error {
		if e != nil && e.ID == id {
			at, ok = n, true
			return errFound
		}
		return nil
	})
	switch {
	case ok:
		return at, nil
	case err != nil:
		return 0, err
	case to < size:
		return 0, fmt.Errorf("event %s: %w among the %d records from %d on, where it should be; the index may know more", id, ledger.ErrNotFound, idWindow, from)
	}
	return 0, fmt.Errorf("event %s: %w", id, ledger.ErrNotFound)
}
