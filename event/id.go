package event

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// ID names an event for ever. It is chosen where the call is seen, so that
// sending an event twice is harmless. It is a UUID version 7 (RFC 9562,
// section 5.7, with method 3 of section 6.2 for the time below a
// millisecond), so that ids sort by time. The zero ID is no id.
type ID [16]byte

// NewID returns the ID of an event that arrived at t. The last eight bytes of
// random, less two bits, tell events of the same quarter microsecond apart.
func NewID(t time.Time, random [8]byte) ID {
	var id ID
	ms := uint64(t.UnixMilli())
	sub := uint64(t.UnixNano()-t.UnixMilli()*1e6) * 4096 / 1e6
	binary.BigEndian.PutUint64(id[:8], ms<<16|7<<12|sub&0xfff)
	copy(id[8:], random[:])
	id[8] = id[8]&0x3f | 0x80
	return id
}

// IsZero reports whether id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// Time returns the time in id, to the millisecond.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC()
}

// String returns the 36 characters of a UUID, in lower case.
func (id ID) String() string { return string(id.append(nil)) }

func (id ID) append(b []byte) []byte {
	var s [36]byte
	hex.Encode(s[0:8], id[0:4])
	hex.Encode(s[9:13], id[4:6])
	hex.Encode(s[14:18], id[6:8])
	hex.Encode(s[19:23], id[8:10])
	hex.Encode(s[24:36], id[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return append(b, s[:]...)
}

// ParseID is the inverse of [ID.String] and refuses any other spelling.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		h := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
		if _, err := hex.Decode(id[:], []byte(h)); err == nil && id.String() == s && id[6]>>4 == 7 {
			return id, nil
		}
	}
	return ID{}, fmt.Errorf("event id %q: want a version 7 UUID in lower case, like 0197a3b0-5c1e-7d2a-9f00-3b6c1f6e2a10", clip(s, 60))
}

// MarshalText writes the id as [ID.String] does.
func (id ID) MarshalText() ([]byte, error) { return id.append(nil), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
