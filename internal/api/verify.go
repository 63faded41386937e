package api

import (
	"net/http"
	"time"

	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// VerifyRequest says how to verify. The zero value checks everything.
type VerifyRequest struct {
	Key           string   `json:"key,omitempty"`            // public key that the ledger must be signed with; empty: the one that it names itself
	Since         []string `json:"since,omitempty"`          // older signed checkpoints that the ledger must continue
	SkipEnvelopes bool     `json:"skip_envelopes,omitempty"` // leave the envelopes unread
	Decode        bool     `json:"decode,omitempty"`         // decode each header strictly
}

// VerifyItem is one line of the answer; one member is set. The last line is the
// report or the problem.
type VerifyItem struct {
	Progress *Progress `json:"progress,omitempty"`
	Report   *Report   `json:"report,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"` // the verification did not come to an end
}

// Progress is how far a verification is.
type Progress struct {
	Done  uint64 `json:"done"`  // records checked
	Total uint64 `json:"total"` // records to check
}

// Report is what a verification found.
type Report struct {
	OK         bool          `json:"ok"`         // all could be read, and all holds
	Origin     string        `json:"origin"`     // names the ledger
	Key        string        `json:"key"`        // public key that the ledger names
	Size       uint64        `json:"size"`       // records that are there
	Checkpoint uint64        `json:"checkpoint"` // records that the checkpoint covers
	Envelopes  uint64        `json:"envelopes"`  // compared with their commitments
	Problems   []VerifyFault `json:"problems"`   // why the evidence does not hold
	Unreadable []VerifyFault `json:"unreadable"` // what the disk did not give
	Notes      []string      `json:"notes"`      // worth knowing, and not wrong
	Losses     []VerifyLoss  `json:"losses"`     // what is known to be missing from the record
	Clock      []VerifyClock `json:"clock"`      // when the clock had no source, and its steps
	Took       time.Duration `json:"took"`       // nanoseconds
}

// VerifyLoss is something that is known to be missing from the record.
type VerifyLoss struct {
	Reason string    `json:"reason"`         // of a gap event, or ended-without-stop, or missing-numbers
	Count  uint64    `json:"count"`          // events; 0: not known
	From   time.Time `json:"from"`           //
	To     time.Time `json:"to"`             //
	Record *uint64   `json:"record"`         // the event that tells of it; null: none does
	Edge   string    `json:"edge,omitempty"` // the capturing process
}

// VerifyClock is a time in which the clock had no source, or when it jumped.
type VerifyClock struct {
	What   string    `json:"what"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"` // absent: until the end
	Record uint64    `json:"record"`      // the event that tells of it
}

// VerifyFault is one thing that is wrong.
type VerifyFault struct {
	File  string `json:"file"`
	Where string `json:"where,omitempty"` // within the file
	What  string `json:"what"`
}

// progressEvery bounds how often progress is sent.
const progressEvery = 200 * time.Millisecond

func verify(c *call) error {
	var req VerifyRequest
	if err := c.body(&req); err != nil {
		return err
	}
	if err := c.cfg.Room.Admit(c.reader, reading.ActVerify); err != nil {
		return err
	}
	rc := http.NewResponseController(c.w)
	send := func(item VerifyItem) {
		if c.w.status == 0 {
			c.w.Header().Set("Content-Type", "application/jsonl")
		}
		// Nobody may be listening any more: the verification goes on, and its
		// result is recorded.
		encoder(c.w).Encode(item)
		rc.Flush()
	}
	start := c.cfg.Now()
	last := start
	o := ledger.VerifyOptions{Key: req.Key, SkipEnvelopes: req.SkipEnvelopes, Decode: req.Decode, Progress: func(done, total uint64) {
		if now := c.cfg.Now(); now.Sub(last) >= progressEvery {
			last = now
			send(VerifyItem{Progress: &Progress{done, total}})
		}
	}}
	for _, s := range req.Since {
		o.Since = append(o.Since, []byte(s))
	}
	rep, err := c.cfg.Room.Verify(c.r.Context(), c.reader, o)
	if err != nil {
		if c.w.status != 0 {
			p := *problemOf(err)
			p.Type = ProblemPrefix + p.Type
			send(VerifyItem{Problem: &p})
		}
		return err
	}
	send(VerifyItem{Report: &Report{
		OK: rep.OK(), Origin: rep.Format.Origin, Key: rep.Format.Key, Size: rep.Size, Checkpoint: rep.Checkpoint.Size, Envelopes: rep.Envelopes,
		Problems: faults(rep.Problems), Unreadable: faults(rep.Unreadable), Notes: append([]string{}, rep.Notes...),
		Losses: losses(rep.Losses), Clock: clockStates(rep.Clock), Took: c.cfg.Now().Sub(start),
	}})
	return nil
}

func losses(list []ledger.Loss) []VerifyLoss {
	out := make([]VerifyLoss, 0, len(list))
	for _, l := range list {
		v := VerifyLoss{Reason: l.Reason, Count: l.Count, From: l.From, To: l.To, Edge: l.Edge}
		if l.Reason != ledger.MissingNumbers {
			v.Record = &l.Record
		}
		out = append(out, v)
	}
	return out
}

func clockStates(list []ledger.ClockState) []VerifyClock {
	out := make([]VerifyClock, 0, len(list))
	for _, s := range list {
		out = append(out, VerifyClock{s.What, s.From, s.To, s.Record})
	}
	return out
}

func faults(ps []ledger.Problem) []VerifyFault {
	list := make([]VerifyFault, 0, len(ps))
	for _, p := range ps {
		list = append(list, VerifyFault{p.File, p.Where, p.What})
	}
	return list
}
