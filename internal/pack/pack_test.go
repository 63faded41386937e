package pack

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/evidence"
)

func hostile() *evidence.Report {
	return &evidence.Report{
		Origin: `evil.example/"><script>alert(1)</script>`, Key: `k+1+<img src=x>`,
		Statement: &evidence.Statement{Words: `All events of which a is "</h1><script>x</script>".`, By: `<b>eve</b>`, Query: `{{script}}`, Reason: `{{pack}}`, Made: time.Unix(0, 0)},
	}
}

// TestPage makes a page of hostile texts: they stay texts, and the policy allows
// the one script and the one style that are there.
func TestPage(t *testing.T) {
	for _, c := range []struct {
		name       string
		wasm, exec []byte
	}{{"with verifier", []byte("wasm"), []byte("globalThis.Go = class {};")}, {"without verifier", nil, nil}} {
		b, err := page(hostile(), []byte("PK pack"), c.wasm, c.exec)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if n := strings.Count(text, "<script"); n != 3 {
			t.Errorf("%s: %d scripts, want 3", c.name, n)
		}
		for _, bad := range []string{"<b>eve", "<img", "alert(1)</script>", " style=", " onclick=", "http://", "https://"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: the page holds %q", c.name, bad)
			}
		}
		for kind, re := range map[string]string{"script-src": `(?s)<script>(.*?)</script>`, "style-src": `(?s)<style>(.*?)</style>`} {
			m := regexp.MustCompile(re).FindStringSubmatch(text)
			sum := sha256.Sum256([]byte(m[1]))
			if want := kind + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(text, want) {
				t.Errorf("%s: the policy does not have %s", c.name, want)
			}
		}
		if has := strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("PK pack"))); has != (c.wasm != nil) {
			t.Errorf("%s: the pack is in the page: %v", c.name, has)
		}
		if says := strings.Contains(text, "cannot check it: use gatebook-verify"); says != (c.wasm == nil) {
			t.Errorf("%s: the page says that it cannot check itself: %v", c.name, says)
		}
	}
	b, err := page(hostile(), make([]byte, maxInline+1), []byte("wasm"), []byte("x"))
	if err != nil || len(b) > 1<<20 {
		t.Errorf("a page of a large pack has %d bytes (%v)", len(b), err)
	}
}
