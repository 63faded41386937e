// Package config reads Gatebook's one configuration file into plain values.
//
// It promises that a [Config] which [Load] returned without an error is valid
// as a whole: every key is known, every value has its type, every file that is
// named can be read, every certificate has its key, every name that is
// referred to exists, and every route can be reached. When something is wrong,
// all problems are reported together, each with its place, its key and what to
// do about it; see [Problems].
//
// A value comes from the first of these that has one: a flag, the environment
// (GATEBOOK_SECTION_KEY), the file, the default. [Config.Effective] prints the
// outcome. Inside the file ${NAME} and ${NAME:-fallback} in a value are
// replaced by environment variables after the file was parsed, so that a
// variable can never add structure; $${ stands for a plain ${.
//
// The YAML is a strict subset: one document, without anchors, aliases, merge
// keys or tags, each key once. A key without a value counts as not written.
// Relative paths in the file are relative to the directory of the file; those
// from flags, the environment and defaults to the working directory.
//
// The comments, types and tags of the structs are the only description of the
// keys. docs/config.md and schema.json are generated from them:
//
//	go run ./internal/config/gen
//
// The package is not for acting on the configuration. It opens no listener,
// keeps no file open, starts no goroutine and imports no other package of
// Gatebook; only the wiring imports it, and hands each part the plain values
// that it needs.
package config
