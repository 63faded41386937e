package capture

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// Observer says what calls are about: the operation, the objects, the data. It
// sees what passes before it is redacted, and stores nothing of it; what it
// says is redacted by the recorder. It is safe for concurrent use.
//
// What it does is done beside the call, in its goroutines: nothing may wait,
// neither for a lock that is held long nor for anything outside the process.
// The budget is 5 µs for Observe and End together, and 10 ns for each byte of
// content. Memory for a call is bounded, whatever passes. An observation that
// panics is dropped: the call goes on, and its event says Partial.
type Observer interface {
	// Observe is told of a call before anything of it is passed on. Nil means
	// that there is nothing to observe.
	Observe(c *Call) Observation
}

// Call is the beginning of a call. An observer must not change it, nor keep it
// after the end of the call.
type Call struct {
	Source   string      // the listener
	Route    string      // the configured route; empty: none matched
	Method   string      // as sent
	Host     string      // as asked for, lower case, without port
	Path     string      // as sent, not decoded
	Query    string      // as sent, not decoded
	Header   http.Header // of the request
	Identity *Identity   // who calls
	HTTP2    bool        // it came by HTTP/2, as gRPC does
	Pattern  string      // what the program's own router says of it, as [http.ServeMux] writes patterns; empty: not known

	// Template is the route template of the operation, set in Observe by the
	// observer that knows templates, for those that come after it; empty: not
	// known.
	Template string
}

// Observation watches one call. Its methods are not called at the same time,
// but for Request and Response with each other, and none after End.
type Observation interface {
	// Request is given the request's body, piece by piece as it passes, without
	// its content coding. P is only valid during the call. After an upgrade
	// (WebSocket) it is given what the client sends.
	Request(p []byte)

	// Answer is given the header of the answer, which must not be changed or
	// kept. It may come again: then the answer before it was not given, and
	// what Response said of it is void.
	Answer(status int, header http.Header)

	// Response is given the answer's body as Request is the request's.
	Response(p []byte)

	// End adds to f what was found out. Where several observers watch one call,
	// each adds its part.
	End(f *Facts)
}

// Facts are what observers say of a call. The zero value says nothing.
type Facts struct {
	// Operation is what was done; Protocol is taken if it is set, Method and
	// Host are not. Names, types, parts, models and scopes must be words of the
	// API, never something that a caller chose freely: what is not plain, or is
	// longer than MaxWord, is left out. Lists need not be sorted.
	Operation event.Operation

	Objects []event.Object    // distinct, as found: those that the request named, then those of the answer; up to MaxObjects are kept
	Asked   int               // how many of Objects the request named
	Counts  map[string]uint64 // distinct objects by type, where Objects does not hold all of them
	Records uint64            // records returned

	Data     []event.Data // classes of sensitive data in the answer, each once
	Received []event.Data // and in the request
	Partial  bool         // not all was looked at: the numbers may be too low

	Properties []string // names of the properties in the request's body, as paths with points; what is not plain, or beyond the 64th, is left out
	Targets    []string // where that body points to: domains and buckets, as plain words too

	RPCStatus        string   // the status in the protocol's own terms; empty: it is taken from gRPC's trailers
	RequestMessages  uint64   // messages in the stream
	ResponseMessages uint64   // messages in the stream
	RequestText      Rendered // recorded in place of the body
	ResponseText     Rendered // recorded in place of the body
}

// Rendered is a text made from a body which says more than the body: the JSON
// of a protobuf message, the whole of a streamed answer. It is redacted and
// limited as the body is.
type Rendered struct {
	From string // for event.Message.Rendered; empty: there is none
	Text []byte // UTF-8; JSON, if it begins with a brace or a bracket
	Cut  bool   // it does not hold all that passed
}

// Limits of what an event takes from observers.
const (
	MaxWord    = 200  // bytes of a name
	MaxObjects = 1000 // objects in a what envelope
	maxID      = 256  // bytes of an object's id; longer ones are no ids
	maxList    = 64   // types, parts, scopes, classes
)

// watch is the observation of a call, guarded against its mistakes. The nil
// watch sees nothing.
type watch struct {
	Observation
	rec    *Recorder
	broken bool // guarded by mu
	mu     sync.Mutex
}

func (x *Exchange) observe() {
	if x.rec.observer == nil {
		return
	}
	w := &watch{rec: x.rec}
	defer w.guard()
	c := &Call{
		Source: x.o.Source, Route: x.o.Route, Method: x.r.Method, Host: HostName(x.r.Host), Path: x.reqPath, Query: x.reqQuery,
		Header: x.r.Header, Identity: &x.id, HTTP2: x.r.ProtoMajor == 2, Pattern: x.pattern,
	}
	w.Observation = x.rec.observer.Observe(c)
	x.template = c.Template
	if w.Observation == nil {
		return
	}
	x.watch = w
	x.req.see(w.Request, x.r.Header)
}

// guard is deferred around each use of the observation.
func (w *watch) guard() {
	if v := recover(); v != nil {
		w.rec.observerPanics.Add(1)
		w.mu.Lock()
		w.broken = true
		w.mu.Unlock()
	}
}

func (w *watch) isBroken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

func (w *watch) Request(p []byte) {
	if w.isBroken() {
		return
	}
	defer w.guard()
	w.Observation.Request(p)
}

func (w *watch) Response(p []byte) {
	if w.isBroken() {
		return
	}
	defer w.guard()
	w.Observation.Response(p)
}

// answered tells the observer of the answer's header.
func (x *Exchange) answered(status int, h http.Header) {
	w := x.watch
	if w == nil || w.isBroken() {
		return
	}
	x.res.see(w.Response, h)
	defer w.guard()
	w.Answer(status, h)
}

// facts ends the observation. The content of both tees must have been taken.
func (x *Exchange) facts() (f Facts) {
	w := x.watch
	if w == nil {
		return f
	}
	if w.isBroken() {
		return Facts{Partial: true}
	}
	defer func() {
		if w.isBroken() {
			f = Facts{Partial: true}
		}
	}()
	defer w.guard()
	w.End(&f)
	return f
}

// fillFacts puts into the event what observers say, as far as it may stand
// there.
func fillFacts(e *event.Event, f *Facts, call *redact.Call) {
	op, says := &e.Operation, &f.Operation
	if says.Protocol != "" {
		op.Protocol = plainWord(says.Protocol)
	}
	op.Route, op.Type, op.Model = plainWord(says.Route), plainWord(says.Type), plainWord(says.Model)
	if says.Name != "" {
		op.Name = plainWord(says.Name)
	}
	if says.Basis != "" {
		op.Basis = says.Basis
	}
	if op.Route == "" && op.Name == "" {
		op.Basis = ""
	}
	op.Action, op.Requires = says.Action, says.Requires
	op.Count, op.Depth, op.Cost, op.Tokens = says.Count, says.Depth, says.Cost, says.Tokens
	op.Session = plainWord(says.Session)
	op.Parts, op.Scopes = plainWords(says.Parts), plainWords(says.Scopes)
	if f.RPCStatus != "" {
		e.Outcome.RPCStatus = plainWord(f.RPCStatus)
	}
	fillObjects(e, f, call)
	e.What.Properties, e.What.Targets = plainWords(f.Properties), plainWords(f.Targets)
	e.Records, e.Partial = f.Records, f.Partial
	e.Data, e.Received = plainData(f.Data), plainData(f.Received)
	e.Request.Messages, e.Response.Messages = f.RequestMessages, f.ResponseMessages
}

// fillObjects sets the objects in the what envelope, and their types and
// numbers in the header.
func fillObjects(e *event.Event, f *Facts, call *redact.Call) {
	counts := make(map[string]uint64, 4)
	for i, o := range f.Objects {
		if o.Type = plainWord(o.Type); o.Type == "" || o.ID == "" || len(o.ID) > maxID {
			continue
		}
		if _, known := counts[o.Type]; !known && len(counts) >= maxList {
			continue
		}
		counts[o.Type]++
		if len(e.What.Objects) >= MaxObjects {
			continue
		}
		o.ID = call.Value(o.Type, o.ID)
		e.What.Objects = append(e.What.Objects, o)
		if i < f.Asked {
			e.What.Asked++
		}
	}
	for name, n := range f.Counts {
		if name = plainWord(name); name != "" && (counts[name] > 0 || len(counts) < maxList) {
			counts[name] = max(counts[name], n)
		}
	}
	many := false
	for name, n := range counts {
		if n > 0 {
			e.Objects = append(e.Objects, name)
			many = many || n > 1
		}
	}
	slices.Sort(e.Objects)
	if many {
		for _, name := range e.Objects {
			e.Counts = append(e.Counts, counts[name])
		}
	}
}

// plainWord returns s if it can stand in a header: a name of the API's, without
// spaces and in ASCII.
func plainWord(s string) string {
	if len(s) > MaxWord {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return ""
		}
	}
	return s
}

// plainWords returns those of list that are plain, sorted and each once.
func plainWords(list []string) (words []string) {
	for _, s := range list {
		if s = plainWord(s); s != "" && len(words) < maxList {
			words = append(words, s)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func plainData(list []event.Data) (data []event.Data) {
	for _, d := range list {
		if d.Class = plainWord(d.Class); d.Class != "" && d.Count > 0 && len(data) < maxList {
			data = append(data, d)
		}
	}
	slices.SortFunc(data, func(a, b event.Data) int { return strings.Compare(a.Class, b.Class) })
	return slices.CompactFunc(data, func(a, b event.Data) bool { return a.Class == b.Class })
}
