// Package pack gives an evidence pack its page, which opens from disk without a
// server and checks itself with the verifier of package evidence, compiled to
// WebAssembly.
//
// It promises to check a pack before it hands it out. It is not the door to the
// record: what it is given has been authorised and recorded.
package pack

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"strings"
	"time"

	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/ledger"
)

//go:embed assets
var assets embed.FS

// verifier is what scripts/wasm.sh builds; without it there is the README only.
//
//go:embed all:wasm
var verifier embed.FS

// maxInline is the size of a pack up to which its page holds a copy of it. The
// verifier in the page is given a larger one by hand.
const maxInline = 8 << 20

// Write checks the pack against the key of its ledger, and writes it with
// its page.
func Write(w io.Writer, p *evidence.Pack, key string) error {
	var inner bytes.Buffer
	if err := p.Write(&inner, nil); err != nil {
		return err
	}
	rep, err := evidence.Verify(bytes.NewReader(inner.Bytes()), int64(inner.Len()), evidence.Options{Key: key})
	if err != nil {
		return err
	}
	for _, f := range rep.Findings {
		if !f.Holds {
			return &ledger.EvidenceError{File: ledger.CheckpointFile, Where: "the evidence pack", Reason: strings.TrimSuffix(f.Text, ".")}
		}
	}
	page, err := pageOf(rep, inner.Bytes())
	if err != nil {
		return err
	}
	return p.Write(w, page)
}

// pageOf returns the page of a pack.
func pageOf(rep *evidence.Report, pack []byte) ([]byte, error) {
	wasm, exec := Verifier()
	return page(rep, pack, wasm, exec)
}

// Verifier returns the verifier for browsers, compressed by gzip, and the script
// that it runs with; nil if this binary was built without.
func Verifier() (wasm, exec []byte) {
	wasm, _ = verifier.ReadFile("wasm/verifier.wasm.gz")
	exec, _ = verifier.ReadFile("wasm/wasm_exec.js")
	return wasm, exec
}

func page(rep *evidence.Report, pack, wasm, exec []byte) ([]byte, error) {
	var files [3]string
	for i, name := range []string{"page.html", "page.css", "page.js"} {
		b, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		files[i] = string(b)
	}
	layout, style, script := files[0], files[1], files[2]
	notice := "What follows is what the pack says of itself. The verifier in this page is starting."
	if wasm == nil || exec == nil {
		notice = "What follows is what the pack says of itself. It was made by a build of Gatebook without the verifier for browsers, so this page cannot check it: use gatebook-verify, as README.txt says."
		wasm, exec, pack = nil, nil, nil
	}
	if len(pack) > maxInline {
		pack = nil
	}
	// </script would end the script: neither file has it, and none may come in.
	script = string(exec) + "\n" + script
	if strings.Contains(strings.ToLower(script), "</script") {
		return nil, fmt.Errorf("the script of the page would end it")
	}
	csp := fmt.Sprintf("default-src 'none'; script-src '%s' 'wasm-unsafe-eval'; style-src '%s'; base-uri 'none'; form-action 'none'", digest(script), digest(style))
	r := strings.NewReplacer(
		"{{csp}}", csp, "{{style}}", style, "{{script}}", script,
		"{{origin}}", html.EscapeString(rep.Origin), "{{words}}", html.EscapeString(rep.Statement.Words), "{{notice}}", notice, "{{claims}}", claims(rep),
		"{{pack}}", base64.StdEncoding.EncodeToString(pack), "{{verifier}}", base64.StdEncoding.EncodeToString(wasm),
	)
	return []byte(r.Replace(layout)), nil
}

// digest is the source expression of CSP for an inline script or style.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// claims are what the page says before it is checked.
func claims(rep *evidence.Report) string {
	var b strings.Builder
	s := rep.Statement
	add := func(term, text string) {
		if text != "" {
			fmt.Fprintf(&b, "<dt>%s</dt><dd>%s</dd>", term, html.EscapeString(text))
		}
	}
	add("Asked by", s.By)
	add("Reason", s.Reason)
	add("Case", s.Case)
	add("Made", s.Made.UTC().Format(time.DateTime)+" UTC")
	add("Query", cmp.Or(s.Query, "*"))
	add("Found", fmt.Sprint(s.Results, " events"))
	add("Disclosed", cmp.Or(strings.Join(s.Disclosed, ", "), "headers only"))
	add("Key", rep.Key)
	return b.String()
}
