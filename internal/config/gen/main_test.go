package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/config"
)

const root = "../../.."

// The committed files are what the structs say.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	docs, err := readComments(filepath.Join(root, source))
	if err != nil {
		t.Fatal(err)
	}
	wantSchema, err := jsonSchema(docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{reference: markdown(docs), schema: wantSchema} {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s does not fit the structs, run: go run ./internal/config/gen", name)
		}
	}
}

// Every key has a comment and a place in the reference.
func TestEveryKeyIsDocumented(t *testing.T) {
	docs, err := readComments(filepath.Join(root, source))
	if err != nil {
		t.Fatal(err)
	}
	text := markdown(docs)
	for _, f := range config.Fields() {
		if docs[f.Owner+"."+f.Name] == "" && f.Name != "" {
			t.Errorf("%s has no comment", f.Path)
		}
		key := f.Path[strings.LastIndex(f.Path, ".")+1:]
		if !strings.Contains(text, "| `"+key+"` |") {
			t.Errorf("%s is not in the reference", f.Path)
		}
	}
}
