package catalog

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
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
			return
		}
		d.registers = make([]byte, registers)
		for _, e := range d.exact {
			d.put(e)
		}
		d.exact = nil
	}
	d.put(h)
}

// mix spreads the bits of a hash (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (d *Distinct) put(h uint64) {
	i := h % registers
	d.registers[i] = max(d.registers[i], byte(bits.LeadingZeros64(h|registers-1)+1))
}

// Count returns how many different names there were, and whether that is exact.
func (d *Distinct) Count() (n uint64, exact bool) {
	if d.registers == nil {
		return uint64(len(d.exact)), true
	}
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
	return uint64(math.Round(estimate)), false
}

// distinctJSON is the form in a snapshot, and of an answer.
type distinctJSON struct {
	Count     uint64 `json:"count"`
	Estimated bool   `json:"estimated,omitempty"`
	State     string `json:"state,omitempty"` // hex: the hashes, or the registers
}

// MarshalJSON writes the count, and the state that it comes from.
func (d Distinct) MarshalJSON() ([]byte, error) {
	n, exact := d.Count()
	v := distinctJSON{Count: n, Estimated: !exact}
	if exact {
		var b []byte
		for _, h := range d.exact {
			b = binary.BigEndian.AppendUint64(b, h)
		}
		v.State = hex.EncodeToString(b)
	} else {
		v.State = hex.EncodeToString(d.registers)
	}
	return json.Marshal(v)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Distinct) UnmarshalJSON(b []byte) error {
	var v distinctJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	state, err := hex.DecodeString(v.State)
	if err != nil {
		return fmt.Errorf("the state of a count: %w", err)
	}
	*d = Distinct{}
	if v.Estimated {
		if len(state) != registers {
			return fmt.Errorf("the state of a count has %d registers, want %d", len(state), registers)
		}
		d.registers = state
		return nil
	}
	if len(state)%8 != 0 || len(state) > 8*maxExact {
		return fmt.Errorf("the state of a count has %d bytes", len(state))
	}
	for ; len(state) > 0; state = state[8:] {
		d.exact = append(d.exact, binary.BigEndian.Uint64(state))
	}
	slices.Sort(d.exact)
	return nil
}
