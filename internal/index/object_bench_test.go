package index

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// touched returns event n of total, which fill thirty days: one in ten reads a
// list of fifty customers, one in two one customer; the others are other things.
// Customers are asked for with a heavy tail. The same n gives the same event.
func touched(n uint64, total int) Row {
	r := rand.New(rand.NewPCG(n, 11))
	row := synthetic(n, total)
	row.Time = day.Truncate(24 * time.Hour).Add(time.Duration(float64(30*24*time.Hour) / float64(total) * float64(n)))
	customer := func() string { return fmt.Sprintf("customer/%d", 1+int(200_000*r.Float64()*r.Float64())) }
	objects, asked, data := "", "", ""
	switch k := r.IntN(10); {
	case k == 0:
		for range 50 {
			objects += customer() + " "
		}
		data = "email name phone"
	case k < 6:
		objects = customer()
		asked, data = objects, []string{"email name", "card email name", ""}[r.IntN(3)]
	default:
		objects = fmt.Sprintf("order/%d product/%d", r.IntN(500_000), r.IntN(5000))
		asked = objects
	}
	user := r.IntN(2000)
	by := fmt.Sprintf(`["p_%032x","user","user-%d","","user-%d@example.com","app-%d","","read","%s"]`, user, user, user, user%30, data)
	row.Fields = append(row.Fields, Field{"object.by", by}, Field{"what.objects", objects}, Field{"what.asked", asked}, Field{"data", data}, Field{"operation.action", "read"},
		Field{"who.subject", fmt.Sprintf("user-%d", user)}, Field{"who.email", fmt.Sprintf("user-%d@example.com", user)})
	return row
}

// BenchmarkObject is the question of gatebook object TYPE/ID --since 30d, as
// internal/reading asks it, over thirty days of events:
//
//	go test -run=^$ -bench=Object ./internal/index -index.events=5000000
func BenchmarkObject(b *testing.B) {
	size := *benchEvents
	s, _ := startEngine(b, b.TempDir())
	j := newJournal(uint64(size))
	j.row = func(n uint64) Row { return touched(n, size) }
	began := time.Now()
	fill(b, s, j)
	b.Logf("%d events in %v", size, time.Since(began).Round(time.Millisecond))
	c := s.Client()
	for _, id := range []string{"customer/4711", "customer/7", "customer/199999"} {
		b.Run(id, func(b *testing.B) {
			named := func(field string) string { return fmt.Sprintf("%s:%q %s:~%q", field, id, field, "(^| )"+id+"( |$)") }
			q := Query{From: day.Truncate(24 * time.Hour), To: day.Add(31 * 24 * time.Hour), LogsQL: "kind:=access " + named("what.objects") +
				" | stats by (\"object.by\") count() hits, count() if (" + named("what.asked") + ") asked, min(_time) first, max(_time) last | sort by (hits desc) limit 10001"}
			rows := 0
			for b.Loop() {
				rows = 0
				if err := c.Run(b.Context(), q, func([]Field) error { rows++; return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/query")
			b.ReportMetric(float64(rows), "groups")
		})
	}
}
