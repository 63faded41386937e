package api

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"
)

type object = map[string]any

// openAPI describes routes as an OpenAPI 3.1 document.
func openAPI(routes []route) object {
	b := &builder{schemas: object{}}
	paths := object{}
	for _, rt := range routes {
		item, ok := paths[rt.path].(object)
		if !ok {
			item = object{}
			paths[rt.path] = item
		}
		item[strings.ToLower(rt.method)] = b.operation(rt)
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Sample shop", "version": "1.0.0",
			"description": "Invented customers, orders, products and files, to be put behind Gatebook."},
		"paths": paths,
		"components": object{
			"schemas": b.schemas,
			"securitySchemes": object{
				"token": object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
				"key":   object{"type": "apiKey", "in": "header", "name": "X-API-Key"},
			},
		},
	}
}

// builder collects the schemas that operations refer to.
type builder struct{ schemas object }

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (b *builder) operation(rt route) object {
	op := object{"operationId": rt.name, "summary": rt.summary, "tags": []string{strings.Split(rt.path, "/")[2]}}
	var params []object
	for _, m := range pathParameter.FindAllStringSubmatch(rt.path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, q := range rt.query {
		schema := object{"type": "string"}
		if q == "limit" {
			schema = object{"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit}
		}
		params = append(params, object{"name": q, "in": "query", "schema": schema})
	}
	if params != nil {
		op["parameters"] = params
	}
	switch rt.in.(type) {
	case nil:
	case upload:
		op["requestBody"] = body("multipart/form-data", b.schema(reflect.TypeOf(rt.in)))
	default:
		op["requestBody"] = body("application/json", b.schema(reflect.TypeOf(rt.in)))
	}
	op["security"] = []object{}
	errors := []int{http.StatusBadRequest, http.StatusNotFound}
	if rt.scope != public {
		scopes := []string{rt.scope}
		if rt.scope == anyone {
			scopes = []string{}
		}
		op["security"] = []object{{"token": scopes}, {"key": []string{}}}
		errors = append(errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	if rt.method != http.MethodGet {
		errors = append(errors, http.StatusConflict)
	}
	answers := object{}
	status := cmp.Or(rt.status, http.StatusOK)
	answer := object{"description": http.StatusText(status)}
	if rt.out != nil {
		answer["content"] = object{"application/json": object{"schema": b.schema(reflect.TypeOf(rt.out))}}
	} else if rt.media != "" {
		answer["content"] = object{rt.media: object{"schema": object{"type": "string"}}}
	}
	answers[fmt.Sprint(status)] = answer
	for _, code := range errors {
		answers[fmt.Sprint(code)] = object{"description": http.StatusText(code),
			"content": object{"application/problem+json": object{"schema": b.schema(reflect.TypeFor[Problem]())}}}
	}
	op["responses"] = answers
	return op
}

func body(media string, schema object) object {
	return object{"required": true, "content": object{media: object{"schema": schema}}}
}

// schema describes a Go type; named structs go to the components.
func (b *builder) schema(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return b.schema(t.Elem())
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": b.schema(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": b.schema(t.Elem())}
	case t.Kind() == reflect.Struct:
		return b.component(t)
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
		return object{"type": "integer"}
	}
	return object{"type": "string"}
}

// component puts a struct into the components and refers to it. A generic
// page of things is called after the things.
func (b *builder) component(t reflect.Type) object {
	name := t.Name()
	if of, generic := strings.CutPrefix(name, "page["); generic {
		name = strings.TrimSuffix(of[strings.LastIndex(of, ".")+1:], "]") + "Page"
	}
	name = strings.ToUpper(name[:1]) + name[1:]
	ref := object{"$ref": "#/components/schemas/" + name}
	if _, done := b.schemas[name]; done {
		return ref
	}
	properties, required := object{}, []string{}
	b.schemas[name] = object{} // a type that contains itself ends here
	for _, f := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag == "" {
			continue
		}
		properties[tag] = b.schema(f.Type)
		if f.Tag.Get("format") != "" {
			properties[tag] = object{"type": "string", "format": f.Tag.Get("format")}
		}
		if !strings.Contains(options, "omitempty") && f.Type.Kind() != reflect.Pointer {
			required = append(required, tag)
		}
	}
	b.schemas[name] = object{"type": "object", "properties": properties, "required": required}
	return ref
}
