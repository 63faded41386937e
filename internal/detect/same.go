package detect

// startSame makes the state of a correlation over rules that match the same
// event.
func startSame(c *correlation) func(int, Config) correlator {
	return func(int, Config) correlator { return &sameState{c: c} }
}

// sameState finds an event that all rules match. It knows nothing from one
// event to the next.
type sameState struct {
	c    *correlation
	turn uint32 // of the event that it was told of last
	left int    // rules that have not matched it
}

func (s *sameState) bind(*groups) {}

// observe is told of each rule once, by the engine, before the next event.
func (s *sameState) observe(o *observation, _ int, _ *group) func() verdict {
	if s.turn != o.v.turn {
		s.turn, s.left = o.v.turn, len(s.c.refs)
	}
	if s.left--; s.left > 0 {
		return nil
	}
	return func() verdict {
		return verdict{[]Term{{"rules that matched the same event", s.c.names(), "all of them"}}, nil, 1, o.at}
	}
}

func (s *sameState) held() (int, uint64)          { return 0, 0 }
func (s *sameState) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }
func (s *sameState) UnmarshalJSON([]byte) error   { return nil }
