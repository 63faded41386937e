// Package multipart lists the parts of an upload while it passes: names of the
// fields, names, types and sizes of the files. It needs memory for one line
// only, and holds no content.
//
// It reads multipart/form-data (RFC 7578), and other multipart types in the
// same way. It takes any bytes in any cut without a panic, and is not for
// strict checking: what a lenient server would accept is listed.
package multipart

import (
	"bytes"
	"mime"
	"strings"
)

// Part is one part.
type Part struct {
	Field string // name of the form's field; empty: none is given
	File  string // name of the file, without folders; empty: it is not a file. Personal
	Type  string // media type without parameters; empty: not given
	Bytes uint64 // of the content as it passed
}

// Limits of what is kept.
const (
	MaxParts = 100
	maxLine  = 8 << 10
	maxName  = 255
)

// Reader lists the parts of one body. It is for one goroutine at a time.
type Reader struct {
	boundary []byte // with the two dashes before it
	parts    []Part
	more     uint64 // parts beyond MaxParts

	state   state
	line    []byte // begun, and not ended; at most maxLine
	over    bool   // the line is no boundary for sure, and is counted and not kept
	held    uint64 // 1: the line's last byte is a carriage return that is not counted yet
	pending uint64 // bytes of a line end that belongs to the content unless a boundary follows
	bytes   uint64 // of the current part's content
}

type state int

const (
	preamble state = iota
	header
	content
	epilogue
)

// New returns a reader for a body of the type, or nil if that is not multipart.
func New(contentType string) *Reader {
	media, params, err := mime.ParseMediaType(contentType)
	b := params["boundary"]
	if err != nil || !strings.HasPrefix(media, "multipart/") || b == "" || len(b) > 256 {
		return nil
	}
	return &Reader{boundary: append([]byte("--"), b...)}
}

// Write takes the next piece of the body, in any cut. It never fails.
func (r *Reader) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && r.state != epilogue {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			r.keep(p)
			break
		}
		r.keep(p[:i])
		r.endLine()
		p = p[i+1:]
	}
	return n, nil
}

// keep adds to the line, and counts content that is no boundary for sure.
func (r *Reader) keep(p []byte) {
	if r.over {
		r.count(p)
		return
	}
	r.line = append(r.line, p...)
	if len(r.line) > maxLine || r.state == content && !r.mayBeBoundary() {
		r.over = true
		r.bytes += r.pending
		r.pending = 0
		r.count(r.line)
		r.line = r.line[:0]
	}
}

// count counts content, but for a carriage return at its end, which may belong
// to the end of the line.
func (r *Reader) count(p []byte) {
	if len(p) == 0 {
		return
	}
	r.bytes += r.held
	r.held = 0
	if p[len(p)-1] == '\r' {
		r.held = 1
	}
	r.bytes += uint64(len(p)) - r.held
}

func (r *Reader) mayBeBoundary() bool {
	n := min(len(r.line), len(r.boundary))
	return bytes.Equal(r.line[:n], r.boundary[:n])
}

// endLine takes the end of a line.
func (r *Reader) endLine() {
	if r.over {
		r.over, r.pending, r.held = false, 1+r.held, 0
		return
	}
	line := bytes.TrimSuffix(r.line, []byte("\r"))
	rest, ok := bytes.CutPrefix(line, r.boundary)
	rest = bytes.TrimRight(rest, " \t")
	switch {
	case ok && (len(rest) == 0 || string(rest) == "--"):
		r.endPart()
		r.state = header
		if len(rest) > 0 {
			r.state = epilogue
		}
		r.begin()
	case r.state == header && len(line) == 0:
		r.state, r.pending, r.bytes = content, 0, 0
	case r.state == header:
		r.field(line)
	case r.state == content:
		r.bytes += r.pending + uint64(len(line))
		r.pending = 1 + uint64(len(r.line)-len(line))
	}
	r.line = r.line[:0]
}

func (r *Reader) begin() {
	if r.state != header {
		return
	}
	if len(r.parts) == MaxParts {
		r.more++
		return
	}
	r.parts = append(r.parts, Part{})
}

func (r *Reader) endPart() {
	if n := len(r.parts); n > 0 && r.state == content && r.more == 0 {
		r.parts[n-1].Bytes = r.bytes
	}
	r.pending, r.bytes = 0, 0
}

// field reads one line of a part's header.
func (r *Reader) field(line []byte) {
	if r.more > 0 || len(r.parts) == 0 {
		return
	}
	p := &r.parts[len(r.parts)-1]
	name, value, _ := strings.Cut(string(line), ":")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "content-disposition":
		_, params, err := mime.ParseMediaType(value)
		if err != nil {
			return
		}
		p.Field, p.File = clip(params["name"]), clip(base(params["filename"]))
	case "content-type":
		if media, _, err := mime.ParseMediaType(value); err == nil {
			p.Type = clip(media)
		}
	}
}

// base returns the name without folders, of either kind.
func base(s string) string { return s[strings.LastIndexAny(s, `/\`)+1:] }

func clip(s string) string {
	if len(s) > maxName {
		s = s[:maxName]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Parts returns the parts so far, and how many more there are than are kept. A
// part that did not end counts as far as it came.
func (r *Reader) Parts() (parts []Part, more uint64) {
	parts = append(parts, r.parts...)
	if n := len(parts); n > 0 && r.state == content && r.more == 0 {
		parts[n-1].Bytes = r.bytes + r.pending + r.held + uint64(len(r.line))
	}
	return parts, r.more
}
