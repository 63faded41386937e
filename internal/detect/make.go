package detect

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// set gives e the values of a field.
type set func(e *event.Event, values []string) error

// setters is how each field is set, in flat lines of events and in the tests
// of rules; docs/events.md lists them. Fields that are computed from others
// have none.
var setters = map[string]set{
	"id":        text(func(e *event.Event, s string) (err error) { e.ID, err = event.ParseID(s); return err }),
	"kind":      text(func(e *event.Event, s string) error { return oneOfSet(&e.Kind, s, categories) }),
	"arrived":   instant(func(e *event.Event) *time.Time { return &e.Arrived }),
	"completed": instant(func(e *event.Event) *time.Time { return &e.Completed }),
	"ended":     instant(func(e *event.Event) *time.Time { return &e.Ended }),
	"duration": text(func(e *event.Event, s string) error {
		n, ok := quantity(event.TypeDuration, s)
		if !ok {
			return errors.New("is not a number of nanoseconds, nor a duration such as 250ms")
		}
		e.Completed = e.Arrived.Add(time.Duration(n))
		return nil
	}),
	"upstream.first": text(func(e *event.Event, s string) error {
		n, ok := quantity(event.TypeDuration, s)
		e.Upstream.First = time.Duration(n)
		if !ok {
			return errors.New("is not a number of nanoseconds, nor a duration such as 250ms")
		}
		return nil
	}),
	"edge":                   str(func(e *event.Event) *string { return &e.Edge }),
	"seq":                    num(func(e *event.Event) *uint64 { return &e.Sequence }),
	"capture.method":         str(func(e *event.Event) *string { return &e.Capture.Method }),
	"capture.source":         str(func(e *event.Event) *string { return &e.Capture.Source }),
	"capture.route":          str(func(e *event.Event) *string { return &e.Capture.Route }),
	"capture.durability":     str(func(e *event.Event) *string { return &e.Capture.Durability }),
	"principal.kind":         str(func(e *event.Event) *string { return (*string)(&e.Principal.Kind) }),
	"principal.id":           str(func(e *event.Event) *string { return &e.Principal.ID }),
	"principal.issuer":       str(func(e *event.Event) *string { return &e.Principal.Issuer }),
	"principal.level":        integer(func(e *event.Event, n int) { e.Principal.Level = event.Level(n) }),
	"principal.reason":       str(func(e *event.Event) *string { return &e.Principal.Reason }),
	"credential.method":      str(func(e *event.Event) *string { return &e.Credential.Method }),
	"credential.key_id":      str(func(e *event.Event) *string { return &e.Credential.KeyID }),
	"credential.fingerprint": str(func(e *event.Event) *string { return &e.Credential.Fingerprint }),
	"credential.algorithm":   str(func(e *event.Event) *string { return &e.Credential.Algorithm }),
	"credential.client":      str(func(e *event.Event) *string { return &e.Credential.Client }),
	"credential.scopes":      sorted(func(e *event.Event) *[]string { return &e.Credential.Scopes }),
	"credential.expires":     instant(func(e *event.Event) *time.Time { return &e.Credential.Expires }),
	"credential.delegation": func(e *event.Event, vs []string) error {
		for _, v := range vs {
			e.Credential.Delegation = append(e.Credential.Delegation, event.Delegate{ID: v})
		}
		return nil
	},
	"operation.protocol":   str(func(e *event.Event) *string { return &e.Operation.Protocol }),
	"operation.method":     str(func(e *event.Event) *string { return &e.Operation.Method }),
	"operation.host":       str(func(e *event.Event) *string { return &e.Operation.Host }),
	"operation.route":      str(func(e *event.Event) *string { return &e.Operation.Route }),
	"operation.name":       str(func(e *event.Event) *string { return &e.Operation.Name }),
	"operation.basis":      str(func(e *event.Event) *string { return (*string)(&e.Operation.Basis) }),
	"operation.type":       str(func(e *event.Event) *string { return &e.Operation.Type }),
	"operation.action":     str(func(e *event.Event) *string { return (*string)(&e.Operation.Action) }),
	"operation.parts":      sorted(func(e *event.Event) *[]string { return &e.Operation.Parts }),
	"operation.count":      num(func(e *event.Event) *uint64 { return &e.Operation.Count }),
	"operation.depth":      num(func(e *event.Event) *uint64 { return &e.Operation.Depth }),
	"operation.cost":       num(func(e *event.Event) *uint64 { return &e.Operation.Cost }),
	"operation.model":      str(func(e *event.Event) *string { return &e.Operation.Model }),
	"operation.tokens.in":  num(func(e *event.Event) *uint64 { return &e.Operation.Tokens.In }),
	"operation.tokens.out": num(func(e *event.Event) *uint64 { return &e.Operation.Tokens.Out }),
	"operation.session":    str(func(e *event.Event) *string { return &e.Operation.Session }),
	"operation.requires":   str(func(e *event.Event) *string { return (*string)(&e.Operation.Requires) }),
	"operation.scopes":     sorted(func(e *event.Event) *[]string { return &e.Operation.Scopes }),
	"trace.id":             digits(event.IsTraceID, "32", func(e *event.Event) *string { return &e.Trace.ID }),
	"trace.parent":         digits(event.IsSpanID, "16", func(e *event.Event) *string { return &e.Trace.Parent }),
	"objects":              sorted(func(e *event.Event) *[]string { return &e.Objects }),
	"objects.count": text(func(e *event.Event, s string) error {
		n, err := strconv.ParseUint(s, 10, 63)
		if err != nil || len(e.Objects) == 0 || n < uint64(len(e.Objects)) {
			return errors.New("is a number that is not less than that of objects, which must be there too")
		}
		e.Counts = make([]uint64, len(e.Objects))
		for i := range e.Counts {
			e.Counts[i] = 1
		}
		e.Counts[0] += n - uint64(len(e.Objects))
		return nil
	}),
	"outcome.status":     integer(func(e *event.Event, n int) { e.Outcome.Status = n }),
	"outcome.measure":    str(func(e *event.Event) *string { return &e.Outcome.Measure }),
	"outcome.rpc_status": str(func(e *event.Event) *string { return &e.Outcome.RPCStatus }),
	"outcome.decision":   str(func(e *event.Event) *string { return &e.Outcome.Decision }),
	"outcome.reason":     str(func(e *event.Event) *string { return &e.Outcome.Reason }),
	"outcome.error":      str(func(e *event.Event) *string { return &e.Outcome.Error }),
	"request.bytes":      num(func(e *event.Event) *uint64 { return &e.Request.Bytes }),
	"request.type":       str(func(e *event.Event) *string { return &e.Request.Type }),
	"request.messages":   num(func(e *event.Event) *uint64 { return &e.Request.Messages }),
	"response.bytes":     num(func(e *event.Event) *uint64 { return &e.Response.Bytes }),
	"response.type":      str(func(e *event.Event) *string { return &e.Response.Type }),
	"response.messages":  num(func(e *event.Event) *uint64 { return &e.Response.Messages }),
	"records":            num(func(e *event.Event) *uint64 { return &e.Records }),
	"data":               classes(func(e *event.Event) *[]event.Data { return &e.Data }),
	"data.count": text(func(e *event.Event, s string) error {
		n, err := strconv.ParseUint(s, 10, 63)
		if err != nil || len(e.Data) == 0 || n < uint64(len(e.Data)) {
			return errors.New("is a number that is not less than that of the classes in data, which must be there too")
		}
		e.Data[0].Count += n - uint64(len(e.Data))
		return nil
	}),
	"received": classes(func(e *event.Event) *[]event.Data { return &e.Received }),
	"partial": text(func(e *event.Event, s string) error {
		e.Partial = s == "true"
		return nil
	}),
	"lost.count":     num(func(e *event.Event) *uint64 { return &lost(e).Count }),
	"lost.reason":    str(func(e *event.Event) *string { return &lost(e).Reason }),
	"note.name":      str(func(e *event.Event) *string { return &note(e).Name }),
	"who.subject":    str(func(e *event.Event) *string { return &who(e).Subject }),
	"who.name":       str(func(e *event.Event) *string { return &who(e).Name }),
	"who.email":      str(func(e *event.Event) *string { return &who(e).Email }),
	"who.groups":     strs(func(e *event.Event) *[]string { return &who(e).Groups }),
	"who.tenant":     str(func(e *event.Event) *string { return &who(e).Tenant }),
	"who.claimed":    str(func(e *event.Event) *string { return &who(e).Claimed }),
	"who.address":    str(func(e *event.Event) *string { return &who(e).Address }),
	"who.peer":       str(func(e *event.Event) *string { return &who(e).Peer }),
	"who.forwarded":  strs(func(e *event.Event) *[]string { return &who(e).Forwarded }),
	"who.user_agent": str(func(e *event.Event) *string { return &who(e).UserAgent }),
	"who.tls.version": str(func(e *event.Event) *string {
		return &who(e).TLS.Version
	}),
	"who.tls.subject":          str(func(e *event.Event) *string { return &who(e).TLS.Subject }),
	"who.tls.ja4":              str(func(e *event.Event) *string { return &who(e).TLS.JA4 }),
	"what.properties":          sorted(func(e *event.Event) *[]string { return &what(e).Properties }),
	"what.targets":             sorted(func(e *event.Event) *[]string { return &what(e).Targets }),
	"who.chain":                strs(func(e *event.Event) *[]string { return &who(e).Chain }),
	"what.path":                str(func(e *event.Event) *string { return &what(e).Path }),
	"what.query":               str(func(e *event.Event) *string { return &what(e).Query }),
	"what.asked":               objects(true),
	"what.objects":             objects(false),
	"what.given":               objects(false),
	"payload.request.headers":  headers(func(e *event.Event) *[]event.HeaderLine { return &payload(e).Request.Headers }),
	"payload.response.headers": headers(func(e *event.Event) *[]event.HeaderLine { return &payload(e).Response.Headers }),
	"payload.request.body":     str(func(e *event.Event) *string { return &payload(e).Request.Body }),
	"payload.response.body":    str(func(e *event.Event) *string { return &payload(e).Response.Body }),
	"payload.original":         str(func(e *event.Event) *string { return &payload(e).Original }),
	"note.facts": func(e *event.Event, vs []string) error {
		for _, v := range vs {
			name, value, ok := strings.Cut(v, "=")
			if !ok {
				return errors.New("is not a list of name=value")
			}
			note(e).Facts = append(note(e).Facts, event.Fact{Name: name, Value: value})
		}
		slices.SortFunc(note(e).Facts, func(a, b event.Fact) int { return strings.Compare(a.Name, b.Name) })
		return nil
	},
}

// after are the fields that need others to be there first.
var after = []string{"objects.count", "data.count", "duration", "what.objects", "what.given"}

// Settable reports whether a flat line of events can set a field; the others
// are computed from those that it can.
func Settable(name string) bool { return setters[name] != nil }

// orderedFields returns names in the order in which they must be set.
func orderedFields(names []string) []string {
	slices.SortFunc(names, func(a, b string) int {
		if d := slices.Index(after, a) - slices.Index(after, b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// setField sets a field of e.
func setField(e *event.Event, name string, values []string) error {
	s, ok := setters[name]
	switch {
	case ok:
		if err := s(e, values); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	case lookupField(name) != nil:
		return fmt.Errorf("%s: is computed from other fields, or cannot be set: see docs/events.md", name)
	}
	return fmt.Errorf("there is no field %q%s; docs/events.md lists them", clip(name), suggest(name, fieldNames()))
}

func text(f func(*event.Event, string) error) set {
	return func(e *event.Event, vs []string) error {
		if len(vs) != 1 {
			return errors.New("is a list, and wants one value")
		}
		return f(e, vs[0])
	}
}

func str(at func(*event.Event) *string) set {
	return text(func(e *event.Event, s string) error { *at(e) = s; return nil })
}

// digits is a text of n hex digits that ok knows.
func digits(ok func(string) bool, n string, at func(*event.Event) *string) set {
	return text(func(e *event.Event, s string) error {
		if !ok(s) {
			return fmt.Errorf("%q is not %s lower-case hex digits, not all 0", clip(s), n)
		}
		*at(e) = s
		return nil
	})
}

func num(at func(*event.Event) *uint64) set {
	return text(func(e *event.Event, s string) error {
		n, err := strconv.ParseUint(s, 10, 63)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", clip(s))
		}
		*at(e) = n
		return nil
	})
}

func integer(f func(*event.Event, int)) set {
	return text(func(e *event.Event, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fmt.Errorf("%q is not a whole number", clip(s))
		}
		f(e, n)
		return nil
	})
}

func instant(at func(*event.Event) *time.Time) set {
	return text(func(e *event.Event, s string) error {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || !sane(t) {
			return fmt.Errorf("%q is not a time, want one such as 2026-11-26T12:00:00Z", clip(s))
		}
		*at(e) = t.UTC()
		return nil
	})
}

// sane reports whether t can be counted in nanoseconds, with room for any
// timespan.
func sane(t time.Time) bool { return t.UTC().Year() >= 1970 && t.UTC().Year() <= 2200 }

func oneOfSet[S ~string](at *S, s string, known []string) error {
	if !slices.Contains(known, s) {
		return fmt.Errorf("%q is unknown%s", clip(s), suggest(s, known))
	}
	*at = S(s)
	return nil
}

func strs(at func(*event.Event) *[]string) set {
	return func(e *event.Event, vs []string) error { *at(e) = slices.Clone(vs); return nil }
}

func sorted(at func(*event.Event) *[]string) set {
	return func(e *event.Event, vs []string) error {
		vs = slices.Clone(vs)
		slices.Sort(vs)
		*at(e) = slices.Compact(vs)
		return nil
	}
}

func classes(at func(*event.Event) *[]event.Data) set {
	return func(e *event.Event, vs []string) error {
		vs = slices.Clone(vs)
		slices.Sort(vs)
		for _, v := range slices.Compact(vs) {
			*at(e) = append(*at(e), event.Data{Class: v, Count: 1})
		}
		return nil
	}
}

func objects(asked bool) set {
	return func(e *event.Event, vs []string) error {
		for _, v := range vs {
			kind, id, ok := strings.Cut(v, "/")
			if !ok {
				return fmt.Errorf("%q is not an object, want type/id", clip(v))
			}
			o := event.Object{Type: kind, ID: id}
			if slices.Contains(what(e).Objects, o) {
				continue
			}
			what(e).Objects = append(what(e).Objects, o)
			if asked {
				what(e).Asked++
			}
		}
		return nil
	}
}

func headers(at func(*event.Event) *[]event.HeaderLine) set {
	return func(e *event.Event, vs []string) error {
		for _, v := range vs {
			name, value, ok := strings.Cut(v, ": ")
			if !ok {
				return fmt.Errorf("%q is not a header field, want name: value", clip(v))
			}
			*at(e) = append(*at(e), event.HeaderLine{Name: name, Value: value})
		}
		return nil
	}
}

func made[T any](at **T) *T {
	if *at == nil {
		*at = new(T)
	}
	return *at
}

func who(e *event.Event) *event.Who         { return made(&e.Who) }
func what(e *event.Event) *event.What       { return made(&e.What) }
func payload(e *event.Event) *event.Payload { return made(&e.Payload) }
func lost(e *event.Event) *event.Lost       { return made(&e.Lost) }
func note(e *event.Event) *event.Note       { return made(&e.Note) }

// record is a line as an export writes it, read leniently: any spelling of its
// JSON will do.
type record struct {
	Number  *int64         `json:"number"`
	Header  *event.Header  `json:"header"`
	Who     *event.Who     `json:"who"`
	What    *event.What    `json:"what"`
	Payload *event.Payload `json:"payload"`

	Erased   json.RawMessage `json:"erased"`
	Removals json.RawMessage `json:"removals"`
	Withheld json.RawMessage `json:"withheld"`
	LeftOut  json.RawMessage `json:"left_out"`
}

// ParseLine reads one line of events: a record as an export writes it, with a
// member "header", or a flat object of the names of fields. It returns the
// number that the line has, or -1. docs/events.md describes both.
func ParseLine(line []byte) (*event.Event, int64, error) {
	if e, number, ok := parseSealed(line); ok {
		return e, number, nil
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var flat map[string]any
	if err := d.Decode(&flat); err != nil {
		return nil, 0, fmt.Errorf("is not a JSON object: %s", jsonReason(err))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, 0, errors.New("has more than one JSON object, write each event on a line of its own")
	}
	if _, ok := flat["header"]; ok {
		return parseRecord(line)
	}
	return parseFlat(line, flat)
}

func jsonReason(err error) string {
	var at *json.SyntaxError
	switch {
	case errors.As(err, &at):
		return fmt.Sprintf("%s (byte %d)", at, at.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

func parseRecord(line []byte) (*event.Event, int64, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	var r record
	if err := d.Decode(&r); err != nil {
		return nil, 0, fmt.Errorf("is not a record: %s", jsonReason(err))
	}
	if r.Header == nil {
		return nil, 0, errors.New("header: is null")
	}
	e := &event.Event{Header: *r.Header, Who: r.Who, What: r.What, Payload: r.Payload}
	number := int64(-1)
	if r.Number != nil {
		number = *r.Number
	}
	return complete(e, number, line)
}

func parseFlat(line []byte, flat map[string]any) (*event.Event, int64, error) {
	e, number := &event.Event{}, int64(-1)
	var names []string
	for name := range flat {
		names = append(names, name)
	}
	for _, name := range orderedFields(names) {
		values, err := flatValues(flat[name])
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", clip(name), err)
		}
		if name == "number" {
			if number, err = strconv.ParseInt(strings.Join(values, ","), 10, 64); err != nil || number < 0 {
				return nil, 0, errors.New("number: is not a whole number")
			}
			continue
		}
		if err := setField(e, name, values); err != nil {
			return nil, 0, err
		}
	}
	return complete(e, number, line)
}

func flatValues(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case json.Number:
		return []string{v.String()}, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case []any:
		var out []string
		for _, x := range v {
			one, err := flatValues(x)
			if err != nil || len(one) != 1 {
				return nil, errors.New("has an entry that is not a text or a number")
			}
			out = append(out, one...)
		}
		return out, nil
	}
	return nil, errors.New("is not a text, a number or a list of them; names have points: principal.id, not an object in an object")
}

// complete checks an event and gives it what it may leave out: the kind, and
// an id made from the line, so that the same line is the same event.
func complete(e *event.Event, number int64, line []byte) (*event.Event, int64, error) {
	switch {
	case e.Arrived.IsZero():
		return nil, 0, errors.New("arrived: is missing, say when the call was made, such as 2026-11-26T12:00:00Z")
	case !e.Completed.IsZero() && !e.Ended.IsZero():
		return nil, 0, errors.New("ended: is for what did not complete, and completed is there, too")
	case !e.Completed.IsZero() && e.Completed.Before(e.Arrived):
		return nil, 0, errors.New("completed: is before arrived")
	case !e.Ended.IsZero() && e.Ended.Before(e.Arrived):
		return nil, 0, errors.New("ended: is before arrived")
	case !sane(e.Arrived), !e.End().IsZero() && !sane(e.End()):
		return nil, 0, errors.New("arrived, completed, ended: want times from 1970 to 2200")
	}
	slices.Sort(e.Credential.Scopes) // scopes.missing compares sorted lists
	slices.Sort(e.Operation.Scopes)
	if e.Kind == "" {
		e.Kind = event.Access
	}
	if e.ID.IsZero() {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], hash(string(bytes.TrimSpace(line))))
		e.ID = event.NewID(e.Arrived, b)
	}
	return e, number, nil
}
