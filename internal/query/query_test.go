package query

import (
	"errors"
	"math"
	"strings"
	"testing"
)

type record map[string]string

func (r record) Value(field string) (string, bool) {
	v, ok := r[field]
	return v, ok
}

var testConfig = Config{Searchable: []string{"path", "body"}}

func parse(t testing.TB, text string) *Query {
	t.Helper()
	q, err := Parse(testConfig, text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return q
}

func TestPrint(t *testing.T) {
	f := func(in, canonical, logsQL string) {
		t.Helper()
		q := parse(t, in)
		if got := q.String(); got != canonical {
			t.Errorf("Parse(%q).String()\n got %s\nwant %s", in, got, canonical)
		}
		if got := q.LogsQL(); got != logsQL {
			t.Errorf("Parse(%q).LogsQL()\n got %s\nwant %s", in, got, logsQL)
		}
		for _, printed := range []string{canonical, logsQL} {
			if got := parse(t, printed).String(); got != printed {
				t.Errorf("Parse(%s).String() = %s", printed, got)
			}
		}
	}
	same := func(in, out string) { t.Helper(); f(in, out, out) }
	f(`foo`, `"foo"`, `path:"foo" or body:"foo"`)
	f(`foo or x:y`, `"foo" or x:"y"`, `path:"foo" or body:"foo" or x:"y"`)
	f(`!foo bar*`, `!"foo" and "bar"*`, `!(path:"foo" or body:"foo") and (path:"bar"* or body:"bar"*)`)
	same(`status:404`, `status:"404"`)
	same(`path:/admin/x-y*`, `path:"/admin/x-y"*`)
	same(`a:1 b:2 or c:3`, `a:"1" and b:"2" or c:"3"`)
	same(`a:1 and (b:2 or c:3)`, `a:"1" and (b:"2" or c:"3")`)
	same(`(a:1 b:2) c:3`, `a:"1" and b:"2" and c:"3"`)
	same(`not (a:1 or b:2)`, `!(a:"1" or b:"2")`)
	same(`-a:1 !!b:2 NOT c:3`, `!a:"1" and b:"2" and !c:"3"`)
	same(`a:(x or y* !z)`, `a:"x" or a:"y"* and !a:"z"`)
	same(`a:!x`, `!a:"x"`)
	same(`a:="x y" a:!=z a:=/adm*`, `a:="x y" and !a:="z" and a:="/adm"*`)
	same(`a:>5 a:>=1.5KB a:<-3 a:<=2026-11-23T10:00:00Z`, `a:>5 and a:>=1.5KB and a:<-3 and a:<="2026-11-23T10:00:00Z"`)
	same(`a:range(1,5] a:range [1, 5)`, `a:range(1, 5] and a:range[1, 5)`)
	same(`a:in(x, "y z", 10.0.0.1)`, `a:in("x", "y z", "10.0.0.1")`)
	same(`a:"" a:*`, `a:"" and a:*`)
	same("*", "*")
	same("filter:x", `"filter":"x"`)
	same(`"a b":'it"s'`, `"a b":"it\"s"`)
	same(`a:1 (b:2 or c:3)`, `a:"1" and (b:"2" or c:"3")`)
	same("a:`x\"y`", `a:"x\"y"`)
	same(`a:x:y`, `a:"x:y"`)
	same(`time:2026-11-23T10:00:00.5Z`, `time:"2026-11-23T10:00:00.5Z"`)
	same(`_msg:*`, `*`)
	same(`Größe:übel`, `"Größe":"übel"`)
}

func TestDefaultField(t *testing.T) {
	q, err := Parse(Config{}, "foo")
	if err != nil {
		t.Fatal(err)
	}
	if got := q.LogsQL(); got != `_msg:"foo"` {
		t.Errorf("LogsQL = %s", got)
	}
	if !q.Match(record{"_msg": "a foo b"}) || q.Match(record{"path": "foo"}) {
		t.Error("a word without a field is not looked for in _msg alone")
	}
}

func TestErrors(t *testing.T) {
	f := func(in string, column int, contains string) {
		t.Helper()
		_, err := Parse(Config{Field: func(name string) bool { return name != "nope" }}, in)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("Parse(%q): error %v, want an *Error", in, err)
			return
		}
		if e.column() != column || !strings.Contains(e.Error(), contains) {
			t.Errorf("Parse(%q) = %v, want column %d and %q", in, e, column, contains)
		}
		lines := strings.Split(e.Caret(), "\n")
		if caret := lines[len(lines)-1]; len(lines) != 2 || strings.Index(caret, "^") != column-1 {
			t.Errorf("Parse(%q): caret\n%s", in, e.Caret())
		}
	}
	f("", 1, "empty query")
	f("  ", 3, "empty query")
	f("a or", 5, "unexpected end")
	f("(a b", 1, "closing parenthesis")
	f("a)", 2, `unexpected ')'`)
	f("a | fields b", 3, "pipes")
	f("or a", 1, "operator")
	f("a or-b", 3, "space")
	f("a:", 3, "after the colon")
	f("a:~x", 3, "regular expressions")
	f("a:re(x)", 3, "searches only")
	f("a:>x", 4, "not a number")
	f("a:range(1 5)", 11, `want ","`)
	f("a:range(1, 5", 13, "unexpected end")
	f("a:in()", 6, "value")
	f("a:in(x y)", 8, `want "," or ")"`)
	f("a:-5", 3, "negative")
	f(`a:"x`, 3, "quote")
	f(`"x"y`, 4, "space")
	f("foo(a)", 4, "space")
	f(`""`, 1, "empty phrase")
	f("{a=b}", 1, "stream")
	f("_time:5m", 1, "time bounds")
	f("nope:x", 1, "unknown field")
	f("ä nope:x", 3, "unknown field")
	f(">5", 1, "field")
	f("a\xffb", 2, "UTF-8")
	f("a#b", 2, `'#'`)
	f(strings.Repeat("(", 200)+"a", 101, "deep")
	f(strings.Repeat("!", 200)+"a", 100, "deep")
	f(strings.Repeat("a", maxLength+1), 1, "long")
}

func TestMatch(t *testing.T) {
	rec := record{
		"path": "/customers/4711/orders", "body": `{"mail":"Alice@example.com","größe":"5"}`, "status": "404",
		"bytes": "2048", "took": "250ms", "addr": "10.1.2.3", "at": "2026-11-23T10:00:00.123Z", "empty": "",
	}
	f := func(query string, want bool) {
		t.Helper()
		if got := parse(t, query).Match(rec); got != want {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
	f(`4711`, true)
	f(`471`, false)
	f(`471*`, true)
	f(`711*`, false)
	f(`customers/4711`, true)
	f(`Alice`, true)
	f(`alice`, false)
	f(`"example.com"`, true)
	f(`xample.com`, false)
	f(`größe`, true)
	f(`gr`, false)
	f(`gr*`, true)
	f(`status:404`, true)
	f(`status:=40`, false)
	f(`status:=40*`, true)
	f(`status:>=404 status:<405`, true)
	f(`status:>404`, false)
	f(`status:range(400, 404]`, true)
	f(`status:range(400, 404)`, false)
	f(`bytes:>=2KiB bytes:<2.1KB`, true)
	f(`took:>0.2s took:<1m`, true)
	f(`took:>250ms`, false)
	f(`addr:range[10.0.0.0, 10.255.255.255]`, true)
	f(`at:>2026-11-23T09:59:59Z`, true)
	f(`at:<2026-11-23T11:00:00+01:00`, false)
	f(`missing:""`, true)
	f(`empty:""`, true)
	f(`status:""`, false)
	f(`missing:*`, false)
	f(`missing:!=x`, true)
	f(`missing:>=0`, false)
	f(`path:>0`, false)
	f(`status:in(200, 404)`, true)
	f(`status:in(40)`, false)
	f(`status:(200 or 404) !took:250`, true)
	f(`a:b or status:404 c:d`, false)
	f(`*`, true)
	f(`!*`, false)
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]float64{
		"0": 0, "5": 5, "-5": -5, "1.5": 1.5, "007": 7, "1e3": 1000, "0x10": 16, "+3": 3, "1h30m": 5400e9, "1.5s": 1.5e9,
		"-2ms": -2e6, "10KB": 1e4, "1KiB": 1024, "1B": 1, "1.2.3.4": 0x01020304, "1970-01-01T00:00:01Z": 1e9,
		"1970-01-01 01:00:01+01:00": 1e9,
	} {
		if got := number(in); got != want {
			t.Errorf("number(%q) = %v, want %v", in, got, want)
		}
	}
	for _, in := range []string{"", "x", "5x", "1.2.3", "-", ".", "5.s", "inf", "NaN", "2026-11-23", "1..2", "1-2-3-4"} {
		if got := number(in); !math.IsNaN(got) {
			t.Errorf("number(%q) = %v, want NaN", in, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`a b or !c:(d* or "e f") -g:=h*`, `a:range(1, 5] b:in(c, "d") e:<=1.5KB`, "a:`x`  'y' `z`*", `!!(a)`, "ä:\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(testConfig, text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Pos < 0 || e.Pos > len(text) || e.Caret() == "" {
				t.Fatalf("Parse(%q): %#v", text, err)
			}
			return
		}
		for _, printed := range []string{q.String(), q.LogsQL()} {
			if len(printed) > maxLength {
				continue
			}
			again, err := Parse(testConfig, printed)
			if err != nil {
				t.Fatalf("Parse(%q) prints %q: %v", text, printed, err)
			}
			if got := again.String(); got != printed {
				t.Fatalf("%q prints %q, which prints %q", text, printed, got)
			}
			rec := record{"a": "x", "path": text}
			if again.Match(rec) != q.Match(rec) {
				t.Fatalf("%q and %q differ", text, printed)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	rec := record{"path": "/customers/4711/orders", "body": strings.Repeat(`{"mail":"alice@example.com"},`, 70), "status": "404", "method": "GET"}
	q := parse(b, `status:>=400 method:in(GET, HEAD) (path:=/customers* or missing)`)
	b.ReportAllocs()
	for b.Loop() {
		if !q.Match(rec) {
			b.Fatal("no match")
		}
	}
}
