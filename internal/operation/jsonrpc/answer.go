package jsonrpc

import (
	"bytes"
	"encoding/json"
)

// Answer sums up what came back.
type Answer struct {
	Results  int      // calls that were answered
	Errors   int      // calls that failed: JSON-RPC errors, and MCP tools that say so
	Code     string   // of the first JSON-RPC error; empty: there was none
	Listed   []string // MCP: tools, prompts and resource templates that the server offers, by name
	Contents int      // MCP: content items that tools and resources gave
	Asked    []string // MCP: what the server asked of the client ("sampling/createMessage")
}

// result is what MCP's answers have in them.
type result struct {
	IsError   bool              `json:"isError"`
	Content   []json.RawMessage `json:"content"`
	Contents  []json.RawMessage `json:"contents"`
	Tools     []named           `json:"tools"`
	Prompts   []named           `json:"prompts"`
	Templates []named           `json:"resourceTemplates"`
}

type named struct {
	Name string `json:"name"`
}

// maxListed bounds the names in an Answer.
const maxListed = 256

// ParseAnswer reads the body of an answer: JSON, or server-sent events with a
// message each. Of a body that was cut it reads what is whole; what is no
// JSON-RPC is left out.
func ParseAnswer(contentType string, body []byte) Answer {
	var a Answer
	if contentType != "text/event-stream" {
		a.add(body)
		return a
	}
	var data []byte
	for len(body) > 0 {
		line, rest, whole := bytes.Cut(body, []byte("\n"))
		body = rest
		line = bytes.TrimSuffix(line, []byte("\r"))
		if !whole {
			break // cut, or not ended
		}
		if len(line) == 0 {
			a.add(data)
			data = data[:0]
			continue
		}
		if v, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if len(data) > 0 {
				data = append(data, '\n')
			}
			data = append(data, bytes.TrimPrefix(v, []byte(" "))...)
		}
	}
	return a
}

func (a *Answer) add(b []byte) {
	list, err := messages(b)
	if err != nil {
		return
	}
	for i := range list {
		m := &list[i]
		switch {
		case m.Method != nil:
			if w := word(*m.Method); w != "" && len(m.ID) > 0 && len(a.Asked) < maxListed {
				a.Asked = append(a.Asked, w)
			}
		case m.Error != nil:
			a.Errors++
			if a.Code == "" {
				a.Code = code(m.Error.Code.String())
			}
		default:
			a.Results++
			a.result(m.Result)
		}
	}
}

func (a *Answer) result(b json.RawMessage) {
	var r result
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &r) != nil {
		return
	}
	if r.IsError {
		a.Results--
		a.Errors++
	}
	a.Contents += len(r.Content) + len(r.Contents)
	for _, list := range [][]named{r.Tools, r.Prompts, r.Templates} {
		for _, n := range list {
			if w := word(n.Name); w != "" && len(a.Listed) < maxListed {
				a.Listed = append(a.Listed, w)
			}
		}
	}
}

// code returns an error code if it is a whole number of an ordinary size.
func code(s string) string {
	if len(s) > 12 || len(s) == 0 {
		return ""
	}
	for i, c := range []byte(s) {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return ""
		}
	}
	return s
}
