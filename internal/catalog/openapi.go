package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Sample holds bodies of one call of an operation, as they were recorded. They
// are only looked at for their shape.
type Sample struct {
	Request  []byte // nil: none, or not JSON
	Response []byte
}

// OpenAPI returns an OpenAPI 3.1 document of the operations that have a route
// template. Schemas are those of the samples' shapes; in examples each value is
// replaced by one that says its type only, so that no value of a call is in the
// document. What the record knows beyond OpenAPI's words is under x-gatebook.
func OpenAPI(title string, operations []Operation, sample func(*Operation) Sample) ([]byte, error) {
	paths := make(map[string]map[string]any)
	for i := range operations {
		o := &operations[i]
		method := strings.ToLower(o.Method)
		if o.Route == "" || !openAPIMethods[method] {
			continue
		}
		if paths[o.Route] == nil {
			paths[o.Route] = make(map[string]any)
		}
		var s Sample
		if sample != nil && o.Sampled {
			s = sample(o)
		}
		paths[o.Route][method] = o.openAPI(s)
	}
	doc := map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": title, "version": "as observed", "description": "Made by Gatebook from the calls that it recorded."},
		"paths":   paths,
	}
	return json.MarshalIndent(doc, "", "  ")
}

var openAPIMethods = map[string]bool{"get": true, "put": true, "post": true, "delete": true, "options": true, "head": true, "patch": true, "trace": true}

func (o *Operation) openAPI(s Sample) map[string]any {
	op := map[string]any{"responses": o.responses(s.Response), "x-gatebook": o.extension()}
	if o.Name != "" {
		op["operationId"] = o.Name
	}
	var params []any
	for _, name := range parameters(o.Route) {
		params = append(params, map[string]any{"name": name, "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
	}
	if params != nil {
		op["parameters"] = params
	}
	if media := content("application/json", s.Request); media != nil {
		op["requestBody"] = map[string]any{"content": media}
	}
	return op
}

// parameters returns the names in the braces of a template.
func parameters(route string) (names []string) {
	for {
		_, rest, ok := strings.Cut(route, "{")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return names
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		route = after
	}
}

func (o *Operation) responses(body []byte) map[string]any {
	responses := make(map[string]any)
	for status := range o.Statuses {
		if status == "0" {
			continue
		}
		r := map[string]any{"description": "observed"}
		if status[0] == '2' && body != nil {
			media := "application/json"
			for _, t := range slices.Sorted(maps.Keys(o.Types)) {
				if t == "application/json" || strings.HasSuffix(t, "+json") {
					media = t
				}
			}
			if c := content(media, body); c != nil {
				r["content"] = c
			}
		}
		responses[status] = r
	}
	if len(responses) == 0 {
		responses["default"] = map[string]any{"description": "no answer was observed"}
	}
	return responses
}

func (o *Operation) extension() map[string]any {
	callers, exact := o.Callers.Count()
	x := map[string]any{
		"first": o.First, "last": o.Last, "calls": o.Count, "callers": callers, "basis": o.Basis, "api": o.API,
	}
	if !exact {
		x["callers_estimated"] = true
	}
	if o.Action != "" {
		x["action"] = o.Action
	}
	if len(o.Data) > 0 {
		x["data"] = slices.Sorted(maps.Keys(o.Data))
	}
	if len(o.Received) > 0 {
		x["received"] = slices.Sorted(maps.Keys(o.Received))
	}
	if len(o.Objects) > 0 {
		x["objects"] = slices.Sorted(maps.Keys(o.Objects))
	}
	if o.Requires != "" && o.Requires != event.RequiresNothing {
		x["requires"] = map[string]any{"kind": o.Requires, "scopes": o.Scopes}
	}
	if o.Open.Count > 0 {
		x["answered_without_verified_identity"] = o.Open.Count
	}
	return x
}

// content returns the media type object for a JSON body, or nil.
func content(media string, body []byte) map[string]any {
	if len(body) == 0 {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	schema, example := outline(v, maxShape)
	return map[string]any{media: map[string]any{"schema": schema, "example": example}}
}

const (
	maxShape   = 12  // nesting
	maxMembers = 200 // of an object
)

// outline returns the JSON Schema of a value, and the value with all that it says
// taken out.
func outline(v any, nesting int) (schema map[string]any, example any) {
	switch v := v.(type) {
	case string:
		return map[string]any{"type": "string"}, "string"
	case float64:
		if v == float64(int64(v)) {
			return map[string]any{"type": "integer"}, 0
		}
		return map[string]any{"type": "number"}, 0.5
	case bool:
		return map[string]any{"type": "boolean"}, false
	case []any:
		if len(v) == 0 || nesting == 0 {
			return map[string]any{"type": "array"}, []any{}
		}
		items, one := outline(v[0], nesting-1)
		return map[string]any{"type": "array", "items": items}, []any{one}
	case map[string]any:
		if nesting == 0 || keyed(v) {
			return map[string]any{"type": "object"}, map[string]any{}
		}
		properties, members := make(map[string]any), make(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(v))[:min(len(v), maxMembers)] {
			properties[name], members[name] = outline(v[name], nesting-1)
		}
		return map[string]any{"type": "object", "properties": properties}, members
	}
	return map[string]any{"type": "null"}, nil
}

// keyed reports whether the names of an object's members are values
// themselves, such as ids and addresses, and so must not be shown.
func keyed(v map[string]any) bool {
	for name := range v {
		digits := 0
		for _, c := range []byte(name) {
			switch {
			case c >= '0' && c <= '9':
				digits++
			case c == '@' || c == ' ' || c == '/' || c >= 0x80:
				return true
			}
		}
		if len(name) > 64 || digits > 3 {
			return true
		}
	}
	return len(v) > maxMembers
}
