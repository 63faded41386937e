package capture

import (
	"net/netip"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Rejected is a call that ended before it was one: what is known of it is
// little.
type Rejected struct {
	Source  string         // the listener
	Peer    netip.AddrPort // the other end of the socket
	Status  int            // sent; 0: none
	Code    string         // what was wrong: RequestMalformed, HeaderTooLarge, TLSHandshake
	Arrived time.Time      // when it was seen
}

// Reject records a call that the server refused before any handler saw it.
func (r *Recorder) Reject(j Rejected) {
	w := new(whole)
	e := &w.event
	e.Who = &w.who
	x := Exchange{arrived: j.Arrived}
	e.ID, e.Kind = x.newID(), event.Access
	e.Arrived = j.Arrived.UTC()
	if j.Status != 0 {
		e.Completed = e.Arrived
	}
	e.Edge, e.Sequence = r.edge, r.sequence.Add(1)
	e.Capture = event.Capture{Method: r.method, Source: j.Source, Durability: string(Served)}
	e.Principal = event.Principal{Kind: event.Unknown, Reason: j.Code}
	e.Credential = event.Credential{Method: "none"}
	e.Outcome = event.Outcome{Status: j.Status, Error: j.Code}
	e.Who.Peer = address(j.Peer)
	if j.Peer.IsValid() {
		e.Who.Address = j.Peer.Addr().String()
	}
	r.sink.Put(e)
}
