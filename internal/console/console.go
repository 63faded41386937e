// Package console serves the console: a single page application that is built
// from web and is in the binary.
//
// It promises that a page can load and ask nothing but what comes from the same
// origin, that no script runs which is not one of its files, and that no other
// page can frame it. It knows no data and no people: the application asks the
// API. A binary that was built without the application serves a page that says
// how to build it.
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// built is what scripts/console.sh makes; without it there is the README only.
//
//go:embed all:dist
var built embed.FS

//go:embed missing.html
var missing []byte

// Files are more files to be served, by their paths.
type Files map[string]File

// File is one of them.
type File struct {
	Data []byte
	Type string // media type
	Gzip bool   // Data is compressed
}

// Handler serves the console. Make one with [New]. It is safe for concurrent
// use.
type Handler struct {
	files    map[string]*file // by path
	index    *file
	preloads map[string]string // by the pattern of a view's path: the header Link that has its files sent for
}

// file is a file in all its codings.
type file struct {
	kind      string // media type
	immutable bool   // its name changes with its content
	tag       string // of the content, for caches
	coded     map[string][]byte
}

// App returns the files of the application that is in this binary; nil if it
// was built without.
func App() fs.FS {
	app, err := fs.Sub(built, "dist/app")
	if err != nil {
		return nil
	}
	if _, err := fs.Stat(app, "index.html"); err != nil {
		return nil
	}
	return app
}

// New returns a handler of the application's files, nil for the page that says
// that there are none, and of more.
func New(app fs.FS, more Files) (*Handler, error) {
	h := &Handler{files: map[string]*file{}}
	for name, f := range more {
		coding := ""
		if f.Gzip {
			coding = "gzip"
		}
		h.files[name] = &file{kind: f.Type, tag: tagOf(f.Data), coded: map[string][]byte{coding: f.Data}}
	}
	if app == nil {
		h.index = &file{kind: "text/html; charset=utf-8", tag: tagOf(missing), coded: map[string][]byte{"": missing}}
		return h, nil
	}
	err := fs.WalkDir(app, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(app, name)
		if err != nil {
			return err
		}
		h.add("/"+name, b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.index = h.files["/index.html"]
	delete(h.files, "/index.html")
	if f := h.files["/preload.json"]; f != nil {
		delete(h.files, "/preload.json")
		views := map[string][]string{}
		if err := json.Unmarshal(f.coded[""], &views); err != nil {
			return nil, fmt.Errorf("reading preload.json of the console: %w", err)
		}
		h.preloads = map[string]string{}
		for pattern, names := range views {
			h.preloads[pattern] = links(names)
		}
	}
	return h, nil
}

// links is the header Link that has a browser send for files.
func links(names []string) string {
	var all []string
	for _, name := range names {
		switch path.Ext(name) {
		case ".js":
			all = append(all, "<"+name+">; rel=modulepreload")
		case ".css":
			all = append(all, "<"+name+">; rel=preload; as=style; crossorigin")
		}
	}
	return strings.Join(all, ", ")
}

// preload is the header Link of a view; empty if none is known. In a pattern
// a part that begins with a colon stands for any.
func (h *Handler) preload(view string) string {
	have := strings.Split(view, "/")
	for pattern, header := range h.preloads {
		want := strings.Split(pattern, "/")
		if len(want) != len(have) {
			continue
		}
		i := 0
		for i < len(want) && (want[i] == have[i] || strings.HasPrefix(want[i], ":")) {
			i++
		}
		if i == len(want) {
			return header
		}
	}
	return ""
}

// codings are those that files are there in, by how their names end then; the
// best comes first.
var codings = []struct{ ext, name string }{{".br", "br"}, {".gz", "gzip"}}

// add adds one file, which may be a coding of another.
func (h *Handler) add(name string, b []byte) {
	coding := ""
	for _, c := range codings {
		if base, ok := strings.CutSuffix(name, c.ext); ok {
			name, coding = base, c.name
		}
	}
	f := h.files[name]
	if f == nil {
		f = &file{kind: typeOf(name), immutable: strings.HasPrefix(name, "/assets/"), coded: map[string][]byte{}}
		h.files[name] = f
	}
	if f.coded[coding] = b; coding == "" {
		f.tag = tagOf(b)
	}
}

// types are the media types of the files, which must not be what the machine
// happens to think.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".wasm": "application/wasm", ".woff2": "font/woff2",
	".png": "image/png", ".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8", ".map": "application/json",
}

func typeOf(name string) string {
	if t := types[path.Ext(name)]; t != "" {
		return t
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func tagOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// ServeHTTP serves one file. What is no file is the application, which finds
// its way by the path, unless a file was asked for: then there is nothing.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	f := h.files[r.URL.Path]
	if f == nil && h.isView(r) {
		f = h.index
		if links := h.preload(r.URL.Path); links != "" {
			w.Header().Set("Link", links)
		}
	}
	if f == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte("there is no such file\n"))
		return
	}
	f.serve(w, r)
}

// isView reports whether a request is for a view of the application.
func (h *Handler) isView(r *http.Request) bool {
	p := r.URL.Path
	if p == "/" || p == "/index.html" {
		return true
	}
	return !strings.HasPrefix(p, "/assets/") && !strings.HasPrefix(p, "/verifier/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", "no-cache")
	if f.immutable {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	coding, b := f.choose(r.Header.Get("Accept-Encoding"))
	if len(f.coded) > 1 || coding != "" {
		header.Add("Vary", "Accept-Encoding")
	}
	if coding != "" {
		header.Set("Content-Encoding", coding)
	}
	header.Set("ETag", `"`+strings.Trim(f.tag+"-"+coding, "-")+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// choose returns the coding to send a file in, empty for none.
func (f *file) choose(accepted string) (coding string, b []byte) {
	for _, c := range codings {
		if b, ok := f.coded[c.name]; ok && accepts(accepted, c.name) {
			return c.name, b
		}
	}
	if b, ok := f.coded[""]; ok {
		return "", b
	}
	return "gzip", f.coded["gzip"] // there is nothing else, and all browsers take it
}

func accepts(header, coding string) bool {
	for item := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(item), ";")
		if name == coding && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
