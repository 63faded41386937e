package query_test

import (
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/query"
)

// TestWords says queries for people, and names their fields.
func TestWords(t *testing.T) {
	f := func(text, words, fields string) {
		t.Helper()
		q, err := query.Parse(query.Config{}, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Words(); got != words {
			t.Errorf("%s: got %s, want %s", text, got, words)
		}
		if got := strings.Join(q.Fields(), " "); got != fields {
			t.Errorf("%s: fields %q, want %q", text, got, fields)
		}
	}
	f(`*`, `anything is true`, ``)
	f(`who.subject:=alice`, `who.subject is "alice"`, `who.subject`)
	f(`who.subject:!=alice outcome.status:>=400`, `who.subject is not "alice" and outcome.status is at least 400`, `outcome.status who.subject`)
	f(`kind:in(look, decision) or !(a:b c:d*)`, `kind is one of "look", "decision" or not (a holds the words "b" and c holds words that begin with "d")`, `a c kind`)
	f(`outcome.status:range[400, 500) what.path:="/v1"*`, `outcome.status is at least 400 and less than 500 and what.path begins with "/v1"`, `outcome.status what.path`)
	f(`a:"" b:* !c:"" -d:*`, `a has no value and b has a value and c has a value and d has no value`, `a b c d`)
	f(`needle`, `any searched field holds the words "needle"`, ``)
	f(`(a:1 or a:2) b:3`, `(a holds the words "1" or a holds the words "2") and b holds the words "3"`, `a b`)
}
