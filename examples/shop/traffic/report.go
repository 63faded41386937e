package traffic

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Report says what was called and how it was answered.
type Report struct {
	// Calls that were answered.
	Calls int
	// Errors are calls without an answer, and tokens that the issuer did not
	// give.
	Errors int
	// Behind counts calls that were due and not made, since the caller was
	// still busy.
	Behind int
	// ByKind counts the calls of each kind of caller.
	ByKind map[string]int
	// ByStatus counts the answers by HTTP status.
	ByStatus map[int]int
}

// counts is the report as it grows.
type counts struct {
	mu sync.Mutex // guards r
	r  Report
}

func newCounts() *counts {
	return &counts{r: Report{ByKind: map[string]int{}, ByStatus: map[int]int{}}}
}

func (c *counts) add(kind string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.r.Calls++
	c.r.ByKind[kind]++
	c.r.ByStatus[status]++
}

// failed counts an error, unless it is only that the traffic ends.
func (c *counts) failed(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.r.Errors++
}

func (c *counts) behind() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.r.Behind++
}

// report returns a copy.
func (c *counts) report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.r
	r.ByKind, r.ByStatus = maps.Clone(r.ByKind), maps.Clone(r.ByStatus)
	return r
}

// String gives the report in one line.
func (r Report) String() string {
	classes := [6]int{}
	for status, n := range r.ByStatus {
		if class := status / 100; class < len(classes) {
			classes[class] += n
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d calls, 2xx %d, 4xx %d, 5xx %d, errors %d", r.Calls, classes[1]+classes[2], classes[4], classes[5], r.Errors)
	for _, kind := range slices.Sorted(maps.Keys(r.ByKind)) {
		fmt.Fprintf(&b, ", %s %d", kind, r.ByKind[kind])
	}
	return b.String()
}

// tell writes a line now and then, with the rate since the last one.
func (c *counts) tell(ctx context.Context, w io.Writer, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	last := 0
	for {
		select {
		case <-t.C:
			r := c.report()
			rate := float64(r.Calls-last) / every.Seconds()
			last = r.Calls
			fmt.Fprintf(w, "traffic: %.1f calls/s; %s\n", rate, r) // an unwritable status line stops nothing
		case <-ctx.Done():
			return
		}
	}
}
