package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// typescript returns the types of the console for an OpenAPI document of ours:
// an interface for each schema, and what each operation takes and gives.
func typescript(openAPI []byte) (string, error) {
	var doc struct {
		Paths      map[string]map[string]tsOperation `json:"paths"`
		Components struct {
			Schemas map[string]tsSchema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("// Generated from docs/openapi.json. Do not edit:\n// go test ./internal/api -run TestOpenAPI -update\n")
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		s := doc.Components.Schemas[name]
		fmt.Fprintf(&b, "\nexport interface %s %s\n", tsName(name), s.object(""))
	}
	type entry struct {
		id, method, path string
		op               tsOperation
	}
	var list []entry
	for path, methods := range doc.Paths {
		for method, op := range methods {
			list = append(list, entry{op.ID, strings.ToUpper(method), path, op})
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.id, b.id) })
	b.WriteString("\n/** What each operation takes and gives, by operationId. */\nexport interface Operations {\n")
	for _, e := range list {
		fmt.Fprintf(&b, "  /** %s %s: %s */\n  %s: {\n", e.method, e.path, comment(e.op.Summary), e.id)
		fmt.Fprintf(&b, "    params: %s;\n    body: %s;\n    result: %s;\n  };\n", e.op.params("    "), e.op.body(), e.op.result())
	}
	b.WriteString("}\n\n/** Where each operation is. */\nexport const operations = {\n")
	for _, e := range list {
		fmt.Fprintf(&b, "  %s: { method: '%s', path: '%s' },\n", e.id, e.method, e.path)
	}
	b.WriteString("} as const satisfies { [id in keyof Operations]: { method: string; path: string } };\n")
	return b.String(), nil
}

// tsSchema is what our documents use of JSON Schema.
type tsSchema struct {
	Ref         string              `json:"$ref"`
	Type        string              `json:"type"`
	Description string              `json:"description"`
	Enum        []string            `json:"enum"`
	Items       *tsSchema           `json:"items"`
	Additional  *tsSchema           `json:"additionalProperties"`
	Properties  map[string]tsSchema `json:"properties"`
	Required    []string            `json:"required"`
}

// text returns the type as an expression.
func (s *tsSchema) text(indent string) string {
	switch {
	case s == nil:
		return "never"
	case s.Ref != "":
		return tsName(strings.TrimPrefix(s.Ref, "#/components/schemas/"))
	case len(s.Enum) > 0:
		return "'" + strings.Join(s.Enum, "' | '") + "'"
	case s.Type == "array":
		item := s.Items.text(indent)
		if strings.Contains(item, " ") {
			item = "(" + item + ")"
		}
		return item + "[]"
	case s.Additional != nil:
		return "{ [key: string]: " + s.Additional.text(indent) + " }"
	case s.Type == "object":
		return s.object(indent)
	case s.Type == "integer" || s.Type == "number":
		return "number"
	case s.Type == "boolean" || s.Type == "string":
		return s.Type
	}
	return "unknown"
}

func (s *tsSchema) object(indent string) string {
	if len(s.Properties) == 0 {
		return "{ [key: string]: unknown }"
	}
	var b strings.Builder
	b.WriteString("{\n")
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		optional := "?"
		if slices.Contains(s.Required, name) {
			optional = ""
		}
		if p.Description != "" {
			fmt.Fprintf(&b, "%s  /** %s */\n", indent, comment(p.Description))
		}
		fmt.Fprintf(&b, "%s  %s%s: %s;\n", indent, tsKey(name), optional, p.text(indent+"  "))
	}
	b.WriteString(indent + "}")
	return b.String()
}

// tsOperation is one operation of a document.
type tsOperation struct {
	ID          string `json:"operationId"`
	Summary     string `json:"summary"`
	Parameters  []tsParameter
	RequestBody *tsContent           `json:"requestBody"`
	Responses   map[string]tsContent `json:"responses"`
}

type tsParameter struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Required    bool     `json:"required"`
	Schema      tsSchema `json:"schema"`
}

type tsContent struct {
	Content map[string]struct {
		Schema, ItemSchema *tsSchema
	} `json:"content"`
}

func (o *tsOperation) params(indent string) string {
	s := tsSchema{Properties: map[string]tsSchema{}}
	for _, p := range o.Parameters {
		p.Schema.Description = p.Description
		s.Properties[p.Name] = p.Schema
		if p.Required {
			s.Required = append(s.Required, p.Name)
		}
	}
	if len(s.Properties) == 0 {
		return "never"
	}
	return s.object(indent)
}

func (o *tsOperation) body() string {
	if o.RequestBody == nil {
		return "never"
	}
	return o.RequestBody.text()
}

// result returns the type of the answer, or of each item of a stream.
func (o *tsOperation) result() string {
	for status, r := range o.Responses {
		if status != "default" {
			return r.text()
		}
	}
	return "void"
}

func (c *tsContent) text() string {
	for media, m := range c.Content {
		switch {
		case m.ItemSchema != nil:
			return m.ItemSchema.text("")
		case media != "application/json":
			return "Blob"
		}
		return m.Schema.text("")
	}
	return "void"
}

var tsPlain = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func tsKey(name string) string {
	if tsPlain.MatchString(name) {
		return name
	}
	return "'" + name + "'"
}

// tsName returns the name of an interface: ReadingRecord for reading.Record.
func tsName(name string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > 'z' || r > '9' && r < 'A' || r > 'Z' && r < 'a' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

func comment(s string) string { return strings.ReplaceAll(s, "*/", "* /") }
