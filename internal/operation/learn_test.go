package operation

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// operationsOf reads a list of operations: a method and a template on a line.
func operationsOf(t testing.TB, name string) (list []string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if line := sc.Text(); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}

var syllables = []string{"al", "ber", "co", "dan", "el", "fi", "gar", "han", "is", "jo", "ka", "lo", "mi", "nor", "ol", "pe", "qui", "ro", "sa", "tom", "ul", "vi", "wen", "xi", "ya", "zo"}

func name(r *rand.Rand) string {
	n := 2 + r.IntN(2)
	var b strings.Builder
	for range n {
		b.WriteString(syllables[r.IntN(len(syllables))])
	}
	return b.String()
}

// idsFor makes ids for a parameter as APIs of its kind have them.
func idsFor(param string, r *rand.Rand) string {
	switch p := strings.ToLower(param); {
	case strings.Contains(p, "sha"), strings.Contains(p, "digest"):
		return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
	case strings.Contains(p, "ghsa"):
		return fmt.Sprintf("GHSA-%s-%04d", name(r)[:4], r.IntN(10000))
	case strings.HasSuffix(p, "type"):
		return []string{"npm", "maven", "container"}[r.IntN(3)]
	case strings.HasSuffix(p, "id"), strings.HasSuffix(p, "number"):
		return fmt.Sprint(1 + r.IntN(1_000_000))
	case strings.Contains(p, "branch"), strings.Contains(p, "ref"), strings.Contains(p, "tag"):
		return []string{"main", "dev", "feature-" + name(r), "v1." + fmt.Sprint(r.IntN(30))}[r.IntN(4)]
	case p == "path":
		return name(r) + ".md"
	case p == "base", p == "head":
		return name(r)
	case strings.Contains(p, "name"):
		return name(r) + []string{"", "-" + name(r), "_" + name(r)}[r.IntN(3)]
	}
	return name(r) + []string{"", "-" + name(r), fmt.Sprint(r.IntN(100))}[r.IntN(3)]
}

func fillIn(template string, r *rand.Rand) string {
	for {
		i, end := strings.IndexByte(template, '{'), strings.IndexByte(template, '}')
		if i < 0 {
			return template
		}
		template = template[:i] + idsFor(template[i+1:end], r) + template[end+1:]
	}
}

// compare returns precision and recall of learned templates, without regard to
// the names of parameters, and by calls: the share of calls whose last template
// is the right one.
func compare(learned, want []string) (precision, recall float64, wrong, missing []string) {
	for i := range want {
		want[i] = bare(want[i])
	}
	slices.Sort(want)
	want = slices.Compact(want)
	right := 0
	for i := range learned {
		learned[i] = bare(learned[i])
		if slices.Contains(want, learned[i]) {
			right++
		} else {
			wrong = append(wrong, learned[i])
		}
	}
	for _, w := range want {
		if !slices.Contains(learned, w) {
			missing = append(missing, w)
		}
	}
	return float64(right) / float64(max(len(learned), 1)), float64(right) / float64(len(want)), wrong, missing
}

// TestLearnGitHub simulates calls of an API with 811 templates, and prints what
// was learned without its document.
func TestLearnGitHub(t *testing.T) {
	ops := operationsOf(t, "testdata/github.txt")
	for _, n := range []int{10_000, 100_000} {
		r := rand.New(rand.NewPCG(1, 2))
		l := newLearner()
		var want []string
		for _, op := range ops {
			_, template, _ := strings.Cut(op, " ")
			want = append(want, template)
		}
		for range n {
			template := want[r.IntN(len(want))]
			s := seen{path: fillIn(template, r), caller: r.Uint32N(40), at: time.Unix(1, 0)}
			var m Match
			if !l.find(s.path, nil, &m) {
				l.learn(&s)
			}
		}
		var have []string
		retired := 0
		for _, lt := range l.templates {
			if lt.into == "" {
				have = append(have, lt.Text)
			} else {
				retired++
			}
		}
		p, rec, wrong, missing := compare(have, slices.Clone(want))
		t.Logf("%d calls: %d templates in use, %d replaced on the way, precision %.3f, recall %.3f, %d nodes", n, len(have), retired, p, rec, l.nodes)
		if p < 0.98 || rec < 0.95 {
			t.Errorf("precision %.3f, want 0.98; recall %.3f, want 0.95", p, rec)
		}
		if testing.Verbose() {
			slices.Sort(wrong)
			t.Logf("wrong: %q", wrong[:min(40, len(wrong))])
			t.Logf("missing: %q", missing[:min(60, len(missing))])
		}
	}
}
