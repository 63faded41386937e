package policy

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// prefixes finds the ranges that an address is in: by one look-up for each
// length that any of them has. The zero value has none.
type prefixes [2][]length // of IPv4, of IPv6

// length is the ranges of one length.
type length struct {
	bits int
	by   map[bits128][]*entry
}

// bits128 is an address, as far as the length goes.
type bits128 struct{ high, low uint64 }

func (l *length) key(a netip.Addr) bits128 {
	if a.Is4() {
		b := a.As4()
		return bits128{high: uint64(binary.BigEndian.Uint32(b[:])) >> (32 - l.bits)}
	}
	b := a.As16()
	k := bits128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
	if l.bits <= 64 {
		return bits128{high: k.high >> (64 - l.bits)}
	}
	return bits128{k.high, k.low >> (128 - l.bits)}
}

func (p *prefixes) add(r netip.Prefix, e *entry) {
	list := &p[family(r.Addr())]
	i := slices.IndexFunc(*list, func(l length) bool { return l.bits == r.Bits() })
	if i < 0 {
		i = len(*list)
		*list = append(*list, length{r.Bits(), make(map[bits128][]*entry)})
	}
	l := &(*list)[i]
	k := l.key(r.Addr())
	l.by[k] = append(l.by[k], e)
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// each calls f with what was added for the ranges that a is in.
func (p *prefixes) each(a netip.Addr, f func(*entry)) {
	if !a.IsValid() {
		return
	}
	for i := range p[family(a)] {
		l := &p[family(a)][i]
		for _, e := range l.by[l.key(a)] {
			f(e)
		}
	}
}

// protection is the subjects that nothing may be done to. They are few: they
// are written by hand.
type protection []Subject

func newProtection(list []Subject) protection {
	return slices.DeleteFunc(slices.Clone(list), Subject.IsZero)
}

func (p protection) means(c *Call) bool {
	return slices.ContainsFunc(p, func(s Subject) bool { return s.means(c) })
}
