package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// Effective prints the configuration as YAML, every key with its value and
// where it came from. Secrets are [Redacted]; without secrets, loading the
// output from the working directory gives the same configuration. c must come
// from [Load] or [Default].
func (c *Config) Effective() string {
	var b strings.Builder
	c.print(&b, reflect.ValueOf(c).Elem(), "", "", "")
	return b.String()
}

// print prints the keys of the struct v. dash replaces the end of the first
// line's indent in entries of a list.
func (c *Config) print(b *strings.Builder, v reflect.Value, path, indent, dash string) {
	for i, f := range fieldsOf(v.Type(), false) {
		lead := indent
		if i == 0 && dash != "" {
			lead = indent[:len(indent)-len(dash)] + dash
		}
		fv, at := v.Field(f.index), join(path, f.key)
		b.WriteString(lead + f.key + ":")
		switch {
		case f.typ == reflect.TypeFor[Secret]() && c.origins[at] == origin{}:
			b.WriteString(" \"\" # default\n") // it was read from its file, which is printed
		case isLeaf(f.typ):
			fmt.Fprintf(b, " %s # %s\n", printLeaf(fv), c.origins[at])
		case f.typ.Kind() == reflect.Struct:
			b.WriteString("\n")
			c.print(b, fv, at, indent+"  ", "")
		case fv.Len() == 0:
			b.WriteString(" []\n")
		default:
			b.WriteString("\n")
			for j := range fv.Len() {
				c.print(b, fv.Index(j), fmt.Sprintf("%s[%d]", at, j), indent+"    ", "- ")
			}
		}
	}
}

// printLeaf prints a scalar, or a list of them in brackets.
func printLeaf(v reflect.Value) string {
	if isScalar(v.Type()) {
		return quote(v)
	}
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = quote(v.Index(i))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// plain matches what means the same with and without quotes, in brackets too.
var plain = regexp.MustCompile(`^(\.{0,2}/)?[A-Za-z0-9][A-Za-z0-9_./-]*$`)

// quote prints a scalar as YAML.
func quote(v reflect.Value) string {
	text := formatScalar(v)
	if plain.MatchString(text) && !strings.EqualFold(text, "null") {
		return text
	}
	text = strings.ReplaceAll(text, "${", "$${")
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
