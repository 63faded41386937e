package pdf_test

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/report"
	"github.com/gatebook/gatebook/internal/report/pdf"
)

// keep is a folder for the pages of the tests, to be looked at.
var keep = flag.String("keep", "", "a `folder` where the pages stay as PNG")

var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// people have names that a font must know, or a report must say that it does
// not.
var people = []string{"Zoë Šťastný-Łukasiewicz", "Αγγελική Παπαδοπούλου", "Владимир Щербаков", "Nguyễn Thị Ánh", "李小龍", "יעל כהן", "a\u202eb", strings.Repeat("averylongsubjectwithoutanyspace", 5)}

// sample is a report with many pages.
func sample(t *testing.T) *report.Document {
	t.Helper()
	b, err := report.New(report.Request{Name: report.Access, Object: event.Object{Type: "customer", ID: "4711"}, From: start, To: start.AddDate(0, 1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint64(240) {
		who := people[n%uint64(len(people))]
		path := "/v1/customers/4711"
		if n%7 == 0 {
			path += "/documents/" + strings.Repeat("very-long-segment/", 12)
		}
		b.Add(n*13, &event.Event{
			Header: event.Header{
				Kind: event.Access, Arrived: start.Add(time.Duration(n) * time.Hour),
				Principal:  event.Principal{Kind: event.User, ID: fmt.Sprint("p_", n%8), Level: event.LevelVerified},
				Credential: event.Credential{Method: "jwt", Client: "shop-web"}, Operation: event.Operation{Method: "GET"},
				Outcome: event.Outcome{Status: 200 + int(n%3)*100}, Response: event.Body{Bytes: 1000 * n},
			},
			Who:  &event.Who{Subject: who, Address: "192.0.2.7"},
			What: &event.What{Path: path},
		})
	}
	d := b.Finish(start.AddDate(0, 1, 0), report.Ledger{
		Origin: "gatebook.example/2c9a", Key: "gatebook.example/2c9a+0d5b1f7a+AZ1n8YJ0cJx0bqj3kQ7g4m2r8s6t4u2v0w8x6y4z2A0=", Size: 1_234_567, First: 1_000_000, Records: 234_567,
		Root:       "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		Checkpoint: "gatebook.example/2c9a\n1234567\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— gatebook.example/2c9a DVsfegAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		Signatures: []string{"gatebook.example/2c9a"},
	})
	d.By, d.Role, d.Reason, d.Version = "Ada Quist", "auditor", "yearly audit, ticket 7", "1.0"
	return d
}

func write(t *testing.T, d *report.Document) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "report.pdf")
	var b bytes.Buffer
	if err := pdf.Write(&b, d); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestSame: the same report has the same bytes, so that its hash can be sealed.
func TestSame(t *testing.T) {
	var a, b bytes.Buffer
	d := sample(t)
	if pdf.Write(&a, d) != nil || pdf.Write(&b, d) != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("the same report was written as %d and as %d different bytes", a.Len(), b.Len())
	}
	if !bytes.HasPrefix(a.Bytes(), []byte("%PDF-")) || a.Len() > 400_000 {
		t.Errorf("got %d bytes that begin with %q", a.Len(), a.Bytes()[:8])
	}
}

// tool skips the test if a program of poppler is not there.
func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not there (Debian: poppler-utils)", name)
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}

var spaces = regexp.MustCompile(`\s+`)

// TestText reads the report as somebody else's program sees it: nothing is lost.
func TestText(t *testing.T) {
	d := sample(t)
	text := string(tool(t, "pdftotext", "-layout", write(t, d), "-"))
	flat := spaces.ReplaceAllString(text, " ")
	for _, want := range []string{
		"Who accessed customer/4711", "Ada Quist (auditor)", "yearly audit, ticket 7", "240 calls touched customer/4711, by 8 different callers",
		"What this cannot say", "1,234,567 records", "page 1 of ", "[U+674E U+5C0F U+9F8D]", "a[U+202E]b",
		"characters have no sign in the font",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	for _, name := range []string{"Šťastný", "Παπαδοπούλου", "Щербаков", "Nguyễn"} {
		if !strings.Contains(text, name) {
			t.Errorf("the text lacks the name %s", name)
		}
	}
	if strings.Contains(text, "{pages}") || strings.Contains(text, "\uFFFD") {
		t.Error("the text holds a mark that was not replaced")
	}
	// Long values are wrapped, not cut: without the breaks all of it is there.
	solid := spaces.ReplaceAllString(string(tool(t, "pdftotext", "-raw", write(t, d), "-")), "")
	if !strings.Contains(solid, strings.Repeat("averylongsubjectwithoutanyspace", 5)) {
		t.Error("a long name was cut")
	}
	for _, page := range strings.Split(strings.TrimSuffix(text, "\f"), "\f") {
		if !strings.Contains(page, "root 47DEQpj8HBSa") {
			t.Error("a page has no footer with the root")
		}
	}
}

// TestPages renders the pages: none is empty, and nothing stands in the margin.
func TestPages(t *testing.T) {
	dir := t.TempDir()
	if *keep != "" {
		dir = *keep
	}
	tool(t, "pdftoppm", "-png", "-r", "75", write(t, sample(t)), filepath.Join(dir, "page"))
	pages, err := filepath.Glob(filepath.Join(dir, "page*.png"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("got %d pages, %v", len(pages), err)
	}
	for _, name := range pages {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		ink, margin := 0, 0
		b := img.Bounds()
		edge := b.Dx() * 12 / 210 // the margin is 14 mm of 210
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				if r, _, _, _ := img.At(x, y).RGBA(); r < 0x8000 {
					ink++
					if x < edge || x >= b.Max.X-edge {
						margin++
					}
				}
			}
		}
		if ink < 400 || margin > 0 {
			t.Errorf("%s has %d dark points, %d of them in the margin", filepath.Base(name), ink, margin)
		}
	}
}
