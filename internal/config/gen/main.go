// Command gen writes what is generated from the structs of the configuration:
// the reference docs/config.md and the JSON Schema. Run it in the root of the
// repository:
//
//	go run ./internal/config/gen
//
// Its test compares the files with what it would write.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// Where the files are, from the root of the repository.
const (
	source    = "internal/config"
	reference = "docs/config.md"
	schema    = "internal/config/schema.json"
)

func main() {
	if err := generate("."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// generate writes both files below root.
func generate(root string) error {
	docs, err := readComments(filepath.Join(root, source))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, reference), []byte(markdown(docs)), 0o644); err != nil {
		return err
	}
	text, err := jsonSchema(docs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, schema), []byte(text), 0o644)
}

// comments holds doc comments: of structs by name, of fields by Struct.Field.
// Each is one line for each paragraph.
type comments map[string]string

// readComments parses the package in dir.
func readComments(dir string) (comments, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	docs := comments{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				docs.add(g)
			}
		}
	}
	return docs, nil
}

// add adds the comments of the structs that g declares.
func (docs comments) add(g *ast.GenDecl) {
	for _, s := range g.Specs {
		spec := s.(*ast.TypeSpec) // the only kind of spec in a type declaration
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			continue
		}
		docs[spec.Name.Name] = flow(g.Doc.Text())
		for _, f := range st.Fields.List {
			for _, name := range f.Names {
				docs[spec.Name.Name+"."+name.Name] = flow(f.Doc.Text())
			}
		}
	}
}

// flow joins the lines of each paragraph.
func flow(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(p), " ")
	}
	return strings.Join(paragraphs, "\n")
}
