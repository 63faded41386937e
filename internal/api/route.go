package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// route is one operation of the API. The OpenAPI document is made of the
// exported facts, the mux of method, path and handle.
type route struct {
	method, path string
	id           string // operationId
	summary      string
	params       reflect.Type // struct of parameters; nil: none
	body         reflect.Type // of the JSON request; nil: none
	result       reflect.Type // of the answer, or of each item of a stream; nil: none
	media        string       // of the answer; empty: application/json
	status       int          // of success; 0: 200

	public     bool  // needs no token
	page       bool  // the console's, where it is not a path of the API
	navigated  bool  // other sites may lead here: it shows nothing, and has checks of its own
	blind      bool  // who asks is not looked at
	unfinished bool  // also for who must set a password first
	tiles      bool  // needs no token if tiles are public
	metrics    bool  // needs no token if metrics are public
	anyHost    bool  // may be asked under any name
	heavy      bool  // takes a slot of a search
	stream     bool  // takes a slot of a stream
	maxBody    int64 // of the request; 0: [maxBody]
	handle     func(*call) error
}

// get returns a route that answers GET with JSON.
func get[P, R any](path, id, summary string, handle func(*call, P) (R, error)) route {
	return route{
		method: http.MethodGet, path: path, id: id, summary: summary, params: reflect.TypeFor[P](), result: reflect.TypeFor[R](), heavy: true,
		handle: func(c *call) error {
			var p P
			if err := c.decode(&p); err != nil {
				return err
			}
			v, err := handle(c, p)
			if err != nil {
				return err
			}
			return c.json(http.StatusOK, v)
		},
	}
}

// stream returns a route that answers with items of type R, one by one.
func stream[P, R any](path, id, media, summary string, handle func(*call, P) error) route {
	return route{
		method: http.MethodGet, path: path, id: id, summary: summary, media: media, params: reflect.TypeFor[P](), result: reflect.TypeFor[R](), stream: true,
		handle: withParams(handle),
	}
}

// withParams returns a handler that reads the parameters for handle.
func withParams[P any](handle func(*call, P) error) func(*call) error {
	return func(c *call) error {
		var p P
		if err := c.decode(&p); err != nil {
			return err
		}
		return handle(c, p)
	}
}

// none is the type of parameters of a route that has none.
type none struct{}

// paramField is one parameter, as the tags of its field describe it: query or
// path (its name), doc, default, min, max, oneof.
type paramField struct {
	reflect.StructField
	name, in string
}

func paramsOf(t reflect.Type) []paramField {
	if t == nil {
		return nil
	}
	var list []paramField
	for f := range t.Fields() {
		if f.Anonymous {
			list = append(list, paramsOf(f.Type)...)
			continue
		}
		p := paramField{StructField: f, name: f.Tag.Get("query"), in: "query"}
		if p.name == "" {
			p.name, p.in = f.Tag.Get("path"), "path"
		}
		list = append(list, p)
	}
	return list
}

// decode sets the fields of the struct that v points to from the request.
// A parameter that the route does not have is an error.
func (c *call) decode(v any) error {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return &Problem{Status: 400, Type: "argument", Detail: "the query string of the URL is malformed"}
	}
	rv := reflect.ValueOf(v).Elem()
	params := paramsOf(rv.Type())
	for name, values := range query {
		if !slices.ContainsFunc(params, func(p paramField) bool { return p.in == "query" && p.name == name }) {
			return argument(name, "is not a parameter of this request")
		}
		if len(values) > 1 {
			return argument(name, "is there more than once")
		}
	}
	for _, p := range params {
		text := query.Get(p.name)
		if p.in == "path" {
			text = c.r.PathValue(p.name)
		}
		if text == "" {
			text = p.Tag.Get("default")
		}
		if text == "" {
			continue
		}
		if one := p.Tag.Get("oneof"); one != "" && !slices.Contains(strings.Split(one, ","), text) {
			return argument(p.name, fmt.Sprintf("is %q, want one of %s", clip(text, 60), one))
		}
		if err := c.set(rv.FieldByName(p.Name), &p, text); err != nil {
			return err
		}
	}
	return nil
}

func argument(name, problem string) error {
	return &Problem{Status: 400, Type: "argument", Detail: clip(name, 60) + " " + problem}
}

// set parses text into the field of parameter p.
func (c *call) set(f reflect.Value, p *paramField, text string) error {
	switch dst := f.Addr().Interface().(type) {
	case *string:
		*dst = text
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return argument(p.name, fmt.Sprintf("is %q, want true or false", clip(text, 20)))
		}
		*dst = b
	case *int:
		n, err := strconv.Atoi(text)
		low, _ := strconv.Atoi(p.Tag.Get("min"))
		high, _ := strconv.Atoi(p.Tag.Get("max"))
		if err != nil || n < low || n > high {
			return argument(p.name, fmt.Sprintf("is %q, want a number from %d to %d", clip(text, 20), low, high))
		}
		*dst = n
	case *[]string:
		*dst = strings.Split(text, ",")
	case *time.Duration:
		d, err := ParseDuration(text)
		if err != nil {
			return argument(p.name, err.Error())
		}
		*dst = d
	case *time.Time:
		t, err := ParseTime(text, c.cfg.Now().UTC())
		if err != nil {
			return argument(p.name, err.Error())
		}
		*dst = t
	default:
		panic(fmt.Sprintf("api: parameter %s has the type %s, which cannot be parsed", p.name, f.Type()))
	}
	return nil
}

// body reads the JSON body of the request into v; an empty one leaves it as it
// is.
func (c *call) body(v any) error {
	d := json.NewDecoder(c.r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.More() {
		err = errors.New("it goes on after its end")
	}
	var large *http.MaxBytesError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &large):
		return err
	}
	return &Problem{Status: 400, Type: "argument", Detail: "the body is not the JSON that is wanted: " + strings.TrimPrefix(err.Error(), "json: "), Help: "see /api/v1/openapi.json"}
}
