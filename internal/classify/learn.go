package classify

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"
)

// How much is learned before values are no longer looked at, and how often
// they are looked at again.
const (
	confirmClass   = 20 // values in a row of one class
	confirmNothing = 40 // values in a row of none
	sampleClass    = 64 // of so many values one is looked at
	sampleNothing  = 16
)

// field is what is known of the values under one path of a route, in 64 bits,
// so that it can be changed without a lock:
//
//	0-7    class of the last values; 0: none
//	8-15   what the name says, a kind
//	16-23  the rest of keyInfo
//	24-39  how many values in a row were of that class
//	40-55  values passed since the last look
//	56     it is known at all
type field uint64

const (
	flagPerson = 1 << (16 + iota)
	flagPaging
	flagList
	flagID
	flagPair
)

const fieldKnown = 1 << 56

func newField(k keyInfo) field {
	f := field(k.kind)<<8 | fieldKnown
	for i, b := range [...]bool{k.person, k.paging, k.list, k.id, k.pair} {
		if b {
			f |= flagPerson << i
		}
	}
	return f
}

func (f field) class() Class   { return Class(f) }
func (f field) confirmed() int { return int(f >> 24 & 0xffff) }
func (f field) passed() int    { return int(f >> 40 & 0xffff) }
func (f field) info() (k keyInfo) {
	return keyInfo{kind: kind(f >> 8), person: f&flagPerson != 0, paging: f&flagPaging != 0, list: f&flagList != 0, id: f&flagID != 0, pair: f&flagPair != 0}
}

func (f field) with(c Class, confirmed, passed int) field {
	const changes = 0x00ff_ffff_ff00_00ff
	return f&^changes | field(c) | field(confirmed)<<24 | field(passed)<<40 | fieldKnown
}

// valid reports whether f can have come about.
func (f field) valid() bool {
	return f&fieldKnown != 0 && f>>57 == 0 && f>>21&0x7 == 0 && f.class() < classCount && f.passed() < sampleClass
}

// learned reports whether values need not be looked at.
func (f field) learned() bool {
	if f.class() == None {
		return f.confirmed() >= confirmNothing
	}
	return f.confirmed() >= confirmClass
}

// slot is the place of a field in a table. A slot that is in use never
// changes its key.
type slot struct {
	key   atomic.Uint64 // hash of the path; 0: free
	field atomic.Uint64
}

func (s *slot) load() field { return field(s.field.Load()) }

// due counts a value, and reports whether it is one to look at. Two calls at
// once may count as one.
func (s *slot) due(every int) bool {
	f := s.load()
	n := f.passed() + 1
	if n >= every {
		n = 0
	}
	s.field.Store(uint64(f.with(f.class(), f.confirmed(), n)))
	return n == 0
}

// observe says that a value was of class c; mixed: of more than one, or of one
// that is only a part of it.
func (s *slot) observe(c Class, mixed bool) {
	f := s.load()
	switch {
	case mixed:
		f = f.with(None, 0, 0)
	case f.class() != c:
		f = f.with(c, 1, 0)
	default:
		f = f.with(c, min(f.confirmed()+1, 0xffff), f.passed())
	}
	s.field.Store(uint64(f))
}

// table is a hash table of fields that is read without a lock.
type table struct {
	slots []slot // a power of two
}

func (t *table) find(key uint64) *slot {
	if t == nil {
		return nil
	}
	mask := uint64(len(t.slots) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		switch t.slots[i].key.Load() {
		case key:
			return &t.slots[i]
		case 0:
			return nil
		}
	}
}

func (t *table) put(key uint64, f field) *slot {
	mask := uint64(len(t.slots) - 1)
	i := key & mask
	for t.slots[i].key.Load() != 0 {
		i = (i + 1) & mask
	}
	t.slots[i].field.Store(uint64(f))
	t.slots[i].key.Store(key)
	return &t.slots[i]
}

// route is what is learned of one route.
type route struct {
	table atomic.Pointer[table]
	used  atomic.Bool // since the ring of routes turned

	mu sync.Mutex // guards what follows, and additions to the table
	n  int
}

// add returns the slot of key, a new one if there is room; nil: there is none.
func (r *route) add(key uint64, f field, limit int) *slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.table.Load()
	if s := t.find(key); s != nil {
		return s
	}
	if r.n >= limit {
		return nil
	}
	if t == nil || (r.n+1)*4 > len(t.slots)*3 {
		size := 32
		if t != nil {
			size = 2 * len(t.slots)
		}
		bigger := &table{slots: make([]slot, size)}
		if t != nil {
			for i := range t.slots {
				if k := t.slots[i].key.Load(); k != 0 {
					bigger.put(k, t.slots[i].load())
				}
			}
		}
		t = bigger
		r.table.Store(t)
	}
	r.n++
	return t.put(key, f)
}

// Hashes of paths. They are made with a seed that is not known outside, so
// that a path that holds something personal cannot be guessed from its hash.
const (
	// odd numbers of wyhash, by Wang Yi
	hashM1 = 0xa0761d6478bd642f
	hashM2 = 0xe7037ed1a0b428db
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// hashKey returns the hash of a member below a path. Names that look like
// values (numbers, ids, addresses, long texts) are all the same name.
func hashKey(parent uint64, name []byte) uint64 {
	if dynamicName(name) {
		return hashPart(parent, hashM2)
	}
	return hashBytes(parent, name)
}

func hashBytes(seed uint64, name []byte) uint64 {
	h := seed ^ uint64(len(name))*hashM2
	b := name
	for len(b) >= 8 {
		h = mix(h^hashM1, binary.LittleEndian.Uint64(b)^hashM2)
		b = b[8:]
	}
	// w is the rest, the first byte lowest.
	w := uint64(0)
	switch n := len(b); {
	case n == 0:
	case len(name) >= 8:
		w = binary.LittleEndian.Uint64(name[len(name)-8:]) >> (64 - 8*n)
	case n >= 4:
		w = uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<(8*n-32)
	default:
		w = uint64(b[0]) | uint64(b[n/2])<<(n/2*8) | uint64(b[n-1])<<(8*n-8)
	}
	return nonzero(mix(h^hashM1, w^hashM2))
}

// hashPart is hashKey for the elements of an array, and other fixed parts.
func hashPart(parent, part uint64) uint64 { return nonzero(mix(parent^hashM1, part)) }

func nonzero(h uint64) uint64 {
	if h == 0 {
		return 1
	}
	return h
}

// dynamicName reports whether a name is a value rather than a name: it has
// more than four digits in a row or is mostly digits, has an at sign, or is
// long.
func dynamicName(name []byte) bool {
	if len(name) > maxKey || len(name) == 0 {
		return true
	}
	i := 0
	for i < len(name) && byteKinds[name[i]] != byteDigit && name[i] != '@' && name[i] != ' ' {
		i++
	}
	if i == len(name) { // most are letters alone
		return false
	}
	run, all := 0, 0
	for _, c := range name {
		switch {
		case isDigit(c):
			all++
			if run++; run > 4 {
				return true
			}
		case c == '@' && name[0] != '@', c == ' ' && len(name) > 40:
			return true
		default:
			run = 0
		}
	}
	return 2*all > len(name)
}

// nameCache remembers what names say, by their hash. Names that fall on the
// same place take turns.
type nameCache [2048]atomic.Uint64

// cacheKey are the bits of a hash that are compared.
const cacheKey = 0xffff_ffff_ff00_0000

func (n *nameCache) find(hash uint64) (keyInfo, bool) {
	v := n[hash%uint64(len(n))].Load()
	if v == 0 || (v^hash)&cacheKey != 0 {
		return keyInfo{}, false
	}
	return field(v & 0xff_ffff).info(), true
}

func (n *nameCache) put(hash uint64, k keyInfo) {
	n[hash%uint64(len(n))].Store(hash&cacheKey | uint64(newField(k))&0xff_ffff)
}
