package graphql

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// Limits of what is read. What is beyond them is an error, not a guess.
const (
	MaxBatch  = 100    // operations in one call
	MaxTokens = 10_000 // of one document
	maxFields = 64     // root fields that are named
	maxName   = 128    // bytes of a name
)

// Operation is one operation that a call asks for.
type Operation struct {
	Type      string     // "query", "mutation", "subscription"; empty: only the hash of a persisted query is known
	Name      string     // as the document names it; empty: it has none
	Fields    []string   // root fields by their names in the schema, in order, each once
	Depth     int        // of the deepest field; a root field has 1
	Cost      int        // see Cost below
	Persisted string     // lower-case hex SHA-256 of a persisted query; empty: the document was sent
	Arguments []Argument // of the root fields, with variables put in
}

// The cost of an operation is the number of fields that its answer can have:
// each field counts 1, and what is below a field with an argument first, last,
// limit, pageSize, per_page, take or top counts as often as that says. It ends
// at MaxCost. It follows the idea of the public GraphQL APIs that limit by
// nodes, and needs no schema.
const MaxCost = 1_000_000_000

// Argument is a scalar argument of a root field.
type Argument struct {
	Field string // root field
	Name  string // of the argument; nested ones have dots: "input.id"
	Value string // text, number, enum or truth value as text
}

// ErrSyntax is the error of what is no GraphQL request. The error that wraps it
// says where.
var ErrSyntax = errors.New("no GraphQL request")

// request is the JSON form of a request.
type request struct {
	Query         string                     `json:"query"`
	OperationName string                     `json:"operationName"`
	Variables     map[string]json.RawMessage `json:"variables"`
	Extensions    struct {
		Persisted struct {
			Hash string `json:"sha256Hash"`
		} `json:"persistedQuery"`
	} `json:"extensions"`
	// Other clients' names for the same: Relay and GraphCDN documents.
	ID         string `json:"id"`
	DocumentID string `json:"documentId"`
}

// Parse reads the request of a call: contentType is that of the body, without
// parameters. A batch gives one Operation for each of its entries. A body that
// was cut is no GraphQL request.
func Parse(contentType string, query url.Values, body []byte) ([]Operation, error) {
	var requests []request
	switch {
	case len(body) == 0:
		r := request{Query: query.Get("query"), OperationName: query.Get("operationName")}
		if err := fromQuery(&r, query); err != nil {
			return nil, err
		}
		requests = []request{r}
	case contentType == "application/graphql":
		requests = []request{{Query: string(body), OperationName: query.Get("operationName")}}
	case firstByte(body) == '[':
		if err := json.Unmarshal(body, &requests); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrSyntax, err)
		}
	default:
		requests = make([]request, 1)
		if err := json.Unmarshal(body, &requests[0]); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrSyntax, err)
		}
	}
	if len(requests) == 0 || len(requests) > MaxBatch {
		return nil, fmt.Errorf("%w: a batch of %d operations, want 1 to %d", ErrSyntax, len(requests), MaxBatch)
	}
	ops := make([]Operation, len(requests))
	for i := range requests {
		op, err := requests[i].operation()
		if err != nil {
			return nil, err
		}
		ops[i] = op
	}
	return ops, nil
}

func fromQuery(r *request, query url.Values) error {
	for name, to := range map[string]any{"variables": &r.Variables, "extensions": &r.Extensions} {
		if v := query.Get(name); v != "" {
			if err := json.Unmarshal([]byte(v), to); err != nil {
				return fmt.Errorf("%w: parameter %s: %v", ErrSyntax, name, err)
			}
		}
	}
	return nil
}

func firstByte(b []byte) byte {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

func (r *request) operation() (Operation, error) {
	var op Operation
	hash := strings.ToLower(r.Extensions.Persisted.Hash)
	if hash == "" {
		hash = strings.TrimPrefix(strings.ToLower(r.DocumentID), "sha256:")
	}
	if hash == "" {
		hash = strings.ToLower(r.ID)
	}
	if isHash(hash) {
		op.Persisted = hash
	}
	op.Name = name(r.OperationName)
	if r.Query == "" {
		if op.Persisted == "" {
			return op, fmt.Errorf("%w: it has neither a query nor the hash of a persisted one", ErrSyntax)
		}
		op.Arguments = variables(r.Variables)
		return op, nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: r.Query}, MaxTokens)
	if err != nil {
		return op, fmt.Errorf("%w: %v", ErrSyntax, err)
	}
	def := doc.Operations.ForName(r.OperationName)
	if def == nil {
		return op, fmt.Errorf("%w: it asks for an operation that the document does not have, or does not say which", ErrSyntax)
	}
	op.Type, op.Name = string(def.Operation), name(def.Name)
	w := &walker{fragments: doc.Fragments, known: make(map[string]reach), rooted: make(map[string]bool), vars: r.Variables}
	in := w.selection(def.SelectionSet)
	op.Depth, op.Cost = in.depth, in.cost
	w.roots(def.SelectionSet, &op)
	return op, nil
}

// isHash reports whether s is a SHA-256 in hex.
func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// name returns s if it is a name in GraphQL's grammar, else "": what a caller
// can choose freely does not belong into a header.
func name(s string) string {
	if len(s) > maxName {
		return ""
	}
	for i, c := range []byte(s) {
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return ""
		}
	}
	return s
}

// addField adds a root field.
func (op *Operation) addField(f string) {
	if len(op.Fields) < maxFields && !slices.Contains(op.Fields, f) {
		op.Fields = append(op.Fields, f)
	}
}
