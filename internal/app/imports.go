package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/cloudtrail"
	"github.com/gatebook/gatebook/internal/redact"
)

// importer returns what imports files.
func (a *App) importer(redactor *redact.Redactor) api.Import {
	return func(ctx context.Context, format string, file io.Reader) (ingest.Result, error) {
		var r ingest.Reader
		var err error
		switch format {
		case "cloudtrail":
			r, err = cloudtrail.NewReader(file, cloudtrail.Config{
				Pseudonym: func(issuer, subject string) string { return identity.Pseudonym(a.keys.fingerprint, issuer, subject) },
				Redact: func(text []byte) []byte {
					out, _ := redactor.Call().Body("application/json", text, false)
					return out
				},
			})
		default:
			err = fmt.Errorf("there is no format %q", format)
		}
		if err != nil {
			return ingest.Result{}, &api.ImportError{Err: err}
		}
		cfg := ingest.Config{Record: a.recorder.AppendAll}
		if a.indexer != nil {
			if err := a.indexedNow(ctx); err != nil {
				return ingest.Result{}, err
			}
			cfg.Known = a.knownEvents
		}
		return ingest.Import(ctx, cfg, fileErrors{r})
	}
}

// fileErrors marks the errors of a file.
type fileErrors struct{ ingest.Reader }

func (r fileErrors) Next() (*event.Event, error) {
	e, err := r.Reader.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		err = &api.ImportError{Err: err}
	}
	return e, err
}

// indexedNow waits until all that is recorded now can be found.
func (a *App) indexedNow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for size := a.recorder.Size(); ; {
		s := a.indexStatus()
		if s.Down.IsZero() && !s.Repairing && s.Indexed >= size {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the search index, which tells what was imported before, has %d of %d records: try again later", s.Indexed, size)
		}
	}
}

// knownEvents asks the index which of these events are in the ledger.
func (a *App) knownEvents(ctx context.Context, ids []event.ID) (map[event.ID]bool, error) {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(id.String())
	}
	known := make(map[event.ID]bool)
	err := a.indexer.Run(ctx, index.Query{LogsQL: "id:in(" + b.String() + ") | fields id"}, func(row []index.Field) error {
		for _, f := range row {
			if id, err := event.ParseID(f.Value); f.Name == "id" && err == nil {
				known[id] = true
			}
		}
		return nil
	})
	return known, err
}
