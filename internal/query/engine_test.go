package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logstorage"
)

// TestEngineAgrees puts records into the storage engine of VictoriaLogs and
// asks it the same queries as Match, as they are printed.
func TestEngineAgrees(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	records := make([]record, 400)
	for i := range records {
		records[i] = randomRecord(rnd, i)
	}
	engine := openEngine(t, records)
	words := vocabulary(records)
	queries := slices.Clone(fixedQueries)
	for len(queries) < 3000 {
		queries = append(queries, randomQuery(rnd, words, 3))
	}
	matched := 0
	for _, text := range queries {
		q, err := Parse(Config{Searchable: []string{"path", "body", "user"}}, text)
		if err != nil {
			t.Fatalf("Parse(%q): %v", text, err)
		}
		var want []int
		for i, rec := range records {
			if q.Match(rec) {
				want = append(want, i)
			}
		}
		matched += len(want)
		for _, printed := range []string{q.LogsQL(), text} {
			if printed == text && bare(q) {
				continue // the engine looks for it in _msg
			}
			if got := engine(printed); !slices.Equal(got, want) {
				t.Errorf("%s\nprinted %s\nMatch  finds %d: %v\nengine finds %d: %v\n%s", text, printed, len(want), want, len(got), got, firstDifference(records, got, want))
			}
		}
		if t.Failed() {
			return
		}
	}
	if matched < len(queries)*10 {
		t.Errorf("%d queries found %d records: too few to tell anything", len(queries), matched)
	}
}

// bare reports whether q has a test without a field.
func bare(q *Query) bool { return q.String() != q.LogsQL() }

var fixedQueries = []string{
	`*`, `!*`, `status:404`, `status:""`, `status:*`, `user:alice`, `user:Alice`, `user:"alice example"`, `user:ali*`, `user:"ü"*`,
	`path:/customers*`, `path:=/customers/1*`, `path:customers/2`, `bytes:>1KB`, `bytes:<=10KiB bytes:>=1`, `took:>100ms`,
	`took:range(50ms, 1s]`, `addr:10.0.0.1`, `addr:10.0*`, `addr:range[10.0.0.0, 10.0.0.200]`, `at:>"2026-11-23T10:10:00Z"`,
	`at:2026-11-23`, `at:10:0*`, `tags:vip`, `tags:"[\"vip\"]"`, `load:>0.5`, `load:<=0.5`, `method:in(GET, PUT)`, `method:!=GET`,
	`status:in(200, 404, "")`, `one:same`, `one:="same value"`, `one:oth*`, `missing:x`, `missing:""`, `!missing:*`, `id:p_0*`,
	`status:range(200, 404)`, `status:range[200, 404]`, `-status:200 (method:GET or method:PUT)`, `alice or vip`, `body:"\\"`,
}

func randomRecord(rnd *rand.Rand, i int) record {
	pick := func(values ...string) string { return values[rnd.IntN(len(values))] }
	rec := record{
		"n":      strconv.Itoa(i),
		"method": pick("GET", "GET", "POST", "PUT", "DELETE"),
		"path":   pick("/customers/", "/orders/", "/admin/users/", "/files/a-b_c/") + strconv.Itoa(rnd.IntN(60)) + pick("", "/items", ".json", "/x y"),
		"bytes":  strconv.Itoa(rnd.IntN(1 << (4 + rnd.IntN(20)))),
		"took":   strconv.Itoa(rnd.IntN(2000)) + pick("ms", "ms", "µs", "s"),
		"addr":   fmt.Sprintf("10.0.%d.%d", rnd.IntN(3), rnd.IntN(256)),
		"at":     time.Date(2026, 11, 23, 10, rnd.IntN(60), rnd.IntN(60), rnd.IntN(1000)*1e6, time.UTC).Format("2006-01-02T15:04:05.000Z"),
		"load":   strconv.FormatFloat(float64(rnd.IntN(400))/4, 'f', -1, 64),
		"id":     fmt.Sprintf("p_%08x", rnd.Uint32()),
		"body":   fmt.Sprintf(`{"name":%q,"mail":"%s@example.com","n":%d}`, pick("Alice", "Bob Müller", "日本 語", `a\b`), pick("alice", "bob"), rnd.IntN(99)),
		"one":    "same value",
	}
	if rnd.IntN(3) > 0 {
		rec["status"] = pick("200", "201", "204", "301", "400", "401", "403", "404", "429", "500", "502", "503")
	}
	if rnd.IntN(3) > 0 {
		rec["user"] = pick("alice", "alice example", "Alice", "bob-1", "bob_2", "übel Ärger", "svc.backup", "müller")
	}
	if rnd.IntN(2) > 0 {
		rec["tags"] = pick(`["vip"]`, `["vip","eu"]`, `["us"]`, `[]`, "vip eu")
	}
	return rec
}

// vocabulary returns values and parts of values, by field.
func vocabulary(records []record) map[string][]string {
	words := make(map[string][]string)
	for _, rec := range records {
		for field, value := range rec {
			if field != "n" {
				words[field] = append(words[field], value)
			}
		}
	}
	return words
}

// part returns a piece of a value: whole runes, from anywhere.
func part(rnd *rand.Rand, value string) string {
	runes := []rune(value)
	if len(runes) == 0 || rnd.IntN(4) == 0 {
		return value
	}
	from := rnd.IntN(len(runes))
	if rnd.IntN(2) == 0 {
		from = 0
	}
	return string(runes[from : from+1+rnd.IntN(len(runes)-from)])
}

func randomQuery(rnd *rand.Rand, words map[string][]string, depth int) string {
	switch n := rnd.IntN(10); {
	case depth > 0 && n < 2:
		return randomQuery(rnd, words, depth-1) + " or " + randomQuery(rnd, words, depth-1)
	case depth > 0 && n < 4:
		return randomQuery(rnd, words, depth-1) + []string{" ", " and "}[rnd.IntN(2)] + randomQuery(rnd, words, depth-1)
	case depth > 0 && n < 5:
		return []string{"!", "not ", "-"}[rnd.IntN(3)] + "(" + randomQuery(rnd, words, depth-1) + ")"
	case n < 6:
		value := part(rnd, words["body"][rnd.IntN(len(words["body"]))])
		return strconv.Quote(value) + []string{"", "*"}[rnd.IntN(2)]
	}
	fields := []string{"method", "path", "bytes", "took", "addr", "at", "load", "id", "body", "one", "status", "user", "tags", "none"}
	field := fields[rnd.IntN(len(fields))]
	value := "x"
	if known := words[field]; len(known) > 0 {
		value = known[rnd.IntN(len(known))]
	}
	return field + ":" + randomTest(rnd, field, value, words[field])
}

func randomTest(rnd *rand.Rand, field, value string, known []string) string {
	piece := part(rnd, value)
	if field == "load" {
		piece = value // see the edge of the agreement in the package comment
	}
	number := value
	if slices.Contains([]string{"bytes", "status", "load"}, field) {
		number = strconv.Itoa(rnd.IntN(600))
	}
	if field == "at" {
		number = strings.Replace(value, "Z", "5Z", 1) // not equal to any value, which is another edge
	}
	numeric := slices.Contains([]string{"bytes", "status", "load", "took", "addr", "at"}, field)
	switch n := rnd.IntN(10); {
	case n < 2:
		return strconv.Quote(piece)
	case n < 4:
		return strconv.Quote(piece) + "*"
	case n < 5:
		return []string{"=", "!="}[rnd.IntN(2)] + strconv.Quote(value)
	case n < 6:
		return "=" + strconv.Quote(piece) + "*"
	case n < 7 && len(known) > 0:
		other := known[rnd.IntN(len(known))]
		return "in(" + strconv.Quote(value) + ", " + strconv.Quote(other) + ", x)"
	case n < 9 && numeric && number != "":
		return []string{">", ">=", "<", "<="}[rnd.IntN(4)] + strconv.Quote(number)
	case numeric && number != "":
		return "range" + []string{"(", "["}[rnd.IntN(2)] + strconv.Quote(number) + ", " + strconv.Quote(strings.Replace(known[rnd.IntN(len(known))], "Z", "5Z", 1)) + []string{")", "]"}[rnd.IntN(2)]
	}
	return []string{"*", `""`}[rnd.IntN(2)]
}

// openEngine stores the records, in two parts, and returns a function that
// finds the numbers of those that a LogsQL query matches.
func openEngine(t *testing.T, records []record) func(string) []int {
	storage := logstorage.MustOpenStorage(t.TempDir()+"/engine", &logstorage.StorageConfig{Retention: 7 * 24 * time.Hour})
	t.Cleanup(storage.MustClose)
	now := time.Now().UnixNano()
	for _, half := range [][]record{records[:len(records)/2], records[len(records)/2:]} {
		rows := logstorage.GetLogRows(nil, nil, nil, nil, "")
		for _, rec := range half {
			var fields []logstorage.Field
			for name, value := range rec {
				fields = append(fields, logstorage.Field{Name: name, Value: value})
			}
			rows.MustAdd(logstorage.TenantID{}, now, fields, nil)
		}
		storage.MustAddRows(rows)
		logstorage.PutLogRows(rows)
		storage.DebugFlush()
	}
	return func(text string) []int {
		t.Helper()
		q, err := logstorage.ParseQuery(text)
		if err != nil {
			t.Fatalf("the engine refuses %s: %v", text, err)
		}
		var mu sync.Mutex
		var found []int
		err = storage.RunQuery(context.Background(), []logstorage.TenantID{{}}, q, func(_ uint, block *logstorage.DataBlock) {
			mu.Lock()
			defer mu.Unlock()
			for _, column := range block.Columns {
				if column.Name != "n" {
					continue
				}
				for _, value := range column.Values {
					n, err := strconv.Atoi(strings.Clone(value))
					if err != nil {
						t.Error(err)
					}
					found = append(found, n)
				}
			}
		})
		if err != nil {
			t.Fatalf("the engine fails on %s: %v", text, err)
		}
		slices.Sort(found)
		return found
	}
}

func firstDifference(records []record, a, b []int) string {
	for i, rec := range records {
		if slices.Contains(a, i) != slices.Contains(b, i) {
			return fmt.Sprintf("for example %v", rec)
		}
	}
	return "the engine found a record twice"
}

// FuzzEngineReads checks that the engine accepts what is printed, and that it
// reads a query as it was given, where it accepts it, like the printed one.
func FuzzEngineReads(f *testing.F) {
	for _, query := range fixedQueries {
		f.Add(query)
	}
	f.Add("a:`x\\`  \"b c\":'y\"' !d:!(e or f*) g:!=-h")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(Config{}, text)
		if err != nil {
			return
		}
		printed, err := logstorage.ParseQuery(q.LogsQL())
		if err != nil {
			t.Fatalf("%q prints %q, which the engine refuses: %v", text, q.LogsQL(), err)
		}
		given, err := logstorage.ParseQuery(text)
		if err != nil {
			return // a word that only the engine reserves
		}
		if given.String() != printed.String() {
			t.Errorf("the engine reads %q as %s, but what is printed, %q, as %s", text, given, q.LogsQL(), printed)
		}
	})
}
