package erasure_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

// TestEraseObjects erases a person, and then only who another one was: the view
// of objects has no more than the record has, and still has the rest.
func TestEraseObjects(t *testing.T) {
	h := readingtest.Open(t)
	h.StartKeeper()
	day := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for i := range 300 {
		who := []string{"alice", "bob", "carol"}[i%3]
		e := readingtest.Call(day.Add(time.Duration(i)*12*time.Minute), who, "GET", "/customers/1", 200)
		e.What.Objects, e.What.Asked = []event.Object{{Type: "customer", ID: fmt.Sprint(i % 2)}, {Type: "customer", ID: "all"}}, 1
		h.Put(e)
	}
	ask := func(object string) string {
		t.Helper()
		got, err := h.Room.Object(t.Context(), ops, object, reading.Query{})
		if err != nil || !got.Meta.Complete {
			t.Fatalf("%s: %+v, %v", object, got, err)
		}
		var lines []string
		for _, w := range got.Touchers {
			lines = append(lines, fmt.Sprint(w.Email, " ", w.Calls, " ", w.Asked))
		}
		return strings.Join(lines, ", ")
	}
	if got, want := ask("customer/1"), "alice@shop.test 50 50, bob@shop.test 50 50, carol@shop.test 50 50"; got != want {
		t.Errorf("before: %s, want %s", got, want)
	}
	files := func() string {
		t.Helper()
		return readingtest.Everything(t, filepath.Join(filepath.Dir(h.Dir), "objects"))
	}
	res, err := h.Keeper.Erase(t.Context(), ops, erasure.Request{Selector: erasure.Selector{Principals: []string{"alice@shop.test"}}}, nil)
	if err != nil || res.Events != 100 {
		t.Fatalf("%+v, %v", res, err)
	}
	for object, want := range map[string]string{
		"customer/1":   "bob@shop.test 50 50, carol@shop.test 50 50",
		"customer/all": "bob@shop.test 100 0, carol@shop.test 100 0",
	} {
		if got := ask(object); got != want {
			t.Errorf("%s after the erasure: %s, want %s", object, got, want)
		}
	}
	text := files()
	if strings.Contains(text, "alice") || !strings.Contains(text, "bob@shop.test") {
		t.Error("her name is still in the view, or his is not")
	}
	if entries, err := os.ReadDir(filepath.Join(filepath.Dir(h.Dir), "objects")); err != nil || len(entries) == 0 {
		t.Errorf("the view has no files: %v, %v", entries, err)
	}

	// Only who goes: the calls are still counted, under a pseudonym.
	who := []string{"who"}
	if _, err := h.Keeper.Erase(t.Context(), ops, erasure.Request{Selector: erasure.Selector{Principals: []string{"bob@shop.test"}}, Classes: who}, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := ask("customer/1"), " 50 50, carol@shop.test 50 50"; got != want {
		t.Errorf("after the erasure of who: %s, want %s", got, want)
	}
	if strings.Contains(files(), "bob") {
		t.Error("his name is still in the view")
	}
}
