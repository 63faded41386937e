package alert_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/reading"
)

// TestAbout asks for what is about somebody. A value that is withheld from a
// reader cannot be guessed by asking for it.
func TestAbout(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	store, err := live.OpenStore(ctx, h.db)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []detect.Value{
		{Field: "principal.id", Value: "p_mallory"},
		{Field: "principal.id", Value: "p_trudy"},
		{Field: "payload.request.body", Value: "+44 7700 900685"},
	} {
		f := h.finding("rule-"+v.Field, "medium", 80)
		f.Entity = []detect.Value{v}
		keep := func(*sql.Tx) error { return nil }
		if v.Value == "p_trudy" {
			if keep, err = store.Keeps(f, h.now); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.book.Take(ctx, live.Batch{New: []live.Found{{Finding: f, Found: h.now}}, Keep: keep}); err != nil {
			t.Fatal(err)
		}
	}
	asked := func(who reading.Reader, about ...string) string {
		t.Helper()
		list, err := h.book.Incidents(ctx, who, alert.Filter{About: about})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, i := range list.Incidents {
			out = append(out, i.Entity[0].Value)
		}
		return strings.Join(out, " ")
	}
	want(t, "about one", asked(vera, "p_trudy"), "p_trudy")
	want(t, "about one of two", asked(vera, "p_mallory", "p_trudy"), "p_trudy p_mallory")
	want(t, "about a stranger", asked(vera, "p_nobody"), "")
	want(t, "by a part of a name", asked(vera, "p_"), "")
	want(t, "by what a payload had", asked(boss, "+44 7700 900685"), "")

	text := func(who reading.Reader, s string) int {
		t.Helper()
		list, err := h.book.Incidents(ctx, who, alert.Filter{Text: s})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Incidents)
	}
	want(t, "text of a payload, by an administrator", text(boss, "900685"), 1)
	want(t, "text of a payload, by a viewer", text(vera, "900685"), 0)

	findings := func(about ...string) int {
		t.Helper()
		list, err := h.book.Findings(ctx, vera, alert.Wanted{About: about})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Findings)
	}
	want(t, "findings about one of two", findings("p_mallory", "p_trudy"), 1)
	want(t, "findings about another", findings("p_mallory"), 0)
}
