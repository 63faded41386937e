package detect

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/goccy/go-yaml"
)

// field returns how a field is called here.
func (s *SigmaSource) field(name string) (string, bool) {
	if f, ok := s.Fields[strings.ToLower(name)]; ok {
		return f, true
	}
	return s.Others + name, s.Others != ""
}

// testOf rewrites one "field|modifier: values".
func (im *sigmaImport) testOf(p pair, at string) (yaml.MapItem, bool) {
	name, rest, _ := strings.Cut(p.key, "|")
	at = join(at, p.key)
	f, ok := im.source.field(name)
	if !ok {
		im.report(p.line, p.column, at, "the field %s is not in the mapping", clip(name))
		return yaml.MapItem{}, false
	}
	values, null := []string{}, p.value.shape == null || p.value.shape == scalar && p.value.text == ""
	switch p.value.shape {
	case scalar:
		values = append(values, p.value.text)
	case list:
		for _, v := range p.value.items {
			if v.shape != scalar {
				im.at(v, at, "has an entry that is not a single value")
				return yaml.MapItem{}, false
			}
			values = append(values, v.text)
		}
	case section:
		im.at(p.value, at, "is a section")
		return yaml.MapItem{}, false
	}
	var mods []string
	flags := ""
	for _, word := range strings.FieldsFunc(rest, func(r rune) bool { return r == '|' }) {
		switch word {
		case "windash":
			values = windash(values)
		case "wide", "utf16le", "utf16":
			values = each(values, wide)
		case "base64":
			values = each(values, func(s string) []string { return []string{escape.Replace(base64.StdEncoding.EncodeToString([]byte(s)))} })
		case "base64offset":
			values = each(values, base64Offsets)
		case "i", "m", "s":
			flags += word
		case "fieldref", "expand", "neq", "hour", "day", "month", "year", "minute", "week":
			im.report(p.line, p.column, at, "the modifier %s is not known here", word)
			return yaml.MapItem{}, false
		default:
			mods = append(mods, word)
		}
	}
	if flags != "" {
		values = each(values, func(s string) []string { return []string{"(?" + flags + ")" + s} })
	}
	key := strings.Join(append([]string{f}, mods...), "|")
	switch {
	case null && len(mods) == 0:
		return yaml.MapItem{Key: f + "|exists", Value: false}, true
	case len(values) == 1:
		return yaml.MapItem{Key: key, Value: values[0]}, true
	}
	return yaml.MapItem{Key: key, Value: values}, true
}

func each(list []string, f func(string) []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, f(s)...)
	}
	return out
}

// windash lets an option begin with any sign that Windows takes for a dash.
func windash(list []string) []string {
	return each(list, func(s string) []string {
		out := []string{s}
		for _, dash := range []string{"-", "/", "–", "—", "―"} {
			if v := strings.NewReplacer(" -", " "+dash, " /", " "+dash).Replace(" " + s)[1:]; !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
		return out
	})
}

// wide writes a text in UTF-16, little endian.
func wide(s string) []string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return []string{string(b)}
}

// base64Offsets returns what of a text is the same in base64 wherever it
// stands: for each of the three places in a group of three bytes.
func base64Offsets(s string) []string {
	var out []string
	for offset := range 3 {
		coded := base64.StdEncoding.EncodeToString(append(make([]byte, offset), s...))
		from := []int{0, 2, 3}[offset]
		to := len(coded) - []int{0, 3, 2}[(len(s)+offset)%3]
		if from < to {
			out = append(out, escape.Replace(coded[from:to]))
		}
	}
	return out
}
