package revoke

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
)

// The names of the decision events about revocations.
const (
	noteDecided = "revocation"
	noteRetried = "revocation-retried"
	noteDone    = "revocation-done"
	noteFailed  = "revocation-failed"

	noteProposed = "revocation-proposed"
	noteRejected = "revocation-rejected"
	noteLapsed   = "revocation-lapsed"
)

// The facts of these events.
const (
	factID         = "revocation" // id
	factProvider   = "provider"   // name
	factAction     = "action"     // one of the actions
	factCredential = "credential" // fingerprint of the token
	factHint       = "token_type" // of the token: access_token or refresh_token
	factAccount    = "account"    // pseudonym of the account at the provider; its name is in the envelope
	factSince      = "since"      // RFC 3339, nanoseconds
	factIncident   = "incident"   // id
	factUndoes     = "undoes"     // id of another revocation
	factEnded      = "ended"      // of an end: RFC 3339, nanoseconds
	factAttempts   = "attempts"   // of an end: how many there were
	factDetail     = "detail"     // of an end: what there is to say
	factError      = "error"      // of a failure: why
	factAnswer     = "answer_by"  // of a proposal: when it lapses, RFC 3339, nanoseconds
	factProposal   = "proposal"   // of what was approved: number of the event by which it was proposed
	factProposer   = "proposer"   // of what was approved: pseudonym of who proposed it
)

// objAccount is the type of the object in the envelope that names the account.
const objAccount = "account"

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// facts returns what the header of the decision says of k.
func (k *kept) facts() []event.Fact {
	list := []event.Fact{{Name: factID, Value: k.ID}, {Name: factProvider, Value: k.Provider}, {Name: factAction, Value: string(k.Action)}, {Name: factSince, Value: stamp(k.Since)}}
	for _, f := range []event.Fact{{Name: factCredential, Value: k.Fingerprint}, {Name: factHint, Value: k.Hint}, {Name: factAccount, Value: k.Account}, {Name: factIncident, Value: k.Incident}, {Name: factUndoes, Value: k.Undoes}} {
		if f.Value != "" {
			list = append(list, f)
		}
	}
	switch {
	case k.State == Proposed:
		list = append(list, event.Fact{Name: factAnswer, Value: stamp(k.Answer)})
	case k.Proposal != nil:
		list = append(list, event.Fact{Name: factProposal, Value: strconv.FormatUint(*k.Proposal, 10)}, event.Fact{Name: factProposer, Value: k.By})
	}
	return list
}

// ending returns the facts of the end of k.
func (k *kept) ending() []event.Fact {
	list := []event.Fact{{Name: factID, Value: k.ID}, {Name: factProvider, Value: k.Provider}, {Name: factEnded, Value: stamp(k.Ended)}, {Name: factAttempts, Value: strconv.Itoa(k.Attempts)}}
	if k.Detail != "" {
		list = append(list, event.Fact{Name: factDetail, Value: k.Detail})
	}
	if k.Error != "" {
		list = append(list, event.Fact{Name: factError, Value: k.Error})
	}
	return list
}

// follow reads the records from a number to the newest, and takes what they say
// of revocations into list. It returns the number of the next record.
func (d *Desk) follow(ctx context.Context, list map[string]*kept, from uint64) (uint64, error) {
	return reading.FollowHeaders(ctx, d.cfg.Ledger, from, d.cfg.Recorder.Size(), d.cfg.Log.With("for", "revocations"), func(n uint64, header []byte) error {
		d.take(list, n, header)
		return nil
	})
}

// take notes what a header says of a revocation, if anything.
func (d *Desk) take(list map[string]*kept, n uint64, header []byte) {
	h, facts := reading.Decision(header)
	if h == nil {
		return
	}
	k := list[facts[factID]]
	switch h.Note.Name {
	case noteDecided, noteProposed:
		made, err := decided(h, n, facts)
		if err != nil {
			d.cfg.Log.Error("a decision about a revocation is not understood", "record", n)
			return
		}
		list[made.ID] = made
	case noteRetried:
		if k != nil && k.State == Failed {
			again := *k
			again.again(h.Arrived)
			list[k.ID] = &again
		}
	case noteRejected, noteLapsed:
		if k != nil && k.State == Proposed {
			end := *k
			end.State, end.Ending, end.Ended = Rejected, n, endedAt(h, facts)
			if h.Note.Name == noteLapsed {
				end.State = Lapsed
			}
			list[k.ID] = &end
		}
	case noteDone, noteFailed:
		if k != nil && k.State == Pending {
			end := *k
			end.State, end.Error, end.Detail, end.Ending, end.Due = Done, facts[factError], facts[factDetail], n, time.Time{}
			if h.Note.Name == noteFailed {
				end.State = Failed
			}
			end.Ended = endedAt(h, facts)
			end.Attempts, _ = strconv.Atoi(facts[factAttempts])
			list[k.ID] = &end
		}
	}
}

// endedAt returns when an end was, of which the facts are.
func endedAt(h *event.Header, facts map[string]string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, facts[factEnded])
	if err != nil {
		return h.Arrived
	}
	return at
}

// decided returns the revocation that a decision, of which the facts are, begins.
func decided(h *event.Header, n uint64, facts map[string]string) (k *kept, err error) {
	k = &kept{
		ID: facts[factID], Provider: facts[factProvider], Action: Action(facts[factAction]), Fingerprint: facts[factCredential], Hint: facts[factHint],
		Account: facts[factAccount], State: Pending, Incident: facts[factIncident], Undoes: facts[factUndoes], Decision: n, By: h.Principal.ID,
	}
	if k.Since, err = time.Parse(time.RFC3339Nano, facts[factSince]); err != nil {
		return nil, err
	}
	k.From = k.Since
	if text, ok := facts[factProposal]; ok {
		p, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, err
		}
		k.Proposal, k.By = &p, facts[factProposer]
	}
	if h.Note.Name == noteProposed {
		k.State = Proposed
		if k.Answer, err = time.Parse(time.RFC3339Nano, facts[factAnswer]); err != nil {
			return nil, err
		}
	}
	if k.ID == "" {
		return nil, errors.New("it names no revocation")
	}
	return k, nil
}

// again makes k pending once more.
func (k *kept) again(at time.Time) {
	k.State, k.From, k.Due, k.Ended, k.Ending, k.Error = Pending, at, time.Time{}, time.Time{}, 0, ""
}

// read returns record n, which may be new.
func (d *Desk) read(n uint64, classes ...event.Class) (*event.Event, error) {
	if d.cfg.Ledger.Size() <= n {
		if err := d.cfg.Ledger.Refresh(); err != nil {
			return nil, err
		}
	}
	s, err := d.cfg.Ledger.Read(n, classes...)
	if err != nil {
		return nil, err
	}
	return s.Open()
}

// account returns the account that decision n names; empty: it was erased, or
// there is none.
func (d *Desk) account(n uint64) (string, error) {
	e, err := d.read(n, event.ClassWhat)
	if err != nil {
		return "", fmt.Errorf("reading the decision %d: %w", n, err)
	}
	if e.What != nil {
		for _, o := range e.What.Objects {
			if o.Type == objAccount {
				return o.ID, nil
			}
		}
	}
	return "", nil
}

// words returns who decided record n, and why, as far as that is still there.
func (d *Desk) words(n uint64) (by, reason string) {
	e, err := d.read(n, event.ClassWho, event.ClassWhat)
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

// seal seals how a revocation ended.
func (d *Desk) seal(ctx context.Context, name string, facts []event.Fact) (uint64, error) {
	now := d.cfg.Now().UTC()
	var random [8]byte
	rand.Read(random[:])
	slices.SortFunc(facts, func(a, b event.Fact) int { return strings.Compare(a.Name, b.Name) })
	receipt, err := d.cfg.Recorder.Append(ctx, &event.Event{Header: event.Header{
		ID: event.NewID(now, random), Kind: event.Decision, Arrived: now, Completed: now, Edge: d.cfg.Edge,
		Capture: event.Capture{Method: "self", Source: "revoke", Durability: "recorded"}, Note: &event.Note{Name: name, Facts: facts},
	}})
	if err != nil {
		return 0, fmt.Errorf("%w: recording %q: %w", reading.ErrNotRecorded, name, err)
	}
	return receipt.Number, nil
}
