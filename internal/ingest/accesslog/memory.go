package accesslog

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// memory is what a parser must know to go on where another has stopped.
type memory struct {
	Form   string                      `json:"form"`   // of the lines; empty: not known
	Newest int64                       `json:"newest"` // second
	Counts map[int64]map[string]uint32 `json:"counts"` // of equal lines, by second and hash
}

// Bounds of what is kept of equal lines: servers write lines in about the order
// of their times.
const (
	keptSeconds = 5
	keptLines   = 20_000
)

// Memory returns what a parser must know to go on behind the last line.
func (p *Parser) Memory() []byte {
	m := memory{Newest: p.equal.newest, Counts: make(map[int64]map[string]uint32)}
	if p.format != nil {
		m.Form = p.format.form
	}
	left := keptLines
	for s := m.Newest; s > m.Newest-keptSeconds && left > 0; s-- {
		for hash, n := range p.equal.counts[s] {
			if left--; left < 0 {
				break
			}
			if m.Counts[s] == nil {
				m.Counts[s] = make(map[string]uint32)
			}
			m.Counts[s][hex.EncodeToString(hash[:])] = n
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic("a memory is plain JSON: " + err.Error())
	}
	return b
}

// Restore takes what Memory returned, of a parser of the same configuration. A
// form that was detected stays.
func (p *Parser) Restore(b []byte) error {
	var m memory
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("what was kept of the lines: %w", err)
	}
	if p.format == nil {
		for _, f := range formats {
			if f.form == m.Form && f.called(p.cfg.Format) {
				p.choose(f)
			}
		}
	}
	p.equal = equals{newest: m.Newest, counts: make(map[int64]map[[8]byte]uint32)}
	for s, lines := range m.Counts {
		p.equal.counts[s] = make(map[[8]byte]uint32)
		for text, n := range lines {
			var hash [8]byte
			if k, err := hex.Decode(hash[:], []byte(text)); err != nil || k != len(hash) {
				return fmt.Errorf("what was kept of the lines: %q is no hash", clip(text))
			}
			p.equal.counts[s][hash] = n
		}
	}
	return nil
}
