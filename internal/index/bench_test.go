package index

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// benchEvents is how many events BenchmarkQuery searches:
//
//	go test -run=^$ -bench=. ./internal/index -index.events=5000000
var benchEvents = flag.Int("index.events", 200_000, "synthetic events that BenchmarkQuery searches")

// Words of bodies, a vocabulary of 2,000.
var words = func() []string {
	r := rand.New(rand.NewPCG(1, 2))
	w := make([]string, 2000)
	for i := range w {
		b := make([]byte, 4+r.IntN(7))
		for j := range b {
			b[j] = byte('a' + r.IntN(26))
		}
		w[i] = string(b)
	}
	return w
}()

// synthetic returns event n of total, which fill one day: 40 fields, about 1.5 KB
// as JSON. The same n gives the same event. One body in 50,000 has the word needle.
func synthetic(n uint64, total int) Row {
	r := rand.New(rand.NewPCG(n, 7))
	pick := func(of int) int { return int(float64(of) * r.Float64() * r.Float64()) } // the low ones often
	hex := func(digits int) string { return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())[:digits] }
	user, route, status := pick(20_000), pick(120), []string{"200", "200", "200", "200", "201", "204", "301", "404", "403", "500"}[r.IntN(10)]
	var body strings.Builder
	fmt.Fprintf(&body, `{"order":"ord-%d","items":[`, r.IntN(1_000_000))
	for i := range 24 {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"%s":"%s"}`, words[pick(len(words))], words[r.IntN(len(words))])
	}
	if n%50_000 == 777 {
		body.WriteString(`,"needle"`)
	}
	body.WriteString("]}")
	at := day.Truncate(24 * time.Hour).Add(time.Duration(float64(24*time.Hour) / float64(total) * float64(n)))
	return Row{Number: n, Time: at, Fields: []Field{
		{"_msg", body.String()}, {"id", hex(32)}, {"kind", "access"}, {"version", "1"},
		{"completed", at.Add(time.Duration(r.IntN(1e8))).Format(time.RFC3339Nano)},
		{"duration_us", fmt.Sprint(r.IntN(100_000))}, {"upstream_us", fmt.Sprint(r.IntN(90_000))},
		{"edge", "edge-1"}, {"edge_seq", fmt.Sprint(n)}, {"captured_by", "gateway"},
		{"principal.kind", "user"}, {"principal.id", fmt.Sprintf("user-%05d", user)},
		{"principal.issuer", "https://id.example.com"}, {"principal.level", "3"}, {"principal.reason", "signature verified"},
		{"credential.method", "jwt"}, {"credential.key_id", fmt.Sprintf("key-%d", user%4)},
		{"credential.fingerprint", fmt.Sprintf("%016x", uint64(user)*0x9E3779B97F4A7C15)},
		{"credential.client", fmt.Sprintf("app-%d", user%30)}, {"credential.scopes", "orders:read orders:write profile"},
		{"operation.protocol", "http/1.1"}, {"operation.method", []string{"GET", "GET", "GET", "POST", "DELETE"}[r.IntN(5)]},
		{"operation.host", "api.example.com"}, {"operation.route", fmt.Sprintf("/v1/%s/{id}/%s", words[route], words[route+500])},
		{"operation.name", "op" + words[route]}, {"object.type", words[route]}, {"object.id", fmt.Sprintf("obj-%d", r.IntN(500_000))},
		{"status", status}, {"decision", "allowed"}, {"bytes_in", fmt.Sprint(r.IntN(2000))}, {"bytes_out", fmt.Sprint(r.IntN(60_000))},
		{"records", fmt.Sprint(r.IntN(50))}, {"class.email", fmt.Sprint(r.IntN(3))}, {"class.iban", fmt.Sprint(r.IntN(2))},
		{"client.address", fmt.Sprintf("10.%d.%d.%d", user%4, user/256%256, user%256)},
		{"client.agent", fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", 100+user%40, 100+user%40)},
		{"geo.country", []string{"DE", "FR", "US", "PL", "NL"}[user%5]}, {"tls.fingerprint", fmt.Sprintf("t13d%04x", user%300)},
		{"path", fmt.Sprintf("/v1/%s/%d/%s", words[route], r.IntN(500_000), words[route+500])},
		{"trace", hex(32)},
	}}
}

// synthesized is a source of synthetic events.
func synthesized(size int) *journal {
	j := newJournal(uint64(size))
	j.row = func(n uint64) Row { return synthetic(n, size) }
	return j
}

// fill adds the source to the engine the way the follower does.
func fill(b *testing.B, s *Supervisor, j *journal) {
	b.Helper()
	f, err := NewFollower(FollowerConfig{Source: j, Engine: s, Log: testLog()})
	if err != nil {
		b.Fatal(err)
	}
	if err := f.feed(b.Context(), span{0, j.size}); err != nil {
		b.Fatal(err)
	}
	if err := s.Client().flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkInsert adds events through the child and says how many bytes each
// takes on the disk after a clean stop. Making the events is not counted.
func BenchmarkInsert(b *testing.B) {
	dir := b.TempDir()
	s, stop := startEngine(b, dir)
	j := newJournal(uint64(b.N))
	made := make([]Row, min(b.N, 50_000))
	for n := range made {
		made[n] = synthetic(uint64(n), len(made))
	}
	j.row = func(n uint64) Row {
		r := made[n%uint64(len(made))]
		r.Number = n
		return r
	}
	var lines batch
	for _, r := range made {
		lines.add(r, "default")
	}
	b.ResetTimer()
	fill(b, s, j)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(len(lines.lines))/float64(len(made)), "json-B/event")
	stop()
	b.ReportMetric(float64(diskUsage(b, filepath.Join(dir, "engine")))/float64(b.N), "disk-B/event")
}

func diskUsage(b *testing.B, dir string) (bytes int64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}

// BenchmarkQuery asks the eight questions that people ask most. Every answer is
// checked to have rows.
func BenchmarkQuery(b *testing.B) {
	size := *benchEvents
	s, _ := startEngine(b, b.TempDir())
	began := time.Now()
	j := synthesized(size)
	fill(b, s, j)
	b.Logf("%d events in %v", size, time.Since(began).Round(time.Millisecond))
	c := s.Client()
	from := day.Truncate(24 * time.Hour)
	to := from.Add(24 * time.Hour)
	some := synthetic(uint64(size)*99/100, size)
	all := Query{From: from, To: to, Newest: true}
	with := func(logsQL string) Query { q := all; q.LogsQL = logsQL; return q }
	lastHour := func(logsQL string) Query { q := with(logsQL); q.From = to.Add(-time.Hour); return q }

	search := func(q Query) func() (int, error) {
		return func() (int, error) { hits, err := c.Search(b.Context(), q); return len(hits), err }
	}
	table := func(q Query) func() (int, error) {
		return func() (n int, err error) {
			err = c.Run(b.Context(), q, func([]Field) error { n++; return nil })
			return n, err
		}
	}
	for _, query := range []struct {
		name string
		ask  func() (int, error)
	}{
		{"rare-word-in-body", search(with("needle"))},
		{"user-last-hour", search(lastHour(`"principal.id":="` + get(some.Fields, "principal.id") + `"`))},
		{"object-id", search(with(`"object.id":="` + get(some.Fields, "object.id") + `"`))},
		{"newest-hundred", search(all)},
		{"histogram-of-day", func() (int, error) {
			buckets, err := c.Histogram(b.Context(), all, time.Hour, "status")
			return len(buckets), err
		}},
		{"facets-last-hour", func() (int, error) {
			facets, err := c.Facets(b.Context(), lastHour(""), 10, "operation.route", "status", "principal.id", "geo.country")
			return len(facets), err
		}},
		{"errors-by-route", table(with(`status:=500 | stats by ("operation.route") count() hits, count_uniq("principal.id") users | sort by (hits desc) limit 10`))},
		{"substring-last-hour", search(lastHour(`_msg:~"eedl|ord-1234"`))},
	} {
		b.Run(query.name, func(b *testing.B) {
			for b.Loop() {
				if n, err := query.ask(); err != nil || n == 0 {
					b.Fatalf("%d rows, %v", n, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/query")
		})
	}
}
