package event

import (
	"strconv"
	"strings"
	"time"
)

// Type is the type of a field's values, for search, columns and rules.
type Type string

// The types of field.
const (
	TypeString   Type = "string"
	TypeNumber   Type = "number"   // decimal integer
	TypeTime     Type = "time"     // as in [TimeLayout]
	TypeDuration Type = "duration" // decimal integer of nanoseconds
	TypeText     Type = "text"     // long text, searched by word
)

// Field is one searchable field of an event. [Fields] lists all of them: it is
// the one list from which search, columns, rules and docs/fields.md are made.
type Field struct {
	Name     string // dotted; what a query says
	Type     Type
	Part     string // "header", or the envelope's class
	Personal bool   // it is about a person and can be erased
	List     bool   // it can have several values
	Doc      string // one sentence

	get func(e *Event, yield func(string))
}

// Values calls yield for each value that e has for f; for none if the field is
// zero or its envelope is not there.
func (f *Field) Values(e *Event, yield func(value string)) {
	switch f.Part {
	case "who":
		if e.Who == nil {
			return
		}
	case "what":
		if e.What == nil {
			return
		}
	case "payload":
		if e.Payload == nil {
			return
		}
	}
	f.get(e, func(v string) {
		if v != "" {
			yield(v)
		}
	})
}

// Text returns the values of f in e joined by a space; empty if there is none.
func (f *Field) Text(e *Event) string {
	var first string
	var b strings.Builder
	f.Values(e, func(v string) {
		if first == "" {
			first = v
			return
		}
		if b.Len() == 0 {
			b.WriteString(first)
		}
		b.WriteByte(' ')
		b.WriteString(v)
	})
	if b.Len() == 0 {
		return first
	}
	return b.String()
}

// Lookup returns the field called name, or nil.
func Lookup(name string) *Field {
	i, ok := fieldIndex[name]
	if !ok {
		return nil
	}
	return &fields[i]
}

// Fields returns all fields, in the order of the event. The result must not be
// changed.
func Fields() []Field { return fields }

var fieldIndex = func() map[string]int {
	m := make(map[string]int, len(fields))
	for i := range fields {
		m[fields[i].Name] = i
	}
	return m
}()

type getter func(*Event, func(string))

func one(get func(*Event) string) getter {
	return func(e *Event, yield func(string)) { yield(get(e)) }
}

func number(get func(*Event) uint64) getter {
	return func(e *Event, yield func(string)) {
		if n := get(e); n != 0 {
			yield(strconv.FormatUint(n, 10))
		}
	}
}

func moment(get func(*Event) time.Time) getter {
	return func(e *Event, yield func(string)) {
		if t := get(e); !t.IsZero() {
			yield(string(AppendTime(nil, t)))
		}
	}
}

func span(get func(*Event) time.Duration) getter {
	return func(e *Event, yield func(string)) {
		if d := get(e); d > 0 {
			yield(strconv.FormatInt(int64(d), 10))
		}
	}
}

func many(get func(*Event) []string) getter {
	return func(e *Event, yield func(string)) {
		for _, v := range get(e) {
			yield(v)
		}
	}
}
