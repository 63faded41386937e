package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// envName is the environment variable of a key.
func envName(path string) string {
	return "GATEBOOK_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// environment applies GATEBOOK_SECTION_KEY for every key that is not in a list
// of sections; lists are separated by commas. An empty variable counts as not
// set. A variable that begins like a section and names no key is a problem,
// as it would be in the file.
func (l *loader) environment(env map[string]string) {
	known := map[string]bool{}
	l.overrides(reflect.ValueOf(l.cfg).Elem(), "", env, known)
	names := slices.Sorted(maps.Keys(known))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !known[name] && env[name] != "" && inSection(name) && !serviceLink.MatchString(name) {
			l.report(origin{env: name}, "", "names no key%s", suggestVariable(name, names))
		}
	}
}

// serviceLink matches the variables that Kubernetes and Docker set for a
// service that happens to be named like one of our sections.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP)(_.*)?)?)$`)

// inSection reports whether name begins with a section of the file.
func inSection(name string) bool {
	for _, f := range fieldsOf(reflect.TypeFor[Config](), false) {
		if !isLeaf(f.typ) && strings.HasPrefix(name, envName(f.key)+"_") {
			return true
		}
	}
	return false
}

// suggestVariable ends the sentence about an unknown variable, whose section
// is known.
func suggestVariable(name string, names []string) string {
	parts := strings.SplitN(name, "_", 3) // GATEBOOK, the section, the key
	section := parts[0] + "_" + parts[1] + "_"
	var keys []string
	for _, n := range names {
		if key, ok := strings.CutPrefix(n, section); ok {
			keys = append(keys, key)
		}
	}
	if key := nearest(parts[2], keys); key != "" {
		return ", did you mean " + section + key + "?"
	}
	return ", rename it or see docs/config.md"
}

func (l *loader) overrides(v reflect.Value, prefix string, env map[string]string, known map[string]bool) {
	for _, f := range fieldsOf(v.Type(), false) {
		path := join(prefix, f.key)
		if !isLeaf(f.typ) {
			if f.typ.Kind() == reflect.Struct {
				l.overrides(v.Field(f.index), path, env, known)
			}
			continue
		}
		name := envName(path)
		known[name] = true
		if text := env[name]; text != "" {
			l.override(v.Field(f.index), f, path, text, origin{env: name})
		}
	}
}

// override sets one key from outside of the file.
func (l *loader) override(v reflect.Value, f field, path, text string, o origin) {
	maps.DeleteFunc(l.cfg.origins, func(p string, _ origin) bool { return strings.HasPrefix(p, path+"[") })
	l.problems = slices.DeleteFunc(l.problems, func(p Problem) bool {
		return p.Key == path || strings.HasPrefix(p.Key, path+"[")
	})
	l.cfg.origins[path] = o
	if isScalar(f.typ) {
		if err := setText(v, f, text, "."); err != nil {
			l.report(o, path, "%s%s", shownValue(f, text), err)
		}
		return
	}
	v.SetLen(0)
	f.typ = f.typ.Elem()
	for i, entry := range splitList(text) {
		e := reflect.New(f.typ).Elem()
		if err := setText(e, f, entry, "."); err != nil {
			l.report(o, fmt.Sprintf("%s[%d]", path, i), "%s%s", shownValue(f, entry), err)
		}
		v.Set(reflect.Append(v, e))
	}
}

// flags applies the flags and the variables that stand for them.
func (l *loader) flags(o Options, env map[string]string) {
	c := reflect.ValueOf(l.cfg).Elem()
	if o.Data != "" {
		f := fieldOf(c.Type(), "data")
		l.override(c.Field(f.index), f, "data", o.Data, origin{flag: "--data"})
	}
	if o.Ops != "" {
		ops := reflect.ValueOf(&l.cfg.Ops).Elem()
		f := fieldOf(ops.Type(), "listen")
		l.override(ops.Field(f.index), f, "ops.listen", o.Ops, origin{flag: "--ops"})
	}
	if o.NoGateway {
		l.cfg.Gateway.Enabled = false
		l.cfg.origins["gateway.enabled"] = origin{flag: "--no-gateway"}
	}
	upstream, from := o.Upstream, origin{flag: "--upstream"}
	if upstream == "" {
		upstream, from = env["GATEBOOK_UPSTREAM"], origin{env: "GATEBOOK_UPSTREAM"}
	}
	if upstream == "" {
		return
	}
	if len(l.cfg.Gateway.Routes) > 0 {
		l.report(from, "gateway.routes", "has routes in the file already, remove them or %s", from)
		return
	}
	var r Route
	v := reflect.ValueOf(&r).Elem()
	setDefaults(v)
	r.Name = "default"
	f := fieldOf(v.Type(), "upstream")
	l.cfg.origins["gateway.routes"] = from
	l.cfg.origins["gateway.routes[0]"] = from
	l.override(v.Field(f.index), f, "gateway.routes[0].upstream", upstream, from)
	l.cfg.Gateway.Routes = []Route{r}
}

// listen applies the address of the one listener.
func (l *loader) listen(o Options, env map[string]string) {
	address, from := o.Listen, origin{flag: "--listen"}
	if address == "" {
		address, from = env["GATEBOOK_LISTEN"], origin{env: "GATEBOOK_LISTEN"}
	}
	if n := len(l.cfg.Gateway.Listeners); n > 1 {
		l.report(from, "gateway.listeners", "has %d listeners in the file, remove %s and write the addresses there", n, from)
		return
	}
	ln := reflect.ValueOf(&l.cfg.Gateway.Listeners[0]).Elem()
	f := fieldOf(ln.Type(), "address")
	l.override(ln.Field(f.index), f, "gateway.listeners[0].address", address, from)
}

// fieldOf returns the field of t with the key, which is one of ours.
func fieldOf(t reflect.Type, key string) field {
	fs := fieldsOf(t, false)
	return fs[slices.IndexFunc(fs, func(f field) bool { return f.key == key })]
}
