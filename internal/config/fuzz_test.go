package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Loading never panics; what fails has problems with messages, and what loads
// can be printed and loaded again.
func FuzzLoad(f *testing.F) {
	example, err := os.ReadFile("../../examples/gatebook.yaml")
	if err != nil {
		f.Fatal(err)
	}
	transcript, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	for _, c := range strings.Split(string(transcript), "\n== ") {
		_, rest, _ := strings.Cut(c, "\n")
		input, _, _ := strings.Cut(rest, "\n--\n")
		f.Add(input)
	}
	f.Add("? a\n: b\n")
	f.Add("data: |\n  x\n")
	f.Add("- - - - - -\n")
	f.Add("{\"data\": 'x', ? , : }")
	f.Add("%YAML 1.2\n--- {data: \"\\x00\"}\n...\n")
	file := filepath.Join(f.TempDir(), "gatebook.yaml")
	f.Fuzz(func(t *testing.T, src string) {
		o := Options{File: file, Environ: []string{"GATEBOOK_HOME=x", "EMPTY="}}
		c, err := load([]byte(src), o)
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) || len(problems) == 0 || c != nil {
				t.Fatalf("got %v and an error without problems: %v", c, err)
			}
			for _, p := range problems {
				if p.Message == "" || strings.Contains(p.String(), "\n") {
					t.Errorf("got the problem %q, want one line", p)
				}
			}
			return
		}
		if !c.Index.Token.IsZero() {
			return // it is not printed
		}
		printed := c.Effective()
		again, err := load([]byte(printed), Options{File: "gatebook.yaml"})
		if err != nil {
			t.Fatalf("the effective configuration cannot be loaded: %v\n%s", err, printed)
		}
		if changes := Diff(c, again); len(changes) != 0 {
			t.Fatalf("got changes %v after loading\n%s", changes, printed)
		}
	})
}

// A file of brackets must not exhaust the stack.
func TestDeepNesting(t *testing.T) {
	for _, s := range []string{"[", "{", "- ", "? ", "a: [", "{a: ", "!a ", "&a "} {
		src := strings.Repeat(s, maxFile/4/len(s))
		if _, err := load([]byte(src), Options{File: "x"}); err == nil {
			t.Errorf("%q, repeated, is loaded", s)
		}
	}
}
