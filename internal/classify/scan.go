package classify

import (
	"math"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// maxValue is the most of one value that is held; longer texts are read in
// pieces of this size, divided between words.
const maxValue = 4096

// Scan reads one body. It is an io.Writer that never fails, for one goroutine
// at a time. What it is given is not kept.
type Scan struct {
	c      *Classifier
	format format
	sniff  bool  // the format is not known before the first byte
	left   int64 // bytes that may still be read
	bytes  uint64
	part   bool

	counts [classCount]uint64
	tree   tree
	json   jsonScan
	sse    sseScan
	csv    csvScan
	xml    xmlScan

	buf  []byte // the value that is being read, if it is not in one piece
	long bool   // pieces of it have been read
	busy int    // pieces that were too much work

	digits [maxDigits + 1]byte // of the number that is being looked at
}

// format is how a body is read.
type format uint8

const (
	formatSkip format = iota // it is not text
	formatText
	formatJSON
	formatSSE
	formatXML
	formatForm
	formatCSV
)

func (s *Scan) begin(c *Classifier, b Body) {
	s.c, s.left, s.bytes, s.part = c, c.maxBytes, 0, false
	s.buf, s.long, s.busy = s.buf[:0], false, 0
	clear(s.counts[:])
	s.format, s.sniff = formatOf(b.Type)
	s.tree.begin(s, c.route(b.Route), hashPart(c.seed, hashM2))
	s.json.begin()
	s.csv.begin()
	s.sse, s.xml = sseScan{}, xmlScan{}
}

// formatOf returns how a body of a media type is read, and whether its first
// byte may say otherwise.
func formatOf(contentType string) (f format, sniff bool) {
	t, _, _ := strings.Cut(contentType, ";")
	t = strings.ToLower(strings.TrimSpace(t))
	switch {
	case t == "":
		return formatSkip, true
	case strings.Contains(t, "json"), strings.HasSuffix(t, "/graphql-response"):
		return formatJSON, false
	case t == "text/event-stream":
		return formatSSE, false
	case t == "application/x-www-form-urlencoded":
		return formatForm, false
	case t == "text/csv", t == "application/csv", t == "text/tab-separated-values":
		return formatCSV, false
	case strings.HasSuffix(t, "/xml"), strings.HasSuffix(t, "+xml"):
		return formatXML, false
	case t == "text/plain", t == "application/javascript", t == "text/javascript":
		return formatText, true
	case strings.HasPrefix(t, "text/"), strings.HasPrefix(t, "multipart/form-data"), t == "application/x-yaml", t == "application/yaml":
		return formatText, false
	case t == "application/octet-stream":
		return formatSkip, true
	}
	return formatSkip, false
}

// Write reads the next piece of the body.
func (s *Scan) Write(p []byte) (int, error) {
	n := len(p)
	s.bytes += uint64(n)
	if s.format == formatSkip && !s.sniff || n == 0 {
		return n, nil
	}
	if int64(len(p)) > s.left {
		p = p[:s.left]
		s.part = true
	}
	s.left -= int64(len(p))
	if s.sniff {
		if p = s.first(p); s.sniff {
			return n, nil
		}
	}
	switch s.format {
	case formatJSON:
		s.json.write(s, p)
	case formatSSE:
		s.sse.write(s, p)
	case formatText:
		s.text(p)
	case formatCSV:
		s.csv.write(s, p)
	case formatForm:
		s.form(p)
	case formatXML:
		s.xml.write(s, p)
	}
	return n, nil
}

// first tells the format by the first byte that is no space.
func (s *Scan) first(p []byte) []byte {
	for i, c := range p {
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xef || c == 0xbb || c == 0xbf:
			continue
		case c == '{' || c == '[':
			s.format = formatJSON
		case c == '<':
			s.format = formatXML
		case isAlnum(c) || c == '"' || c == '#' || c == '-' || c >= 0xc3:
			if s.format == formatSkip {
				s.format = formatText
			}
		}
		s.sniff = false
		return p[i:]
	}
	return nil
}

// End ends the body and returns what was found. The scan must not be used
// again.
func (s *Scan) End() Result {
	switch s.format {
	case formatJSON, formatSSE:
		s.json.end(s)
	case formatText:
		s.endText()
	case formatCSV:
		s.csv.end(s)
	case formatForm:
		s.endForm()
	case formatXML:
		s.xml.end(s)
	}
	s.tree.end(s)
	r := Result{Bytes: s.bytes, Partial: s.part, Records: s.tree.total(s)}
	if r.Records > 0 {
		r.Objects, r.Estimated = s.tree.ids.count()
	}
	n := 0
	for _, count := range s.counts {
		if count > 0 {
			n++
		}
	}
	if n > 0 {
		r.Data = make([]event.Data, 0, n)
		for c, count := range s.counts {
			if count > 0 {
				r.Data = append(r.Data, event.Data{Class: Class(c).Code(), Count: count})
			}
		}
		slices.SortFunc(r.Data, func(a, b event.Data) int { return strings.Compare(a.Class, b.Class) })
	}
	s.forget()
	return r
}

// forget gives the scan back for the next body, with nothing of this one.
func (s *Scan) forget() {
	c := s.c
	clear(s.buf[:cap(s.buf)])
	clear(s.digits[:])
	s.csv.columns = nil
	s.tree.ids = idSet{}
	s.c, s.tree.route = nil, nil
	c.scans.Put(s)
}

// add adds a piece to the value that is being read.
func (s *Scan) add(p []byte) {
	for len(s.buf)+len(p) > maxValue {
		room := maxValue - len(s.buf)
		s.buf = append(s.buf, p[:room]...)
		p = p[room:]
		s.flush()
	}
	s.buf = append(s.buf, p...)
}

// flush reads what is held of a long text, up to its last space that is in no
// number.
func (s *Scan) flush() {
	cut, full := 0, len(s.buf)
	for i := full - 1; i > full/2; i-- {
		if s.buf[i] != ' ' && s.buf[i] != '\n' {
			continue
		}
		if cut == 0 {
			cut = i + 1
		}
		if !isDigit(s.buf[i-1]) && i+1 < full && !isDigit(s.buf[i+1]) {
			cut = i + 1
			break
		}
	}
	if cut == 0 {
		cut = full
	}
	s.piece(s.buf[:cut])
	s.buf = append(s.buf[:0], s.buf[cut:]...)
	s.long = true
}

// piece reads a part of a text.
func (s *Scan) piece(b []byte) {
	if len(b) >= 5 {
		t := textScan{s: s, b: b, kind: s.tree.kind()}
		t.run()
	}
}

// taken ends the value in buf, and returns it; nil if it was read in pieces.
func (s *Scan) taken() (v []byte, whole bool) {
	v = s.buf
	if s.long {
		s.piece(v)
		v = nil
	}
	whole = !s.long
	s.long = false
	s.buf = s.buf[:0]
	return v, whole
}

// text reads plain text, line by line.
func (s *Scan) text(p []byte) {
	for len(p) > 0 {
		i := 0
		for i < len(p) && p[i] != '\n' {
			i++
		}
		if i < len(p) && len(s.buf) == 0 && !s.long && i <= maxValue {
			s.piece(p[:i])
		} else {
			s.add(p[:i])
			if i < len(p) {
				s.endText()
			}
		}
		p = p[min(i+1, len(p)):]
	}
}

func (s *Scan) endText() {
	if v, whole := s.taken(); whole {
		s.piece(v)
	}
}

// maxIDs is how many distinct ids are counted exactly.
const maxIDs = 64

// idSet counts distinct hashes: it keeps the smallest ones, from which the
// number of all follows where there are more (k minimum values).
type idSet struct {
	n    int
	more bool
	min  [maxIDs]uint64 // sorted
}

func (s *idSet) add(h uint64) {
	if s.n == maxIDs && h >= s.min[maxIDs-1] {
		s.more = s.more || h != s.min[maxIDs-1]
		return
	}
	i, found := slices.BinarySearch(s.min[:s.n], h)
	if found {
		return
	}
	if s.n < maxIDs {
		s.n++
	} else {
		s.more = true
	}
	copy(s.min[i+1:s.n], s.min[i:s.n-1])
	s.min[i] = h
}

func (s *idSet) count() (n uint64, estimated bool) {
	if !s.more {
		return uint64(s.n), false
	}
	return uint64((maxIDs - 1) / (float64(s.min[maxIDs-1]) / math.MaxUint64)), true
}
