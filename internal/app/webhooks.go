package app

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/kubernetes"
	"github.com/gatebook/gatebook/internal/ingest/otlp"
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
	return func(ctx context.Context, as api.SentAs, body io.Reader) (ingest.Result, error) {
		r, label, err := a.sentReader(redactor, as, body)
		if err != nil {
			return ingest.Result{}, &api.ImportError{Err: err}
		}
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

// sentReader reads what was sent, and returns what stands in capture.source of
// its events.
func (a *App) sentReader(redactor *redact.Redactor, as api.SentAs, body io.Reader) (ingest.Reader, string, error) {
	switch as.Format {
	case "kubernetes":
		cfg, err := a.kubernetesLog(redactor, as.Source)
		if err != nil {
			return nil, "", err
		}
		r, err := kubernetes.NewReader(body, cfg)
		return r, kubernetes.Label(as.Source), err
	case "otlp":
		label := otlp.Label(as.Source)
		a.operations.Log(label)
		d, err := capture.NewDescriber(a.operations, hosts(a.now.Load()), nil)
		if err != nil {
			return nil, "", err
		}
		b, err := io.ReadAll(body)
		if err != nil {
			return nil, "", err
		}
		events, skipped, err := otlp.Read(as.Signal, as.Media, b, otlp.Config{Source: as.Source, Redactor: redactor, Describer: d, Pseudonym: a.principalID})
		return &read{"OTLP " + as.Signal, events, skipped}, label, err
	}
	return nil, "", fmt.Errorf("there is no format %q", as.Format)
}

// read is what was read as a whole.
type read struct {
	form    string
	events  []*event.Event
	skipped ingest.Skipped
}

var _ ingest.Skipper = (*read)(nil)

// Next implements [ingest.Reader].
func (r *read) Next() (*event.Event, error) {
	if len(r.events) == 0 {
		return nil, io.EOF
	}
	e := r.events[0]
	r.events = r.events[1:]
	return e, nil
}

// Form implements [ingest.Skipper].
func (r *read) Form() string { return r.form }

// Skipped implements [ingest.Skipper].
func (r *read) Skipped() ingest.Skipped { return r.skipped }

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
