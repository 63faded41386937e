package openapi

import "encoding/json"

// document is the part of a description that is read.
type document struct {
	OpenAPI string `json:"openapi"`
	Swagger string `json:"swagger"`
	Info    struct {
		Title   string `json:"title"`
		Version string `json:"version"`
	} `json:"info"`
	Servers    []server                   `json:"servers"`
	Paths      map[string]json.RawMessage `json:"paths"`
	Security   []requirement              `json:"security"`
	Components struct {
		Schemes    map[string]scheme          `json:"securitySchemes"`
		PathItems  map[string]json.RawMessage `json:"pathItems"`
		Parameters map[string]parameter       `json:"parameters"`
	} `json:"components"`

	// Swagger 2.0 only.
	BasePath   string               `json:"basePath"`
	Schemes    map[string]scheme    `json:"securityDefinitions"`
	Parameters map[string]parameter `json:"parameters"`
}

type server struct {
	URL       string `json:"url"`
	Variables map[string]struct {
		Default string `json:"default"`
	} `json:"variables"`
}

// requirement is scopes by the name of a security scheme.
type requirement map[string][]string

type scheme struct {
	Type   string `json:"type"`
	Scheme string `json:"scheme"`
}

type parameter struct {
	Ref    string            `json:"$ref"`
	Name   string            `json:"name"`
	In     string            `json:"in"`
	Enum   []json.RawMessage `json:"enum"` // Swagger 2.0
	Schema struct {
		Enum []json.RawMessage `json:"enum"`
	} `json:"schema"`
}

type pathItem struct {
	Ref        string      `json:"$ref"`
	Servers    []server    `json:"servers"`
	Parameters []parameter `json:"parameters"`

	operations map[string]described // by method
}

type described struct {
	ID         string              `json:"operationId"`
	Parameters []parameter         `json:"parameters"`
	Security   *[]requirement      `json:"security"` // nil: that of the document
	Deprecated bool                `json:"deprecated"`
	Action     string              `json:"x-gatebook-action"`
	Responses  map[string]response `json:"responses"`
}

type response struct {
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
	Schema schema `json:"schema"` // Swagger 2.0
}

type schema struct {
	Ref   string `json:"$ref"`
	Items struct {
		Ref string `json:"$ref"`
	} `json:"items"`
}

// UnmarshalJSON takes what it can: schemas may be true or false, or wrong.
func (s *schema) UnmarshalJSON(b []byte) error {
	type plain schema
	var p plain
	if json.Unmarshal(b, &p) == nil {
		*s = schema(p)
	}
	return nil
}
