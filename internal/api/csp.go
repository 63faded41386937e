package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// reports counts what browsers report of the content security policy of the
// console. Anyone can send them, so that they are counted by directive, and one
// a while is logged.
type reports struct {
	mu     sync.Mutex // guards what follows
	n      map[string]uint64
	logged time.Time
}

const (
	maxReport    = 16 << 10 // bytes that are read
	maxReported  = 20       // violations that are counted of one request
	reportsEvery = 10 * time.Second
)

// directives are those that are told apart.
var directives = []string{
	"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "connect-src", "img-src", "font-src",
	"worker-src", "manifest-src", "base-uri", "form-action", "frame-ancestors", "require-trusted-types-for", "trusted-types",
}

// violation is one report, in the old form (CSP level 2, report-uri) or in that
// of the Reporting API, where it is the member body of a list's entry.
type violation struct {
	Directive  string `json:"effectiveDirective"`
	Blocked    string `json:"blockedURL"`
	Directive2 string `json:"effective-directive"`
	Violated2  string `json:"violated-directive"`
	Blocked2   string `json:"blocked-uri"`
}

func cspReports(c *call) error {
	b, err := io.ReadAll(io.LimitReader(c.r.Body, maxReport))
	if err != nil {
		return err
	}
	for _, v := range violations(b) {
		c.reports.add(c, &v)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// violations reads a report; what is not one is none.
func violations(b []byte) []violation {
	var old struct {
		Report *violation `json:"csp-report"`
	}
	if json.Unmarshal(b, &old) == nil && old.Report != nil {
		return []violation{*old.Report}
	}
	var list []struct {
		Type string    `json:"type"`
		Body violation `json:"body"`
	}
	if json.Unmarshal(b, &list) != nil {
		return nil
	}
	var out []violation
	for _, r := range list[:min(len(list), maxReported)] {
		if r.Type == "csp-violation" {
			out = append(out, r.Body)
		}
	}
	return out
}

// add counts one violation. What is logged is the directive and what kind of
// thing was blocked: addresses and samples can hold what people looked at.
func (r *reports) add(c *call, v *violation) {
	name, _, _ := strings.Cut(v.Directive+v.Directive2, " ")
	if name == "" {
		name, _, _ = strings.Cut(v.Violated2, " ")
	}
	if !slices.Contains(directives, name) {
		name = "other"
	}
	kind := v.Blocked + v.Blocked2
	if u, err := url.Parse(kind); err != nil || u.Scheme != "" {
		kind = "an address"
	} else if !slices.Contains([]string{"inline", "eval", "wasm-eval", "self", "trusted-types-policy", "trusted-types-sink"}, kind) {
		kind = "other"
	}
	now := c.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[string]uint64{}
	}
	if r.n[name]++; now.Sub(r.logged) >= reportsEvery {
		r.logged = now
		c.cfg.Log.Warn("a browser reports that the content security policy of the console was broken", "directive", name, "blocked", kind)
	}
}

func (r *reports) metrics() []Metric {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Metric
	for _, name := range append(slices.Clone(directives), "other") {
		if n := r.n[name]; n > 0 {
			list = append(list, Metric{"gatebook_console_csp_reports_total", "Violations of the console's content security policy that browsers reported.", "counter", []Label{{"directive", name}}, float64(n)})
		}
	}
	return list
}
