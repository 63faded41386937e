package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/operation/grpc"
	"github.com/gatebook/gatebook/internal/operation/grpc/reflection"
)

// services knows what the gRPC services behind the routes say. The zero value
// knows nothing.
type services struct {
	log *slog.Logger

	known atomic.Pointer[map[string]*grpc.Schema] // by configured route; not changed

	mu    sync.Mutex
	asked []config.Route // to be asked by reflection
	wake  chan struct{}  // asked has changed
}

// of implements [protocol.Config].Schema.
func (s *services) of(route string) *grpc.Schema {
	known := s.known.Load()
	if known == nil {
		return nil
	}
	return (*known)[route]
}

// swap reads the descriptors of the routes from their files, and notes which
// are to be asked for. What was learned by reflection stays.
func (s *services) swap(routes []config.Route) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := make(map[string]*grpc.Schema)
	var asked []config.Route
	for _, r := range routes {
		switch {
		case r.API.GRPCDescriptors != "":
			b, err := os.ReadFile(r.API.GRPCDescriptors)
			if err == nil {
				known[r.Name], err = grpc.ParseSet(b)
			}
			if err != nil {
				return fmt.Errorf("gateway.routes[%s].api.grpc_descriptors: %s: %w", r.Name, r.API.GRPCDescriptors, err)
			}
		case r.API.GRPCReflection:
			asked = append(asked, r)
			if have := s.of(r.Name); have != nil {
				known[r.Name] = have
			}
		}
	}
	s.known.Store(&known)
	s.asked = asked
	if s.wake == nil {
		s.wake = make(chan struct{}, 1)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// How often a service is asked that answered, and one that did not.
const (
	reflectEvery = time.Hour
	reflectRetry = 2 * time.Second
)

// run asks the services for their descriptors, now and then, until ctx ends.
func (s *services) run(ctx context.Context) error {
	said := make(map[string]string) // what was last logged of a route
	for {
		wait := reflectEvery
		s.mu.Lock()
		asked := s.asked
		s.mu.Unlock()
		for i := range asked {
			if err := s.ask(ctx, &asked[i]); err != nil && ctx.Err() == nil {
				wait = reflectRetry
				if text := err.Error(); said[asked[i].Name] != text {
					s.log.Warn("the messages of a gRPC API cannot be decoded yet", "route", asked[i].Name, "error", err)
					said[asked[i].Name] = text
				}
			}
		}
		select {
		case <-time.After(wait):
		case <-s.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// ask asks the service behind one route.
func (s *services) ask(ctx context.Context, r *config.Route) error {
	base, transport, err := upstreamTransport(r)
	if err != nil {
		return err
	}
	transport.ForceAttemptHTTP2 = true
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	set, err := reflection.Fetch(ctx, &http.Client{Transport: transport}, base)
	if err != nil {
		return err
	}
	schema, err := grpc.NewSchema(set)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]*grpc.Schema{r.Name: schema}
	for name, have := range *s.known.Load() {
		if name != r.Name {
			known[name] = have
		}
	}
	s.known.Store(&known)
	return nil
}
