package corpus_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/classify"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/test/corpus"
)

var (
	tune = flag.Bool("tune", false, "measure on the seeds for tuning, and print what is wrong")
	only = flag.String("class", "", "with -tune: print what is wrong with this class only")
	docs = flag.Int("docs", 5000, "documents")

	update = flag.Bool("update", false, "rewrite the figures in docs/classes.md")
)

// The seeds for tuning and those that are held out. Rules were changed by
// looking at documents of the first kind only.
const (
	tuningSeeds  = 1
	heldOutSeeds = 1_000_000
)

type score struct {
	labels, right, missed, wrong int
	shown                        [4]int
}

func classifier(t testing.TB) *classify.Classifier {
	t.Helper()
	red, err := redact.New(redact.Config{Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := classify.New(classify.Config{Redactor: red})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func measure(t *testing.T, c *classify.Classifier, first uint64, n int, explain bool) (scores map[string]*score, lists, listsRight int) {
	scores = make(map[string]*score)
	at := func(class string) *score {
		if scores[class] == nil {
			scores[class] = new(score)
		}
		return scores[class]
	}
	for i := range n {
		d := corpus.Generate(first + uint64(i))
		s := c.Scan(classify.Body{Type: d.Media})
		s.Write([]byte(d.Body))
		r := s.End()
		want, prose := make(map[string]int), 0
		for label, n := range d.Labels {
			sc := at(label.Class)
			sc.shown[label.Shown] += n
			if label.Shown == corpus.Prose {
				prose += n // names in sentences are not looked for: see docs/classes.md
				continue
			}
			sc.labels += n
			want[label.Class] += n
		}
		got := make(map[string]int)
		for _, x := range r.Data {
			got[x.Class] = int(x.Count)
			at(x.Class)
		}
		for class, sc := range scores {
			right := min(got[class], want[class])
			sc.right += right
			sc.missed += want[class] - right
			sc.wrong += got[class] - right
			if explain && got[class] != want[class] && (*only == "" || *only == class) {
				fmt.Printf("seed %d %s: %s got %d want %d %v\n%.900s\n\n", first+uint64(i), d.Language, class, got[class], want[class], d.Labels, d.Body)
			}
		}
		if d.Records > 0 {
			lists++
			if int(r.Records) == d.Records {
				listsRight++
			} else if explain && *only == "records" {
				fmt.Printf("seed %d: records got %d want %d\n%.600s\n\n", first+uint64(i), r.Records, d.Records, d.Body)
			}
		}
	}
	return scores, lists, listsRight
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// TestPrecisionAndRecall holds the classifier to its floors on documents that
// it was not tuned on.
func TestPrecisionAndRecall(t *testing.T) {
	first := uint64(heldOutSeeds)
	if *tune {
		first = tuningSeeds
	}
	scores, lists, listsRight := measure(t, classifier(t), first, *docs, *tune)
	var b strings.Builder
	fmt.Fprintf(&b, "| class | occurrences | precision | recall | told | by shape alone | untold and without shape |\n|---|--:|--:|--:|--:|--:|--:|\n")
	names := make([]string, 0, len(scores))
	for name := range scores {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := scores[name]
		p, r := ratio(s.right, s.right+s.wrong), ratio(s.right, s.labels)
		share := func(k corpus.Shown) string { return fmt.Sprintf("%.1f %%", 100*ratio(s.shown[k], max(s.labels, 1))) }
		fmt.Fprintf(&b, "| `%s` | %d | %.4f | %.4f | %s | %s | %s |\n", name, s.labels, p, r, share(corpus.Told), share(corpus.Untold), share(corpus.Hopeless))
		if p < 0.97 {
			t.Errorf("%s: precision is %.4f, want 0.97", name, p)
		}
		if r < 0.95 {
			t.Errorf("%s: recall is %.4f, want 0.95", name, r)
		}
		if s.labels < 40 && *docs >= 5000 {
			t.Errorf("%s: only %d occurrences, too few to say anything", name, s.labels)
		}
	}
	fmt.Fprintf(&b, "\n%d documents in %d languages; records of lists right in %d of %d.\n", *docs, len(corpus.Languages()), listsRight, lists)
	if ratio(listsRight, lists) < 0.99 {
		t.Errorf("records are right in %d of %d lists", listsRight, lists)
	}
	if *tune {
		fmt.Print(b.String())
		return
	}
	t.Log("\n" + b.String())
	if *docs == 5000 {
		compare(t, b.String())
	}
}

// compare compares the figures with those in docs/classes.md.
func compare(t *testing.T, figures string) {
	const file, begin, end = "../../docs/classes.md", "<!-- corpus -->\n", "<!-- /corpus -->\n"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the figures", file)
	}
	want := "`go test ./test/corpus -run Precision -v`\n\n" + figures
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("the figures in %s are not those of this program; run go test ./test/corpus -update", file)
	}
	if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
