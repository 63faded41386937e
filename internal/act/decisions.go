package act

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
)

// The names of the decision events about measures, beside the kinds of
// [policy.Kinds], by which one comes in force.
const (
	notePropose = "measure-proposed"
	noteReject  = "measure-rejected"
	noteLapse   = "measure-lapsed"
	noteUndo    = "measure-undone"
	noteExpire  = "measure-expired"
	noteOff     = "measures-off" // system: this start goes without them
)

// The facts of these events.
const (
	factMeasure  = "measure"     // id
	factKind     = "kind"        // of a proposal
	factSubject  = "subject"     // without its address, which is in the what envelope
	factAddress  = "address"     // "envelope": the subject has an address
	factSince    = "since"       // RFC 3339, nanoseconds
	factUntil    = "until"       // likewise
	factFor      = "for"         // of a proposal: a duration
	factAnswer   = "answer_by"   // of a proposal
	factDryRun   = "dry_run"     // "true"
	factWide     = "wide"        // "true"
	factRate     = "rate"        // calls a second
	factBurst    = "burst"       // calls at once
	factRule     = "rule"        // name
	factIncident = "incident"    // id
	factProposal = "proposal"    // number of the event by which it was proposed
	factEnded    = "ended"       // of an end: RFC 3339, nanoseconds
	factProposer = "proposed_by" // pseudonym
)

// objSubject is the type of the object in the envelope that holds the whole
// subject.
const objSubject = "subject"

// facts returns what the header of a decision says of m.
func (m *kept) facts() []event.Fact {
	bare := m.Subject
	bare.Address = policy.Subject{}.Address
	list := []event.Fact{{Name: factMeasure, Value: m.ID}, {Name: factSince, Value: stamp(m.Since)}}
	add := func(name, value string) {
		if value != "" {
			list = append(list, event.Fact{Name: name, Value: value})
		}
	}
	add(factSubject, bare.String())
	if m.Subject.Address.IsValid() {
		add(factAddress, "envelope")
	}
	if m.DryRun {
		add(factDryRun, "true")
	}
	if m.Wide {
		add(factWide, "true")
	}
	if m.Kind == policy.Throttle {
		add(factRate, strconv.FormatFloat(m.Rate, 'g', -1, 64))
		add(factBurst, strconv.Itoa(m.Burst))
	}
	if !m.Until.IsZero() {
		add(factUntil, stamp(m.Until))
	}
	add(factRule, m.Rule)
	add(factIncident, m.Incident)
	if m.State == Proposed {
		add(factKind, string(m.Kind))
		add(factAnswer, stamp(m.Answer))
		if m.For > 0 {
			add(factFor, m.For.String())
		}
	} else if m.Proposal != nil {
		add(factProposal, strconv.FormatUint(*m.Proposal, 10))
		add(factProposer, m.By) // absent if a rule proposed it
	}
	return list
}

func (m *kept) objects() []event.Object {
	return []event.Object{{Type: objSubject, ID: m.Subject.String()}}
}

// note is the name of the event by which m comes to be.
func (m *kept) note() string {
	if m.State == Proposed {
		return notePropose
	}
	return string(m.Kind)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// follow reads the records from the one that was read last to the newest, and
// takes what they decide into list. It returns the number of the next record.
func (k *Keeper) follow(ctx context.Context, list map[string]*kept, from uint64) (uint64, error) {
	return reading.FollowHeaders(ctx, k.cfg.Ledger, from, k.cfg.Recorder.Size(), k.cfg.Log.With("for", "measures"), func(n uint64, header []byte) error {
		return k.take(list, n, header)
	})
}

// take notes what a header decides about measures, if anything.
func (k *Keeper) take(list map[string]*kept, n uint64, header []byte) error {
	h, facts := reading.Decision(header)
	if h == nil {
		return nil
	}
	id := facts[factMeasure]
	m := list[id]
	end := func(s State) error {
		if m != nil && m.State.open() {
			at, err := time.Parse(time.RFC3339Nano, facts[factEnded])
			if err != nil {
				at = h.Arrived
			}
			m.end(s, at, n)
		}
		return nil
	}
	switch name := h.Note.Name; name {
	case string(policy.Block), string(policy.Throttle), string(policy.Reauthenticate), notePropose:
		made, err := parse(n, h, facts)
		if err != nil {
			k.cfg.Log.Error("a decision about a measure is not understood, and not in force", "record", n, "error", err)
			return nil
		}
		if err := k.address(n, made, facts); err != nil {
			return err
		}
		list[id] = made
		return nil
	case noteReject:
		return end(Rejected)
	case noteLapse:
		return end(Lapsed)
	case noteUndo:
		return end(Undone)
	case noteExpire:
		return end(Expired)
	}
	return nil
}

// ending returns the facts of the end of m at a time.
func (m *kept) ending(at time.Time) []event.Fact {
	return []event.Fact{{Name: factEnded, Value: stamp(at)}, {Name: factMeasure, Value: m.ID}}
}

// end ends m. What is personal about it is then in the record only.
func (m *kept) end(s State, at time.Time, n uint64) {
	m.State, m.Ended, m.Ending = s, at, n
	m.Subject.Address = policy.Subject{}.Address
	m.Text = m.Subject.String()
}

// parse reads the measure that record n decides or proposes, but for its
// address.
func parse(n uint64, h *event.Header, facts map[string]string) (*kept, error) {
	m := &kept{
		ID: facts[factMeasure], Kind: policy.Kind(h.Note.Name), State: InForce, Decision: n, By: h.Principal.ID,
		DryRun: facts[factDryRun] == "true", Wide: facts[factWide] == "true", Rule: facts[factRule], Incident: facts[factIncident],
	}
	var errs []error
	at := func(name string, to *time.Time) {
		if v := facts[name]; v != "" {
			t, err := time.Parse(time.RFC3339Nano, v)
			errs = append(errs, err)
			*to = t
		}
	}
	at(factSince, &m.Since)
	at(factUntil, &m.Until)
	at(factAnswer, &m.Answer)
	if h.Note.Name == notePropose {
		m.State, m.Kind, m.Proposal = Proposed, policy.Kind(facts[factKind]), &n
	}
	if v := facts[factProposal]; v != "" {
		p, err := strconv.ParseUint(v, 10, 64)
		errs = append(errs, err)
		m.Proposal, m.By = &p, facts[factProposer]
	}
	var err error
	if v := facts[factFor]; v != "" {
		m.For, err = time.ParseDuration(v)
		errs = append(errs, err)
	}
	if v := facts[factRate]; v != "" {
		m.Rate, err = strconv.ParseFloat(v, 64)
		errs = append(errs, err)
		m.Burst, err = strconv.Atoi(facts[factBurst])
		errs = append(errs, err)
	}
	if v := facts[factSubject]; v != "" {
		m.Subject, err = policy.ParseSubject(v)
		errs = append(errs, err)
	}
	if m.ID == "" || m.Since.IsZero() || m.Subject.IsZero() && facts[factAddress] == "" {
		errs = append(errs, errors.New("its id, its time or its subject is missing"))
	}
	return m, errors.Join(errs...)
}

// address reads the address of a measure from the envelope of its decision. If
// that was erased the measure cannot be in force any more.
func (k *Keeper) address(n uint64, m *kept, facts map[string]string) error {
	defer func() { m.Text = m.Subject.String() }()
	if facts[factAddress] == "" {
		return nil
	}
	whole, err := k.subjectAt(n)
	if err != nil {
		return err
	}
	if m.Broken = !whole.Address.IsValid(); m.Broken {
		k.cfg.Log.Warn("a measure has lost its address by erasure, and is not in force", "measure", m.ID, "record", n)
	}
	m.Subject.Address = whole.Address
	return nil
}

// subjectAt returns the subject that the envelope of record n holds; the zero
// one if it was erased.
func (k *Keeper) subjectAt(n uint64) (policy.Subject, error) {
	s, err := k.read(n, event.ClassWhat)
	if err != nil {
		return policy.Subject{}, fmt.Errorf("reading the decision %d: %w", n, err)
	}
	e, err := s.Open()
	if err != nil || e.What == nil {
		return policy.Subject{}, nil
	}
	for _, o := range e.What.Objects {
		if o.Type == objSubject {
			j, err := policy.ParseSubject(o.ID)
			if err != nil {
				return policy.Subject{}, nil
			}
			return j, nil
		}
	}
	return policy.Subject{}, nil
}

// read returns record n, which may be new.
func (k *Keeper) read(n uint64, classes ...event.Class) (*event.Sealed, error) {
	if k.cfg.Ledger.Size() <= n {
		if err := k.cfg.Ledger.Refresh(); err != nil {
			return nil, err
		}
	}
	return k.cfg.Ledger.Read(n, classes...)
}

// words returns who decided record n, and why, as far as that is still there.
func (k *Keeper) words(n uint64) (by, reason string) {
	s, err := k.read(n, event.ClassWho, event.ClassWhat)
	if err != nil {
		return "", ""
	}
	e, err := s.Open()
	if err != nil {
		return "", ""
	}
	if e.Who != nil {
		by = e.Who.Subject
	}
	if e.What != nil {
		for _, o := range e.What.Objects {
			if o.Type == "reason" {
				reason = strings.TrimSpace(o.ID)
			}
		}
	}
	return by, reason
}
