// Package watch lets a classifier see the bodies of calls: it is the
// [capture.Observer] that says which classes of sensitive data went in and out,
// how many records were given, and which properties the request had.
//
// It is not for messages of WebSocket and of protocols in binary that nobody
// renders as text: their calls are marked Partial.
package watch

import (
	"net/http"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/classify"
)

// Config says what is watched.
type Config struct {
	Classifier *classify.Classifier // required
	Off        []string             // configured routes whose calls are not looked at
}

// Observer watches calls. It is safe for concurrent use.
type Observer struct {
	classifier *classify.Classifier
	off        map[string]bool
}

var _ capture.Observer = (*Observer)(nil)

// New returns an observer. Among several it belongs after the one that knows
// templates, and before those that render bodies as text.
func New(c Config) *Observer {
	o := &Observer{classifier: c.Classifier, off: make(map[string]bool)}
	for _, route := range c.Off {
		o.off[route] = true
	}
	return o
}

// Observe implements [capture.Observer].
func (o *Observer) Observe(c *capture.Call) capture.Observation {
	if o.off[c.Route] {
		return nil
	}
	return &call{classifier: o.classifier, call: c, status: 200}
}

// call is the observation of one call.
type call struct {
	classifier *classify.Classifier
	call       *capture.Call
	request    *classify.Scan // nil: there was no body yet
	names      *properties    // of the request's body; nil: there was none yet, or it has none

	status   int
	kind     string         // Content-Type of the answer
	response *classify.Scan // nil: there was no body yet
	upgraded bool           // frames follow, which are not looked at
}

// route returns what the fields of a body are learned under.
func (c *call) route(direction string) string {
	path := c.call.Template
	if path == "" {
		path = template(c.call.Path)
	}
	return direction + " " + c.call.Route + " " + c.call.Method + " " + c.call.Host + path
}

// Request implements [capture.Observation].
func (c *call) Request(p []byte) {
	if c.upgraded {
		return
	}
	if c.request == nil {
		kind := c.call.Header.Get("Content-Type")
		c.request = c.classifier.Scan(classify.Body{Route: c.route("in"), Type: kind})
		c.names = propertiesOf(kind)
	}
	c.request.Write(p)
	if c.names != nil {
		c.names.write(p)
	}
}

// Answer implements [capture.Observation].
func (c *call) Answer(status int, header http.Header) {
	if c.response != nil { // it was not given
		c.response.End()
		c.response = nil
	}
	c.status, c.kind, c.upgraded = status, header.Get("Content-Type"), status == http.StatusSwitchingProtocols
}

// Response implements [capture.Observation].
func (c *call) Response(p []byte) {
	if c.upgraded {
		return
	}
	if c.response == nil {
		c.response = c.classifier.Scan(classify.Body{Route: c.route("out" + string(rune('0'+c.status/100))), Type: c.kind})
	}
	c.response.Write(p)
}

// End implements [capture.Observation].
func (c *call) End(f *capture.Facts) {
	var in, out classify.Result
	if c.request != nil {
		in = c.request.End()
	}
	if c.response != nil {
		out = c.response.End()
	}
	f.Partial = f.Partial || c.upgraded || in.Partial || out.Partial
	f.Received = more(f.Received, in.Data)
	if q := c.call.Query; q != "" {
		r := c.scan("query", "application/x-www-form-urlencoded", []byte(q))
		f.Received = sum(f.Received, r.Data)
	}
	if f.RequestText.From != "" {
		r := c.scan("in text", "", f.RequestText.Text)
		f.Received = more(f.Received, r.Data)
		if c.names == nil {
			c.names = &properties{}
			c.names.write(f.RequestText.Text)
		}
	} else if binary(c.call.Header.Get("Content-Type")) && in.Bytes > 0 {
		f.Partial = true
	}
	if c.names != nil {
		f.Properties = append(f.Properties, c.names.list()...)
		f.Targets = append(f.Targets, c.names.pointsTo()...)
	}
	f.Data = more(f.Data, out.Data)
	if f.ResponseText.From != "" {
		r := c.scan("out text", "", f.ResponseText.Text)
		f.Data = more(f.Data, r.Data)
		out.Records = max(out.Records, r.Records)
	} else if binary(c.kind) && out.Bytes > 0 {
		f.Partial = true
	}
	if f.Records == 0 && c.status < 300 {
		f.Records = out.Records
	}
}

func (c *call) scan(direction, kind string, b []byte) classify.Result {
	s := c.classifier.Scan(classify.Body{Route: c.route(direction), Type: kind})
	s.Write(b)
	return s.End()
}

// binary reports whether a type of body is data that is not looked at, though
// it can hold what is looked for.
func binary(contentType string) bool {
	t, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	return strings.HasPrefix(t, "application/grpc") || strings.Contains(t, "protobuf") || strings.Contains(t, "msgpack") || strings.Contains(t, "cbor")
}

// more returns for each class the larger of two counts of the same body.
func more(a, b []event.Data) []event.Data {
	return merge(a, b, func(x, y uint64) uint64 { return max(x, y) })
}

// sum adds the counts of two parts.
func sum(a, b []event.Data) []event.Data {
	return merge(a, b, func(x, y uint64) uint64 { return x + y })
}

// merge merges two lists that are sorted by class.
func merge(a, b []event.Data, both func(x, y uint64) uint64) []event.Data {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	out := make([]event.Data, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Class < b[0].Class:
			out, a = append(out, a[0]), a[1:]
		case a[0].Class > b[0].Class:
			out, b = append(out, b[0]), b[1:]
		default:
			out = append(out, event.Data{Class: a[0].Class, Count: both(a[0].Count, b[0].Count)})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// template returns a path with a star for each segment that looks like an id,
// for calls whose template nobody knows.
func template(path string) string {
	var b strings.Builder
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		b.WriteByte('/')
		if varies(segment) {
			segment = "*"
		}
		b.WriteString(segment)
	}
	return b.String()
}

// varies reports whether a segment has a digit that is not that of a version,
// an at sign or a percent sign, or is long.
func varies(segment string) bool {
	if len(segment) > 32 {
		return true
	}
	for i := range len(segment) {
		if c := segment[i]; c == '@' || c == '%' || '0' <= c && c <= '9' && !(i == 1 && segment[0] == 'v' && len(segment) <= 3) {
			return true
		}
	}
	return false
}
