package api

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Check is the state of one part.
type Check struct {
	Name     string `json:"name"` // "ledger", "index", "disk"
	OK       bool   `json:"ok"`
	Required bool   `json:"required"`         // without it calls are not served or not recorded
	Detail   string `json:"detail,omitempty"` // why it is not well, or a figure
}

// Health is the state of the process.
type Health struct {
	Status string  `json:"status"` // "ok", "degraded" (something that is not required fails), "failing", "draining"
	Checks []Check `json:"checks"`
}

func healthRoutes() []route {
	health := reflect.TypeFor[Health]()
	return []route{
		{method: "GET", path: "/livez", id: "livez", summary: "Is the process alive? Always 200.", result: health, public: true, anyHost: true, handle: func(c *call) error {
			return c.json(http.StatusOK, Health{"ok", []Check{}})
		}},
		{method: "GET", path: "/readyz", id: "readyz", summary: "Can it take calls? 503 while a required part fails, or while draining.", result: health, public: true, anyHost: true, handle: ready},
		{method: "GET", path: "/healthz", id: "healthz", summary: "How is each part? As /readyz.", result: health, public: true, anyHost: true, handle: ready},
		{method: "GET", path: "/metrics", id: "metrics", summary: "Metrics for Prometheus.", media: "text/plain; version=0.0.4; charset=utf-8", metrics: true, handle: metrics},
	}
}

func ready(c *call) error {
	h := Health{"ok", []Check{}}
	if c.cfg.Checks != nil {
		h.Checks = append(h.Checks, c.cfg.Checks()...)
	}
	status := http.StatusOK
	for _, k := range h.Checks {
		if !k.OK && h.Status == "ok" {
			h.Status = "degraded"
		}
		if !k.OK && k.Required {
			h.Status, status = "failing", http.StatusServiceUnavailable
		}
	}
	if c.cfg.Draining != nil && c.cfg.Draining() {
		h.Status, status = "draining", http.StatusServiceUnavailable
	}
	return c.json(status, h)
}

// Metric is one sample for Prometheus. Samples of one name stand together and
// have the same help and type.
type Metric struct {
	Name   string // "gatebook_" and so on, with the unit at its end
	Help   string // one sentence
	Type   string // "counter" or "gauge"
	Labels []Label
	Value  float64
}

// Label is a dimension of a metric. Its values are bounded in number.
type Label struct{ Name, Value string }

func metrics(c *call) error {
	var list []Metric
	if c.cfg.Metrics != nil {
		list = c.cfg.Metrics()
	}
	list = append(list, c.counts.metrics()...)
	list = append(list, c.reports.metrics()...)
	var b strings.Builder
	last := ""
	for _, m := range list {
		if m.Name != last {
			last = m.Name
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", m.Name, escapeHelp.Replace(m.Help), m.Name, m.Type)
		}
		b.WriteString(m.Name)
		for i, l := range m.Labels {
			fmt.Fprintf(&b, `%c%s="%s"`, "{,"[min(i, 1)], l.Name, escapeLabel.Replace(l.Value))
		}
		if len(m.Labels) > 0 {
			b.WriteByte('}')
		}
		b.WriteString(" " + strconv.FormatFloat(m.Value, 'g', -1, 64) + "\n")
	}
	c.w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, err := c.w.Write([]byte(b.String()))
	return err
}

var (
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapeLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// counts counts requests by route and status.
type counts struct {
	mu sync.Mutex // guards m
	m  map[countKey]uint64
}

type countKey struct {
	route  string
	status int
}

func (c *counts) add(route string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[countKey]uint64)
	}
	c.m[countKey{route, status}]++
}

func (c *counts) metrics() []Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]countKey, 0, len(c.m))
	for k := range c.m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b countKey) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.status, b.status))
	})
	list := make([]Metric, 0, len(keys))
	for _, k := range keys {
		list = append(list, Metric{
			"gatebook_api_requests_total", "Requests to the operations listener that were answered.", "counter",
			[]Label{{"route", k.route}, {"status", strconv.Itoa(k.status)}}, float64(c.m[k]),
		})
	}
	return list
}
