package detect

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
)

var update = flag.Bool("update", false, "rewrite docs/rules.md and docs/events.md")

// lead are the parts of the documents that people write.
func lead(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func rulesDoc(t *testing.T) string {
	var kinds, derived, list strings.Builder
	for _, k := range Kinds {
		fmt.Fprintf(&kinds, "| `%s` | %s |\n", k.Name, k.Doc)
	}
	for _, d := range Derived() {
		fmt.Fprintf(&derived, "| `%s` | %s |\n", d.Name, d.Doc)
	}
	rules := slices.Clone(catalogue(t).Rules)
	slices.SortStableFunc(rules, func(a, b *Rule) int {
		return slices.Index(Levels, b.Level) - slices.Index(Levels, a.Level)
	})
	for _, r := range rules {
		if !r.Quiet {
			kind := r.Kind
			if kind == "" {
				kind = "event"
			}
			fmt.Fprintf(&list, "| `%s` | %s | %s | %s | %s |\n", r.Name, r.Level, kind, r.Title, strings.Join(append(r.Classes("owasp."), r.Classes("attack.")...), ", "))
		}
	}
	return strings.NewReplacer("{{kinds}}\n", kinds.String(), "{{derived}}\n", derived.String(), "{{rules}}\n", list.String(),
		"{{functions}}", "`"+strings.Join(WhenFunctions, "`, `")+"`", "{{methods}}", "`"+strings.Join(whenMethods, "`, `")+"`",
		"{{modifiers}}", "`"+strings.Join(Modifiers, "`, `")+"`", "{{responses}}", "`"+strings.Join(Responses, "`, `")+"`").Replace(lead(t, "rules.md"))
}

func eventsDoc(t *testing.T) string {
	var list strings.Builder
	yes := map[bool]string{true: "yes"}
	for _, f := range event.Fields() {
		fmt.Fprintf(&list, "| `%s` | %s | %s | %s | %s |\n", f.Name, f.Type, yes[f.List], yes[Settable(f.Name)], strings.ReplaceAll(f.Doc, "|", `\|`))
	}
	for _, d := range Derived() {
		f := lookupField(d.Name)
		fmt.Fprintf(&list, "| `%s` | %s | %s | %s | %s |\n", d.Name, f.typ, yes[f.list], yes[Settable(d.Name)], d.Doc)
	}
	return strings.Replace(lead(t, "events.md"), "{{fields}}\n", list.String(), 1)
}

// TestDocs compares docs/rules.md and docs/events.md with what they are made
// from.
func TestDocs(t *testing.T) {
	for name, want := range map[string]string{"rules.md": rulesDoc(t), "events.md": eventsDoc(t)} {
		path := "../../docs/" + name
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what it is made from (%v): go test ./internal/detect -run TestDocs -update", path, err)
		}
	}
}

// TestExamplesOfDocs reads the events and loads the rules that the documents
// show.
func TestExamplesOfDocs(t *testing.T) {
	for _, block := range blocks(lead(t, "events.md"), "json") {
		for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
			if _, _, err := ParseLine([]byte(line)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	for _, block := range blocks(lead(t, "rules.md"), "yaml") {
		set, err := Load([]File{{"docs/rules.md", []byte(block)}})
		if err != nil {
			t.Errorf("%s: %v", block, err)
			continue
		}
		for _, res := range set.Test() {
			if !res.OK {
				t.Errorf("%s: %s", res.Name, res.Detail)
			}
		}
	}
}

func blocks(doc, language string) []string {
	var out []string
	for _, part := range strings.Split(doc, "```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		out = append(out, block)
	}
	if len(out) == 0 {
		panic("the document has no example in " + language)
	}
	return out
}
