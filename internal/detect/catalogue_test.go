package detect

import (
	"testing"
)

// TestCatalogue runs the tests of the rules that come with the program.
func TestCatalogue(t *testing.T) {
	set, err := Load(CatalogueFiles())
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range set.Test() {
		if !res.OK {
			t.Errorf("%s:%d: %s: %s: %s", res.Rule.File, res.Line, res.Rule.Name, res.Name, res.Detail)
		}
	}
}

// TestCatalogueIsWhole checks that whoever gets an alert is told what it
// means, what to look at, what to do, and what else it can be.
func TestCatalogueIsWhole(t *testing.T) {
	set, err := Load(CatalogueFiles())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules {
		if r.Description == "" {
			t.Errorf("%s has no description", r.Name)
		}
		if r.Quiet {
			continue
		}
		if len(r.Check) == 0 || len(r.Act) == 0 || len(r.Benign) == 0 || len(r.Classes("attack.")) == 0 || r.Points == 0 {
			t.Errorf("%s lacks one of check, act, falsepositives, tags attack.* and risk", r.Name)
		}
	}
}
