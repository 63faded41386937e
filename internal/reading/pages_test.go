package reading_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

// TestPages goes through the answers to questions page by page, from both ends,
// with pages of any size: calls of which many arrived at one moment, in an order
// that is not that of their numbers, and that are days apart elsewhere. The pages
// together are all that matches, once and in order.
func TestPages(t *testing.T) {
	h := readingtest.Open(t)
	r := rand.New(rand.NewPCG(5, 6))
	type call struct {
		number  uint64
		at      time.Time
		subject string
		status  int
	}
	var all []call
	at := time.Now().UTC().Add(-60 * 24 * time.Hour)
	for range 400 {
		switch r.IntN(12) {
		case 0:
			at = at.Add(time.Duration(r.Float64() * float64(70*time.Hour)))
		case 1, 2:
			at = at.Add(-time.Duration(r.IntN(20)) * time.Second)
		case 3, 4, 5:
			at = at.Add(time.Duration(r.IntN(5000)) * time.Millisecond)
		}
		c := call{at: at, subject: []string{"alice", "bob", "carol"}[r.IntN(3)], status: []int{200, 200, 200, 200, 404}[r.IntN(5)]}
		c.number = h.Put(readingtest.Call(c.at, c.subject, "GET", "/customers/7", c.status))
		all = append(all, c)
	}
	h.StartIndex()
	h.Indexed()
	slices.SortFunc(all, func(a, b call) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number)) })
	for i := range 24 {
		subject, status := []string{"alice", "bob", "carol", "dave"}[r.IntN(4)], []int{0, 200, 404}[r.IntN(3)]
		q := reading.Query{LogsQL: "kind:=access who.subject:=" + subject}
		if status > 0 {
			q.LogsQL += fmt.Sprintf(" outcome.status:=%d", status)
		}
		if r.IntN(2) == 0 {
			q.From = all[r.IntN(200)].at
		}
		if r.IntN(2) == 0 {
			q.To = all[200+r.IntN(200)].at
		}
		if !q.To.IsZero() && !q.From.Before(q.To) {
			continue
		}
		s := reading.Search{Query: q, Limit: 1 + r.IntN(60), Oldest: r.IntN(2) == 0}
		var want, got []uint64
		for _, c := range all {
			if c.subject == subject && (status == 0 || c.status == status) && !c.at.Before(q.From) && (q.To.IsZero() || c.at.Before(q.To)) {
				want = append(want, c.number)
			}
		}
		if !s.Oldest {
			slices.Reverse(want)
		}
		for pages := 0; ; pages++ {
			res, err := h.Room.Search(t.Context(), admin, s)
			if err != nil || len(res.Problems) > 0 {
				t.Fatal(s, err, res)
			}
			for _, rec := range res.Hits {
				got = append(got, rec.Number)
			}
			if len(res.Hits) > s.Limit || pages > len(all) {
				t.Fatalf("question %d: %d hits on a page of %d, %d pages", i, len(res.Hits), s.Limit, pages)
			}
			if res.Next == "" {
				break
			}
			s.Cursor = res.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("question %d, %+v: got %v, want %v", i, s, got, want)
		}
	}
}
