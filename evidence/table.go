package evidence

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// columns are those of events.csv: the number, and fields of docs/fields.md.
var columns = []string{
	"number", "id", "kind", "arrived", "completed", "principal.kind", "principal.id", "principal.issuer", "principal.level", "principal.reason",
	"credential.method", "credential.client", "who.subject", "who.name", "who.email", "who.address", "operation.method", "operation.host",
	"operation.route", "operation.name", "what.path", "what.query", "what.objects", "outcome.status", "outcome.decision", "outcome.error",
	"request.bytes", "response.bytes", "records", "data",
}

// table writes events.csv. It is made from the events alone, so that a verifier
// can make it again and compare.
type table struct {
	w    *csv.Writer
	line []string
}

func newTable(w io.Writer) *table {
	t := &table{csv.NewWriter(w), make([]string, len(columns))}
	t.w.Write(columns)
	return t
}

func (t *table) add(n uint64, e *event.Event) {
	t.line[0] = strconv.FormatUint(n, 10)
	for i, name := range columns[1:] {
		t.line[i+1] = cell(event.Lookup(name), e)
	}
	t.w.Write(t.line)
}

func (t *table) finish() error {
	t.w.Flush()
	return t.w.Error()
}

// cell returns the field's text, such that no spreadsheet runs it.
func cell(f *event.Field, e *event.Event) string {
	s := f.Text(e)
	if s != "" && (f.Type == event.TypeString || f.Type == event.TypeText) && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
