package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/accesslog"
	"github.com/gatebook/gatebook/internal/ingest/cloudtrail"
	"github.com/gatebook/gatebook/internal/ingest/kubernetes"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/redact"
)

// importer returns what imports files.
func (a *App) importer(redactor *redact.Redactor) api.Import {
	return func(ctx context.Context, as api.ImportAs, file io.Reader) (ingest.Result, error) {
		r, err := a.importReader(redactor, as, file)
		if err != nil {
			return ingest.Result{}, &api.ImportError{Err: err}
		}
		cfg := ingest.Config{Record: withoutReceipts{a.recorder}.AppendAll}
		if a.indexer != nil {
			size := a.recorder.Size()
			if _, err := a.indexed(ctx, size); err != nil {
				return ingest.Result{}, err
			}
			cfg.Known = func(ctx context.Context, ids []event.ID) (map[event.ID]bool, error) {
				return a.knownEvents(ctx, size, ids)
			}
		}
		res, err := ingest.Import(ctx, cfg, r)
		if errors.Is(err, ingest.ErrRead) {
			err = &api.ImportError{Err: err}
		}
		return res, err
	}
}

// principalID names a principal in headers of events.
func (a *App) principalID(issuer, subject string) string {
	return identity.Pseudonym(a.keys.fingerprint, issuer, subject)
}

// importReader returns what reads a file.
func (a *App) importReader(redactor *redact.Redactor, as api.ImportAs, file io.Reader) (ingest.Reader, error) {
	switch as.Format {
	case "cloudtrail":
		return cloudtrail.NewReader(file, cloudtrail.Config{
			Pseudonym: a.principalID,
			Redact: func(text []byte) []byte {
				out, _ := redactor.Call().Body("application/json", text, false)
				return out
			},
		})
	case "accesslog":
		cfg, err := a.accessLog(as)
		if err != nil {
			return nil, err
		}
		cfg.Redactor, cfg.Pseudonym = redactor, a.principalID
		return accesslog.NewReader(file, cfg)
	case "kubernetes":
		cfg, err := a.kubernetesLog(redactor, as.Source)
		if err != nil {
			return nil, err
		}
		return kubernetes.NewReader(file, cfg)
	}
	return nil, fmt.Errorf("there is no format %q", as.Format)
}

// kubernetesLog says how an audit log of Kubernetes is read. The addresses in it
// are those of peers: whose forwarding is believed is not known.
func (a *App) kubernetesLog(redactor *redact.Redactor, name string) (kubernetes.Config, error) {
	d, err := capture.NewDescriber(nil, nil, nil)
	return kubernetes.Config{Source: name, Redactor: redactor, Describer: d, Pseudonym: a.principalID}, err
}

// accessLog says how an access log is read.
func (a *App) accessLog(as api.ImportAs) (c accesslog.Config, err error) {
	c = accesslog.Config{Format: as.Server, Lines: as.Lines, Source: as.Source, API: as.API, Checked: as.Checked}
	if as.Zone != "" {
		if c.Zone, err = time.LoadLocation(as.Zone); err != nil {
			return c, fmt.Errorf("the zone %q is not known: want a name such as Europe/Berlin", as.Zone)
		}
	}
	proxies, err := accesslog.Prefixes(as.TrustedProxies)
	if err != nil {
		return c, err
	}
	now := a.now.Load()
	if as.API == "" {
		a.operations.Log(accesslog.Label(as.Source))
	} else if !slices.ContainsFunc(now.Gateway.Routes, func(r config.Route) bool { return r.Name == as.API }) {
		return c, fmt.Errorf("there is no route %q: gateway.routes in the configuration has none of that name", as.API)
	}
	c.Describer, err = capture.NewDescriber(a.operations, hosts(now), proxies)
	return c, err
}

// indexed waits until the records before size can be found, and returns the
// life of the index in which they can.
func (a *App) indexed(ctx context.Context, size uint64) (life uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		s := a.indexStatus()
		if s.Down.IsZero() && !s.Repairing && s.Indexed >= size {
			return s.Life, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, fmt.Errorf("the search index, which tells what was imported before, has %d of %d records: try again later", s.Indexed, size)
		}
	}
}

// knownEvents asks the index which of these events are in the ledger before
// size.
func (a *App) knownEvents(ctx context.Context, size uint64, ids []event.ID) (map[event.ID]bool, error) {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(id.String())
	}
	life, err := a.indexed(ctx, size)
	if err != nil {
		return nil, err
	}
	known := make(map[event.ID]bool)
	err = a.indexer.Run(ctx, index.Query{LogsQL: "id:in(" + b.String() + ") | fields id"}, func(row []index.Field) error {
		for _, f := range row {
			if id, err := event.ParseID(f.Value); f.Name == "id" && err == nil {
				known[id] = true
			}
		}
		return nil
	})
	if err == nil && a.indexStatus().Life != life {
		return a.knownEvents(ctx, size, ids) // it was started anew, and may have lost some
	}
	return known, err
}

// withoutReceipts is the recorder as those see it who import: none of them is
// told the number of an event.
type withoutReceipts struct{ *record.Recorder }

// AppendAll records events in their order, and returns when all are durable.
func (r withoutReceipts) AppendAll(ctx context.Context, events []*event.Event) error {
	_, err := r.Recorder.AppendAll(ctx, events)
	return err
}
