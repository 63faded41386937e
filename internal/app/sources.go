package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/ingest/accesslog"
	"github.com/gatebook/gatebook/internal/ingest/kubernetes"
	"github.com/gatebook/gatebook/internal/ingest/source"
)

// openSources makes what follows logs.
func (a *App) openSources() error {
	if len(a.cfg.Sources) == 0 {
		return nil
	}
	dir := filepath.Join(a.cfg.Data, "sources")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for i := range a.cfg.Sources {
		c := &a.cfg.Sources[i]
		p, label, err := a.sourceParser(c)
		if err != nil {
			return fmt.Errorf("sources[%s]: %w", c.Name, err)
		}
		longest := 0
		if c.Format == "kubernetes" {
			longest = kubernetes.MaxRecord
		}
		a.sources = append(a.sources, source.New(source.Config{
			Name: c.Name, File: c.File, End: c.Begin == config.BeginEnd, MaxLine: longest, Parser: p, Record: withoutReceipts{a.recorder}, Dir: disk.Dir(dir), Log: a.log,
			Imported: func(ctx context.Context, from uint64) (map[event.ID]bool, error) { return a.imported(ctx, label, from) },
		}))
	}
	return nil
}

// sourceParser returns what reads the lines of a source, and what stands in
// capture.source of its events.
func (a *App) sourceParser(c *config.Source) (source.Parser, string, error) {
	redactor, err := a.redactor(a.cfg)
	if err != nil {
		return nil, "", err
	}
	if c.Format == "kubernetes" {
		as, err := a.kubernetesLog(redactor, c.Name)
		if err != nil {
			return nil, "", err
		}
		p, err := kubernetes.NewParser(as)
		return p, kubernetes.Label(c.Name), err
	}
	as := accesslog.Config{Format: c.Format, Lines: c.Lines, Source: c.Name, API: c.API, Checked: c.Checked, Redactor: redactor, Pseudonym: a.principalID}
	if as.Zone, err = time.LoadLocation(c.Zone); err != nil {
		return nil, "", err
	}
	if c.API == "" {
		a.operations.Log(accesslog.Label(c.Name))
	}
	if as.Describer, err = capture.NewDescriber(a.operations, hosts(a.cfg), c.TrustedProxies); err != nil {
		return nil, "", err
	}
	p, err := accesslog.NewParser(as)
	return p, accesslog.Label(c.Name), err
}

// imported returns the ids of a source's events among the records from a number
// on.
func (a *App) imported(ctx context.Context, label string, from uint64) (map[event.ID]bool, error) {
	size := a.recorder.Size()
	for a.ledger.Size() < size { // what is being written has no place in the tree yet
		if err := a.ledger.Refresh(); err != nil {
			return nil, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	known := make(map[event.ID]bool)
	err := a.ledger.Range(min(from, size), size, func(n uint64, s *event.Sealed) error {
		e, err := s.Open()
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if e.Capture.Method == "import" && e.Capture.Source == label {
			known[e.ID] = true
		}
		return ctx.Err()
	})
	return known, err
}

// sourceStates says how the logs are that are followed.
func (a *App) sourceStates() []api.SourceState {
	list := make([]api.SourceState, 0, len(a.sources))
	for _, s := range a.sources {
		st := s.Status()
		out := api.SourceState{
			Name: s.Name(), File: s.File(), Form: st.Form, Events: st.Events, Skipped: st.Skipped, Problems: st.Problems,
			Behind: st.Behind, Last: st.Last, Read: st.Read, Problem: st.Problem, Lost: st.Lost,
		}
		out.Lag = sourceLag(&st).Seconds()
		list = append(list, out)
	}
	return list
}

// sourceLag is how old the newest call is that was recorded of a log of which
// something was not read.
func sourceLag(st *source.Status) time.Duration {
	if st.Behind == 0 || st.Last.IsZero() {
		return 0
	}
	return max(time.Since(st.Last), 0)
}

// sourceCheck says whether all logs can be followed.
func (a *App) sourceCheck() (api.Check, bool) {
	if len(a.sources) == 0 {
		return api.Check{}, false
	}
	c := api.Check{Name: "sources", OK: true, Detail: fmt.Sprintf("followed: %d", len(a.sources))}
	for _, s := range a.sources {
		st := s.Status()
		switch {
		case st.Problem != "":
			c.OK, c.Detail = false, s.Name()+": "+st.Problem
		case len(st.Lost) > 0 && c.OK:
			c.OK, c.Detail = false, s.Name()+": "+st.Lost[len(st.Lost)-1]
		}
	}
	return c, true
}

// sourceMetrics are the figures of the logs that are followed.
func (a *App) sourceMetrics() (list []api.Metric) {
	add := func(kind, name, help, source string, v float64) {
		list = append(list, api.Metric{Name: name, Help: help, Type: kind, Labels: []api.Label{{Name: "source", Value: source}}, Value: v})
	}
	states := make([]source.Status, len(a.sources))
	for i, s := range a.sources {
		states[i] = s.Status()
	}
	for i, s := range a.sources {
		add("counter", "gatebook_source_events_total", "Events of a log that were recorded.", s.Name(), float64(states[i].Events))
	}
	for i, s := range a.sources {
		add("counter", "gatebook_source_skipped_total", "Lines of a log that could not be read.", s.Name(), float64(states[i].Skipped))
	}
	for i, s := range a.sources {
		add("gauge", "gatebook_source_behind_bytes", "Bytes of a log that were not read yet.", s.Name(), float64(states[i].Behind))
	}
	for i, s := range a.sources {
		add("gauge", "gatebook_source_lag_seconds", "Age of the newest call that was recorded of a log of which something was not read; 0 if all was.", s.Name(), sourceLag(&states[i]).Seconds())
	}
	for i, s := range a.sources {
		add("gauge", "gatebook_source_up", "1 while a log can be followed.", s.Name(), truth(states[i].Problem == ""))
	}
	return list
}
