package gateway

import (
	"sync/atomic"

	"github.com/gatebook/gatebook/capture"
)

// Stats is what a gateway has done since it was made. Calls in flight are in
// none of the counts but InFlight.
type Stats struct {
	InFlight int64             // calls now
	Calls    uint64            // that have ended, rejected ones included
	Rejected uint64            // of these, refused before there was a request: malformed, or no TLS
	Denied   uint64            // of these, by Gatebook's decision
	Status   map[string]uint64 // by class: "1xx" (switched protocols) to "5xx", and "none" where no answer was sent
	Errors   map[string]uint64 // by the codes of package capture; those that have not occurred are 0
	BytesIn  uint64            // of requests' bodies
	BytesOut uint64            // of answers' bodies
}

type stats struct {
	inFlight               atomic.Int64
	calls, rejects, denied atomic.Uint64
	in, out                atomic.Uint64
	status                 [6]atomic.Uint64
	errors                 map[string]*atomic.Uint64 // not changed after init
}

var classes = [6]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (s *stats) init() {
	s.errors = make(map[string]*atomic.Uint64)
	for _, code := range capture.Codes() {
		s.errors[code] = new(atomic.Uint64)
	}
}

func (s *stats) ended(x *capture.Exchange) {
	s.inFlight.Add(-1)
	s.calls.Add(1)
	in, out := x.Counts()
	if in > 0 {
		s.in.Add(in)
	}
	s.out.Add(out)
	s.status[min(max(x.Status()/100, 0), 5)].Add(1)
	if x.Denied() {
		s.denied.Add(1)
	}
	if n := s.errors[x.Failed()]; n != nil {
		n.Add(1)
	}
}

func (s *stats) rejected(j capture.Rejected) {
	s.calls.Add(1)
	s.rejects.Add(1)
	s.status[min(max(j.Status/100, 0), 5)].Add(1)
	if n := s.errors[j.Code]; n != nil {
		n.Add(1)
	}
}

// Stats returns the counts of now. They are read one after the other, so they
// can differ by the calls that end meanwhile.
func (g *Gateway) Stats() Stats {
	s := &g.stats
	out := Stats{
		InFlight: s.inFlight.Load(), Calls: s.calls.Load(), Rejected: s.rejects.Load(), Denied: s.denied.Load(),
		BytesIn: s.in.Load(), BytesOut: s.out.Load(),
		Status: make(map[string]uint64, len(classes)), Errors: make(map[string]uint64, len(s.errors)),
	}
	for i, class := range classes {
		out.Status[class] = s.status[i].Load()
	}
	for code, n := range s.errors {
		out.Errors[code] = n.Load()
	}
	return out
}
