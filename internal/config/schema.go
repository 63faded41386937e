package config

import _ "embed"

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (2020-12) of the configuration file, for
// editors. It knows keys, types, values and bounds; what depends on several
// keys or on files only [Load] knows.
func Schema() string { return schema }
