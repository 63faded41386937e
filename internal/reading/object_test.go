package reading_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

// touch is a call of a person through an app that touched objects: those of the
// request, a bar, those of the answer.
func touch(at time.Time, subject, client string, action event.Action, objects, data string) *event.Event {
	e := readingtest.Call(at, subject, "GET", "/x", 200)
	e.Credential.Client, e.Operation.Action = client, action
	request, answer, _ := strings.Cut(objects, "|")
	for _, name := range strings.Fields(request) {
		typ, id, _ := strings.Cut(name, "/")
		e.What.Objects = append(e.What.Objects, event.Object{Type: typ, ID: id})
		e.What.Asked++
	}
	for _, name := range strings.Fields(answer) {
		typ, id, _ := strings.Cut(name, "/")
		e.What.Objects = append(e.What.Objects, event.Object{Type: typ, ID: id})
	}
	for _, class := range strings.Fields(data) {
		e.Data = append(e.Data, event.Data{Class: class, Count: 2})
	}
	return e
}

// TestWhoTouched asks who touched an object and what somebody touched: an app
// that reads with a user's token is accounted to both, and two apps of one user
// are kept apart.
func TestWhoTouched(t *testing.T) {
	h := readingtest.Open(t)
	start := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	h.Put(
		touch(at(0), "alice", "reporter", event.ActionRead, "customer/4711", "email phone"),
		touch(at(1), "alice", "reporter", event.ActionExport, "| customer/4710 customer/4711 customer/4712", "card email"),
		touch(at(2), "alice", "shop-web", event.ActionUpdate, "customer/4711", ""),
		touch(at(3), "bob", "reporter", event.ActionRead, "customer/4711 order/9", "email"),
		touch(at(4), "bob", "reporter", event.ActionRead, "customer/47110 order/4711 customer/4711-b shop-customer/4711", "email"),
		touch(at(5), "carol", "reporter", event.ActionRead, "repo/octo/hello", ""),
	)
	if _, err := h.Room.Objects(t.Context(), admin, "alice", reading.Query{}, 10); !errors.Is(err, reading.ErrIndex) {
		t.Errorf("without an index: got %v, want ErrIndex", err)
	}
	if got, err := h.Room.Object(t.Context(), admin, "customer/4711", reading.Query{}); err != nil || got.Calls != 4 || !got.Meta.Complete {
		t.Errorf("the index is not needed: got %+v, %v", got, err)
	}
	h.StartIndex()
	h.Indexed()

	got, err := h.Room.Object(t.Context(), admin, "customer/4711", reading.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, w := range got.Touchers {
		lines = append(lines, fmt.Sprint(w.Subject, " ", w.Client, " ", w.Calls, " ", w.Asked, " ", w.Actions, " ", w.Data, " ", w.First.Sub(start), " ", w.Last.Sub(start)))
	}
	want := `alice reporter 2 1 [{export 1} {read 1}] [card email phone] 0s 1s
alice shop-web 1 1 [{update 1}] [] 2s 2s
bob reporter 1 1 [{read 1}] [email] 3s 3s`
	if have := strings.Join(lines, "\n"); have != want {
		t.Errorf("who touched it:\n%s\nwant\n%s", have, want)
	}
	if got.Calls != 4 || got.Asked != 3 || !got.First.Equal(start) || !got.Last.Equal(at(3)) || !got.Meta.Complete {
		t.Errorf("sum: %+v", got)
	}
	if got, err = h.Room.Object(t.Context(), admin, "repo/octo/hello", reading.Query{}); err != nil || got.Calls != 1 || got.Touchers[0].Subject != "carol" {
		t.Errorf("a composite id: %+v, %v", got, err)
	}
	if got, err = h.Room.Object(t.Context(), admin, "customer/4711", reading.Query{From: at(3)}); err != nil || got.Calls != 1 {
		t.Errorf("since: %+v, %v", got, err)
	}
	if got, err = h.Room.Object(t.Context(), admin, `customer/"x" or *`, reading.Query{}); err != nil || got.Calls != 0 {
		t.Errorf("an id with quotes: %+v, %v", got, err)
	}
	for _, bad := range []string{"", "customer", "/4711", "customer/"} {
		if _, err := h.Room.Object(t.Context(), admin, bad, reading.Query{}); !errors.Is(err, reading.ErrArgument) {
			t.Errorf("object %q: got %v, want ErrArgument", bad, err)
		}
	}

	list, err := h.Room.Objects(t.Context(), admin, "alice", reading.Query{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	lines = nil
	for _, o := range list.Objects {
		lines = append(lines, fmt.Sprint(o.Object, " ", o.Client, " ", o.Calls, " ", o.Asked, " ", o.Data))
	}
	want = `customer/4711 reporter 2 1 [card email phone]
customer/4710 reporter 1 0 [card email]
customer/4711 shop-web 1 1 []
customer/4712 reporter 1 0 [card email]`
	if have := strings.Join(lines, "\n"); have != want || list.Distinct != 3 || list.Calls != 3 || fmt.Sprint(list.Types) != "[{customer 5}]" {
		t.Errorf("what alice touched: %d %d %v\n%s\nwant\n%s", list.Distinct, list.Calls, list.Types, have, want)
	}
	if list, err = h.Room.Objects(t.Context(), admin, "reporter", reading.Query{}, 1); err != nil || len(list.Objects) != 1 || list.Calls != 5 {
		t.Errorf("what the app touched: %+v, %v", list, err)
	}
	person, err := h.Room.Who(t.Context(), admin, "alice", reading.Query{})
	if err != nil || len(person.Identities) != 2 || person.Identities[0].Client != "reporter" || person.Identities[1].Client != "shop-web" {
		t.Errorf("who: two apps of one user: %+v, %v", person.Identities, err)
	}
	// Each question was recorded.
	h.Indexed()
	looks, err := h.Room.Search(t.Context(), admin, reading.Search{Query: reading.Query{LogsQL: "kind:=look note.name:=who"}})
	if err != nil || len(looks.Hits) < 6 {
		t.Errorf("looks: %d, %v", len(looks.Hits), err)
	}
}
