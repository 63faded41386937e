package event_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
)

var update = flag.Bool("update", false, "rewrite docs/fields.md")

const fieldsIntro = `# Fields

The fields of an event: what a search, a column and a rule can name. This file
is made from ` + "`event.Fields`" + `; ` + "`go test ./event -update`" + ` writes it anew.

*Part* is where the value is kept: in the header, which is never erased, or in
an envelope (who, what, payload), which can be disclosed or erased by itself.
*Personal* fields are about a person. A *list* can have several values, and
matches if one of them does. A field that is zero or unknown is absent.

| name | type | part | personal | list | meaning |
|---|---|---|---|---|---|
`

const fieldsQueries = `
## Types

` + "`string`" + ` is matched as a whole or by word; ` + "`text`" + ` is long and matched by word;
` + "`number`" + ` is a decimal integer; ` + "`duration`" + ` is a number of nanoseconds; ` + "`time`" + `
is UTC with nine digits of a second, as in ` + "`2026-11-23T08:15:30.000000000Z`" + `.

## Examples

| question | query |
|---|---|
%s
Joined by a space, tests must all hold; ` + "`or`" + `, ` + "`not`" + ` and parentheses are there too.
`

// examples are queries whose fields the test looks up.
var examples = []struct{ question, query string }{
	{"Who read this customer?", `what.objects:"customer/4711"`},
	{"What did this person do?", `who.subject:="alice@example.com"`},
	{"What was refused?", `outcome.decision:=denied`},
	{"Which calls failed?", `outcome.status:>=500`},
	{"Who changed things without a verified identity?", `principal.level:<3 not operation.method:=GET`},
	{"Where was this token used?", `credential.fingerprint:="hmac:5f0c"`},
	{"Which calls are of this trace, as their callers say?", `trace.id:="4bf92f3577b34da6a3ce929d0e0e4736"`},
	{"Was anything not recorded?", `kind:=gap`},
	{"Who looked at the record?", `kind:=look`},
	{"Who got card numbers?", `data:card`},
	{"Who exported addresses?", `data:email records:>1000`},
}

func fieldsDoc() string {
	yes := map[bool]string{true: "yes"}
	var b strings.Builder
	b.WriteString(fieldsIntro)
	for _, f := range event.Fields() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", f.Name, f.Type, f.Part, yes[f.Personal], yes[f.List], strings.ReplaceAll(f.Doc, "|", `\|`))
	}
	var rows strings.Builder
	for _, x := range examples {
		fmt.Fprintf(&rows, "| %s | `%s` |\n", x.question, x.query)
	}
	fmt.Fprintf(&b, fieldsQueries, rows.String())
	return b.String()
}

// TestFieldsDoc compares docs/fields.md with the list that it is made from.
func TestFieldsDoc(t *testing.T) {
	const name = "../docs/fields.md"
	want := fieldsDoc()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(name)
	if err != nil || string(have) != want {
		t.Errorf("%s is not what event.Fields says (%v): run go test ./event -update", name, err)
	}
	for _, x := range examples {
		for _, word := range strings.Fields(x.query) {
			if field, _, ok := strings.Cut(word, ":"); ok && event.Lookup(field) == nil {
				t.Errorf("the example %s asks for the field %q, which is not there", x.query, field)
			}
		}
	}
}
