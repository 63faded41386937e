package protocol

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation/llm"
	"github.com/gatebook/gatebook/internal/operation/multipart"
	"github.com/gatebook/gatebook/internal/operation/soap"
	"github.com/gatebook/gatebook/internal/operation/websocket"
)

// events counts server-sent events. It is the whole observation of a call that
// only asks for them.
type events struct {
	stream bool
	data   bool // the current event has data
	line   int  // bytes of the current line
	begin  [5]byte
	count  uint64
}

func (e *events) Request([]byte) {}

func (e *events) Answer(_ int, h http.Header) {
	*e = events{stream: mediaType(h) == "text/event-stream"}
}

func (e *events) Response(p []byte) {
	for _, c := range p {
		switch {
		case c == '\n' && e.line == 0:
			if e.data {
				e.count++
			}
			e.data = false
		case c == '\n':
			e.data = e.data || e.line >= 5 && string(e.begin[:]) == "data:"
			e.line = 0
		case c != '\r':
			if e.line < len(e.begin) {
				e.begin[e.line] = c
			}
			e.line++
		}
	}
}

func (e *events) End(f *capture.Facts) {
	if e.count > 0 {
		f.ResponseMessages = e.count
	}
}

// socket counts the messages of a WebSocket.
type socket struct {
	in, out  websocket.Counter
	upgraded bool
}

func (s *socket) Request(p []byte) { s.in.Write(p) }

func (s *socket) Answer(status int, _ http.Header) {
	s.upgraded = status == http.StatusSwitchingProtocols
}

func (s *socket) Response(p []byte) {
	if s.upgraded {
		s.out.Write(p)
	}
}

func (s *socket) End(f *capture.Facts) {
	f.RequestMessages, f.ResponseMessages = s.in.Messages(), s.out.Messages()
}

// upload lists the files of an upload.
type upload struct{ reader *multipart.Reader }

func (u *upload) Request(p []byte)        { u.reader.Write(p) }
func (u *upload) Answer(int, http.Header) {}
func (u *upload) Response([]byte)         {}

func (u *upload) End(f *capture.Facts) {
	parts, more := u.reader.Parts()
	for _, p := range parts {
		if p.File != "" {
			addExact(f, event.Object{Type: "file", ID: p.File})
		}
		if p.Type != "" {
			f.Operation.Parts = append(f.Operation.Parts, p.Type)
		}
	}
	f.Operation.Count = uint64(len(parts)) + more
	f.Partial = f.Partial || more > 0
}

// soapCall follows a SOAP call.
type soapCall struct {
	call   *capture.Call
	body   buffer
	answer buffer
	media  string
}

func (s *soapCall) Request(p []byte) { s.body.add(p) }

func (s *soapCall) Answer(_ int, h http.Header) {
	s.answer, s.media = buffer{limit: MaxBody}, h.Get("Content-Type")
}

func (s *soapCall) Response(p []byte) { s.answer.add(p) }

func (s *soapCall) End(f *capture.Facts) {
	c, ok := soap.Parse(s.call.Header.Get("Content-Type"), s.call.Header.Get("Soapaction"), s.body.b)
	if !ok && c.Action == "" {
		return
	}
	op := &f.Operation
	op.Protocol, op.Basis, op.Name = "soap", event.BasisProtocol, c.Name()
	op.Action = action(op.Name)
	if a, ok := soap.Parse(s.media, "", s.answer.b); ok {
		if f.RPCStatus = a.Fault; a.Fault == "" {
			f.RPCStatus = "ok"
		}
	}
}

// maxPrompt is how much of a call to a model is kept to be read at the end: a
// prompt can hold documents.
const maxPrompt = 4 << 20

// modelCall follows a call to a language model.
type modelCall struct {
	api    llm.API
	body   buffer
	answer buffer
	stream *llm.Stream
	events events
}

func (m *modelCall) Request(p []byte) { m.body.add(p) }

func (m *modelCall) Answer(_ int, h http.Header) {
	m.answer, m.stream, m.events = buffer{limit: maxPrompt}, nil, events{}
	if mediaType(h) == "text/event-stream" {
		m.stream = new(llm.Stream)
	}
}

func (m *modelCall) Response(p []byte) {
	if m.stream != nil {
		m.stream.Write(p)
		m.events.Response(p)
		return
	}
	m.answer.add(p)
}

// together is a streamed answer, put together.
type together struct {
	Model string      `json:"model,omitempty"`
	Text  string      `json:"text,omitempty"`
	Tools []*toolCall `json:"tool_calls,omitempty"`
	Stop  string      `json:"stop,omitempty"`
}

type toolCall struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

func (m *modelCall) End(f *capture.Facts) {
	r, err := llm.ParseRequest(m.api, m.body.b)
	if err != nil && m.stream == nil {
		return
	}
	var a llm.Answer
	ok := true
	if m.stream != nil {
		a = m.stream.Answer()
	} else {
		a, ok = llm.ParseAnswer(m.answer.b)
	}
	if !ok && err != nil {
		return
	}
	op := &f.Operation
	op.Protocol, op.Basis, op.Type, op.Name = "llm", event.BasisProtocol, string(m.api), string(m.api)
	op.Action = event.ActionCreate
	op.Model = r.Model
	if a.Model != "" {
		op.Model = a.Model
	}
	op.Tokens = event.Tokens{In: a.Input, Out: a.Output}
	op.Parts = append(op.Parts, a.Called...)
	f.RPCStatus = a.Stop
	if r.User != "" {
		addExact(f, event.Object{Type: "end_user", ID: r.User})
	}
	if m.stream != nil {
		m.events.End(f)
		f.ResponseText = rendered(&a)
	}
}

// rendered is the whole of a streamed answer as JSON.
func rendered(a *llm.Answer) capture.Rendered {
	t := together{Model: a.Model, Text: a.Text, Stop: a.Stop}
	for _, c := range a.Calls {
		tc := &toolCall{Name: c.Name}
		if json.Valid([]byte(c.Arguments)) {
			tc.Arguments = json.RawMessage(c.Arguments)
		} else if c.Arguments != "" {
			tc.Arguments, _ = json.Marshal(c.Arguments)
		}
		t.Tools = append(t.Tools, tc)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(t) != nil {
		return capture.Rendered{}
	}
	return capture.Rendered{From: "sse", Text: bytes.TrimSuffix(b.Bytes(), []byte("\n")), Cut: a.Cut}
}
