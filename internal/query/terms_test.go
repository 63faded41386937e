package query

import (
	"fmt"
	"testing"
)

func TestTerms(t *testing.T) {
	for text, want := range map[string]string{
		`*`:                                 `[]`,
		`a:=x b:>=5 !c:in(y, z)`:            `[{a:="x" a false [{is [x]}]} {b:>=5 b false [{gte [5]}]} {!c:in("y", "z") c true [{is [y z]}]}]`,
		`a:"" b:* d:x* e:="x"*`:             `[{a:"" a false [{absent []}]} {b:* b false [{present []}]} {d:"x"* d false [{prefix [x]}]} {e:="x"* e false [{begins [x]}]}]`,
		`a:range(1, 5] word`:                `[{a:range(1, 5] a false [{gt [1]} {lte [5]}]} {"word"  false [{words [word]}]}]`,
		`a:x or b:y`:                        `[{a:"x" or b:"y"  false []}]`,
		`a:>2KB !(a:x or b:y) duration:<2s`: `[{a:>2KB a false [{gt [2000]}]} {!(a:"x" or b:"y")  true []} {duration:<2s duration false [{lt [2000000000]}]}]`,
	} {
		q, err := Parse(Config{}, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(q.Terms()); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
