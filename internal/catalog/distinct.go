package catalog

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"slices"
)

// Distinct counts different names: exactly up to 64, then by linear counting
// and HyperLogLog's estimate over 1,024 registers (Flajolet and others, 2007),
// within about 3 %. It holds hashes only. The zero value has seen nothing.
type Distinct struct {
	Names     uint64 `json:"count"`               // how many
	Estimated bool   `json:"estimated,omitempty"` // there were too many to count them exactly

	exact     []uint64 // sorted; nil once there are registers
	registers []byte
}

const (
	maxExact  = 64
	registers = 1024
)

func (d *Distinct) add(name string) {
	if name == "" {
		return
	}
	f := fnv.New64a()
	f.Write([]byte(name))
	h := mix(f.Sum64())
	if d.registers == nil {
		i, found := slices.BinarySearch(d.exact, h)
		if found {
			return
		}
		if len(d.exact) < maxExact {
			d.exact = slices.Insert(d.exact, i, h)
			d.Names++
			return
		}
		d.registers = make([]byte, registers)
		for _, e := range d.exact {
			d.put(e)
		}
		d.exact, d.Estimated = nil, true
	}
	if d.put(h) {
		d.Names = d.estimate()
	}
}

// mix spreads the bits of a hash (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// put reports whether a register changed.
func (d *Distinct) put(h uint64) bool {
	i, rank := h%registers, byte(bits.LeadingZeros64(h|(registers-1))+1)
	if rank <= d.registers[i] {
		return false
	}
	d.registers[i] = rank
	return true
}

// Count returns how many different names there were, and whether that is exact.
func (d *Distinct) Count() (n uint64, exact bool) { return d.Names, !d.Estimated }

func (d *Distinct) estimate() uint64 {
	sum, zeros := 0.0, 0
	for _, r := range d.registers {
		sum += math.Ldexp(1, -int(r))
		if r == 0 {
			zeros++
		}
	}
	const m = registers
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && zeros > 0 {
		estimate = m * math.Log(m/float64(zeros))
	}
	return uint64(math.Round(estimate))
}

// state returns all that there is to know, as text; setState is its inverse.
func (d *Distinct) state() string {
	if d.registers != nil {
		return "r" + hex.EncodeToString(d.registers)
	}
	b := []byte("e")
	for _, h := range d.exact {
		b = hex.AppendEncode(b, binary.BigEndian.AppendUint64(nil, h))
	}
	return string(b)
}

func (d *Distinct) setState(s string) error {
	*d = Distinct{}
	if s == "" {
		return fmt.Errorf("a count has no state")
	}
	state, err := hex.DecodeString(s[1:])
	switch {
	case err != nil:
		return fmt.Errorf("the state of a count: %w", err)
	case s[0] == 'r' && len(state) == registers:
		d.registers, d.Estimated = state, true
		d.Names = d.estimate()
	case s[0] == 'e' && len(state)%8 == 0 && len(state) <= 8*maxExact:
		for ; len(state) > 0; state = state[8:] {
			d.exact = append(d.exact, binary.BigEndian.Uint64(state))
		}
		slices.Sort(d.exact)
		d.Names = uint64(len(d.exact))
	default:
		return fmt.Errorf("the state of a count has %d bytes", len(state))
	}
	return nil
}
