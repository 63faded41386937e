package config

import (
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Field describes one key, for the reference and the JSON Schema.
type Field struct {
	Path     string   // in the file; entries of a list are written [], such as gateway.routes[].name
	Owner    string   // name of the Go struct
	Name     string   // name of the Go field
	Type     string   // for people: "text", "list of text", "duration", "section", "list of sections", …
	Values   []string // the valid values; nil: any of the type
	Default  string   // as written in the file; empty: none
	Min, Max string   // bounds, included; empty: none
	Env      string   // the environment variable; empty: cannot be set by one
	Reload   bool     // a change is applied at SIGHUP; otherwise it needs a restart
	File     bool     // a path; relative to the directory of the file
}

// Fields returns every key in the order of the file, each section before its
// keys.
func Fields() []Field {
	var all []Field
	walk(reflect.TypeFor[Config](), "", false, func(path string, owner reflect.Type, f field) {
		d := Field{
			Path: path, Owner: owner.Name(), Name: f.goName, Type: typeName(f),
			Values: f.oneof, Default: f.def, Min: f.min, Max: f.max, Reload: f.reload, File: f.file != "",
		}
		if isLeaf(f.typ) && !strings.Contains(path, "[]") {
			d.Env = envName(path)
		}
		all = append(all, d)
	})
	return all
}

// field is one field of a configuration struct with its tags.
type field struct {
	index    int
	goName   string
	typ      reflect.Type
	key      string
	def      string
	reload   bool
	file     string
	schemes  []string
	oneof    []string
	min, max string
}

// fieldsOf reads the tags of a struct. inherited is the reload of what t is
// in.
func fieldsOf(t reflect.Type, inherited bool) []field {
	var fs []field
	for i := range t.NumField() {
		sf := t.Field(i)
		key, ok := sf.Tag.Lookup("key")
		if !ok {
			continue
		}
		f := field{
			index: i, goName: sf.Name, typ: sf.Type, key: key, def: sf.Tag.Get("default"), reload: inherited,
			file: sf.Tag.Get("file"), min: sf.Tag.Get("min"), max: sf.Tag.Get("max"),
			schemes: splitList(sf.Tag.Get("scheme")), oneof: splitList(sf.Tag.Get("oneof")),
		}
		if r := sf.Tag.Get("reload"); r != "" {
			f.reload = r == "reload"
		}
		if e, ok := reflect.Zero(sf.Type).Interface().(enum); ok {
			f.oneof = e.values()
		}
		fs = append(fs, f)
	}
	return fs
}

// walk calls visit for each key below t.
func walk(t reflect.Type, prefix string, reload bool, visit func(path string, owner reflect.Type, f field)) {
	for _, f := range fieldsOf(t, reload) {
		path := join(prefix, f.key)
		visit(path, t, f)
		switch {
		case isLeaf(f.typ):
		case f.typ.Kind() == reflect.Slice:
			walk(f.typ.Elem(), path+"[]", f.reload, visit)
		default:
			walk(f.typ, path, f.reload, visit)
		}
	}
}

// isScalar reports whether t is written as one scalar.
func isScalar(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[*url.URL](), reflect.TypeFor[netip.Prefix](), reflect.TypeFor[Secret]():
		return true
	}
	return t.Kind() == reflect.String || t.Kind() == reflect.Bool || t.Kind() == reflect.Int || t.Kind() == reflect.Int64
}

// isLeaf reports whether t is a scalar or a list of scalars.
func isLeaf(t reflect.Type) bool {
	return isScalar(t) || t.Kind() == reflect.Slice && isScalar(t.Elem())
}

// typeName names the type of f for people.
func typeName(f field) string {
	t := f.typ
	if t.Kind() == reflect.Slice && !isScalar(t.Elem()) {
		return "list of sections"
	}
	if t.Kind() == reflect.Slice {
		return "list of " + strings.Replace(scalarName(t.Elem()), "network", "networks", 1)
	}
	if t.Kind() == reflect.String && f.file != "" {
		return "path"
	}
	return scalarName(t)
}

func scalarName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[*url.URL]():
		return "URL"
	case reflect.TypeFor[netip.Prefix]():
		return "network"
	case reflect.TypeFor[Secret]():
		return "secret"
	case reflect.TypeFor[Size]():
		return "size"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "number"
	case reflect.String:
		return "text"
	}
	return "section"
}

// setDefaults gives every field of the struct v its default. Lists of
// sections stay empty.
func setDefaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type(), false) {
		fv := v.Field(f.index)
		switch {
		case !isLeaf(f.typ) && f.typ.Kind() == reflect.Struct:
			setDefaults(fv)
		case f.def != "" && isScalar(f.typ):
			mustSet(fv, f, f.def)
		case f.def != "":
			for _, text := range splitList(f.def) {
				e := reflect.New(f.typ.Elem()).Elem()
				mustSet(e, f, text)
				fv.Set(reflect.Append(fv, e))
			}
		}
	}
}

// mustSet panics if a default tag does not parse; a test visits all of them.
func mustSet(v reflect.Value, f field, text string) {
	if err := setScalar(v, f, text); err != nil {
		panic("config: the default of " + f.key + " " + err.Error())
	}
}

// join appends a key to a path.
func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// splitList cuts a list that is written in one line: in a tag, or in an
// environment variable. Space around the entries is dropped, and so are empty
// ones.
func splitList(s string) []string {
	var list []string
	for e := range strings.SplitSeq(s, ",") {
		if e = strings.TrimSpace(e); e != "" {
			list = append(list, e)
		}
	}
	return slices.Clip(list)
}
