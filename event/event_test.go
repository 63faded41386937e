package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

// fill sets every field of v, all the way down, to something that is not zero.
func fill(v reflect.Value, r *rand.Rand) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(1_800_000_000+r.Int64N(1e8), r.Int64N(1e9)).UTC()))
		return
	case v.Type() == reflect.TypeFor[event.ID]():
		v.Set(reflect.ValueOf(event.NewID(time.Unix(1_800_000_000, r.Int64N(1e9)), [8]byte{byte(r.Uint32())})))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(strange[r.IntN(len(strange))] + string(rune('a'+r.IntN(26))))
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + r.Int64N(1000))
	case reflect.Uint64:
		v.SetUint(1 + r.Uint64N(1<<60))
	case reflect.Uint8:
		v.SetUint(1 + r.Uint64N(255))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 4))
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), r)
		}
	default:
		panic("a kind of field that the test does not know: " + v.Type().String())
	}
}

var strange = []string{"plain", `quo"te`, `back\slash`, "new\nline", "nul\x00", "ünïcode", "\u2028", "<&>", "😀", "\x7f"}

func full(r *rand.Rand) *event.Event {
	var e event.Event
	fill(reflect.ValueOf(&e).Elem(), r)
	e.Version = event.Version
	slices.Sort(e.Objects)
	slices.Sort(e.Credential.Scopes)
	e.Counts = make([]uint64, len(e.Objects))
	for i := range e.Counts {
		e.Counts[i] = 1 + r.Uint64N(9)
	}
	e.Operation.Parts, e.Operation.Scopes = []string{"a", "b"}, []string{"needed", "read"}
	e.Received = []event.Data{{Class: "name", Count: 3}}
	e.Trace = event.Trace{ID: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()|1), Parent: fmt.Sprintf("%016x", r.Uint64()|1)}
	e.Data = []event.Data{{Class: "card", Count: 2}, {Class: "email", Count: 1}}
	e.Note.Facts = []event.Fact{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}
	return &e
}

func salts(r *rand.Rand) *[event.Classes]event.Salt {
	var s [event.Classes]event.Salt
	for i := range s {
		for k := range s[i] {
			s[i][k] = byte(r.Uint32())
		}
	}
	return &s
}

// TestRoundTrip seals events in which every field is set, and so fails if a
// field of the structs is not encoded.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		e := full(r)
		s, err := e.Seal(salts(r))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Open()
		if err != nil {
			t.Fatalf("opening what was sealed: %v\n%s", err, s.Header)
		}
		if !reflect.DeepEqual(got, e) {
			t.Fatalf("got  %+v\nwant %+v", got, e)
		}
	}
}

func minimal() *event.Event {
	at := time.Date(2026, 11, 23, 1, 2, 3, 4, time.UTC)
	return &event.Event{Header: event.Header{ID: event.NewID(at, [8]byte{1}), Kind: event.Access, Arrived: at}}
}

func TestMinimalHeader(t *testing.T) {
	s, err := minimal().Seal(new([event.Classes]event.Salt))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":3,"id":"01a205ec-9ef8-7000-8100-000000000000","kind":"access","arrived":"2026-11-23T01:02:03.000000004Z"}`
	if string(s.Header) != want {
		t.Errorf("got  %s\nwant %s", s.Header, want)
	}
}

func TestDecodeRefusesOtherSpellings(t *testing.T) {
	s, err := minimal().Seal(new([event.Classes]event.Salt))
	if err != nil {
		t.Fatal(err)
	}
	good := string(s.Header)
	f := func(what, old, new string) {
		t.Helper()
		bad := strings.Replace(good, old, new, 1)
		if bad == good {
			t.Fatalf("%s: nothing was replaced", what)
		}
		if _, err := event.DecodeHeader([]byte(bad)); !errors.Is(err, event.ErrEncoding) {
			t.Errorf("%s: got %v, want ErrEncoding\n%s", what, err, bad)
		}
	}
	f("space", `{"v"`, `{ "v"`)
	f("letter case", `"kind"`, `"Kind"`)
	f("duplicate key", `"kind":"access"`, `"kind":"access","kind":"access"`)
	f("unknown key", `"kind"`, `"sort":"x","kind"`)
	f("zero written", `}`, `,"seq":0}`)
	f("empty object", `}`, `,"outcome":{}}`)
	f("no version", `"v":3,`, ``)
	f("other order", `"kind":"access","arrived":"2026-11-23T01:02:03.000000004Z"`, `"arrived":"2026-11-23T01:02:03.000000004Z","kind":"access"`)
	f("escape not needed", `access`, `\u0061ccess`)
	f("fewer digits", `.000000004Z`, `.4Z`)
	f("time zone", `04Z"`, `04+00:00"`)
	f("trailing bytes", `Z"}`, `Z"} `)
	f("two values", `Z"}`, `Z"}{}`)
	f("id in capitals", minimal().ID.String()[:8], strings.ToUpper(minimal().ID.String()[:8]))

	newer := strings.Replace(good, `"v":3`, `"v":4`, 1)
	if _, err := event.DecodeHeader([]byte(newer)); !errors.Is(err, event.ErrVersion) {
		t.Errorf("newer version: got %v, want ErrVersion", err)
	}
}

// TestOlderVersions reads headers as earlier versions wrote them, and refuses
// members that came later in them.
func TestOlderVersions(t *testing.T) {
	const v1 = `{"v":1,"id":"01a205ec-9ef8-7000-8100-000000000000","kind":"access","arrived":"2026-11-23T01:02:03.000000004Z","operation":{"method":"GET"},"objects":["customer"],"request":{"bytes":1}}`
	if h, err := event.DecodeHeader([]byte(v1)); err != nil || h.Version != 1 || h.Objects[0] != "customer" {
		t.Fatalf("a header of version 1: got %+v, %v", h, err)
	}
	f := func(since int, old, new string) {
		t.Helper()
		later := strings.Replace(v1, old, new, 1)
		for v := 1; v <= event.Version; v++ {
			_, err := event.DecodeHeader([]byte(strings.Replace(later, `"v":1`, fmt.Sprintf(`"v":%d`, v), 1)))
			if v < since && !errors.Is(err, event.ErrEncoding) || v >= since && err != nil {
				t.Errorf("version %d with %s, which came with %d: got %v", v, new, since, err)
			}
		}
	}
	f(2, `"method":"GET"`, `"method":"GET","action":"read"`)
	f(2, `"objects":["customer"]`, `"objects":["customer"],"counts":[2]`)
	f(2, `"bytes":1`, `"bytes":1,"messages":1`)
	f(2, `1}}`, `1},"partial":true}`)
	f(2, `1}}`, `1},"received":[{"class":"card","count":1}]}`)
	f(3, `"objects":`, `"trace":{"id":"4bf92f3577b34da6a3ce929d0e0e4736"},"objects":`)
}

func TestSealRefusesInvalidEvents(t *testing.T) {
	f := func(field string, change func(*event.Event)) {
		t.Helper()
		e := minimal()
		change(e)
		if _, err := e.Seal(new([event.Classes]event.Salt)); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want an error about %s", err, field)
		}
	}
	f("id", func(e *event.Event) { e.ID = event.ID{} })
	f("kind", func(e *event.Event) { e.Kind = "" })
	f("arrived", func(e *event.Event) { e.Arrived = time.Time{} })
	f("objects", func(e *event.Event) { e.Objects = []string{"b", "a"} })
	f("credential.scopes", func(e *event.Event) { e.Credential.Scopes = []string{"b", "a"} })
	f("data", func(e *event.Event) { e.Data = []event.Data{{Class: "a", Count: 1}, {Class: "a", Count: 1}} })
	f("note.facts", func(e *event.Event) { e.Note = &event.Note{Facts: []event.Fact{{Name: "b"}, {Name: "a"}}} })
	const id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, bad := range []string{id[1:], id + "0", strings.ToUpper(id), id[:31] + "g", strings.Repeat("0", 32)} {
		f("trace.id", func(e *event.Event) { e.Trace.ID = bad })
	}
	for _, bad := range []string{span[1:], span + "0", strings.ToUpper(span), span[:15] + " ", strings.Repeat("0", 16)} {
		f("trace.parent", func(e *event.Event) { e.Trace = event.Trace{ID: id, Parent: bad} })
	}
	f("trace.parent", func(e *event.Event) { e.Trace.Parent = span })
	f("counts", func(e *event.Event) { e.Objects, e.Counts = []string{"a", "b"}, []uint64{1} })
	f("operation.parts", func(e *event.Event) { e.Operation.Parts = []string{"a", "a"} })
	f("operation.scopes", func(e *event.Event) { e.Operation.Scopes = []string{"b", "a"} })
	f("received", func(e *event.Event) { e.Received = []event.Data{{Class: "b", Count: 1}, {Class: "a", Count: 1}} })
	f("limit", func(e *event.Event) { e.Objects = []string{strings.Repeat("x", event.MaxHeader)} })
}

func TestChangedEnvelopeIsNoticed(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for c := range event.Class(event.Classes) {
		s, err := full(r).Seal(salts(r))
		if err != nil {
			t.Fatal(err)
		}
		s.Envelopes[c].Data = bytes.Clone(s.Envelopes[c].Data)
		s.Envelopes[c].Data[len(s.Envelopes[c].Data)/2] ^= 1
		if _, err := s.Open(); err == nil || !strings.Contains(err.Error(), c.String()) {
			t.Errorf("changed %s envelope: got %v", c, err)
		}
	}
}

func TestID(t *testing.T) {
	at := time.Date(2026, 11, 23, 1, 2, 3, 456_789_012, time.UTC)
	a, b := event.NewID(at, [8]byte{9}), event.NewID(at.Add(time.Microsecond), [8]byte{1})
	if a.String() >= b.String() {
		t.Errorf("ids do not sort by time: %s, %s", a, b)
	}
	if got := a.Time(); !got.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("time: got %s, want %s", got, at.Truncate(time.Millisecond))
	}
	if got, err := event.ParseID(a.String()); err != nil || got != a {
		t.Errorf("got %v %v, want %v", got, err, a)
	}
	for _, bad := range []string{"", "x", strings.ToUpper(a.String()), a.String() + "0", "00000000-0000-4000-8000-000000000000"} {
		if _, err := event.ParseID(bad); err == nil {
			t.Errorf("ParseID(%q): got no error", bad)
		}
	}
}

// TestFields holds the registry against the structs: each leaf of the header
// can be searched, and each field yields something for a full event.
func TestFields(t *testing.T) {
	e := full(rand.New(rand.NewPCG(5, 6)))
	e.Payload.Request.Encoding, e.Payload.Response.Encoding = "", ""
	e.Completed = e.Arrived.Add(time.Second)
	seen := map[string]bool{}
	for i := range event.Fields() {
		f := &event.Fields()[i]
		if seen[f.Name] {
			t.Errorf("field %s is there twice", f.Name)
		}
		seen[f.Name] = true
		if f.Text(e) == "" {
			t.Errorf("field %s has no value for a full event", f.Name)
		}
		f.Values(&event.Event{}, func(v string) {
			if f.Name != "id" {
				t.Errorf("field %s has the value %q for an empty event", f.Name, v)
			}
		})
		if event.Lookup(f.Name) != f {
			t.Errorf("Lookup(%q) is not it", f.Name)
		}
		if !strings.HasSuffix(f.Doc, ".") || f.Personal != (f.Part != "header") {
			t.Errorf("field %s: doc %q, personal %v", f.Name, f.Doc, f.Personal)
		}
	}
}

func FuzzDecodeHeader(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 5 {
		s, _ := full(r).Seal(salts(r))
		f.Add(s.Header)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := event.DecodeHeader(b)
		if err != nil {
			return
		}
		again, err := (&event.Event{Header: *h}).Seal(new([event.Classes]event.Salt))
		if err != nil {
			t.Fatalf("decoded, but cannot be sealed: %v", err)
		}
		want := bytes.Replace(b, fmt.Appendf(nil, `{"v":%d,`, h.Version), fmt.Appendf(nil, `{"v":%d,`, event.Version), 1)
		if i := bytes.LastIndex(b, []byte(`,"commit":{`)); i >= 0 {
			want = append(bytes.Clone(want[:i]), '}')
		}
		if !bytes.Equal(again.Header, want) {
			t.Fatalf("got  %s\nwant %s", again.Header, want)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 10))
	e, s := full(r), salts(r)
	e.Payload.Request.Body = strings.Repeat(`{"name":"value"},`, 60)
	e.Payload.Response.Body = strings.Repeat(`{"name":"value"},`, 60)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Seal(s); err != nil {
			b.Fatal(err)
		}
	}
}
