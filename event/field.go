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

	get getter
}

// Values calls yield for each value that e has for f; for none if the field is
// zero or its envelope is not there.
func (f *Field) Values(e *Event, yield func(value string)) {
	if !f.has(e) {
		return
	}
	switch {
	case f.get.one != nil:
		if v := f.get.one(e); v != "" {
			yield(v)
		}
	case f.get.list != nil:
		for _, v := range f.get.list(e) {
			if v != "" {
				yield(v)
			}
		}
	default:
		f.get.each(e, func(v string) {
			if v != "" {
				yield(v)
			}
		})
	}
}

// has reports whether the part of the event in which f is, is there.
func (f *Field) has(e *Event) bool {
	switch f.Part {
	case "who":
		return e.Who != nil
	case "what":
		return e.What != nil
	case "payload":
		return e.Payload != nil
	}
	return true
}

// Text returns the values of f in e joined by a space; empty if there is none.
func (f *Field) Text(e *Event) string {
	if !f.has(e) {
		return ""
	}
	if f.get.one != nil {
		return f.get.one(e)
	}
	if f.get.list != nil {
		switch list := f.get.list(e); len(list) {
		case 0:
			return ""
		case 1:
			return list[0]
		}
	}
	return f.joined(e)
}

// joined is Text of a field that can have several values.
func (f *Field) joined(e *Event) string {
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

// getter takes the values of a field from an event. One of its functions is
// set; most fields have one value, which costs least.
type getter struct {
	one  func(*Event) string // empty: none
	list func(*Event) []string
	each func(*Event, func(string))
}

func one(get func(*Event) string) getter { return getter{one: get} }

func many(get func(*Event) []string) getter { return getter{list: get} }

func each(get func(*Event, func(string))) getter { return getter{each: get} }

func number(get func(*Event) uint64) getter {
	return one(func(e *Event) string {
		if n := get(e); n != 0 {
			return strconv.FormatUint(n, 10)
		}
		return ""
	})
}

func moment(get func(*Event) time.Time) getter {
	return one(func(e *Event) string {
		if t := get(e); !t.IsZero() {
			return string(AppendTime(nil, t))
		}
		return ""
	})
}

func span(get func(*Event) time.Duration) getter {
	return one(func(e *Event) string {
		if d := get(e); d > 0 {
			return strconv.FormatInt(int64(d), 10)
		}
		return ""
	})
}
