package protocol

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation/graphql"
	"github.com/gatebook/gatebook/internal/operation/jsonrpc"
)

// jsonCall is a call whose body may be JSON-RPC or GraphQL.
type jsonCall struct {
	o       *Observer
	call    *capture.Call
	media   string
	body    buffer
	answer  buffer
	session string // of MCP
	kind    string // of the answer
	events  events
}

func (j *jsonCall) Request(p []byte) { j.body.add(p) }

func (j *jsonCall) Answer(_ int, h http.Header) {
	j.answer = buffer{}
	if j.telling() {
		j.answer.limit = MaxBody
	}
	j.events = events{}
	j.kind = mediaType(h)
	if s := h.Get("Mcp-Session-Id"); s != "" {
		j.session = s
	}
}

// telling reports whether the request, as far as it has come, can be one whose
// answer is worth keeping. Most JSON is neither JSON-RPC nor GraphQL.
func (j *jsonCall) telling() bool {
	return bytes.Contains(j.body.b, []byte(`"jsonrpc"`)) || j.maybeGraphQL()
}

func (j *jsonCall) maybeGraphQL() bool {
	return isGraphQL(j.call.Path) || j.media == "application/graphql" || bytes.Contains(j.body.b, []byte(`"query"`))
}

func (j *jsonCall) Response(p []byte) {
	if j.answer.limit > 0 {
		j.answer.add(p)
	}
	if j.kind == "text/event-stream" {
		j.events.Response(p)
	}
}

func (j *jsonCall) End(f *capture.Facts) {
	j.events.End(f)
	if bytes.Contains(j.body.b, []byte(`"jsonrpc"`)) {
		if calls, err := jsonrpc.Parse(j.body.b); err == nil {
			j.rpc(f, calls)
			return
		}
	}
	if !j.maybeGraphQL() {
		return
	}
	query, _ := url.ParseQuery(j.call.Query)
	if ops, err := graphql.Parse(j.media, query, j.body.b); err == nil {
		j.graphql(f, ops)
	}
}

// rpc says what JSON-RPC calls, and MCP in them, are about.
func (j *jsonCall) rpc(f *capture.Facts, calls []jsonrpc.Call) {
	op := &f.Operation
	op.Protocol, op.Basis, op.Action = "jsonrpc", event.BasisProtocol, ""
	if s := j.call.Header.Get("Mcp-Session-Id"); s != "" {
		j.session = s
	}
	if j.session != "" || j.call.Header.Get("Mcp-Protocol-Version") != "" {
		op.Protocol = "mcp"
	}
	if j.session != "" {
		op.Session = j.o.cfg.Session(j.session)
	}
	if len(calls) > 1 {
		op.Type, op.Count = "batch", uint64(len(calls))
	}
	for i := range calls {
		c := &calls[i]
		name := c.Method
		if c.Target != "" {
			name = c.Target
		}
		if len(calls) == 1 {
			op.Name, op.Action = name, action(name)
			if c.Target != "" || c.Resource != "" {
				op.Type = c.Method
			}
			if c.Resource != "" {
				op.Action = event.ActionRead
			}
		} else {
			op.Parts = append(op.Parts, name)
		}
		if c.Resource != "" {
			addExact(f, event.Object{Type: "resource", ID: c.Resource})
		}
		for _, a := range c.Arguments {
			addObject(f, name, a.Name, a.Value)
		}
	}
	a := jsonrpc.ParseAnswer(j.kind, j.answer.b)
	if f.RPCStatus = a.Code; f.RPCStatus == "" && a.Errors > 0 {
		f.RPCStatus = "error"
	}
	if f.RPCStatus == "" && a.Results > 0 {
		f.RPCStatus = "ok"
	}
}

// addExact adds an object of the request.
func addExact(f *capture.Facts, o event.Object) {
	for _, have := range f.Objects {
		if have == o {
			return
		}
	}
	if len(f.Objects) < capture.MaxObjects {
		f.Objects = append(f.Objects, o)
		f.Asked = len(f.Objects)
	}
}

// graphql says what GraphQL operations are about.
func (j *jsonCall) graphql(f *capture.Facts, ops []graphql.Operation) {
	op := &f.Operation
	op.Protocol, op.Basis, op.Action = "graphql", event.BasisProtocol, ""
	op.Name, op.Type = ops[0].Name, ops[0].Type
	if len(ops) > 1 {
		op.Type, op.Count = "batch", uint64(len(ops))
	}
	for i := range ops {
		o := &ops[i]
		op.Parts = append(op.Parts, o.Fields...)
		op.Depth = max(op.Depth, uint64(o.Depth))
		op.Cost += uint64(o.Cost)
		op.Action = stronger(op.Action, graphqlAction(o))
		for _, a := range o.Arguments {
			owner := a.Field
			if owner == "" {
				owner = o.Name
			}
			addObject(f, owner, a.Name, a.Value)
		}
	}
	if op.Name == "" && len(op.Parts) > 0 {
		op.Name = op.Parts[0] // an operation without a name is called by its first field
	}
	if bytes.Contains(j.answer.b[:min(len(j.answer.b), 4096)], []byte(`"errors"`)) {
		f.RPCStatus = "error"
	} else if len(j.answer.b) > 0 {
		f.RPCStatus = "ok"
	}
}

func graphqlAction(o *graphql.Operation) event.Action {
	if o.Type == "query" || o.Type == "subscription" {
		for _, field := range o.Fields {
			if a := action(field); a == event.ActionExport {
				return a
			}
		}
		return event.ActionRead
	}
	var most event.Action
	for _, field := range append([]string{o.Name}, o.Fields...) {
		if a := action(field); a != event.ActionRead {
			most = stronger(most, a)
		}
	}
	if most == "" && o.Type == "mutation" {
		return event.ActionUpdate
	}
	return most
}

// order has the actions from the least to the most that there is to know.
var order = map[event.Action]int{
	event.ActionRead: 1, event.ActionCreate: 2, event.ActionUpdate: 3, event.ActionDelete: 4, event.ActionExport: 5,
	event.ActionAuthenticate: 6, event.ActionAdminister: 7, event.ActionGrant: 8,
}

// stronger returns the action of the two that there is more to know about.
func stronger(a, b event.Action) event.Action {
	if order[b] > order[a] {
		return b
	}
	return a
}
