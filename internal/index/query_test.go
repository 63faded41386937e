package index

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// shop inserts 100 rows a second apart: users u0..u4, status 200 but every tenth
// 500, an invoice in each body; number 99 has characters that are easy to spoil.
func shop(t *testing.T, c *Client) {
	t.Helper()
	var rows []Row
	for n := range uint64(100) {
		status := "200"
		if n%10 == 0 {
			status = "500"
		}
		rows = append(rows, Row{Number: n, Time: day.Add(time.Duration(n) * time.Second), Fields: []Field{
			{"user", fmt.Sprintf("u%d", n%5)}, {"status", status}, {"_msg", fmt.Sprintf(`{"invoice":"invoice-%d"}`, n)},
		}})
	}
	rows[99].Fields = append(rows[99].Fields, Field{"odd", "a\"b\\c\nd\x00\x01é\xff 日本"})
	if err := c.Insert(deadline(t), rows); err != nil {
		t.Fatal(err)
	}
	if err := c.settle(deadline(t)); err != nil {
		t.Fatal(err)
	}
}

func TestQueries(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	testQueries(t, s.Client())
}

// TestRemote speaks to an engine over TCP as to a cluster: by URL, with a token,
// with compression.
func TestRemote(t *testing.T) {
	s, _ := startEngine(t, t.TempDir(), func(c *SupervisorConfig) { c.Loopback = true })
	s.mu.Lock()
	addr := s.addr
	s.mu.Unlock()
	u := &url.URL{Scheme: "http", Host: addr}
	c, err := NewClient(ClientConfig{Insert: u, Token: s.token, Compress: true})
	if err != nil {
		t.Fatal(err)
	}
	c.settle = c.flush // a cluster is given five seconds
	testQueries(t, c)

	thief, err := NewClient(ClientConfig{Insert: u, Token: "guessed"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := thief.Count(deadline(t), Query{}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "401") {
		t.Errorf("a wrong token gave %v, want ErrUnavailable that names 401", err)
	}
}

func testQueries(t *testing.T, c *Client) {
	shop(t, c)
	t.Run("search", func(t *testing.T) { testSearch(t, c) })
	t.Run("scope", func(t *testing.T) { testScope(t, c) })
	t.Run("explore", func(t *testing.T) { testExplore(t, c) })
	t.Run("errors", func(t *testing.T) { testErrors(t, c) })
	t.Run("table", func(t *testing.T) { testTable(t, c) })
}

func testSearch(t *testing.T, c *Client) {
	at := func(n int) time.Time { return day.Add(time.Duration(n) * time.Second) }
	for _, test := range []struct {
		q    Query
		want string
	}{
		{Query{LogsQL: "invoice-42"}, "[42]"},
		{Query{LogsQL: `"invoice-42"`, Newest: true}, "[42]"},
		{Query{LogsQL: "user:=u3 status:500"}, "[]"},
		{Query{LogsQL: "status:500 # with a comment"}, "[0 10 20 30 40 50 60 70 80 90]"},
		{Query{LogsQL: "status:500", Newest: true, Limit: 3}, "[90 80 70]"},
		{Query{LogsQL: "status:500", Newest: true, Limit: 3, Offset: 8}, "[10 0]"},
		{Query{LogsQL: "status:500", Limit: 3, Offset: 2}, "[20 30 40]"},
		{Query{LogsQL: "status:500", Offset: 50}, "[]"},
		{Query{Newest: true, Limit: 4}, "[99 98 97 96]"},
		{Query{From: at(10), To: at(13)}, "[10 11 12]"},
		{Query{LogsQL: "user:u0 or user:u1", From: at(10), To: at(13), Newest: true}, "[11 10]"},
		{Query{LogsQL: `odd:*`}, "[99]"},
		{Query{LogsQL: "odd:日本"}, "[99]"},
	} {
		hits, err := c.Search(deadline(t), test.q)
		if err != nil {
			t.Errorf("%+v: %v", test.q, err)
			continue
		}
		got := []uint64{}
		for _, h := range hits {
			got = append(got, h.Number)
			if !h.Time.Equal(at(int(h.Number))) {
				t.Errorf("event %d is at %v", h.Number, h.Time)
			}
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("%+v: got %v, want %v", test.q, got, test.want)
		}
	}
}

// testScope tries to see more than the filters allow.
func testScope(t *testing.T, c *Client) {
	for _, q := range []string{
		"*", "user:u1 or user:u2", "* or *", "!user:u3", "(user:u1) or (*)", "user:in(* | fields user)",
		"user:u1 | union (*)", "user:u3 | join by (user) (*) inner", ") or (*", "* # ", "*\n#",
	} {
		err := c.Run(deadline(t), Query{LogsQL: q, Filters: []string{"user:=u3"}}, func(f []Field) error {
			if u := get(f, "user"); u != "u3" {
				return fmt.Errorf("shows user %q", u)
			}
			return nil
		})
		var refused *QueryError
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%q: %v", q, err)
		}
	}
}

func testExplore(t *testing.T, c *Client) {
	ctx := deadline(t)
	if n, err := c.Count(ctx, Query{LogsQL: "user:u3"}); n != 20 || err != nil {
		t.Errorf("Count = %d, %v; want 20", n, err)
	}
	if n, err := c.Count(ctx, Query{LogsQL: "nothinglikeit"}); n != 0 || err != nil {
		t.Errorf("Count of nothing = %d, %v; want 0", n, err)
	}
	buckets, err := c.Histogram(ctx, Query{LogsQL: "*"}, time.Minute, "")
	want := []Bucket{{Start: day, Hits: 60}, {Start: day.Add(time.Minute), Hits: 40}}
	if err != nil || !slices.Equal(buckets, want) {
		t.Errorf("Histogram = %v, %v; want %v", buckets, err, want)
	}
	buckets, err = c.Histogram(ctx, Query{}, time.Hour, "status")
	want = []Bucket{{day, "200", 90}, {day, "500", 10}}
	if err != nil || !slices.Equal(buckets, want) {
		t.Errorf("Histogram by status = %v, %v; want %v", buckets, err, want)
	}
	facets, err := c.Facets(ctx, Query{}, 10, "status", "tenant", "absent")
	if got := fmt.Sprint(facets); err != nil || got != "[{status [{200 90} {500 10}]} {tenant [{default 100}]}]" {
		t.Errorf("Facets = %v, %v", got, err)
	}
	facets, err = c.Facets(ctx, Query{LogsQL: "status:500"}, 2)
	if got := fmt.Sprint(facets); err != nil || got != "[{status [{500 10}]} {tenant [{default 10}]} {user [{u0 10}]}]" {
		t.Errorf("all Facets = %v, %v", got, err)
	}
	names, err := c.FieldNames(ctx, Query{})
	if got := fmt.Sprint(names); err != nil || !strings.Contains(got, "{status 100}") {
		t.Errorf("FieldNames = %v, %v", got, err)
	}
	values, err := c.FieldValues(ctx, Query{}, "user", "", 2)
	if err != nil || len(values) != 2 || values[0].Hits != 20 {
		t.Errorf("FieldValues = %v, %v", values, err)
	}
	values, err = c.FieldValues(ctx, Query{}, "status", "5", 10)
	if got := fmt.Sprint(values); err != nil || got != "[{500 10}]" {
		t.Errorf("FieldValues with prefix = %v, %v", got, err)
	}
}

func testErrors(t *testing.T, c *Client) {
	for _, test := range []struct{ query, want string }{
		{`user:"unclosed`, ""},
		{"user:(a or", ""},
		{"* | stats count()", "has pipes"},
		{"user:~`[`", ""},
	} {
		_, err := c.Search(deadline(t), Query{LogsQL: test.query})
		var q *QueryError
		if !errors.As(err, &q) {
			t.Errorf("%q gave %v, want a QueryError", test.query, err)
			continue
		}
		if q.Query != test.query || !strings.Contains(q.Message, test.want) || q.Message == "" {
			t.Errorf("%q gave %+v", test.query, q)
		}
		for _, internal := range []string{"remoteAddr", "requestURI", "/select/", "cannot parse query"} {
			if strings.Contains(q.Message, internal) {
				t.Errorf("%q: the message shows %s: %s", test.query, internal, q.Message)
			}
		}
	}
	_, err := c.Search(deadline(t), Query{Offset: maxReach})
	var q *QueryError
	if !errors.As(err, &q) {
		t.Errorf("a far page gave %v, want a QueryError", err)
	}
	err = c.Run(deadline(t), Query{LogsQL: "* | limit nosuchnumber"}, func([]Field) error { return nil })
	if !errors.As(err, &q) || !strings.Contains(q.Message, "nosuchnumber") {
		t.Errorf("a wrong pipe gave %v, want a QueryError that names it", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Search(ctx, Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled search gave %v", err)
	}
}

func testTable(t *testing.T, c *Client) {
	var got []string
	q := Query{LogsQL: "* | stats by (status) count() hits, count_uniq(user) users | sort by (status)"}
	err := c.Run(deadline(t), q, func(f []Field) error {
		got = append(got, fmt.Sprint(f))
		return nil
	})
	if want := "[[{status 200} {hits 90} {users 5}] [{status 500} {hits 10} {users 1}]]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v; want %s", got, err, want)
	}
	stop := errors.New("enough")
	if err := c.Run(deadline(t), Query{}, func([]Field) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of yield came back as %v", err)
	}
	var rows int
	if err := c.Run(deadline(t), Query{Limit: 7}, func([]Field) error { rows++; return nil }); err != nil || rows != 7 {
		t.Errorf("Limit 7 gave %d rows, %v", rows, err)
	}
}

// TestSameTime pages through events that all have the same time.
func TestSameTime(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	var rows []Row
	for n := range uint64(500) {
		rows = append(rows, Row{Number: n, Time: day, Fields: []Field{{"a", "b"}}})
	}
	if err := errors.Join(s.client.Insert(deadline(t), rows), s.client.flush(deadline(t))); err != nil {
		t.Fatal(err)
	}
	next := uint64(500)
	for page := range 10 {
		hits, err := s.client.Search(deadline(t), Query{Newest: true, Limit: 50, Offset: 50 * page})
		if err != nil || len(hits) != 50 {
			t.Fatalf("page %d: %d hits, %v", page, len(hits), err)
		}
		for _, h := range hits {
			if next--; h.Number != next {
				t.Fatalf("page %d has %d where %d comes", page, h.Number, next)
			}
		}
	}
}

func TestHasPipes(t *testing.T) {
	f := func(query string, want bool) {
		t.Helper()
		if got := HasPipes(query); got != want {
			t.Errorf("HasPipes(%q) = %v, want %v", query, got, want)
		}
	}
	f("", false)
	f("a b", false)
	f("a | stats count()", true)
	f(`"a|b"`, false)
	f(`'a\'|b'`, false)
	f("`a\\` | limit 1", true)
	f(`user:in(* | fields user)`, false)
	f(`x:range[1, 2) | limit 1`, true)
	f("a # not | a pipe", false)
	f("a # comment\n| limit 1", true)
	f(`a) | limit 1`, true)
	f(`"open | `, false)
}

// FuzzRow compares our encoding with the standard library's reading of it.
func FuzzRow(f *testing.F) {
	f.Add("name", "value", int64(0))
	f.Add("a\"b", "\x00\\\n\xff\u2028é日", int64(-5))
	f.Add("_msg", strings.Repeat("\x01", 70_000), int64(1)<<62)
	f.Fuzz(func(t *testing.T, name, value string, nanos int64) {
		var b batch
		b.add(Row{Number: 7, Time: time.Unix(0, nanos), Fields: []Field{{name, value}, {name + "2", value}}}, "x")
		if len(b.lines) > maxRow || strings.Count(string(b.lines), "\n") != 1 {
			t.Fatalf("%d bytes, %d lines", len(b.lines), strings.Count(string(b.lines), "\n"))
		}
		var got map[string]string
		if err := json.Unmarshal(b.lines, &got); err != nil {
			t.Fatalf("%v: %s", err, b.lines)
		}
		if got["n"] != "7" || got["tenant"] == "" || got["_msg"] == "" {
			t.Errorf("got %v", got)
		}
		if len(value) < 1000 && len(name) < 100 && name != "" && value != "" && !strings.HasPrefix(name, "_") && name != "n" {
			if want := strings.ToValidUTF8(value, "\uFFFD"); name != tenantField && got[strings.ToValidUTF8(name, "\uFFFD")] != want && !strings.Contains(want, "\uFFFD") {
				t.Errorf("field %q is %q, want %q", name, got[name], want)
			}
		}
		if _, err := time.Parse(time.RFC3339Nano, got["_time"]); err != nil {
			t.Error(err)
		}
	})
}
