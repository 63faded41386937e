package index

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestWindows takes windows for queries of many forms, whatever is found in
// them, and looks that together they are the time that was asked for: each moment
// once, in the order of the query.
func TestWindows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	some := func() time.Time {
		if r.IntN(3) == 0 {
			return time.Time{}
		}
		return now.Add(time.Duration((r.Float64()*1.2 - 1.1) * float64(time.Second) * float64(int64(1)<<r.IntN(33))))
	}
	for range 20_000 {
		q := Query{From: some(), To: some(), Newest: r.IntN(2) == 0}
		if !q.To.IsZero() && !q.From.Before(q.To) {
			continue
		}
		c := &Client{}
		c.earliest.set(cmp.Or(some(), earliest))
		w, err := c.windows(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		edge, reach, n := q.From, 1+r.IntN(200), 0
		var hits []Hit
		if q.Newest {
			edge = q.To
		}
		for ; w.next(hits, reach); n++ {
			for w.long && r.IntN(4) == 0 {
				w.shorten()
			}
			begin, end := w.from, w.to
			if q.Newest {
				begin, end = w.to, w.from
			}
			if !begin.Equal(edge) {
				t.Fatalf("%+v: window %d begins at %v, the one before ended at %v", q, n, begin, edge)
			}
			if !w.from.IsZero() && !w.to.IsZero() && !w.from.Before(w.to) {
				t.Fatalf("%+v: window %d is from %v to %v", q, n, w.from, w.to)
			}
			edge = end
			if r.IntN(3) == 0 && len(hits) < reach-1 {
				some := make([]Hit, r.IntN(reach-1-len(hits))) // the search would end at reach
				for i := range some {
					some[i].Time = w.edge.Add(time.Duration(r.Float64() * float64(w.width)))
				}
				hits = append(hits, some...)
			}
		}
		want := q.To
		if q.Newest {
			want = q.From
		}
		if !edge.Equal(want) {
			t.Fatalf("%+v: the last window ends at %v, want %v", q, edge, want)
		}
		if n > 2*reach+40 {
			t.Fatalf("%+v: %d windows", q, n)
		}
	}
}

// TestSearchInWindows compares searches with what a sort of all rows gives: rows
// that are dense here and far apart there, many of one time, some of them there
// twice, from both sides, with all kinds of bounds, limits and offsets.
func TestSearchInWindows(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	c := s.Client()
	c.quick = 20 // long windows are made to fit
	r := rand.New(rand.NewPCG(3, 4))
	var rows []Row
	at := time.Now().Add(-40 * 24 * time.Hour).Truncate(time.Second)
	for n := range uint64(4000) {
		switch r.IntN(40) {
		case 0:
			at = at.Add(time.Duration(r.Float64() * float64(20*time.Hour)))
		case 1, 2, 3, 4:
			at = at.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
		case 5:
			at = at.Add(time.Nanosecond)
		}
		rows = append(rows, Row{Number: n, Time: at, Fields: []Field{
			{"kind", []string{"often", "often", "often", "seldom"}[r.IntN(4)]}, {"of", fmt.Sprint(r.IntN(300))},
		}})
	}
	rows = append(rows, Row{Number: 9000, Time: time.Now().Add(90 * time.Minute), Fields: []Field{{"kind", "often"}}}) // a clock was wrong
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	for _, part := range [][]Row{rows, rows[100:500]} {
		if err := c.Insert(deadline(t), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.flush(deadline(t)); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Number, b.Number)) })
	for i := range 400 {
		q := Query{Newest: r.IntN(2) == 0, Limit: 1 + r.IntN(1+r.IntN(1000)), Offset: max(0, r.IntN(100)-80)}
		match := func(Row) bool { return true }
		switch kind := r.IntN(4); kind {
		case 0, 1:
			v := []string{"often", "seldom"}[kind]
			q.LogsQL, match = "kind:="+v, func(row Row) bool { return row.Fields[0].Value == v }
		case 2:
			v := fmt.Sprint(r.IntN(310))
			q.LogsQL, match = "of:="+v, func(row Row) bool { return get(row.Fields, "of") == v }
		}
		if r.IntN(2) == 0 {
			q.From = rows[r.IntN(len(rows))].Time
		}
		if r.IntN(2) == 0 {
			q.To = rows[r.IntN(len(rows))].Time.Add(time.Duration(r.IntN(2)))
		}
		if !q.To.IsZero() && !q.From.Before(q.To) {
			continue
		}
		var want []uint64
		for _, row := range rows {
			if match(row) && !row.Time.Before(q.From) && (q.To.IsZero() || row.Time.Before(q.To)) {
				want = append(want, row.Number)
			}
		}
		if q.Newest {
			slices.Reverse(want)
		}
		want = want[min(q.Offset, len(want)):]
		want = want[:min(q.Limit, len(want))]
		hits, err := c.Search(deadline(t), q)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]uint64, len(hits))
		for i, h := range hits {
			got[i] = h.Number
		}
		if !slices.Equal(got, want) {
			t.Fatalf("question %d, %+v: got %d hits, want %d; the first are %v, want %v", i, q, len(got), len(want), got[:min(5, len(got))], want[:min(5, len(want))])
		}
	}
}
