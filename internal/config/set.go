package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
)

// Setting is a key whose value is not the default.
type Setting struct {
	Key    string // path; entries of a list of sections by name, such as gateway.routes[shop].path
	Value  string // as in the file, secrets redacted
	SHA256 string // hex, of the file that the key names, where it is no private one and could be read; else empty
}

// Settings returns every key whose value is not the default, in the order of
// the file. c must come from [Load] or [Default].
func (c *Config) Settings() []Setting {
	return settings(nil, reflect.ValueOf(c).Elem(), "")
}

func settings(list []Setting, v reflect.Value, path string) []Setting {
	def := reflect.New(v.Type()).Elem()
	setDefaults(def)
	for _, f := range fieldsOf(v.Type(), false) {
		at, x := join(path, f.key), v.Field(f.index)
		switch {
		case !isLeaf(f.typ) && f.typ.Kind() == reflect.Slice:
			for i, name := range names(x) {
				list = settings(list, x.Index(i), at+"["+name+"]")
			}
		case !isLeaf(f.typ):
			list = settings(list, x, at)
		case printLeaf(x) != printLeaf(def.Field(f.index)):
			s := Setting{Key: at, Value: printLeaf(x)}
			if f.file == "read" {
				if b, err := os.ReadFile(x.String()); err == nil {
					sum := sha256.Sum256(b)
					s.SHA256 = hex.EncodeToString(sum[:])
				}
			}
			list = append(list, s)
		}
	}
	return list
}

// Sum returns a hash over settings, in hex: the same settings have the same
// hash. Secrets are not part of it.
func Sum(list []Setting) string {
	h := sha256.New()
	for _, s := range list {
		fmt.Fprintf(h, "%q %q %s\n", s.Key, s.Value, s.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}
