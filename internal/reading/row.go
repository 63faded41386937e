package reading

import (
	"slices"
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
	fields := event.Fields()
	values := make([]string, len(fields))
	r := index.Row{Number: number, Time: e.Arrived, Fields: make([]index.Field, 1, 48)}
	for i := range fields {
		if values[i] = fields[i].Text(e); values[i] != "" {
			r.Fields = append(r.Fields, index.Field{Name: fields[i].Name, Value: values[i]})
		}
	}
	r.Fields[0] = index.Field{Name: textField, Value: joinText(func(i int) string { return values[i] })}
	return r
}

// textPlaces are the places of textFields in [event.Fields].
var textPlaces = func() []int {
	fields := event.Fields()
	places := make([]int, len(textFields))
	for i, name := range textFields {
		places[i] = slices.IndexFunc(fields, func(f event.Field) bool { return f.Name == name })
	}
	return places
}()

// joinText returns the text of an event, of which value returns the fields by
// their place.
func joinText(value func(place int) string) string {
	var b strings.Builder
	for _, i := range textPlaces {
		if v := value(i); v != "" {
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(v)
		}
	}
	return b.String()
}

func rowText(e *event.Event) string {
	fields := event.Fields()
	return joinText(func(i int) string { return fields[i].Text(e) })
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
