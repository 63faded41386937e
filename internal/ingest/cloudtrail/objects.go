package cloudtrail

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Bounds of the objects of one event.
const (
	maxObjects = 1000 // as those of calls
	maxDepth   = 8    // of what is searched for them
	maxID      = 256  // bytes
)

// objectsOf finds what a call was about: what its parameters name, then what its
// answer names, then the resources that AWS lists. An object has the type of
// its parameter: bucketName names a bucket, instanceId an instance.
func objectsOf(c *record, e *event.Event) {
	o := &objects{seen: make(map[event.Object]bool)}
	o.walk(c.RequestParameters)
	e.What.Asked = uint64(len(o.list))
	o.walk(c.ResponseElements)
	for _, r := range c.Resources {
		if typ, id := arn(r.ARN); typ != "" {
			o.add(typ, id)
		}
	}
	e.What.Objects = o.list
	counts := make(map[string]uint64)
	for _, x := range o.list {
		counts[x.Type]++
	}
	for typ := range counts {
		e.Objects = append(e.Objects, typ)
	}
	slices.Sort(e.Objects)
	for _, typ := range e.Objects {
		e.Counts = append(e.Counts, counts[typ])
	}
	if !slices.ContainsFunc(e.Counts, func(n uint64) bool { return n != 1 }) {
		e.Counts = nil
	}
}

type objects struct {
	list []event.Object
	seen map[event.Object]bool
}

func (o *objects) add(typ, id string) {
	if typ == "" || id == "" || len(id) > maxID || len(o.list) >= maxObjects {
		return
	}
	x := event.Object{Type: typ, ID: id}
	if !o.seen[x] {
		o.seen[x] = true
		o.list = append(o.list, x)
	}
}

// walk adds the objects in a JSON value, in the order of its text.
func (o *objects) walk(raw json.RawMessage) {
	if len(raw) == 0 || raw[0] != '{' {
		return
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	o.value(d, "", 0)
}

// value reads one value, of the member name. It returns false at the end.
func (o *objects) value(d *json.Decoder, name string, depth int) bool {
	t, err := d.Token()
	if err != nil {
		return false
	}
	switch t := t.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return false
		}
		for d.More() {
			member := name // of a list: the list's own
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return false
				}
				member, _ = key.(string)
			}
			if !o.value(d, member, depth+1) {
				return false
			}
		}
		_, err := d.Token()
		return err == nil
	case string:
		o.named(name, t)
	}
	return true
}

// named adds the object that a parameter names.
func (o *objects) named(name, value string) {
	if typ, id := arn(value); typ != "" && hasSuffix(name, "Arn", "ARN", "Id", "Name") {
		o.add(typ, id)
		return
	}
	for _, suffix := range []string{"Identifier", "Names", "Name", "Ids", "Id"} {
		typ, ok := strings.CutSuffix(name, suffix)
		if ok && typ != "" {
			o.add(typeName(typ), value)
			return
		}
	}
}

func hasSuffix(s string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(x string) bool { return strings.HasSuffix(s, x) })
}

// typeName writes a name in camel case with hyphens: dBSnapshot is db-snapshot.
func typeName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		upper := c >= 'A' && c <= 'Z'
		before := i > 0 && (s[i-1] < 'A' || s[i-1] > 'Z')
		after := i+1 < len(s) && (s[i+1] < 'A' || s[i+1] > 'Z')
		if upper && i > 1 && (before || after) {
			b.WriteByte('-')
		}
		if upper {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// arn takes the type and the name out of an Amazon Resource Name:
// arn:partition:service:region:account:type/name, type:name or name.
func arn(s string) (typ, id string) {
	p := strings.SplitN(s, ":", 6)
	if len(p) < 6 || p[0] != "arn" || len(s) > 2048 {
		return "", ""
	}
	service, rest := p[2], p[5]
	i := strings.IndexAny(rest, ":/")
	if i <= 0 || i+1 >= len(rest) {
		if service == "s3" && rest != "" {
			return "bucket", rest
		}
		if rest == "" {
			return "", ""
		}
		return service, rest
	}
	if service == "s3" { // bucket/key
		return "object", rest
	}
	return rest[:i], rest[i+1:]
}
