package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation"
)

const sample = `
openapi: 3.1.0
info: {title: Shop, version: "1.2"}
servers:
  - url: https://api.example.com/{stage}/v1
    variables: {stage: {default: live}}
security: [{token: [read]}]
paths:
  /customers:
    get: {operationId: listCustomers, responses: {"200": {content: {application/json: {schema: {$ref: "#/components/schemas/CustomerPage"}}}}}}
    post: {operationId: addCustomer, security: [{token: [write]}, {key: []}], deprecated: true}
  /customers/{id}/{level}:
    parameters: [{$ref: "#/components/parameters/Level"}]
    get: {security: [], x-gatebook-action: export}
  /shared: {$ref: "#/components/pathItems/Shared"}
  x-note: {anything: true}
components:
  securitySchemes: {token: {type: oauth2}, key: {type: apiKey}}
  parameters: {Level: {name: level, in: path, schema: {enum: [low, high]}}}
  pathItems: {Shared: {put: {operationId: share, security: [{}, {token: [x]}]}}}
  schemas: {CustomerPage: {properties: {self: {$ref: "#/components/schemas/CustomerPage"}}}}
`

func TestParse(t *testing.T) {
	d, err := Parse([]byte(sample), Options{})
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]*operation.Template{}
	for _, tm := range d.Templates {
		by[tm.Text] = tm
	}
	if len(by) != 3 || d.Title != "Shop" || d.Version != "1.2" || d.Digest == "" {
		t.Fatalf("got %d templates, %q %q", len(by), d.Title, d.Version)
	}
	list := by["/live/v1/customers"]
	if get := list.Ops["GET"]; get.Name != "listCustomers" || get.Requires != event.RequiresScopes || !slices.Equal(get.Choices[0].Scopes, []string{"read"}) || get.Answer != "customer" {
		t.Errorf("GET: got %+v", get)
	}
	if post := list.Ops["POST"]; !post.Deprecated || len(post.Choices) != 2 || !slices.Equal(post.Choices[1].Methods, []string{"api-key"}) {
		t.Errorf("POST: got %+v", post)
	}
	if get := by["/live/v1/customers/{id}/{level}"].Ops["GET"]; !get.Fixed["level"] || get.Requires != event.RequiresNothing || get.Action != event.ActionExport {
		t.Errorf("with a level: got %+v", get)
	}
	if put := by["/live/v1/shared"].Ops["PUT"]; put == nil || put.Requires != event.RequiresNothing {
		t.Errorf("a referred path item: got %+v", put)
	}
}

// TestBases is about what comes before the paths of a document.
func TestBases(t *testing.T) {
	f := func(servers string, o Options, want ...string) {
		t.Helper()
		d, err := Parse([]byte(`{"openapi":"3.0.3","servers":`+servers+`,"paths":{"/a":{"get":{}}}}`), o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, tm := range d.Templates {
			got = append(got, tm.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s %+v: got %q, want %q", servers, o, got, want)
		}
	}
	f(`[]`, Options{}, "/a")
	f(`[{"url":"/"}]`, Options{}, "/a")
	f(`[{"url":"https://x.example/v1/"},{"url":"https://y.example/v1"},{"url":"/v2"}]`, Options{}, "/v1/a", "/v2/a")
	f(`[{"url":"/api/v1"}]`, Options{Upstream: "/api"}, "/v1/a")
	f(`[{"url":"/apis"}]`, Options{Upstream: "/api"}, "/apis/a")
	f(`[{"url":"/v1"}]`, Options{Base: "/b/"}, "/b/a")
	if d, err := Parse([]byte(`{"swagger":"2.0","basePath":"/v2","paths":{"/pets/{petId}":{"get":{"operationId":"x"}}}}`), Options{}); err != nil || d.Templates[0].Text != "/v2/pets/{petId}" {
		t.Errorf("Swagger 2.0: got %+v, %v", d, err)
	}
}

// TestBadDocuments has documents that are broken, huge or hostile: each gets a
// short error, and those that are only wrong in their schemas are read.
func TestBadDocuments(t *testing.T) {
	deep := strings.Repeat(`{"properties":{"a":`, 5000) + `{}` + strings.Repeat(`}}`, 5000)
	f := func(name, doc, want string) {
		t.Helper()
		_, err := Parse([]byte(doc), Options{})
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 400 {
			t.Errorf("%s: got %v, want an error with %q", name, err, want)
		}
	}
	f("empty", "", "neither openapi nor swagger")
	f("no YAML", "\t- : [", "YAML")
	f("no document", `{"a":1}`, "neither openapi nor swagger")
	f("cut", `{"openapi":"3.0.0","paths":{"/a":`, "no description")
	f("other version", `{"openapi":"4.0.0"}`, `"4.0.0"`)
	f("no paths", `{"openapi":"3.0.0"}`, "no paths")
	f("path item", `{"openapi":"3.0.0","paths":{"/a":[]}}`, "/a")
	f("operation", `{"openapi":"3.0.0","paths":{"/a":{"get":7}}}`, "get")
	f("outside reference", `{"openapi":"3.0.0","paths":{"/a":{"$ref":"http://evil.example/x"}}}`, "same document")
	f("circle", `{"openapi":"3.1.0","paths":{"/a":{"$ref":"#/components/pathItems/A"}},"components":{"pathItems":{"A":{"$ref":"#/components/pathItems/A"}}}}`, "references")
	f("aliases", "openapi: 3.0.0\na: &a [x,x,x]\nb: &b [*a,*a,*a]\npaths: {/a: {get: {x: *b}}}", "aliases")
	f("too deep", `{"openapi":"3.0.0","x":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}`, "no description")
	f("huge", `{"openapi":"3.0.0","x":"`+strings.Repeat("x", MaxSize)+`"}`, "limit")
	for name, schema := range map[string]string{"recursive": `{"$ref":"#/components/schemas/A"}`, "wrong": `{"items":7,"$ref":[]}`, "true": `true`, "deep": deep} {
		doc := fmt.Sprintf(`{"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{"200":{"content":{"application/json":{"schema":%s}}}}}}},"components":{"schemas":{"A":{"$ref":"#/components/schemas/A"}}}}`, schema)
		if !json.Valid([]byte(doc)) && name != "deep" {
			t.Fatalf("%s: the test is wrong", name)
		}
		if _, err := Parse([]byte(doc), Options{}); err != nil && name != "deep" {
			t.Errorf("%s schema: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"openapi":"3.0.0","paths":{"/a/{b}":{"get":{"security":[{"x":["y"]}]}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b, Options{})
		if err != nil {
			return
		}
		operation.NewMatcher(d.Templates) // may refuse, must not panic
	})
}
