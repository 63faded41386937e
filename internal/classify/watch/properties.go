package watch

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// Bounds of the names that are kept of a body, whatever passes.
const (
	maxProperties = 64
	maxDepth      = 4  // of names in a path
	maxName       = 40 // bytes of a name; a longer one is a value
	maxText       = 300
	maxTargets    = 16
)

// properties finds the names of the properties in a body of JSON, as paths
// with points. Lists add nothing to a path. It is given the body piece by
// piece, checks nothing, and keeps names only: what it says of a body that is
// no JSON is names that are not there.
type properties struct {
	names map[string]bool
	to    []string // targets, each once
	stack []level  // of the objects and lists that are open, up to maxDepth+8
	over  int      // those that are open beyond
	path  []byte   // of the property that is open, with a point at its end
	text  []byte   // the text that is read, up to maxText bytes
	in    bool     // a text is read
	slash bool     // after a backslash in it; of a form, in a value
	key   bool     // the text may be a name
	form  bool     // the body is a form
}

type level struct {
	object bool
	key    bool // a name comes next
	base   int  // of the path: what belongs to the object
	depth  int  // names in it
}

// propertiesOf returns a reader of bodies of a type, or nil.
func propertiesOf(contentType string) *properties {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch kind = strings.TrimSpace(kind); {
	case kind == "application/x-www-form-urlencoded":
		return &properties{form: true}
	case strings.HasSuffix(kind, "json"):
		return &properties{}
	}
	return nil
}

// write reads a piece.
func (p *properties) write(b []byte) {
	if p.form {
		p.writeForm(b)
		return
	}
	for i := 0; i < len(b); i++ {
		if p.in {
			i += p.inText(b[i:]) - 1
			continue
		}
		switch b[i] {
		case '"':
			top := p.top()
			p.in, p.text, p.key = true, p.text[:0], top != nil && top.key
		case '{', '[':
			p.open(b[i] == '{')
		case '}', ']':
			p.close()
		case ':':
			p.colon()
		case ',':
			p.key = false
			if top := p.top(); top != nil {
				top.key = top.object
			}
		}
	}
}

// inText reads of a text, up to its end, and returns how much it read.
func (p *properties) inText(b []byte) int {
	if p.slash {
		p.slash = false
		switch {
		case len(p.text) >= maxText:
		case b[0] == '/':
			p.text = append(p.text, '/')
		default:
			p.text = append(p.text, '*') // an escape: no plain name
		}
		return 1
	}
	end := bytes.IndexByte(b, '"')
	if end < 0 {
		end = len(b)
	}
	if slash := bytes.IndexByte(b[:end], '\\'); slash >= 0 {
		p.slash, end = true, slash
	}
	p.text = append(p.text, b[:min(end, max(maxText-len(p.text), 0))]...)
	if end == len(b) {
		return end
	}
	if p.in = p.slash; !p.in && !p.key {
		p.target(p.text)
	}
	return end + 1
}

func (p *properties) top() *level {
	if len(p.stack) == 0 || p.over > 0 {
		return nil
	}
	return &p.stack[len(p.stack)-1]
}

func (p *properties) open(object bool) {
	p.key = false
	if len(p.stack) >= maxDepth+8 || p.over > 0 {
		p.over++
		return
	}
	l := level{object: object, key: object}
	if top := p.top(); top != nil {
		l.base, l.depth = len(p.path), top.depth
		if top.object {
			l.depth++
		}
	}
	p.stack = append(p.stack, l)
}

func (p *properties) close() {
	p.key = false
	switch {
	case p.over > 0:
		p.over--
	case len(p.stack) > 0:
		p.path = p.path[:p.top().base]
		p.stack = p.stack[:len(p.stack)-1]
	}
}

func (p *properties) colon() {
	top := p.top()
	if top == nil || !top.key || !p.key {
		return
	}
	top.key, p.key = false, false
	p.path = p.path[:top.base]
	if !plainName(p.text) {
		p.text = append(p.text[:0], '*')
	}
	p.path = append(p.path, p.text...)
	if top.depth < maxDepth {
		p.add(p.path)
	}
	p.path = append(p.path, '.')
}

func (p *properties) add(path []byte) {
	if p.names == nil {
		p.names = make(map[string]bool, 8)
	}
	if !p.names[string(path)] && len(p.names) < maxProperties {
		p.names[string(path)] = true
	}
}

// plainName reports whether a name is one that a programmer chose: not long,
// of letters and few digits. What a caller put in the place of a name, such as
// an address or a number, is none.
func plainName(b []byte) bool {
	if len(b) == 0 || len(b) > maxName {
		return false
	}
	digits := 0
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c|0x20 && c|0x20 <= 'z', c == '_', c == '-', c == '$':
		default:
			return false
		}
	}
	return digits <= 3
}

// writeForm reads a piece of a form. A text is a name until its end is seen.
func (p *properties) writeForm(b []byte) {
	for _, c := range b {
		switch {
		case c == '&':
			p.endName()
			p.slash = false
		case p.slash:
			if len(p.text) < maxText {
				p.text = append(p.text, c)
			}
		case c == '=' || c == '[':
			p.endName()
			p.slash = true
			if c == '[' {
				p.text = append(p.text, ' ') // not a target: tags[]=
			}
		case len(p.text) <= maxName:
			p.text = append(p.text, c)
		}
	}
}

func (p *properties) endName() {
	if len(p.text) > 0 {
		if p.slash {
			if v, err := url.QueryUnescape(string(p.text)); err == nil {
				p.target([]byte(v))
			}
		} else {
			if !plainName(p.text) {
				p.text = append(p.text[:0], '*')
			}
			p.add(p.text)
		}
	}
	p.text = p.text[:0]
}

// list returns the names, sorted.
func (p *properties) list() []string {
	if p.form {
		p.endName()
	}
	if len(p.names) == 0 {
		return nil
	}
	out := make([]string, 0, len(p.names))
	for name := range p.names {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// target keeps where a value points to: the host of an address, the domain of
// a mail address, a bucket with its scheme. Numbers of networks are hosts.
func (p *properties) target(text []byte) {
	if len(text) < 4 || len(text) >= maxText || len(p.to) >= maxTargets {
		return
	}
	var to string
	if scheme, rest, ok := bytes.Cut(text, []byte("://")); ok {
		host, _, _ := bytes.Cut(rest, []byte("/"))
		host, _, _ = bytes.Cut(host, []byte("?"))
		if at := bytes.LastIndexByte(host, '@'); at >= 0 {
			host = host[at+1:]
		}
		switch strings.ToLower(string(scheme)) {
		case "http", "https", "ws", "wss", "ftp", "sftp", "ftps", "ssh":
			if name, port, ok := bytes.Cut(host, []byte(":")); ok && !bytes.ContainsAny(port, ":]") {
				host = name
			}
			to = string(host)
		case "s3", "gs", "abfs", "abfss", "wasbs", "oss":
			to = strings.ToLower(string(scheme)) + "://" + string(host)
		}
	} else if at := bytes.LastIndexByte(text, '@'); at > 0 && !bytes.ContainsAny(text, " \t\n") {
		to = string(text[at+1:])
	}
	to = strings.TrimSuffix(strings.ToLower(to), ".")
	if plainHost(to) && !slices.Contains(p.to, to) {
		p.to = append(p.to, to)
	}
}

// plainHost reports whether s can be a host or a bucket with its scheme.
func plainHost(s string) bool {
	_, bucket, ok := strings.Cut(s, "://")
	if !ok && !strings.Contains(s, ".") && !strings.HasPrefix(s, "[") && s != "localhost" || ok && bucket == "" || len(s) > 200 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"\*<>(){}|^,;`, c) >= 0 {
			return false
		}
	}
	return true
}

// pointsTo returns the targets, sorted.
func (p *properties) pointsTo() []string {
	slices.Sort(p.to)
	return p.to
}
