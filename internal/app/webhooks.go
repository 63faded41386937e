package app

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/kubernetes"
	"github.com/gatebook/gatebook/internal/redact"
)

// resent is how many of the newest records are looked at for what is sent
// again, and how many events of a source are remembered for it.
const resent = 100_000

// sent is what was sent of one source.
type sent struct {
	mu     sync.Mutex // held while events of the source are recorded
	recent *ingest.Recent
}

// sender returns what takes in what programs send.
func (a *App) sender(redactor *redact.Redactor) api.Send {
	var mu sync.Mutex
	sources := make(map[string]*sent)
	return func(ctx context.Context, format, name string, body io.Reader) (ingest.Result, error) {
		if format != "kubernetes" {
			return ingest.Result{}, fmt.Errorf("there is no format %q", format)
		}
		cfg, err := a.kubernetesLog(redactor, name)
		if err != nil {
			return ingest.Result{}, err
		}
		r, err := kubernetes.NewReader(body, cfg)
		if err != nil {
			return ingest.Result{}, err
		}
		label := kubernetes.Label(name)
		mu.Lock()
		s := sources[label]
		if s == nil {
			s = new(sent)
			sources[label] = s
		}
		mu.Unlock()
		return s.take(ctx, a, label, r)
	}
}

// take records what is new of what was sent.
func (s *sent) take(ctx context.Context, a *App, label string, r ingest.Reader) (ingest.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recent == nil {
		size := a.recorder.Size()
		known, err := a.imported(ctx, label, size-min(size, resent))
		if err != nil {
			return ingest.Result{}, err
		}
		s.recent = ingest.NewRecent(resent)
		for id := range known {
			s.recent.Add(id)
		}
	}
	res, err := ingest.Import(ctx, ingest.Config{
		Known: func(_ context.Context, ids []event.ID) (map[event.ID]bool, error) { return s.recent.Known(ids), nil },
		Record: func(ctx context.Context, events []*event.Event) error {
			if err := (withoutReceipts{a.recorder}).AppendAll(ctx, events); err != nil {
				return err
			}
			for _, e := range events {
				s.recent.Add(e.ID)
			}
			return nil
		},
	}, r)
	if err != nil {
		s.recent = nil // some may be recorded: look again
	}
	return res, err
}
