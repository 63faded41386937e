package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/operation/openapi"
	"github.com/gatebook/gatebook/internal/operation/protocol"
	"github.com/gatebook/gatebook/internal/redact"
)

// operationsFile is where the templates are that were learned: a view, which
// can be deleted.
func (a *App) operationsFile() string { return filepath.Join(a.cfg.Data, "operations.json") }

// openOperations makes what tells the operations of calls apart.
func (a *App) openOperations() error {
	apis, err := apis(a.cfg)
	if err != nil {
		return err
	}
	if a.operations, err = operation.New(operation.Config{APIs: apis, File: a.operationsFile(), Log: a.log}); err != nil {
		return err
	}
	a.services.log = a.log
	if err := a.services.swap(a.cfg.Gateway.Routes); err != nil {
		return err
	}
	for _, r := range a.cfg.Gateway.Routes {
		if r.API.File == "" {
			continue
		}
		if err := a.operations.Refresh(context.Background(), r.Name); err != nil {
			return fmt.Errorf("gateway.routes[%s].api.file: %s: %w", r.Name, r.API.File, err)
		}
	}
	return nil
}

// observer says what calls are about: the routes first, since the others learn
// by the template, and what renders bodies as text last, since it ends first
// and its text is looked at for data.
func (a *App) observer(redactor *redact.Redactor) capture.Observer {
	return capture.Observers(a.operations, a.data(), protocol.New(protocol.Config{Schema: a.services.of, Session: redactor.Fingerprint}))
}

// followOperations learns from the ledger what is not known, and then keeps
// what is learned.
func (a *App) followOperations(ctx context.Context) error {
	if a.operations.Empty() && a.ledger.Size() > 0 {
		if err := a.replayOperations(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("routes could not be learned from the ledger; they are learned from new calls", "error", err)
		}
	}
	return a.operations.Run(ctx)
}

// replayed is how many of the newest records templates are learned from where
// nothing is known of them.
const replayed = 200_000

func (a *App) replayOperations(ctx context.Context) error {
	// What is being written has no place in the tree yet.
	size := min(a.ledger.Size(), a.recorder.Size())
	return a.ledger.Range(size-min(size, replayed), size, func(n uint64, s *event.Sealed) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := s.Open()
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		a.operations.Replay(e)
		return nil
	})
}

// apis says what the file says of the APIs behind the routes.
func apis(c *config.Config) ([]operation.API, error) {
	var out []operation.API
	var errs []error
	for i := range c.Gateway.Routes {
		r := &c.Gateway.Routes[i]
		api := operation.API{Route: r.Name, NoLearn: !r.API.Learn, Refresh: r.API.Refresh}
		for k, act := range r.API.Actions {
			rule, err := operation.ParseActionRule(act.Match, event.Action(act.Action))
			if err != nil {
				errs = append(errs, fmt.Errorf("gateway.routes[%s].api.actions[%d].match: %w", r.Name, k, err))
			}
			api.Actions = append(api.Actions, rule)
		}
		read, err := documentOf(r)
		if err != nil {
			errs = append(errs, fmt.Errorf("gateway.routes[%s].api: %w", r.Name, err))
		}
		if read != nil {
			o := openapi.Options{Upstream: r.Upstream.Path, Base: r.API.Base}
			api.Document = func(ctx context.Context) (*operation.Description, error) {
				b, err := read(ctx)
				if err != nil {
					return nil, err
				}
				return openapi.Parse(b, o)
			}
		}
		out = append(out, api)
	}
	return out, errors.Join(errs...)
}

// documentOf returns what reads the document of a route's API; nil: there is
// none.
func documentOf(r *config.Route) (func(context.Context) ([]byte, error), error) {
	if r.API.File != "" {
		return func(context.Context) ([]byte, error) { return os.ReadFile(r.API.File) }, nil
	}
	where, transport := "", http.DefaultTransport.(*http.Transport).Clone()
	switch {
	case r.API.URL != nil:
		where = r.API.URL.String()
	case r.API.Path != "":
		up, own, err := upstreamTransport(r)
		if err != nil {
			return nil, err
		}
		where, transport = up.Scheme+"://"+up.Host+strings.TrimRight(up.Path, "/")+r.API.Path, own
	default:
		return nil, nil
	}
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	return func(ctx context.Context) ([]byte, error) { return fetch(ctx, client, where) }, nil
}

// upstreamTransport returns what reaches the API behind a route as the gateway
// does.
func upstreamTransport(r *config.Route) (*url.URL, *http.Transport, error) {
	up, err := upstream(r)
	if err != nil {
		return nil, nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig, transport.Proxy = up.TLS, nil
	if up.H2C {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	return up.URL, transport, nil
}

// fetch gets a document.
func fetch(ctx context.Context, client *http.Client, where string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/yaml;q=0.9, */*;q=0.1")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: answered %s", req.URL.Redacted(), res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, openapi.MaxSize+1))
}
