package reading_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

// TestObjectSameAsIndex compares who touched an object, as the view of objects
// says it, with what the search index counts, over random calls.
func TestObjectSameAsIndex(t *testing.T) {
	h := readingtest.Open(t)
	r := rand.New(rand.NewPCG(4711, 1))
	start := time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Second)
	names := func(n int) string {
		var b strings.Builder
		for range n {
			fmt.Fprintf(&b, "%s/%d ", []string{"customer", "order", "repo/octo"}[r.IntN(3)], r.IntN(1+r.IntN(30)))
		}
		return b.String()
	}
	for i := range 400 {
		objects := names(r.IntN(3)) + "|"
		if r.IntN(3) == 0 {
			objects += names(r.IntN(40))
		}
		actions := []event.Action{event.ActionRead, event.ActionUpdate, event.ActionExport}
		classes := []string{"", "email", "card email", "email name phone"}
		e := touch(start.Add(time.Duration(i)*time.Minute+time.Duration(r.IntN(90))*time.Second), fmt.Sprint("user-", r.IntN(6)), []string{"reporter", "shop-web", ""}[r.IntN(3)], actions[r.IntN(3)], objects, classes[r.IntN(4)])
		if e.Credential.Client == "" && r.IntN(2) == 0 {
			e.Credential.Method, e.Credential.KeyID = "api-key", "k1"
		}
		if r.IntN(10) == 0 {
			e.Principal, e.Who.Subject, e.Who.Email = event.Principal{Kind: event.Anonymous, Level: event.LevelNone, Reason: "no-credential"}, "", ""
		}
		h.Put(e)
	}
	h.StartIndex()
	h.Indexed()
	for range 80 {
		name := fmt.Sprintf("%s/%d", []string{"customer", "order", "repo/octo"}[r.IntN(3)], r.IntN(30))
		var q reading.Query
		if r.IntN(2) == 0 {
			q.From = start.Add(time.Duration(r.IntN(300)) * time.Minute)
		}
		if r.IntN(2) == 0 {
			q.To = start.Add(time.Duration(300+r.IntN(150)) * time.Minute)
		}
		got, err := h.Room.Object(t.Context(), admin, name, q)
		if err != nil || !got.Meta.Complete || got.More != 0 {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		if want := counted(t, h, name, q); !reflect.DeepEqual(got.Touchers, want) {
			t.Fatalf("%s, %v to %v:\ngot  %+v\nwant %+v", name, q.From, q.To, got.Touchers, want)
		}
	}
}

// counted asks the index who touched an object.
func counted(t *testing.T, h *readingtest.House, name string, q reading.Query) []reading.Toucher {
	t.Helper()
	whole := func(field string) string { return fmt.Sprintf("%s:~%q", field, "(^| )"+name+"( |$)") }
	by := []string{"principal.id", "principal.kind", "who.subject", "who.name", "who.email", "credential.client", "credential.key_id", "operation.action", "data"}
	query := index.Query{From: q.From, To: q.To, LogsQL: "kind:=access " + whole("what.objects") + ` | stats by ("` + strings.Join(by, `", "`) + `") count() hits, count() if (` + whole("what.asked") + ") asked, min(_time) first, max(_time) last"}
	out := []reading.Toucher{}
	err := h.Config.Index.Run(t.Context(), query, func(fields []index.Field) error {
		g := make(map[string]string)
		for _, f := range fields {
			g[f.Name] = f.Value
		}
		w := reading.Toucher{Principal: g["principal.id"], Kind: g["principal.kind"], Subject: g["who.subject"], Name: g["who.name"], Email: g["who.email"], Client: g["credential.client"]}
		if w.Client == "" {
			w.Key = g["credential.key_id"]
		}
		i := slices.IndexFunc(out, func(x reading.Toucher) bool {
			return x.Principal == w.Principal && x.Kind == w.Kind && x.Client == w.Client && x.Key == w.Key
		})
		first, err := time.Parse(time.RFC3339Nano, g["first"])
		if err != nil {
			return err
		}
		last, err := time.Parse(time.RFC3339Nano, g["last"])
		if err != nil {
			return err
		}
		if i < 0 {
			w.First, w.Last, w.Actions, w.Data = first, last, []reading.Count{}, []string{}
			i, out = len(out), append(out, w)
		}
		x := &out[i]
		hits, _ := strconv.ParseUint(g["hits"], 10, 64)
		asked, _ := strconv.ParseUint(g["asked"], 10, 64)
		x.Calls, x.Asked = x.Calls+hits, x.Asked+asked
		if first.Before(x.First) {
			x.First = first
		}
		if last.After(x.Last) {
			x.Last = last
		}
		if k := slices.IndexFunc(x.Actions, func(c reading.Count) bool { return c.Value == g["operation.action"] }); k >= 0 {
			x.Actions[k].Count += hits
		} else {
			x.Actions = append(x.Actions, reading.Count{Value: g["operation.action"], Count: hits})
		}
		x.Data = append(x.Data, strings.Fields(g["data"])...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range out {
		x := &out[i]
		slices.Sort(x.Data)
		x.Data = slices.Compact(x.Data)
		slices.SortFunc(x.Actions, func(a, b reading.Count) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
		})
	}
	slices.SortFunc(out, func(a, b reading.Toucher) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Principal, b.Principal), strings.Compare(a.Client, b.Client), strings.Compare(a.Key, b.Key))
	})
	return out
}
