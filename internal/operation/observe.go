package operation

import (
	"net/http"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// observation watches one call.
type observation struct {
	t    *Tracker
	api  *api
	call *capture.Call

	match   Match
	found   bool
	d       *Described // of the operation; nil: none
	objects objects
	echo    echo
	req     *scanner // nil: the body is not looked at
	form    []byte   // a form's body, up to maxForm
	isForm  bool
	res     *scanner
	status  int
	html    bool
}

const maxForm = 16 << 10

var _ capture.Observer = (*Tracker)(nil)

// Observe implements [capture.Observer].
func (t *Tracker) Observe(c *capture.Call) capture.Observation {
	a := t.apis.Load().find(c.Route)
	if a == nil || isRPC(c) {
		return nil
	}
	o := &observation{t: t, api: a, call: c}
	if o.found = a.find(c, &o.match); o.found {
		c.Template = o.match.Template.Text
		o.d = o.match.Template.Ops[c.Method]
		o.objects.path(&o.match, o.d)
	} else {
		o.words()
	}
	o.objects.query(c.Query, o.listType(), o.d)
	switch contentType(c.Header) {
	case jsonType:
		o.req = &scanner{to: &o.objects, refs: true, top: o.listType(), keys: t.keys, is: a.hasType, api: isJSONAPI(c.Header)}
	case formType:
		o.isForm = true
	}
	o.objects.asked = len(o.objects.list)
	return o
}

// isRPC reports whether a call is gRPC, whose path is no route.
func isRPC(c *capture.Call) bool {
	return c.HTTP2 && strings.HasPrefix(c.Header.Get("Content-Type"), "application/grpc")
}

// words notes the segments of a path without template that an answer may give
// back as ids.
func (o *observation) words() {
	for seg := range func(yield func(string) bool) { split(o.call.Path, yield) } {
		if seg, _ = segment(seg, true); Shape(seg) == Word && len(o.echo.segments) < 16 {
			o.echo.segments = append(o.echo.segments, seg)
		}
	}
}

// listType is the type of the objects in a body of the call.
func (o *observation) listType() string {
	if !o.found {
		return ""
	}
	if o.d != nil && o.d.Answer != "" {
		return o.d.Answer
	}
	t := o.match.Template
	if t.List == "" && len(t.Params) > 0 && t.Params[len(t.Params)-1].Type == "" && o.match.n == len(t.Params) {
		// /export/{kind}: the value says it.
		if v := o.match.Values[o.match.n-1]; Shape(v) == Word && plural(lastWord(v)) && listWord(v) {
			return typeOf(v)
		}
	}
	return t.List
}

// Request implements [capture.Observation].
func (o *observation) Request(p []byte) {
	switch {
	case o.req != nil:
		o.req.write(p)
	case o.isForm && len(o.form) < maxForm:
		o.form = append(o.form, p[:min(len(p), maxForm-len(o.form))]...)
	}
}

// Answer implements [capture.Observation].
func (o *observation) Answer(status int, header http.Header) {
	o.endRequest()
	o.objects.drop()
	o.status, o.res, o.html = status, nil, false
	switch contentType(header) {
	case jsonType:
		if status >= 200 && status < 300 {
			o.res = &scanner{to: &o.objects, top: o.listType(), keys: o.t.keys, api: isJSONAPI(header), odata: len(header["Odata-Version"]) > 0}
			if !o.found {
				o.res.echo = &o.echo
			}
		}
	case htmlType:
		o.html = true
	}
}

// endRequest notes what the request has named so far. What comes after the
// answer's header is not taken.
func (o *observation) endRequest() {
	if o.isForm {
		o.objects.query(string(o.form), o.listType(), o.d)
	}
	if o.status == 0 {
		o.objects.asked = len(o.objects.list)
	}
	o.req, o.isForm = nil, false
}

// Response implements [capture.Observation].
func (o *observation) Response(p []byte) {
	if o.res != nil {
		o.res.write(p)
	}
}

// End implements [capture.Observation].
func (o *observation) End(f *capture.Facts) {
	if o.status == 0 {
		o.endRequest()
	}
	o.learn()
	if o.found {
		o.describe(&f.Operation)
	}
	o.objects.join(f)
	f.Partial = f.Partial || o.objects.vague
}

// learn shows a call without template to the learner, if the API answered it.
func (o *observation) learn() {
	if o.found || o.html || !teaches(o.status) {
		return
	}
	if o.found = o.api.learn(o.call, &o.echo, &o.match); !o.found {
		return
	}
	// Its objects were not known as such before; those of the answer have no
	// type until the next call.
	o.objects = objects{}
	o.objects.path(&o.match, nil)
	o.objects.query(o.call.Query, o.listType(), nil)
	o.objects.asked = len(o.objects.list)
}

// teaches reports whether the API knew the path of a call that it answered
// with this status.
func teaches(status int) bool {
	return status >= 200 && status < 300 || status == http.StatusNotModified || status == http.StatusSwitchingProtocols
}

// describe says what is known of the operation, beside what its protocol says.
func (o *observation) describe(op *event.Operation) {
	t := o.match.Template
	op.Route = t.Text
	if op.Basis == "" {
		op.Basis = t.Basis
	}
	if op.Name == "" {
		op.Name = t.Name
	}
	if op.Action == "" {
		op.Action = o.api.action(o.call.Method, t)
	}
	if o.d == nil {
		return
	}
	if op.Name == "" {
		op.Name = o.d.Name
	}
	op.Requires, op.Scopes = o.d.choose(&o.call.Identity.Credential)
}

type mediaKind uint8

const (
	otherType mediaKind = iota
	jsonType
	formType
	htmlType
)

// contentType returns what kind of body a header announces.
func contentType(h http.Header) mediaKind {
	v := h["Content-Type"]
	if len(v) == 0 {
		return otherType
	}
	t, _, _ := strings.Cut(v[0], ";")
	t = strings.ToLower(strings.TrimSpace(t))
	switch {
	case strings.HasSuffix(t, "json"), strings.HasSuffix(t, "jsonl"):
		return jsonType
	case t == "application/x-www-form-urlencoded":
		return formType
	case t == "text/html", t == "application/xhtml+xml":
		return htmlType
	}
	return otherType
}
