package event

// ReadHeader is what DecodeHeader tries first, and SlowHeader what says what is
// wrong with a header.
func ReadHeader(b []byte) (*Header, bool) {
	h := new(Header)
	return h, readHeader(b, h)
}

// SlowHeader is the decoder by reflection.
func SlowHeader(b []byte) (*Header, error) {
	h := new(Header)
	return h, decode(b, h)
}

// ReadEnvelopes reads the envelopes of s in the fast way.
func ReadEnvelopes(s *Sealed) (*Who, *What, *Payload, bool) {
	who, what, payload := new(Who), new(What), new(Payload)
	ok := readWho(s.Envelopes[ClassWho].Data, who) && readWhat(s.Envelopes[ClassWhat].Data, what) && readPayload(s.Envelopes[ClassPayload].Data, payload)
	return who, what, payload, ok
}
