package api

import (
	"encoding"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// object is an object of a JSON document; its keys are written in order of the
// alphabet, so that the document is always the same.
type object = map[string]any

func openAPI(c *call) error {
	b, err := json.MarshalIndent(document(routes(), c.cfg.Version), "", "  ")
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	_, err = c.w.Write(append(b, '\n'))
	return err
}

// document returns the OpenAPI 3.1 document of the routes.
func document(list []route, version string) object {
	s := schemas{}
	s.of(reflect.TypeFor[Problem]())
	paths := object{}
	for _, rt := range list {
		path := strings.ReplaceAll(rt.path, "...}", "}")
		item, _ := paths[path].(object)
		if item == nil {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(rt.method)] = s.operation(&rt)
	}
	if version == "" {
		version = "devel"
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Gatebook", "version": version,
			"description": "The record of API access: search, proof and verification. Times are UTC, durations nanoseconds. Members of an event that are zero are left out.",
		},
		"security": []any{object{"token": []string{}}, object{"session": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas": object(s),
			"securitySchemes": object{
				"token":   object{"type": "http", "scheme": "bearer"},
				"session": object{"type": "apiKey", "in": "cookie", "name": securePrefix + sessionCookie, "description": "Of who signed in to the console. Without TLS its name has no prefix. Requests that change something need the header Gatebook-Tool: console."},
			},
		},
	}
}

func (s schemas) operation(rt *route) object {
	media := rt.media
	if media == "" {
		media = "application/json"
	}
	status := rt.status
	if status == 0 {
		status = http.StatusOK
	}
	success := object{"description": http.StatusText(status)}
	switch {
	case rt.result != nil && rt.stream:
		success["content"] = object{media: object{"itemSchema": s.of(rt.result), "schema": object{"type": "string"}}}
	case rt.result != nil:
		success["content"] = object{media: object{"schema": s.of(rt.result)}}
	case status != http.StatusNoContent && media == "application/json":
		success["content"] = object{media: object{"schema": object{"type": "object"}}}
	case status != http.StatusNoContent:
		success["content"] = object{media: object{"schema": object{"type": "string"}}}
	}
	op := object{
		"operationId": rt.id, "summary": rt.summary,
		"responses": object{
			strconv.Itoa(status): success,
			"default":            object{"description": "What went wrong, and what to do.", "content": object{"application/problem+json": object{"schema": s.of(reflect.TypeFor[Problem]())}}},
		},
	}
	if rt.public {
		op["security"] = []any{}
	}
	if rt.body != nil {
		op["requestBody"] = object{"content": object{"application/json": object{"schema": s.of(rt.body)}}}
	}
	if list := s.parameters(rt); len(list) > 0 {
		op["parameters"] = list
	}
	return op
}

func (s schemas) parameters(rt *route) []any {
	var list []any
	for _, p := range paramsOf(rt.params) {
		schema := s.param(&p)
		item := object{"name": p.name, "in": p.in, "schema": schema}
		if doc := p.Tag.Get("doc"); doc != "" {
			item["description"] = doc
		}
		if p.in == "path" {
			item["required"] = true
		}
		if p.Type.Kind() == reflect.Slice {
			item["style"], item["explode"] = "form", false
		}
		list = append(list, item)
	}
	if rt.params == nil && strings.Contains(rt.path, "{path...}") {
		list = append(list, object{"name": "path", "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	return list
}

// param returns the schema of a parameter.
func (s schemas) param(p *paramField) object {
	schema := object{"type": "string"} // times and durations are written as people write them
	if p.Type != reflect.TypeFor[time.Duration]() && p.Type != reflect.TypeFor[time.Time]() {
		schema = s.of(p.Type)
	}
	if one := p.Tag.Get("oneof"); one != "" {
		schema["enum"] = strings.Split(one, ",")
	}
	for tag, key := range map[string]string{"min": "minimum", "max": "maximum", "default": "default"} {
		text := p.Tag.Get(tag)
		if text == "" {
			continue
		}
		schema[key] = text
		if n, err := strconv.Atoi(text); err == nil {
			schema[key] = n
		}
	}
	return schema
}

// schemas are the named schemas of a document.
type schemas object

// encoded is implemented by bytes that are the JSON of another type.
type encoded interface{ Of() reflect.Type }

var (
	encodedType = reflect.TypeFor[encoded]()
	textType    = reflect.TypeFor[encoding.TextMarshaler]()
	eventPkg    = reflect.TypeFor[event.Header]().PkgPath()
)

// of returns the schema of a type, or a reference to it.
func (s schemas) of(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return s.of(t.Elem())
	case t.Implements(encodedType):
		return s.of(reflect.Zero(t).Interface().(encoded).Of())
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[time.Duration]():
		return object{"type": "integer", "description": "nanoseconds"}
	case t.Implements(textType):
		return object{"type": "string"}
	case t == reflect.TypeFor[[]byte]():
		return object{"type": "string", "contentEncoding": "base64"}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Uint64, reflect.Uint32, reflect.Uint:
		return object{"type": "integer", "minimum": 0}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.named(t)
	}
	panic("api: the type " + t.String() + " has no schema")
}

func (s schemas) named(t reflect.Type) object {
	name := t.String()
	ref := object{"$ref": "#/components/schemas/" + name}
	if t.NumField() == 0 {
		return object{"type": "object"}
	}
	if _, ok := s[name]; ok {
		return ref
	}
	schema := object{"type": "object"}
	s[name] = schema // now, for types that hold themselves
	props := object{}
	required := s.members(t, props)
	schema["properties"] = props
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	return ref
}

// members adds the members of t to props, those of embedded structs too, and
// returns the names of those that are always there.
func (s schemas) members(t reflect.Type, props object) (required []string) {
	for f := range t.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && key == "":
			required = append(required, s.members(f.Type, props)...)
			continue
		case !f.IsExported(), key == "-" && options == "":
			continue
		case key == "":
			key = strings.ToLower(f.Name)
		}
		props[key] = s.of(f.Type)
		if !strings.Contains(options, "omit") && t.PkgPath() != eventPkg {
			required = append(required, key)
		}
	}
	return required
}
