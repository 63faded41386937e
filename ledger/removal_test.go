package ledger

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

func TestRanges(t *testing.T) {
	for _, c := range []struct {
		numbers []uint64
		want    string
	}{
		{nil, ""},
		{[]uint64{0}, "0"},
		{[]uint64{7, 5, 6, 6, 9, 1}, "1,5-7,9"},
		{[]uint64{3, 4}, "3-4"},
	} {
		r := RangesOf(slices.Clone(c.numbers))
		if r.String() != c.want {
			t.Errorf("%v: got %q, want %q", c.numbers, r, c.want)
		}
		for n := range uint64(12) {
			if got, want := r.Contains(n), slices.Contains(c.numbers, n); got != want {
				t.Errorf("%q contains %d: got %v, want %v", r, n, got, want)
			}
		}
	}
	for _, bad := range []string{",", "1,", "2,1", "1,2", "3-3", "4-3", "1-5,5-7", "1-5,6", "01", "-3", "+1", "1-", "a", " 1", "18446744073709551615"} {
		if r, err := ParseRanges(bad); err == nil {
			t.Errorf("%q was taken for %v", bad, r)
		}
	}
}

func FuzzParseRanges(f *testing.F) {
	for _, s := range []string{"", "1", "12,15-20", "0-9,11", "9,8", "1-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseRanges(s); err == nil && r.String() != s {
			t.Errorf("%q was taken, and is written %q", s, r)
		}
	})
}

// header returns the header of a note.
func header(t *testing.T, kind event.Kind, method, name string, facts ...event.Fact) []byte {
	t.Helper()
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	e := &event.Event{Header: event.Header{
		ID: event.NewID(at, [8]byte{1}), Kind: kind, Arrived: at, Capture: event.Capture{Method: method, Route: "a,\"b"}, Note: &event.Note{Name: name, Facts: facts},
	}}
	var salts [event.Classes]event.Salt
	s, err := e.Seal(&salts)
	if err != nil {
		t.Fatal(err)
	}
	return s.Header
}

func TestParseRemoval(t *testing.T) {
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	who, payload := [event.Classes]bool{true}, [event.Classes]bool{false, false, true}
	for _, want := range []*Removal{
		{Number: 9, Name: NoteErase, At: at, Classes: who, Records: Ranges{{1, 1}, {3, 8}}, Count: 4, Request: "DSR-7"},
		{Number: 9, Name: NoteExpire, At: at, Classes: payload, From: "2026-01-01", Until: "2026-10-26", Below: 5},
		{Number: 9, Name: NoteExpire, At: at, Classes: payload, From: "2026-01-01", Until: "2026-10-26", Routes: []string{"a", "b"}, Except: Ranges{{2, 3}}},
		{Number: 9, Name: NoteExpire, At: at, Classes: payload, From: "2026-01-01", Until: "2026-10-26", RoutesExcept: []string{"a"}},
	} {
		got, err := ParseRemoval(9, header(t, event.Decision, "self", want.Name, want.Facts()...))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	classes := event.Fact{Name: "classes", Value: "who"}
	records := event.Fact{Name: "records", Value: "1"}
	for _, h := range [][]byte{
		header(t, event.System, "self", NoteErase, classes, records),
		header(t, event.Decision, "gateway", NoteErase, classes, records),
		header(t, event.Decision, "self", "hold", classes, records),
	} {
		if r, err := ParseRemoval(9, h); !errors.Is(err, ErrNoRemoval) {
			t.Errorf("%s was taken for %+v, %v", h, r, err)
		}
	}
	for _, facts := range [][]event.Fact{
		{classes},
		{records},
		{{Name: "classes", Value: "payload,who"}, records},
		{classes, {Name: "records", Value: "2,1"}},
		{classes, records, {Name: "unless", Value: "it rains"}},
		{{Name: "below", Value: "5"}, classes, records},
	} {
		if r, err := ParseRemoval(9, header(t, event.Decision, "self", NoteErase, facts...)); err == nil || errors.Is(err, ErrNoRemoval) {
			t.Errorf("%v was taken for %+v, %v", facts, r, err)
		}
	}
}

func TestRemovalCovers(t *testing.T) {
	expire := Removal{Number: 100, Name: NoteExpire, Classes: [event.Classes]bool{false, false, true}, From: "2026-01-02", Until: "2026-01-03", Below: 50, Except: Ranges{{7, 8}}}
	routes, others := expire, expire
	routes.Routes, others.RoutesExcept = []string{"shop"}, []string{"shop"}
	erase := Removal{Number: 100, Name: NoteErase, Classes: [event.Classes]bool{true}, Records: Ranges{{5, 6}, {99, 200}}}
	f := func(r Removal, c event.Class, n uint64, day, route string, want bool) {
		t.Helper()
		if got := r.Covers(c, n, day, route); got != want {
			t.Errorf("%v of record %d of %s by %q: got %v, want %v", c, n, day, route, got, want)
		}
		if want && !r.Touches(c, n, n+1, day) {
			t.Errorf("%v of record %d of %s: it is covered and not touched", c, n, day)
		}
		if r.CoversAll(c, n, n+1, day) && !want {
			t.Errorf("%v of record %d of %s: all are covered, and it is not", c, n, day)
		}
	}
	f(expire, event.ClassPayload, 3, "2026-01-02", "", true)
	f(expire, event.ClassPayload, 3, "2026-01-03", "shop", true)
	f(expire, event.ClassPayload, 3, "2026-01-04", "", false)
	f(expire, event.ClassPayload, 3, "2026-01-01", "", false)
	f(expire, event.ClassPayload, 7, "2026-01-02", "", false)
	f(expire, event.ClassPayload, 50, "2026-01-02", "", false)
	f(expire, event.ClassWho, 3, "2026-01-02", "", false)
	f(routes, event.ClassPayload, 3, "2026-01-02", "shop", true)
	f(routes, event.ClassPayload, 3, "2026-01-02", "", false)
	f(others, event.ClassPayload, 3, "2026-01-02", "shop", false)
	f(others, event.ClassPayload, 3, "2026-01-02", "", true)
	f(erase, event.ClassWho, 5, "2026-05-05", "x", true)
	f(erase, event.ClassWho, 4, "2026-05-05", "x", false)
	f(erase, event.ClassWhat, 5, "2026-05-05", "x", false)
	f(erase, event.ClassWho, 99, "2026-05-05", "x", true)
	f(erase, event.ClassWho, 100, "2026-05-05", "x", false)
	f(erase, event.ClassWho, 150, "2026-05-05", "x", false)
}

func TestRouteOf(t *testing.T) {
	if got, want := RouteOf(header(t, event.System, "self", "x")), "a,\"b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
