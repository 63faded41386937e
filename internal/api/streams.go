package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gatebook/gatebook/internal/reading"
)

type tailParams struct {
	Query   string `query:"query" doc:"LogsQL, as far as it can be matched live: words, field:value, comparisons, and, or, not."`
	Backlog int    `query:"backlog" default:"0" min:"0" max:"1000" doc:"Begin with this many of the newest matching events."`
	Payload bool   `query:"payload" default:"true" doc:"Show payload envelopes, if the role does."`
	Most    int    `query:"most" default:"0" min:"0" max:"10000" doc:"Show about so many events a second of those that were answered well, and as many of the others, and count all. 0: all are shown."`
}

// TailItem is the data of one server-sent event of a tail; one member is set.
type TailItem struct {
	Event   *reading.Record  `json:"event,omitempty"`
	Problem *reading.Problem `json:"problem,omitempty"` // a record that does not check
	Passed  *reading.Passed  `json:"passed,omitempty"`  // what matched since the last of these, shown or not; only with most
}

// pingEvery is how often a tail without events says that it is alive.
const pingEvery = 15 * time.Second

func tail(c *call, p tailParams) error {
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	var mu sync.Mutex // guards the connection
	rc := http.NewResponseController(c.w)
	begin := func() {
		if c.w.status == 0 {
			c.w.Header().Set("Content-Type", "text/event-stream")
			c.w.WriteHeader(http.StatusOK)
		}
	}
	send := func(name string, v any) error {
		b, err := marshal(v)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		begin()
		rc.SetWriteDeadline(c.cfg.Now().Add(30 * time.Second))
		if _, err := fmt.Fprintf(c.w, "event: %s\ndata: %s\n\n", name, b); err != nil {
			return err
		}
		return rc.Flush()
	}
	var pings sync.WaitGroup
	defer pings.Wait()
	defer cancel()
	opened := false
	c.reader.NoPayload = !p.Payload
	follow := reading.Tail{Query: reading.Query{LogsQL: p.Query}, Backlog: p.Backlog, Most: p.Most, Passed: func(n reading.Passed) error { return send("passed", TailItem{Passed: &n}) }}
	err := c.cfg.Room.Tail(ctx, c.reader, follow, func() error {
		opened = true
		pings.Go(func() { ping(ctx, cancel, send) })
		return send("ping", struct{}{})
	}, func(rec *reading.Record, bad *reading.Problem) error {
		if bad != nil {
			return send("problem", TailItem{Problem: bad})
		}
		return send("event", TailItem{Event: rec})
	})
	if opened && !errors.Is(err, context.Canceled) {
		send("error", problemOf(err))
	}
	if opened {
		return nil
	}
	return err
}

func ping(ctx context.Context, cancel func(), send func(string, any) error) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if send("ping", struct{}{}) != nil {
				cancel()
				return
			}
		}
	}
}

type exportParams struct {
	queryParams
	Format  string   `query:"format" default:"jsonl" oneof:"jsonl,csv" doc:"Form of the export."`
	Columns []string `query:"columns" doc:"Columns of a CSV: names of fields, or number, with commas."`
	Payload bool     `query:"payload" default:"true" doc:"Write payload envelopes too, if the role does."`
	Limit   int      `query:"limit" default:"0" min:"0" max:"1000000000" doc:"Events at most. 0: all."`
}

// exportTrailer is the trailer with the summary of an export.
const exportTrailer = "Gatebook-Export"

func export(c *call, p exportParams) error {
	h := c.w.Header()
	h.Set("Trailer", exportTrailer)
	h.Set("Content-Type", "application/jsonl")
	if p.Format == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	}
	h.Set("Content-Disposition", "attachment; filename=gatebook-export."+p.Format)
	c.reader.NoPayload = !p.Payload
	x := reading.Export{Query: p.reading(), Format: reading.Format(p.Format), Columns: p.Columns, Limit: uint64(p.Limit)}
	sum, err := c.cfg.Room.Export(c.r.Context(), c.reader, x, c.w)
	if err != nil {
		if c.w.status == 0 {
			h.Del("Trailer")
			h.Del("Content-Disposition")
			return err
		}
		// The status is sent: only a broken connection tells that the export is
		// not whole.
		c.cfg.Log.Error("an export broke off", "error", err)
		panic(http.ErrAbortHandler)
	}
	b, err := marshal(sum)
	if err != nil {
		return err
	}
	h.Set(exportTrailer, string(b))
	return nil
}

// marshal encodes v on one line, and leaves sealed bytes as they are.
func marshal(v any) ([]byte, error) {
	var b lineBuffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.line(), err
}

type lineBuffer []byte

func (b *lineBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

func (b *lineBuffer) line() []byte { return (*b)[:max(0, len(*b)-1)] }
