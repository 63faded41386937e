package operation

import (
	"compress/gzip"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestJuiceShop replays the calls of a recorded session with OWASP Juice Shop
// (akto-api-security/tests-library, MIT): few calls, of one caller.
func TestJuiceShop(t *testing.T) {
	name := filepath.Join("..", "..", "..", "shared", "data", "har-juiceshop", "juiceshop.har.gz")
	f, err := os.Open(name)
	if err != nil {
		t.Skipf("the recorded session is not here: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var har struct {
		Log struct {
			Entries []struct {
				Request struct {
					Method, URL string
					PostData    struct{ Text, MimeType string }
				}
				Response struct {
					Status  int
					Content struct{ Text, MimeType string }
				}
			}
		}
	}
	if err := json.NewDecoder(z).Decode(&har); err != nil {
		t.Fatal(err)
	}
	tr := tracker(t, Config{})
	known, objects, calls := 0, 0, 0
	for range 10 { // a session is short
		known, objects, calls = 0, 0, 0
		for _, e := range har.Log.Entries {
			u, err := url.Parse(e.Request.URL)
			if err != nil || e.Response.Content.MimeType == "HTML" && u.Path == "/" {
				continue
			}
			media := map[string]string{"JSON": "application/json", "HTML": "text/html"}[e.Response.Content.MimeType]
			if media == "" {
				media = "text/plain"
			}
			facts := observe(tr, exchange{method: e.Request.Method, target: u.RequestURI(), body: e.Request.PostData.Text, status: e.Response.Status,
				answer: e.Response.Content.Text, answerMedia: media, caller: "one"})
			calls++
			if facts.Operation.Route != "" {
				known++
			}
			objects += len(facts.Objects)
		}
	}
	var have []string
	for _, l := range tr.List("") {
		have = append(have, bare(l.Template))
	}
	// The paths of the session, as people who know the shop would write them.
	want := []string{"/api/Cards", "/api/Challenges", "/api/Feedbacks", "/api/Quantitys", "/rest/admin/application-configuration", "/rest/admin/application-version",
		"/rest/basket/{}", "/rest/captcha", "/rest/languages", "/rest/products/reviews", "/rest/products/search", "/rest/products/{}/reviews", "/rest/user/login", "/rest/user/whoami", "/socket.io"}
	precision, recall, wrong, missing := compare(have, slices.Clone(want))
	t.Logf("%d calls, ten times over: %d of the last %d have a template, %d objects; precision %.2f, recall %.2f; wrong %s; missing %s",
		calls, known, calls, objects, precision, recall, strings.Join(wrong, " "), strings.Join(missing, " "))
	if precision < 0.98 || recall < 0.9 {
		t.Errorf("precision %.2f, want 0.98; recall %.2f, want 0.9", precision, recall)
	}
}
