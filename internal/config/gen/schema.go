package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/internal/config"
)

// object is a JSON object; encoding/json sorts its keys.
type object = map[string]any

// jsonSchema returns the JSON Schema of the file.
func jsonSchema(docs comments) (string, error) {
	root := section("A Gatebook configuration file.")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Gatebook"
	sections := map[string]object{"": root}
	for _, f := range config.Fields() {
		parent, key := "", f.Path
		if i := strings.LastIndex(f.Path, "."); i >= 0 {
			parent, key = f.Path[:i], f.Path[i+1:]
		}
		text := docs[f.Owner+"."+f.Name]
		var s object
		switch f.Type {
		case "section":
			s = section(text)
			sections[f.Path] = s
		case "list of sections":
			item := section("")
			sections[f.Path+"[]"] = item
			s = object{"type": "array", "items": item, "description": text}
		default:
			s = leaf(f)
			s["description"] = text
		}
		sections[parent]["properties"].(object)[key] = s
	}
	out, err := json.MarshalIndent(root, "", "  ")
	return string(out) + "\n", err
}

func section(description string) object {
	s := object{"type": "object", "additionalProperties": false, "properties": object{}}
	if description != "" {
		s["description"] = description
	}
	return s
}

// leaf returns the schema of a scalar or of a list of scalars.
func leaf(f config.Field) object {
	if inner, ok := strings.CutPrefix(f.Type, "list of "); ok {
		item := f
		item.Type, item.Default = inner, ""
		s := object{"type": "array", "items": leaf(item)}
		if f.Default != "" {
			s["default"] = strings.Split(f.Default, ",")
		}
		return s
	}
	s := object{"type": "string"}
	switch {
	case f.Values != nil:
		s = orVariable(object{"enum": f.Values})
	case f.Type == "true or false":
		s = orVariable(object{"type": "boolean"})
	case f.Type == "number":
		n := object{"type": "integer"}
		bound(n, "minimum", f.Min)
		bound(n, "maximum", f.Max)
		s = orVariable(n)
	case f.Type == "size" || f.Type == "duration":
		s = object{"type": []string{"string", "integer"}}
	case f.Type == "text":
		s = object{"type": []string{"string", "number", "boolean"}}
	}
	if f.Default != "" {
		s["default"] = defaultOf(f)
	}
	return s
}

// orVariable also accepts a text with ${NAME} in it.
func orVariable(s object) object {
	return object{"anyOf": []object{s, {"type": "string", "pattern": `\$\{`}}}
}

func bound(s object, name, text string) {
	if n, err := strconv.Atoi(text); err == nil {
		s[name] = n
	}
}

// defaultOf returns the default with the type that it has in JSON.
func defaultOf(f config.Field) any {
	if f.Type == "true or false" {
		return f.Default == "true"
	}
	if n, err := strconv.Atoi(f.Default); err == nil && f.Type == "number" {
		return n
	}
	return f.Default
}
