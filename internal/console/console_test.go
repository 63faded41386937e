package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func app(t *testing.T) *Handler {
	h, err := New(fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html>the application")},
		"index.html.br":        {Data: []byte("the application in br")},
		"assets/main-1a.js":    {Data: []byte("a script")},
		"assets/main-1a.js.br": {Data: []byte("a script in br")},
		"assets/main-1a.js.gz": {Data: []byte("a script in gzip")},
		"favicon.svg":          {Data: []byte("<svg/>")},
	}, Files{"/verifier/verifier.wasm": {Data: []byte("a verifier in gzip"), Type: "application/wasm", Gzip: true}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestFiles asks for files and views as browsers do.
func TestFiles(t *testing.T) {
	h := app(t)
	const page, script = "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"
	for _, c := range []struct {
		path, accept, codings     string
		status                    int
		body, coding, kind, cache string
	}{
		{"/", page, "", 200, "<!doctype html>the application", "", "text/html; charset=utf-8", "no-cache"},
		{"/", page, "gzip, deflate, br, zstd", 200, "the application in br", "br", "text/html; charset=utf-8", "no-cache"},
		{"/index.html", page, "", 200, "<!doctype html>the application", "", "text/html; charset=utf-8", "no-cache"},
		{"/events/4711", page, "", 200, "<!doctype html>the application", "", "text/html; charset=utf-8", "no-cache"},
		{"/people/alice@shop.example", page, "", 200, "<!doctype html>the application", "", "text/html; charset=utf-8", "no-cache"},
		{"/events/4711", script, "", 404, "", "", "text/plain; charset=utf-8", ""},
		{"/assets/main-1a.js", script, "gzip;q=1.0, br;q=0", 200, "a script in gzip", "gzip", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/main-1a.js", script, "gzip, br", 200, "a script in br", "br", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/main-1a.js", script, "identity", 200, "a script", "", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/main-0b.js", page, "", 404, "", "", "text/plain; charset=utf-8", ""},
		{"/assets/main-1a.js.br", script, "", 404, "", "", "text/plain; charset=utf-8", ""},
		{"/assets/", page, "", 404, "", "", "text/plain; charset=utf-8", ""},
		{"/favicon.svg", script, "br", 200, "<svg/>", "", "image/svg+xml", "no-cache"},
		{"/verifier/verifier.wasm", script, "gzip", 200, "a verifier in gzip", "gzip", "application/wasm", "no-cache"},
		{"/verifier/other.js", page, "", 404, "", "", "text/plain; charset=utf-8", ""},
		{"/../console.go", script, "", 404, "", "", "text/plain; charset=utf-8", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = c.path
		r.Header.Set("Accept", c.accept)
		r.Header.Set("Accept-Encoding", c.codings)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		res := w.Result()
		got := []string{res.Header.Get("Content-Encoding"), res.Header.Get("Content-Type"), res.Header.Get("Cache-Control")}
		if res.StatusCode != c.status || c.status == 200 && w.Body.String() != c.body || got[0] != c.coding || got[1] != c.kind || got[2] != c.cache {
			t.Errorf("GET %s (%s): %d %q %q, want %d %q %q", c.path, c.codings, res.StatusCode, w.Body, got, c.status, c.body, []string{c.coding, c.kind, c.cache})
		}
		if res.Header.Get("Content-Security-Policy") != Policy || res.Header.Get("X-Frame-Options") != "DENY" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: the headers are %v", c.path, res.Header)
		}
		tag := res.Header.Get("Etag")
		if c.status != 200 {
			continue
		}
		r.Header.Set("If-None-Match", tag)
		w = httptest.NewRecorder()
		if h.ServeHTTP(w, r); tag == "" || w.Code != http.StatusNotModified {
			t.Errorf("GET %s again with %s: %d", c.path, tag, w.Code)
		}
	}
}

// TestPreload asks for views, whose answers name the files that they need.
func TestPreload(t *testing.T) {
	h, err := New(fstest.MapFS{
		"index.html":   {Data: []byte("the application")},
		"preload.json": {Data: []byte(`{"/search":["/assets/search-1a.js","/assets/search-1a.css"],"/call/:ref":["/assets/call-1a.js"]}`)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/search":       "</assets/search-1a.js>; rel=modulepreload, </assets/search-1a.css>; rel=preload; as=style; crossorigin",
		"/call/4711":    "</assets/call-1a.js>; rel=modulepreload",
		"/call":         "",
		"/call/4711/to": "",
		"/":             "",
		"/preload.json": "",
	} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Link"); got != want || w.Body.String() != "the application" {
			t.Errorf("GET %s: Link is %q and the body %q, want %q and the application", path, got, w.Body, want)
		}
	}
	if _, err := New(fstest.MapFS{"index.html": {}, "preload.json": {Data: []byte("[]")}}, nil); err == nil {
		t.Error("a preload.json that cannot be read is taken")
	}
}

// TestPolicy is that the policy lets in nothing but files of the same origin.
func TestPolicy(t *testing.T) {
	for _, bad := range []string{"unsafe-inline", "'unsafe-eval'", "*", "http:", "https:", "blob:", "strict-dynamic"} {
		if strings.Contains(Policy, bad) {
			t.Errorf("the policy has %s", bad)
		}
	}
	if !strings.HasPrefix(Policy, "default-src 'none'; ") || !strings.Contains(Policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is %s", Policy)
	}
	for _, inline := range []string{"<script", "<style", "style=", "onclick", "http-equiv"} {
		if strings.Contains(string(missing), inline) {
			t.Errorf("missing.html has %s, which the policy forbids", inline)
		}
	}
}

// TestMissing is a binary that was built without Node.js.
func TestMissing(t *testing.T) {
	h, err := New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 200 || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
