package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrEncoding is the error of bytes that this package would not have written:
// duplicate, unknown or misspelt keys, another order, another spelling of a
// value, or an event that is not valid.
var ErrEncoding = errors.New("not the encoding of an event")

// ErrVersion is the error of an event that a newer Gatebook wrote.
var ErrVersion = errors.New("written by a newer version of Gatebook")

// DecodeHeader is the inverse of the header's encoding: it refuses with
// [ErrEncoding] whatever [Event.Seal] would not have written.
func DecodeHeader(b []byte) (*Header, error) {
	if h := new(Header); readHeader(b, h) && h.Version <= Version && !h.newer() && h.check() == nil && spelt(b, h, appendHeader) {
		return h, nil
	}
	// Something is wrong with it: this way says what.
	var h Header
	if err := decode(b, &h); err != nil {
		var version struct {
			V int `json:"v"`
		}
		if json.Unmarshal(b, &version) == nil && version.V > Version {
			return nil, fmt.Errorf("header of version %d: %w", version.V, ErrVersion)
		}
		return nil, fmt.Errorf("header: %w", err)
	}
	if h.Version > Version {
		return nil, fmt.Errorf("header of version %d: %w", h.Version, ErrVersion)
	}
	if h.newer() {
		return nil, fmt.Errorf("header: %w: it has members that came after version %d", ErrEncoding, h.Version)
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	if !bytes.Equal(appendHeader(make([]byte, 0, len(b)), &h), b) {
		return nil, fmt.Errorf("header: %w: it is spelt differently", ErrEncoding)
	}
	return &h, nil
}

// DecodeWho is the inverse of the encoding of a who envelope.
func DecodeWho(b []byte) (*Who, error) {
	return decodeEnvelope(ClassWho, b, readWho, appendWho)
}

// DecodeWhat is the inverse of the encoding of a what envelope.
func DecodeWhat(b []byte) (*What, error) {
	return decodeEnvelope(ClassWhat, b, readWhat, appendWhat)
}

// DecodePayload is the inverse of the encoding of a payload envelope.
func DecodePayload(b []byte) (*Payload, error) {
	return decodeEnvelope(ClassPayload, b, readPayload, appendPayload)
}

// Open decodes s, and checks each envelope against its commitment. An envelope
// that is nil in s stays nil.
func (s *Sealed) Open() (*Event, error) {
	h, err := DecodeHeader(s.Header)
	if err != nil {
		return nil, err
	}
	e := &Event{Header: *h}
	for c := range Class(Classes) {
		env := s.Envelopes[c]
		if env == nil {
			continue
		}
		if !env.Check(c, h.Commit.Of(c)) {
			return nil, fmt.Errorf("event %s: the %s envelope is not the one that was sealed", h.ID, c)
		}
		switch c {
		case ClassWho:
			e.Who, err = DecodeWho(env.Data)
		case ClassWhat:
			e.What, err = DecodeWhat(env.Data)
		case ClassPayload:
			e.Payload, err = DecodePayload(env.Data)
		}
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", h.ID, err)
		}
	}
	return e, nil
}

// spelt reports whether b is how v is written.
func spelt[T any](b []byte, v *T, write func([]byte, *T) []byte) bool {
	return bytes.Equal(write(make([]byte, 0, len(b)+1), v), b)
}

func decodeEnvelope[T any](c Class, b []byte, read func([]byte, *T) bool, write func([]byte, *T) []byte) (*T, error) {
	if v := new(T); read(b, v) && spelt(b, v, write) {
		return v, nil
	}
	v := new(T)
	if err := decode(b, v); err != nil {
		return nil, fmt.Errorf("%s envelope: %w", c, err)
	}
	if !bytes.Equal(write(make([]byte, 0, len(b)), v), b) {
		return nil, fmt.Errorf("%s envelope: %w: it is spelt differently", c, ErrEncoding)
	}
	return v, nil
}

// decode reads leniently; that the bytes are the ones we would write is
// checked by writing them again.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	return nil
}
