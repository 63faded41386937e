package classify

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the table in docs/classes.md")

const (
	classesFile  = "../../docs/classes.md"
	classesBegin = "<!-- classes -->\n"
	classesEnd   = "<!-- /classes -->\n"
)

// TestClassesDoc compares docs/classes.md with the table of classes.
func TestClassesDoc(t *testing.T) {
	var b strings.Builder
	b.WriteString("| code | what | found by |\n|---|---|---|\n")
	for _, c := range Classes() {
		i := c.Describe()
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", i.Code, i.Title, i.How)
	}
	file, err := os.ReadFile(classesFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(file), classesBegin)
	got, after, ok2 := strings.Cut(rest, classesEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no table of classes", classesFile)
	}
	if got == b.String() {
		return
	}
	if !*update {
		t.Fatalf("%s is not up to date; run go test ./internal/classify -update", classesFile)
	}
	if err := os.WriteFile(classesFile, []byte(before+classesBegin+b.String()+classesEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCodes shows that each class has a code of its own that is fit for a
// header and a query.
func TestCodes(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range Classes() {
		code := c.Code()
		if code == "" || seen[code] || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("class %d has the code %q", c, code)
		}
		seen[code] = true
		if got := ByCode(code); got != c {
			t.Errorf("ByCode(%q) = %d, want %d", code, got, c)
		}
	}
	if got := ByCode("no-such-class"); got != None {
		t.Errorf("ByCode of an unknown code = %d, want None", got)
	}
}
