package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

func measure(t *testing.T, seed uint64, attacks bool) (*score, string) {
	t.Helper()
	set, err := detect.Load(detect.CatalogueFiles())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(seed, 14*24*time.Hour)
	w.normal(20000)
	if attacks {
		w.attack()
	}
	s := newScore()
	s.judge(set, w)
	s.took = time.Second // the only figure that is not the seed's
	var b bytes.Buffer
	s.print(&b)
	return s, b.String()
}

// TestSim runs a small world: the same seed shows the same, loud attacks are
// found, and without an attack nothing critical is.
func TestSim(t *testing.T) {
	s, text := measure(t, 1, true)
	if _, again := measure(t, 1, true); again != text {
		t.Errorf("the same seed shows\n%s\nand then\n%s", text, again)
	}
	if got := s.recall("loud"); got < 0.9 {
		t.Errorf("of the loud attacks %.2f are found:\n%s", got, text)
	}
	quiet, text := measure(t, 2, false)
	for name := range quiet.falsely {
		if strings.HasPrefix(name, "critical") {
			t.Errorf("without an attack there is a critical finding:\n%s", text)
		}
	}
}
