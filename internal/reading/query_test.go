package reading

import (
	"errors"
	"fmt"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ query, filter, pipes, names string }{
		{"", "*", "", ""},
		{" alice ", "alice", "", ""},
		{"kind:=look", "kind:=look", "", "kind"},
		{`-kind:=look who.subject:"a:b | c"`, `-kind:=look who.subject:"a:b | c"`, "", "kind who.subject"},
		{"outcome.status:>=500 | stats count() as hits | filter hits:>3", "outcome.status:>=500 ", "| stats count() as hits | filter hits:>3", "outcome.status"},
		{"_time:2026-11-24T10:00:00Z kind:=gap", "_time:2026-11-24T10:00:00Z kind:=gap", "", "_time kind"},
		{"arrived:>=2026-11-24T10:00:00Z", "arrived:>=2026-11-24T10:00:00Z", "", "arrived"},
		{"_time:[2026-11-24T10:00:00Z, 2026-11-24T11:00:00Z) a", "_time:[2026-11-24T10:00:00Z, 2026-11-24T11:00:00Z) a", "", "_time"},
		{"outcome.status:range[400, 500)", "outcome.status:range[400, 500)", "", "outcome.status"},
		{"id:in(kind:=look | fields id | filter x:y)", "id:in(kind:=look | fields id | filter x:y)", "", "id kind"},
		{`"kind":look`, `"kind":look`, "", "kind"},
		{`"what's this | then"`, `"what's this | then"`, "", ""},
	} {
		got, err := parse(c.query)
		if err != nil {
			t.Errorf("%q: %v", c.query, err)
			continue
		}
		names := ""
		for i, n := range got.names {
			names += " "[:min(i, 1)] + n.text
		}
		filter := c.filter
		if c.pipes != "" && filter != "" && filter[len(filter)-1] == ' ' {
			filter = filter[:len(filter)-1]
		}
		if got.filter != filter || got.pipes != c.pipes || names != c.names {
			t.Errorf("%q: filter %q pipes %q names %q, want %q %q %q", c.query, got.filter, got.pipes, names, filter, c.pipes, c.names)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		query string
		pos   int
		msg   string
	}{
		{"(a", 0, "the bracket is not closed"},
		{"outcome.status:>= ", 17, "the value to compare with is missing"},
		{"a)", 1, "the bracket was not opened"},
		{"a) or (b", 1, "the bracket was not opened"},
		{`who.subject:"x`, 12, "the quotation mark is not closed"},
		{"a # b", 2, `comments are not allowed, put quotation marks around "#"`},
		{"status:200", 0, `there is no field "status", did you mean outcome.status?`},
		{"a and outcome.staus:200", 6, `there is no field "outcome.staus", did you mean outcome.status?`},
		{"email:x", 0, `there is no field "email", did you mean who.email?`},
	} {
		_, err := parse(c.query)
		var got *QueryError
		if !errors.As(err, &got) || got.Pos != c.pos || got.Msg != c.msg {
			t.Errorf("%q: %v, want %q at byte %d", c.query, err, c.msg, c.pos)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a:b", `"`, "((", "kind:=x | y", "_time:[1,2)", "-", ":", "a:(b c)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parse(s)
		if err != nil {
			_ = err.Error()
			return
		}
		// In parentheses it stays one filter.
		if again, err := parse("(" + got.filter + ")"); err != nil || again.pipes != "" {
			t.Fatalf("%q: the filter %q in parentheses: %v, %v", s, got.filter, again, err)
		}
	})
}

func TestCursor(t *testing.T) {
	for _, s := range []string{"n7", "t1700000000000000000-9"} {
		c, err := parseCursor(s)
		if err != nil || c.String() != s {
			t.Errorf("cursor %q: %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"x", "n", "n-1", "t1", "t1-", "n07", fmt.Sprintf("n%d0", uint64(1<<63))} {
		if c, err := parseCursor(s); err == nil {
			t.Errorf("cursor %q was read as %v", s, c)
		}
	}
}
