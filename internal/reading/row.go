package reading

import (
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/query"
)

// textField is the index's field for words without a field.
const textField = "_msg"

// textFields are what the text of a row is made of: who, what, and how it is
// known. Bodies are long and have fields of their own; a bare word is looked
// for in both.
var textFields = []string{
	"id", "principal.id", "credential.fingerprint", "credential.key_id", "credential.client", "operation.method", "operation.host",
	"operation.route", "operation.name", "outcome.reason", "outcome.error", "trace.id", "lost.reason", "note.name", "note.facts",
	"who.subject", "who.name", "who.email", "who.groups", "who.tenant", "who.claimed", "who.address", "who.user_agent", "who.tls.subject", "who.tls.ja4", "who.chain",
	"what.path", "what.query", "what.objects",
}

// bodyFields are the other fields that a bare word is looked for in.
var bodyFields = []string{"payload.request.body", "payload.response.body", "payload.original"}

// Row returns the event as the index must have it for the room's queries: its
// fields by their names, and the text that bare words are looked for in.
func Row(number uint64, e *event.Event) index.Row {
	r := index.Row{Number: number, Time: e.Arrived, Fields: make([]index.Field, 0, 40)}
	r.Fields = append(r.Fields, index.Field{Name: textField, Value: rowText(e)})
	fields := event.Fields()
	for i := range fields {
		if v := fields[i].Text(e); v != "" {
			r.Fields = append(r.Fields, index.Field{Name: fields[i].Name, Value: v})
		}
	}
	return r
}

func rowText(e *event.Event) string {
	var b strings.Builder
	for _, name := range textFields {
		if v := event.Lookup(name).Text(e); v != "" {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(v)
		}
	}
	return b.String()
}

// fieldsOf is an event as package query matches it: as its row has it.
type fieldsOf struct{ *event.Event }

var _ query.Record = fieldsOf{}

// Value implements [query.Record].
func (f fieldsOf) Value(name string) (string, bool) {
	var v string
	if name == textField {
		v = rowText(f.Event)
	} else if field := event.Lookup(name); field != nil {
		v = field.Text(f.Event)
	}
	return v, v != ""
}
