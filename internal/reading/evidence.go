package reading

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/ledger"
)

// Evidence is what an evidence pack is to be of.
type Evidence struct {
	Query
	Disclose  []event.Class // envelopes that the pack holds; the others stay commitments
	Complete  bool          // enclose the headers of all records that were searched
	Case      string        // what the pack is for, in the reader's words; it is in the pack
	Continues []uint64      // sizes of older checkpoints that the pack can be compared with
}

// Limits of a pack beside those of package evidence.
const (
	maxPackBytes   = 256 << 20 // compressed, in memory
	maxPacking     = 2         // packs that are made at a time; others wait
	evidencePage   = 5000      // hits that are asked for at a time
	checkpointWait = 10 * time.Second
)

// Evidence makes an evidence pack of all events that match and are sealed now.
// It seals the look, with what the pack will hold, before it returns anything;
// looks "evidence-part" hold the numbers of records that do not fit into it.
// The pack is not made if a record that is found does not check, or if the
// index cannot be sure to have found all. With it comes the ledger's public key.
func (r *Room) Evidence(ctx context.Context, who Reader, x Evidence) (*evidence.Pack, string, error) {
	p, who, err := r.open(who, ActEvidence, x.Query)
	if err != nil {
		return nil, "", err
	}
	if err := r.checkEvidence(who, p, &x); err != nil {
		return nil, "", err
	}
	select {
	case r.packing <- struct{}{}:
		defer func() { <-r.packing }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	m, err := r.meta()
	if err != nil {
		return nil, "", err
	}
	for _, n := range x.Continues {
		if n < 1 || n > m.Sealed {
			return nil, "", fmt.Errorf("%w: no older checkpoint is of %d records: the ledger has %d", ErrArgument, n, m.Sealed)
		}
	}
	g := &gathering{r: r, plan: p, x: &x, who: who, w: evidence.NewWriter(), claim: evidence.Claim{
		To: m.Sealed, Size: m.Sealed, Since: p.From.UTC(), Until: p.To.UTC(), HideLooks: p.hide, Disclosed: x.Disclose, Complete: x.Complete,
	}}
	if x.Complete {
		err = g.scan(ctx)
	} else {
		err = g.search(ctx, m)
	}
	if err != nil {
		return nil, "", err
	}
	g.claim.Results, g.claim.Envelopes, g.claim.List = g.w.Count()
	facts := append(g.claim.Facts(), g.seen.facts()...)
	var objects []event.Object
	if x.Case != "" {
		objects = append(objects, event.Object{Type: "case", ID: clip(x.Case, 500)})
	}
	receipt, err := r.seal(ctx, who, event.Look, evidence.LookName, x.LogsQL, objects, facts)
	if err != nil {
		return nil, "", err
	}
	pack, err := g.finish(ctx, receipt.Number)
	return pack, r.cfg.Ledger.Format().Key, err
}

// checkEvidence refuses what no pack can be made of.
func (r *Room) checkEvidence(who Reader, p *plan, x *Evidence) error {
	slices.Sort(x.Disclose)
	x.Disclose = slices.Compact(x.Disclose)
	slices.Sort(x.Continues)
	x.Continues = slices.Compact(x.Continues)
	for _, c := range x.Disclose {
		if who.masked && !who.sees(c) {
			return fmt.Errorf("%w: a pack that discloses %s envelopes", ErrReason, c)
		}
		if !who.sees(c) {
			return fmt.Errorf("%w: the role %s does not see %s envelopes", ErrForbidden, who.Role, c)
		}
	}
	q := x.LogsQL
	switch {
	case p.text.pipes != "":
		return &QueryError{q, len(q) - len(p.text.pipes), "an evidence pack has no pipes: it holds events"}
	case r.cfg.Redact(q) != q:
		return &QueryError{q, -1, "it holds what looks like a credential, and the query of a pack is sealed: search for the fingerprint instead"}
	case len(x.Continues) > 16:
		return fmt.Errorf("%w: a pack can be compared with at most 16 older checkpoints", ErrArgument)
	case !x.Complete:
		return nil
	case p.match == nil:
		return &QueryError{q, -1, "a complete pack is judged again by whoever checks it, and this query can be judged by the index only: " + p.rich.Error()}
	case p.text.bare >= 0:
		return &QueryError{q, p.text.bare, "a complete pack is judged from headers: name a field of the header for each word"}
	}
	for _, n := range p.text.names {
		if f := event.Lookup(n.text); f == nil || f.Part != "header" {
			return &QueryError{q, n.pos, fmt.Sprintf("a complete pack is judged from headers, and %s is not in them", n.text)}
		}
	}
	return nil
}

// gathering is a pack in the making.
type gathering struct {
	r     *Room
	plan  *plan
	x     *Evidence
	w     *evidence.Writer
	claim evidence.Claim
	who   Reader
	seen  shown
}

// scan reads the range of records that the time asks for.
func (g *gathering) scan(ctx context.Context) error {
	g.claim.EvaluatedBy = "ledger"
	if !g.plan.From.IsZero() {
		n, err := g.r.position(g.plan.From.Add(-disorder))
		if err != nil {
			return err
		}
		g.claim.From = min(n, g.claim.To)
	}
	if !g.plan.To.IsZero() {
		n, err := g.r.position(g.plan.To.Add(disorder))
		if err != nil {
			return err
		}
		g.claim.To = max(g.claim.From, min(n, g.claim.To))
	}
	if n := g.claim.To - g.claim.From; n > evidence.MaxHeaders {
		return fmt.Errorf("%w: a complete pack encloses the headers of at most %d records, and %d were sealed in this time: narrow it", ErrArgument, evidence.MaxHeaders, n)
	}
	return g.r.cfg.Ledger.ReadRange(g.claim.From, g.claim.To, g.x.Disclose, func(n uint64, s *event.Sealed) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := event.DecodeHeader(s.Header)
		if err != nil {
			return unfit(n, err)
		}
		if err := g.w.Header(n, s.Header); err != nil {
			return fmt.Errorf("%w: %w", ErrArgument, err)
		}
		if g.plan.wants(&event.Event{Header: *h}) {
			return g.add(ctx, n, s, h)
		}
		return g.bounded()
	})
}

// search asks the index, and reads what it names from the ledger.
func (g *gathering) search(ctx context.Context, m Meta) error {
	numbers, err := g.numbers(ctx, m)
	if err != nil {
		return err
	}
	classes := g.classes()
	for _, n := range numbers {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := g.r.cfg.Ledger.Read(n, classes...)
		if err != nil {
			return unfit(n, err)
		}
		e, err := s.Open()
		if err != nil {
			return unfit(n, err)
		}
		if g.plan.match != nil && !g.plan.wants(e) {
			continue // the index is no evidence
		}
		if err := g.add(ctx, n, s, &e.Header); err != nil {
			return err
		}
	}
	return nil
}

// classes returns the envelopes that must be read: those to disclose, and those
// that the query asks about.
func (g *gathering) classes() []event.Class {
	all := []event.Class{event.ClassWho, event.ClassWhat, event.ClassPayload}
	if g.plan.text.bare >= 0 {
		return all
	}
	classes := slices.Clone(g.x.Disclose)
	for _, n := range g.plan.text.names {
		f := event.Lookup(n.text)
		if f == nil {
			return all // a field of the index, made of others
		}
		if c, err := event.ParseClass(f.Part); err == nil {
			classes = append(classes, c)
		}
	}
	return classes
}

// unfit says that record n cannot be in a pack.
func unfit(n uint64, err error) error {
	var evidence *ledger.EvidenceError
	switch {
	case errors.As(err, &evidence):
		return err
	case errors.Is(err, event.ErrEncoding):
		return &ledger.EvidenceError{File: ledger.SealedDir, Where: fmt.Sprintf("record %d", n), Reason: err.Error()}
	case errors.Is(err, ledger.ErrNotFound):
		return fmt.Errorf("%w: it names record %d, which the ledger does not have: rebuild it", ErrIndex, n)
	}
	return fmt.Errorf("reading record %d: %w", n, err)
}

// numbers returns the numbers of the records that match, ascending.
func (g *gathering) numbers(ctx context.Context, m Meta) ([]uint64, error) {
	r, p := g.r, g.plan
	if r.cfg.Index == nil || !r.cfg.Status().Down.IsZero() {
		return g.scanned(ctx, m)
	}
	if m.Note != "" {
		return nil, fmt.Errorf("%w for evidence: %s", ErrIndex, m.Note)
	}
	g.claim.EvaluatedBy = "index"
	s := Search{Query: p.Query, Limit: evidencePage, Oldest: true}
	var after *cursor
	var numbers []uint64
	for {
		hits, err := r.indexHits(ctx, p, s, after)
		if err != nil {
			return nil, err
		}
		for _, h := range hits[:min(len(hits), s.Limit)] {
			if h.number < m.Sealed {
				numbers = append(numbers, h.number)
			}
		}
		if len(numbers) > evidence.MaxEvents {
			return nil, tooMany()
		}
		if len(hits) <= s.Limit {
			break
		}
		last := hits[s.Limit-1]
		after = &cursor{time: last.at, number: last.number}
	}
	if err := r.steady(m); err != nil {
		return nil, err
	}
	if m.Indexed < m.Sealed {
		g.claim.EvaluatedBy = "index and ledger"
		res := &Result{Meta: m}
		res.Meta.Complete = true
		tail, err := r.tailHits(ctx, p, s, nil, res)
		switch {
		case err != nil:
			return nil, err
		case !res.Meta.Complete:
			return nil, fmt.Errorf("%w for evidence: %s; ask again when it has caught up", ErrIndex, res.Meta.Note)
		case len(res.Problems) > 0:
			return nil, evidenceOf(res.Problems[0])
		}
		for _, h := range tail {
			numbers = append(numbers, h.number)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

// scanned looks through the ledger, while there is no index.
func (g *gathering) scanned(ctx context.Context, m Meta) ([]uint64, error) {
	r, p := g.r, g.plan
	if p.match == nil {
		return nil, fmt.Errorf("%w (%s), and this query needs it", ErrIndex, m.Index)
	}
	g.claim.EvaluatedBy = "ledger"
	if !p.From.IsZero() {
		n, err := r.position(p.From.Add(-disorder))
		if err != nil {
			return nil, err
		}
		g.claim.From = min(n, g.claim.To)
	}
	if n := g.claim.To - g.claim.From; n > r.cfg.ScanLimit {
		return nil, fmt.Errorf("%w (%s), and without it %d records would have to be read, where %d is the limit: narrow the time, or wait", ErrIndex, m.Index, n, r.cfg.ScanLimit)
	}
	var numbers []uint64
	err := r.each(ctx, g.claim.From, g.claim.To, func(n uint64, e *event.Event, bad *Problem) error {
		if bad != nil {
			return evidenceOf(*bad)
		}
		if p.wants(e) {
			numbers = append(numbers, n)
		}
		return nil
	})
	return numbers, err
}

func tooMany() error {
	return fmt.Errorf("%w: more than %d events match, which is the limit of a pack: narrow the time or the query", ErrArgument, evidence.MaxEvents)
}

// evidenceOf makes a problem an error.
func evidenceOf(p Problem) error {
	if p.Kind == "evidence" {
		return &ledger.EvidenceError{File: cmp.Or(p.File, ledger.SealedDir), Where: cmp.Or(p.Where, fmt.Sprintf("record %d", p.Number)), Reason: p.Detail}
	}
	return fmt.Errorf("record %d: %s", p.Number, p.Detail)
}

// add adds a record that matches, with what is to be disclosed of it.
func (g *gathering) add(ctx context.Context, n uint64, s *event.Sealed, h *event.Header) error {
	rec := &evidence.Record{Number: n, Header: s.Header}
	for _, c := range g.x.Disclose {
		switch {
		case h.Commit.Of(c).IsZero():
		case s.Envelopes[c] == nil:
			rec.Erased = append(rec.Erased, c)
		default:
			rec.Envelopes[c] = s.Envelopes[c]
		}
	}
	if events, _, _ := g.w.Count(); events == evidence.MaxEvents {
		return tooMany()
	}
	if err := g.w.Event(rec); err != nil {
		return fmt.Errorf("%w: %w", ErrArgument, err)
	}
	if g.seen.add(n) {
		if err := g.r.look(ctx, g.who, "evidence-part", g.x.LogsQL, nil, g.seen.facts()...); err != nil {
			return err
		}
		g.seen = shown{}
	}
	return g.bounded()
}

// bounded refuses a pack that has become too large for memory.
func (g *gathering) bounded() error {
	if g.w.Bytes() > maxPackBytes {
		return fmt.Errorf("%w: the pack would be larger than %d MiB: narrow the time or the query, or do not disclose payloads", ErrArgument, maxPackBytes>>20)
	}
	return nil
}

// finish proves the events and the look, which is record n, under a checkpoint
// that covers them.
func (g *gathering) finish(ctx context.Context, n uint64) (*evidence.Pack, error) {
	r := g.r
	c, signed, err := r.covering(ctx, n)
	if err != nil {
		return nil, err
	}
	s, err := r.cfg.Ledger.Record(n)
	if err != nil {
		return nil, err
	}
	look := &evidence.Record{Number: n, Header: s.Header}
	look.Envelopes[event.ClassWho], look.Envelopes[event.ClassWhat] = s.Envelopes[event.ClassWho], s.Envelopes[event.ClassWhat]
	bounds := g.x.Continues
	if size := g.claim.Size; size > 0 && !slices.Contains(bounds, size) {
		bounds = append(slices.Clone(bounds), size)
		slices.Sort(bounds)
	}
	proof, err := r.cfg.Ledger.ProveRecords(g.w.Records(n), bounds, c.Size)
	if err != nil {
		return nil, err
	}
	return g.w.Finish(&evidence.Seal{Key: r.cfg.Ledger.Format().Key, Checkpoint: signed, Look: look, Bounds: bounds, Proof: proof})
}

// covering waits for a published checkpoint that covers record n: one with
// cosignatures if witnesses have cosigned any so far, and if they do not take
// too long.
func (r *Room) covering(ctx context.Context, n uint64) (ledger.Checkpoint, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, checkpointWait)
	defer cancel()
	for {
		c, signed, err := r.Checkpoint()
		if err != nil && !errors.Is(err, ErrPending) {
			return c, nil, err
		}
		w, witnessed, any := r.witnessed()
		switch covers := err == nil && c.Size > n; {
		case any && w.Size > n && w.Size <= r.cfg.Ledger.Size():
			return w, witnessed, nil
		case covers && (!any || ctx.Err() != nil):
			return c, signed, nil
		case ctx.Err() != nil:
			return c, nil, fmt.Errorf("the look is sealed, and the pack was not made: %w", ErrPending)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// witnessed returns the newest checkpoint that witnesses cosigned, if there is
// any.
func (r *Room) witnessed() (c ledger.Checkpoint, signed []byte, ok bool) {
	key, err := note.NewVerifier(r.cfg.Ledger.Format().Key)
	if err != nil {
		return c, nil, false
	}
	if signed, err = fs.ReadFile(r.cfg.Files, ledger.WitnessedFile); err != nil {
		return c, nil, false
	}
	c, err = ledger.ParseCheckpoint(signed, key)
	return c, signed, err == nil
}
