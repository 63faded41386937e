package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/gatebook/gatebook/internal/operation"
)

// Bounds of a document.
const (
	MaxSize      = 64 << 20 // bytes
	maxYAML      = 16 << 20 // bytes of YAML, which costs more
	maxTemplates = 20_000
	maxServers   = 8
)

// Options say how a document is to be read.
type Options struct {
	// Upstream is the path that the gateway puts before that of a call. Paths
	// of the document begin with it, those of templates do not.
	Upstream string
	// Base is put before the paths of the document instead of what its servers
	// say. Empty: as they say.
	Base string
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

// Parse reads a document. Errors are short, and quote little of it.
func Parse(data []byte, o Options) (*operation.Description, error) {
	sum := sha256.Sum256(data)
	data, err := toJSON(data)
	if err != nil {
		return nil, err
	}
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("it is no description of an API: %w", explain(err))
	}
	switch {
	case strings.HasPrefix(doc.OpenAPI, "3."):
	case doc.Swagger == "2.0":
		doc.Components.Schemes, doc.Components.Parameters = doc.Schemes, doc.Parameters
	case doc.OpenAPI == "" && doc.Swagger == "":
		return nil, errors.New("it is no description of an API: it has neither openapi nor swagger")
	default:
		return nil, fmt.Errorf("its version is %q: want openapi 3.x or swagger 2.0", clip(doc.OpenAPI+doc.Swagger))
	}
	d := &operation.Description{Title: clip(doc.Info.Title), Version: clip(doc.Info.Version), Digest: hex.EncodeToString(sum[:])}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		if strings.HasPrefix(path, "x-") {
			continue
		}
		if err := doc.path(d, path, o); err != nil {
			return nil, fmt.Errorf("paths: %s: %w", clip(path), err)
		}
		if len(d.Templates) > maxTemplates {
			return nil, fmt.Errorf("it has more than %d paths", maxTemplates)
		}
	}
	if len(d.Templates) == 0 {
		return nil, errors.New("it has no paths")
	}
	return d, nil
}

// toJSON returns the document as JSON.
func toJSON(data []byte) ([]byte, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("it has %d bytes, the limit is %d", len(data), MaxSize)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if first := bytes.TrimLeft(data, " \t\r\n"); len(first) > 0 && first[0] == '{' {
		return data, nil
	}
	if len(data) > maxYAML {
		return nil, fmt.Errorf("it has %d bytes of YAML, the limit is %d: use JSON", len(data), maxYAML)
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("it is neither JSON nor YAML: %w", explain(err))
	}
	for _, doc := range file.Docs {
		if doc.Body != nil && len(ast.Filter(ast.AliasType, doc.Body)) > 0 {
			return nil, errors.New("it has YAML aliases (*name), which could make it grow without limit: write it without them")
		}
	}
	out, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, fmt.Errorf("it is neither JSON nor YAML: %w", explain(err))
	}
	return out, nil
}

// explain makes an error short: those of the parsers quote the document.
func explain(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(clip(line))
}

func clip(s string) string {
	if len(s) > 150 {
		return strings.ToValidUTF8(s[:150], "")
	}
	return s
}

// path adds the templates of a path: one for each base under which it is
// served.
func (doc *document) path(d *operation.Description, path string, o Options) error {
	item, err := doc.item(doc.Paths[path], 0)
	if err != nil || len(item.operations) == 0 {
		return err
	}
	ops := make(map[string]*operation.Described)
	for m, op := range item.operations {
		ops[strings.ToUpper(m)] = doc.operation(&op, item)
	}
	servers := doc.Servers
	if item.Servers != nil {
		servers = item.Servers
	}
	for _, base := range doc.bases(servers, o) {
		d.Templates = append(d.Templates, &operation.Template{Text: base + path, Ops: ops})
	}
	return nil
}

// item decodes a path item, and follows references within the document.
func (doc *document) item(raw json.RawMessage, depth int) (*pathItem, error) {
	var item pathItem
	if err := json.Unmarshal(raw, &item); err != nil {
		return nil, explain(err)
	}
	if item.Ref != "" {
		name, ok := strings.CutPrefix(item.Ref, "#/components/pathItems/")
		target := doc.Components.PathItems[unescape(name)]
		if !ok || target == nil || depth > 8 {
			return nil, fmt.Errorf("%s: only references to components/pathItems of the same document are followed", clip(item.Ref))
		}
		return doc.item(target, depth+1)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, explain(err)
	}
	item.operations = make(map[string]described)
	for _, m := range methods {
		if raw := members[m]; raw != nil {
			var op described
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, fmt.Errorf("%s: %w", m, explain(err))
			}
			item.operations[m] = op
		}
	}
	return &item, nil
}

// unescape undoes the escapes of a JSON pointer.
func unescape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
}
