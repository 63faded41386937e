package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Limits of what is read.
const (
	MaxBatch     = 100 // calls in one body
	maxName      = 128 // bytes of the name of a method, tool or prompt
	maxValue     = 512 // bytes of a value
	maxArguments = 64
	maxNesting   = 4
)

// ErrSyntax is the error of what is no JSON-RPC 2.0. The error that wraps it
// says why.
var ErrSyntax = errors.New("no JSON-RPC 2.0")

// Call is one call, or one notification.
type Call struct {
	Method       string     // "tools/call"; empty if it cannot be a method's name
	Notification bool       // no answer is wanted
	Target       string     // MCP: the tool or prompt by name; empty: none
	Resource     string     // MCP: the URI of the resource; personal
	Arguments    []Argument // scalars of the parameters; of an MCP tool, those of its arguments
}

// Name returns "tools/call search" for a tool or prompt, else the method.
func (c *Call) Name() string {
	if c.Target == "" {
		return c.Method
	}
	return c.Method + " " + c.Target
}

// Argument is a scalar parameter.
type Argument struct {
	Name  string // nested ones have dots; those by position are numbers, from 0
	Value string // text, number or truth value as text
}

type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  *string         `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code json.Number `json:"code"`
	} `json:"error"`
}

// Parse reads the calls of a request's body. Answers among them, which an MCP
// client sends to a server that asked it something, are left out; a body of
// nothing else has no calls.
func Parse(body []byte) ([]Call, error) {
	messages, err := messages(body)
	if err != nil {
		return nil, err
	}
	var calls []Call
	for i := range messages {
		if messages[i].Method != nil {
			calls = append(calls, messages[i].call())
		}
	}
	return calls, nil
}

// messages reads one message or a batch.
func messages(body []byte) ([]message, error) {
	body = bytes.TrimLeft(body, " \t\r\n")
	var list []message
	if len(body) > 0 && body[0] == '[' {
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrSyntax, err)
		}
	} else {
		list = make([]message, 1)
		if err := json.Unmarshal(body, &list[0]); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrSyntax, err)
		}
	}
	if len(list) == 0 || len(list) > MaxBatch {
		return nil, fmt.Errorf("%w: a batch of %d messages, want 1 to %d", ErrSyntax, len(list), MaxBatch)
	}
	for i := range list {
		if list[i].Version != "2.0" {
			return nil, fmt.Errorf("%w: message %d does not say that it is", ErrSyntax, i)
		}
	}
	return list, nil
}

// params are what MCP's methods have in their parameters.
type params struct {
	Name      string          `json:"name"`
	URI       string          `json:"uri"`
	Arguments json.RawMessage `json:"arguments"`
}

func (m *message) call() Call {
	c := Call{Method: word(*m.Method), Notification: len(m.ID) == 0}
	var p params
	switch c.Method {
	case "tools/call", "prompts/get":
		if json.Unmarshal(m.Params, &p) == nil {
			c.Target = word(p.Name)
			c.scalars("", p.Arguments, maxNesting)
		}
	case "resources/read", "resources/subscribe", "resources/unsubscribe":
		if json.Unmarshal(m.Params, &p) == nil && len(p.URI) <= maxValue {
			c.Resource = p.URI
		}
	default:
		c.scalars("", m.Params, maxNesting)
	}
	return c
}

// word returns s if it can be the name of a method or a tool, else "": what a
// caller can choose freely does not belong into a header.
func word(s string) string {
	if len(s) > maxName {
		return ""
	}
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '-' || c > '9') && c != '_' && c != '$' && c != ':' {
			return ""
		}
	}
	return s
}

// scalars adds the scalars of b.
func (c *Call) scalars(name string, b json.RawMessage, nesting int) {
	if len(b) == 0 || nesting == 0 || len(c.Arguments) >= maxArguments {
		return
	}
	switch b[0] {
	case '{':
		var members map[string]json.RawMessage
		if json.Unmarshal(b, &members) == nil {
			for _, k := range slices.Sorted(maps.Keys(members)) {
				c.scalars(join(name, k), members[k], nesting-1)
			}
		}
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(b, &items) == nil {
			for i, item := range items[:min(len(items), maxArguments)] {
				c.scalars(join(name, fmt.Sprint(i)), item, nesting-1)
			}
		}
	case 'n':
	default:
		if v := scalar(b); v != "" && len(name) <= maxName {
			c.Arguments = append(c.Arguments, Argument{name, v})
		}
	}
}

func join(name, member string) string {
	if name == "" {
		return member
	}
	return name + "." + member
}

func scalar(b json.RawMessage) string {
	if len(b) > maxValue {
		return ""
	}
	if b[0] != '"' {
		return string(b)
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}
