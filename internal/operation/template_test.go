package operation

import (
	"slices"
	"strings"
	"testing"
)

// TestMatcher is about which template wins.
func TestMatcher(t *testing.T) {
	var list []*Template
	for _, text := range []string{"/users/{id}", "/users/me", "/users/{id}.json", "/users/{id}/{tab}", "/users/me/settings", "/compare/{base}...{head}", "/compare/{spec}",
		"/files/{path}", "/files/{path}/raw", "/a/{x}/c", "/a/b/{y}", "/", "/v{version}/status"} {
		list = append(list, &Template{Text: text})
	}
	m, err := NewMatcher(list)
	if err != nil {
		t.Fatal(err)
	}
	f := func(path, want string, values ...string) {
		t.Helper()
		var out Match
		got := ""
		if m.Find(path, &out) {
			got = out.Template.Text
		}
		if got != want || got != "" && !slices.Equal(out.Values[:out.n], values) {
			t.Errorf("%s: got %q %q, want %q %q", path, got, out.Values[:out.n], want, values)
		}
	}
	f("/users/4711", "/users/{id}", "4711")
	f("/users/me", "/users/me")
	f("/users/me.json", "/users/{id}.json", "me")
	f("/users/me/orders", "/users/{id}/{tab}", "me", "orders")
	f("//users//4711/", "/users/{id}", "4711")
	f("/users;a=b/4711;jsessionid=x", "/users/{id}", "4711")
	f("/compare/a...b", "/compare/{base}...{head}", "a", "b")
	f("/compare/ab", "/compare/{spec}", "ab")
	f("/files/a", "/files/{path}", "a")
	f("/files/a/b/c", "/files/{path}", "a/b/c")
	f("/files/a/raw", "/files/{path}/raw", "a")
	f("/a/b/c", "/a/b/{y}", "c")
	f("/a/z/c", "/a/{x}/c", "z")
	f("/", "/")
	f("", "/")
	f("/v2/status", "/v{version}/status", "2")
	f("/nothing", "")
	f("/users", "")
	f("/"+strings.Repeat("x/", 3000), "")
	for _, bad := range []string{"/a/{", "/a/{}", "/a/{x}{y}", "/" + strings.Repeat("{p}/", 20)} {
		if _, err := NewMatcher([]*Template{{Text: bad}}); err == nil {
			t.Errorf("%s: got no error", bad)
		}
	}
}

// TestHostileDocument has a document in which a path can be matched in
// exponentially many ways.
func TestHostileDocument(t *testing.T) {
	var list []*Template
	for i := range 1 << 10 {
		text := ""
		for bit := range 10 {
			if i>>bit&1 == 0 {
				text += "/a"
			} else {
				text += "/{x}"
			}
		}
		list = append(list, &Template{Text: text + "/end"})
	}
	m, err := NewMatcher(list)
	if err != nil {
		t.Fatal(err)
	}
	var out Match
	if m.Find(strings.Repeat("/a", 10)+"/other", &out) || out.steps > maxSteps+64 {
		t.Errorf("steps: got %d, want at most %d", out.steps, maxSteps)
	}
}
