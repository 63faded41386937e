package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is one key whose value differs between two configurations.
type Change struct {
	Key    string // path; entries of a list of sections by name, such as gateway.routes[shop].path
	Old    string // as in the file, secrets redacted; empty for an entry that was added
	New    string // likewise; empty for an entry that was removed
	Reload bool   // it can be applied at SIGHUP; otherwise it needs a restart
}

// Diff returns what changed from old to new, in the order of the file. Both
// must come from [Load] or [Default]. That the contents of a certificate or
// another named file changed is not seen, except for a secret; such files are
// best read again at each reload.
func Diff(old, new *Config) []Change {
	return diffSection(nil, reflect.ValueOf(old).Elem(), reflect.ValueOf(new).Elem(), "", false)
}

func diffSection(changes []Change, a, b reflect.Value, path string, reload bool) []Change {
	for _, f := range fieldsOf(a.Type(), reload) {
		at, x, y := join(path, f.key), a.Field(f.index), b.Field(f.index)
		switch {
		case !isLeaf(f.typ) && f.typ.Kind() == reflect.Slice:
			changes = diffSections(changes, x, y, at, f.reload)
		case !isLeaf(f.typ):
			changes = diffSection(changes, x, y, at, f.reload)
		case printLeaf(x) != printLeaf(y) || f.typ == reflect.TypeFor[Secret]() && x.Interface() != y.Interface():
			c := Change{Key: at, Old: printLeaf(x), New: printLeaf(y), Reload: f.reload}
			if switchesTLS(at) && x.IsZero() != y.IsZero() {
				c.Reload = false
			}
			changes = append(changes, c)
		}
	}
	return changes
}

// switchesTLS reports whether the key at path turns the TLS of a listener on
// and off, which a listener that is open cannot do.
func switchesTLS(path string) bool {
	return strings.HasSuffix(path, ".tls.certificate") || strings.HasSuffix(path, ".tls.key")
}

// diffSections compares two lists of sections by the names of their entries.
func diffSections(changes []Change, a, b reflect.Value, path string, reload bool) []Change {
	before, after := names(a), names(b)
	for i, name := range before {
		at := path + "[" + name + "]"
		if j := slices.Index(after, name); j >= 0 {
			changes = diffSection(changes, a.Index(i), b.Index(j), at, reload)
		} else {
			changes = append(changes, Change{Key: at, Old: name, Reload: reload})
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			changes = append(changes, Change{Key: path + "[" + name + "]", New: name, Reload: reload})
		}
	}
	kept := slices.DeleteFunc(slices.Clone(before), func(n string) bool { return !slices.Contains(after, n) })
	moved := slices.DeleteFunc(slices.Clone(after), func(n string) bool { return !slices.Contains(before, n) })
	if !slices.Equal(kept, moved) {
		changes = append(changes, Change{
			Key: path, Old: "order " + strings.Join(kept, ", "), New: "order " + strings.Join(moved, ", "), Reload: reload,
		})
	}
	return changes
}

// names returns what the entries of a list of sections are called: their name,
// or what they are about, which is their first key, such as a rule. The second
// entry of a name has a 2 after it.
func names(list reflect.Value) []string {
	ns := make([]string, list.Len())
	for i := range ns {
		n := list.Index(i).FieldByName("Name")
		if !n.IsValid() {
			n = list.Index(i).Field(0)
		}
		ns[i] = n.String()
		for k := 2; slices.Contains(ns[:i], ns[i]); k++ {
			ns[i] = n.String() + " " + strconv.Itoa(k)
		}
	}
	return ns
}
