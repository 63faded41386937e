package config

import (
	"math"
	"testing"
)

func TestParseSize(t *testing.T) {
	f := func(text string, want Size, ok bool) {
		t.Helper()
		got, err := ParseSize(text)
		if got != want || (err == nil) != ok {
			t.Errorf("ParseSize(%q): got %d and %v, want %d", text, got, err, want)
		}
	}
	f("0", 0, true)
	f("17", 17, true)
	f("64KiB", 64<<10, true)
	f("64 KiB", 64<<10, true)
	f("5GiB", 5<<30, true)
	f("1kB", 1000, true)
	f("2MB", 2_000_000, true)
	f("9223372036854775807B", math.MaxInt64, true)
	f("9223372036854775808", 0, false)
	f("8388608TiB", 0, false)
	f("8388607TiB", 8388607<<40, true)
	f("", 0, false)
	f("KiB", 0, false)
	f("-1", 0, false)
	f("+1", 0, false)
	f("1.5MiB", 0, false)
	f("1kib", 0, false)
	f("1e3", 0, false)
	f("0x10", 0, false)
}

func FuzzSize(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(1 << 20))
	f.Add(int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, n int64) {
		if n < 0 {
			return
		}
		if got, err := ParseSize(Size(n).String()); err != nil || got != Size(n) {
			t.Errorf("%d is printed as %s and read as %d, %v", n, Size(n), got, err)
		}
	})
}

func TestExpand(t *testing.T) {
	env := map[string]string{"A": "1", "B": "${A}", "EMPTY": ""}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	f := func(text, want string, ok bool) {
		t.Helper()
		got, err := expand(text, lookup)
		if got != want || (err == nil) != ok {
			t.Errorf("expand(%q): got %q and %v, want %q", text, got, err, want)
		}
	}
	f("", "", true)
	f("a$b$$c{d}", "a$b$$c{d}", true)
	f("${A}", "1", true)
	f("x${A}y${A}z", "x1y1z", true)
	f("${B}", "${A}", true) // once
	f("$${A}", "${A}", true)
	f("$$${A}", "$${A}", true)
	f("${EMPTY}", "", true)
	f("${EMPTY:-x}", "x", true)
	f("${NONE:-}", "", true)
	f("${NONE:-a:-b}", "a:-b", true)
	f("${A:-x}", "1", true)
	f("${NONE}", "", false)
	f("${A", "", false)
	f("${}", "", false)
	f("${1A}", "", false)
	f("${A-x}", "", false)
	f("${A b}", "", false)
}

func TestDistance(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got, back := distance(a, b), distance(b, a); got != want || back != want {
			t.Errorf("distance(%q, %q): got %d and %d, want %d", a, b, got, back, want)
		}
	}
	f("", "", 0)
	f("", "abc", 3)
	f("drain", "drain", 0)
	f("drian", "drain", 1)
	f("upsteam", "upstream", 1)
	f("tls", "ttl", 2)
	f("größe", "grösse", 2)
}

func TestClash(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		if got, back := clash(a, b), clash(b, a); got != want || back != want {
			t.Errorf("clash(%q, %q): got %v and %v, want %v", a, b, got, back, want)
		}
	}
	f(":1", ":1", true)
	f(":1", ":2", false)
	f(":0", ":0", false)
	f(":1", "127.0.0.1:1", true)
	f("0.0.0.0:1", "127.0.0.1:1", true)
	f("[::]:1", "[::1]:1", true)
	f("127.0.0.1:1", "127.0.0.2:1", false)
	f("127.0.0.1:1", "127.0.0.1:1", true)
}

func TestCovers(t *testing.T) {
	f := func(a, b Route, want bool) {
		t.Helper()
		a.Path, b.Path = "/"+a.Path, "/"+b.Path
		if got := covers(a, b); got != want {
			t.Errorf("covers(%+v, %+v): got %v, want %v", a, b, got, want)
		}
	}
	all := Route{}
	f(all, all, true)
	f(all, Route{Path: "a"}, false) // the longer path comes first
	f(Route{Path: "a/"}, Route{Path: "a"}, true)
	f(Route{Path: "a"}, Route{Path: "ab"}, false)
	f(Route{Methods: []string{"GET", "PUT"}}, Route{Methods: []string{"PUT"}}, true)
	f(Route{Methods: []string{"GET"}}, Route{Methods: []string{"PUT"}}, false)
	f(Route{Methods: []string{"GET"}}, all, false)
	f(all, Route{Methods: []string{"GET"}}, false) // named methods come first
	f(all, Route{Listeners: []string{"x"}}, true)
	f(Route{Listeners: []string{"x"}}, Route{Listeners: []string{"x"}}, true)
	f(Route{Listeners: []string{"x"}}, Route{Listeners: []string{"x", "y"}}, false)
	f(Route{Listeners: []string{"x"}}, all, false)
}
