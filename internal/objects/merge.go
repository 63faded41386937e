package objects

import (
	"context"
	"encoding/binary"
	"iter"
)

// part is a segment that is written anew, alone or with its neighbours.
type part struct {
	seg  *segment
	drop func(pos uint64) bool // its postings of that call are left out; nil: none

	base  uint64   // position of its first call in what is written
	remap []uint32 // numbers of its combinations in what is written
}

// merge is the content of adjacent segments as one.
type merge struct {
	ctx   context.Context
	parts []*part
	fail  error
}

// newMerge reads the combinations of the parts, which are in order.
func newMerge(ctx context.Context, parts []*part) (*merge, error) {
	m := &merge{ctx: ctx, parts: parts}
	var calls uint64
	for _, p := range parts {
		p.base, p.remap = calls, make([]uint32, p.seg.foot.By)
		calls += p.seg.foot.Calls
	}
	var n uint32
	for range m.by(func(p *part, own uint64) { p.remap[own] = n }) {
		n++
	}
	return m, m.fail
}

func (m *merge) content() content {
	return content{
		from: m.parts[0].seg.foot.From, to: m.parts[len(m.parts)-1].seg.foot.To,
		calls: m.calls, by: m.by(func(*part, uint64) {}), postings: m.postings, err: func() error { return m.fail },
	}
}

// goOn reports whether to go on, and notes why not.
func (m *merge) goOn(err error) bool {
	if err == nil {
		err = m.ctx.Err()
	}
	if err != nil && m.fail == nil {
		m.fail = err
	}
	return m.fail == nil
}

func (m *merge) calls(yield func(call) bool) {
	for _, p := range m.parts {
		r := &reader{table: p.seg.calls(), from: p.seg.file}
		for i := range r.count {
			c, err := p.seg.readCall(r, i)
			if !m.goOn(err) {
				return
			}
			if int(c.by) >= len(p.remap) {
				m.goOn(errBlock)
				return
			}
			c.by = p.remap[c.by]
			if !yield(c) {
				return
			}
		}
	}
}

// by returns the combinations of all parts, each once. Before one is yielded,
// found is called for each part that has it, with its number there.
func (m *merge) by(found func(p *part, own uint64)) iter.Seq[string] {
	return func(yield func(string) bool) {
		type head struct {
			ends *reader
			next uint64 // number of text, plus 1
			text string
			ok   bool
		}
		heads := make([]head, len(m.parts))
		advance := func(i int) bool {
			h, seg := &heads[i], m.parts[i].seg
			if h.ok = h.next < seg.foot.By; !h.ok {
				return true
			}
			var err error
			h.text, err = seg.readBy(h.ends, h.next)
			h.next++
			return m.goOn(err)
		}
		for i, p := range m.parts {
			heads[i].ends = &reader{table: p.seg.ends(), from: p.seg.file}
			if !advance(i) {
				return
			}
		}
		for {
			least := -1
			for i := range heads {
				if heads[i].ok && (least < 0 || heads[i].text < heads[least].text) {
					least = i
				}
			}
			if least < 0 {
				return
			}
			text := heads[least].text
			for i := range heads {
				if heads[i].ok && heads[i].text == text {
					found(m.parts[i], heads[i].next-1)
					if !advance(i) {
						return
					}
				}
			}
			if !yield(text) {
				return
			}
		}
	}
}

func (m *merge) postings(yield func(posting) bool) {
	scans := make([]scan, len(m.parts))
	for i, p := range m.parts {
		scans[i] = scan{part: p, index: reader{table: p.seg.index(), from: p.seg.file}}
		if !m.goOn(scans[i].advance()) {
			return
		}
	}
	for {
		least := -1
		for i := range scans {
			// Of one hash, those of an earlier part come first.
			if scans[i].ok && (least < 0 || scans[i].at.hash < scans[least].at.hash) {
				least = i
			}
		}
		if least < 0 {
			return
		}
		s := &scans[least]
		p := s.at
		p.pos += uint32(s.part.base) << 1
		if !yield(p) || !m.goOn(s.advance()) {
			return
		}
	}
}

// scan walks over all postings of a part.
type scan struct {
	part  *part
	index reader
	next  uint64 // block
	block []byte
	left  uint64 // of the group
	at    posting
	ok    bool // at is a posting
}

// advance goes to the next posting that is not dropped.
func (s *scan) advance() error {
	for {
		if err := s.step(); err != nil || !s.ok {
			return err
		}
		if s.part.drop == nil || !s.part.drop(uint64(s.at.pos>>1)) {
			return nil
		}
	}
}

func (s *scan) step() error {
	for s.left == 0 {
		if len(s.block) > 0 {
			count, n := uint64(0), 0
			if len(s.block) > 8 {
				count, n = binary.Uvarint(s.block[8:])
			}
			if n <= 0 {
				return errBlock
			}
			s.at = posting{hash: binary.BigEndian.Uint64(s.block)}
			s.left, s.block = count, s.block[8+n:]
			continue
		}
		if s.ok = s.next < s.index.count; !s.ok {
			return nil
		}
		_, at, size, err := s.part.seg.block(&s.index, s.next)
		if err != nil {
			return err
		}
		if s.block, err = s.part.seg.readBlock(at, size); err != nil {
			return err
		}
		s.next++
	}
	d, n := binary.Uvarint(s.block)
	if n <= 0 {
		return errBlock
	}
	s.block, s.left, s.ok = s.block[n:], s.left-1, true
	s.at.pos += uint32(d)
	return nil
}
