package browser

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/pack"
	"github.com/gatebook/gatebook/internal/reading"

	"github.com/gatebook/gatebook/test/readingtest"
)

// shots is a folder for screenshots and a PDF, for people who work on the page.
var shots = flag.String("shots", "", "folder for screenshots of the page")

// browser returns a context of a Chromium that can reach nothing.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium on this machine: apt-get install chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"), chromedp.Flag("proxy-server", "127.0.0.1:9"), chromedp.WindowSize(1280, 1000))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// watcher notes what a page must not do.
type watcher struct {
	mu    sync.Mutex
	wrong []string
}

func (w *watcher) watch(t *testing.T, ctx context.Context) {
	t.Helper()
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(ctx, func(ev any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventConsoleAPICalled:
			w.wrong = append(w.wrong, fmt.Sprintf("console: %s", ev.Type))
		case *runtime.EventExceptionThrown:
			w.wrong = append(w.wrong, "exception: "+ev.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			w.wrong = append(w.wrong, "log: "+ev.Entry.Text)
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(ev.Request.URL, "file://") {
				w.wrong = append(w.wrong, "request: "+ev.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *watcher) none(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.wrong {
		t.Errorf("the page did what it must not: %s", s)
	}
}

// example makes a pack of calls of which one tries to break out of the page.
func example(t *testing.T) []byte {
	t.Helper()
	h := readingtest.Open(t)
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for i := range 24 {
		who := []string{"alice", "bob", `<img src=x onerror=alert(1)>`}[i%3]
		h.Put(readingtest.Call(start.Add(time.Duration(i)*7*time.Minute), who, []string{"GET", "POST", "GET", "DELETE"}[i%4], fmt.Sprintf("/customers/%d", 4700+i%5), 200+i%7/5*203))
	}
	p, key, err := h.Room.Evidence(t.Context(), reading.Reader{Name: "ines", Role: reading.Investigator, Reason: "complaint of a customer"}, reading.Evidence{
		Query: reading.Query{LogsQL: "outcome.status:<500 operation.method:in(GET, DELETE)", From: start, To: start.Add(24 * time.Hour)}, Disclose: []event.Class{event.ClassWho, event.ClassWhat},
		Case: "C-2026-17", Complete: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := pack.Write(&b, p, key); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack writes the page of a pack, changed, beside the pack, and returns the
// page's URL.
func unpack(t *testing.T, pack []byte, change func(page string) string) (url, file string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("index.html")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var page bytes.Buffer
	if _, err := page.ReadFrom(f); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := page.String()
	if change != nil {
		text = change(text)
	}
	file = filepath.Join(dir, "pack.zip")
	for name, b := range map[string][]byte{filepath.Join(dir, "index.html"): []byte(text), file: pack} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + filepath.Join(dir, "index.html"), file
}

// open opens the page and waits for a verdict.
func open(t *testing.T, ctx context.Context, url, state string) string {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	wait(t, ctx, ".verdict."+state)
	return text(t, ctx, "#verdict")
}

// wait waits until an element is there.
func wait(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	short, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(short, chromedp.WaitVisible(chromedp.CSS(selector))); err != nil {
		t.Fatalf("waiting for %s: %v\n%s", selector, err, text(t, ctx, "main"))
	}
}

func text(t *testing.T, ctx context.Context, selector string) string {
	t.Helper()
	s, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPage opens the page of a pack: it checks itself, asks nothing of any
// network, and shows hostile values as text.
func TestPage(t *testing.T) {
	ctx := browser(t)
	var w watcher
	w.watch(t, ctx)
	whole := example(t)
	url, file := unpack(t, whole, nil)
	if got := open(t, ctx, url, "intact"); !strings.Contains(got, "The evidence holds, under the key that it names itself") {
		t.Errorf("the verdict is %q", got)
	}
	for selector, want := range map[string]string{
		"#findings": "as evaluated again here from every header",
		"#events":   `<img src=x onerror=alert(1)>`,
		"#claims":   "complaint of a customer",
		"h1":        "All events of which outcome.status is less than 500",
	} {
		if got := text(t, ctx, selector); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q:\n%s", selector, want, got)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS("#events tr:nth-child(3) button"))); err != nil {
		t.Fatal(err)
	}
	wait(t, ctx, "tr.detail")
	if got := text(t, ctx, "tr.detail"); !strings.Contains(got, `"subject"`) || !strings.Contains(got, "Envelope payload: not disclosed") {
		t.Errorf("the detail is\n%s", got)
	}
	shoot(t, ctx, "page")
	// The file itself, and a key that is not its.
	if err := chromedp.Do(ctx, chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file})); err != nil {
		t.Fatal(err)
	}
	wait(t, ctx, `.verdict.intact[data-of="the file pack.zip"]`)
	if got := text(t, ctx, "#verdict"); !strings.Contains(got, "The evidence holds") {
		t.Errorf("of the file the verdict is %q", got)
	}
	const other = "example.com/gatebook+c6bc7c5e+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.CSS("#key"), other), chromedp.Click(chromedp.CSS("#key-form button"))); err != nil {
		t.Fatal(err)
	}
	wait(t, ctx, ".verdict.broken")
	if got := text(t, ctx, "#findings"); !strings.Contains(got, "The pack is of a ledger with another key") {
		t.Errorf("with another key the page says\n%s", got)
	}
	w.none(t)
}

var inlined = regexp.MustCompile(`(?s)id="pack">([^<]*)<`)

// TestChangedPage changes the data in the page: the page says so.
func TestChangedPage(t *testing.T) {
	ctx := browser(t)
	var w watcher
	w.watch(t, ctx)
	url, _ := unpack(t, example(t), func(page string) string {
		m := inlined.FindStringSubmatchIndex(page)
		if m == nil {
			t.Fatal("the page holds no pack")
		}
		b, err := base64.StdEncoding.DecodeString(page[m[2]:m[3]])
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		return page[:m[2]] + base64.StdEncoding.EncodeToString(b) + page[m[3]:]
	})
	if got := open(t, ctx, url, "broken"); !strings.Contains(got, "The evidence does not hold") {
		t.Errorf("the verdict is %q", got)
	}
	shoot(t, ctx, "changed")
	w.none(t)
}

// TestChangedScript changes the script of the page: the browser does not run
// it, and the page stays unverified.
func TestChangedScript(t *testing.T) {
	ctx := browser(t)
	url, _ := unpack(t, example(t), func(page string) string {
		return strings.Replace(page, `verdict("intact", "The evidence holds"`, `verdict("intact", "Trust me"`, 1)
	})
	if got := open(t, ctx, url, "unchecked"); !strings.Contains(got, "Not checked yet") {
		t.Errorf("the verdict is %q", got)
	}
}

// shoot takes pictures of the page, if there is a folder for them.
func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if *shots == "" {
		return
	}
	save := func(file string, b []byte) {
		if err := os.WriteFile(filepath.Join(*shots, file), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, theme := range []string{"light", "dark"} {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
		if err != nil {
			t.Fatal(err)
		}
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		save(name+"-"+theme+".png", png)
	}
	pdf, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize()))
	if err != nil {
		t.Fatal(err)
	}
	save(name+".pdf", pdf)
}
