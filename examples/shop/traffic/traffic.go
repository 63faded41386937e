// Package traffic calls the sample shop the way its users would: people who
// browse, look things up and sometimes make mistakes, services that poll
// steadily or work in batches, an OAuth application and a backend that act
// for people, a machine with an API key or a certificate, strangers without
// or with bad credentials, and watchers of the live feeds.
//
// Tokens come from the real issuer and are renewed before they end. Arrivals
// are random with a given mean rate, and a few customers are asked for far
// more often than the rest. The same seed gives each caller the same course of
// action; how the callers interleave is up to the scheduler.
//
// It is for demonstrations and tests, not a load generator: it never tries to
// keep more than a few calls in flight for each caller.
package traffic

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/examples/shop/grant"
)

// Config says where the traffic goes and how much of it there is.
type Config struct {
	// Target is the URL to call, such as "http://127.0.0.1:8400"; required.
	Target string
	// Issuer is the URL of the OIDC issuer; required.
	Issuer string
	// Rate is the mean number of calls a second; zero means 20.
	Rate float64
	// Seed of all choices; zero is a seed like any other.
	Seed uint64
	// APIKey is the machine's key, sent as X-API-Key; without it and without a
	// certificate there is no machine.
	APIKey string
	// Certificate is the machine's client certificate; nil means none.
	Certificate *tls.Certificate
	// TLS is the base for connections to an https target; nil means the
	// system's authorities.
	TLS *tls.Config
	// MachineTarget is where the machine calls; empty means Target. A listener
	// that asks for certificates often has an address of its own.
	MachineTarget string
	// OwnAddresses lets each caller call from a loopback address of its own
	// (127.0.2.n), so that they can be told apart. Linux only.
	OwnAddresses bool
	// Status receives one line every StatusEvery; nil means none.
	Status io.Writer
	// StatusEvery is the time between two lines; zero means ten seconds.
	StatusEvery time.Duration
}

// issuerPatience is how long Run waits for an issuer that is still starting.
const issuerPatience = 15 * time.Second

// Run calls until the context ends and then says what it did. An error means
// that it could not begin; calls that fail are counted, not returned.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if cfg.Target == "" || cfg.Issuer == "" {
		return Report{}, errors.New("starting traffic: target and issuer must be given")
	}
	if cfg.Rate < 0 || cfg.Rate > 5000 {
		return Report{}, fmt.Errorf("starting traffic: rate %g: want at most 5000 calls a second", cfg.Rate)
	}
	if cfg.Rate == 0 {
		cfg.Rate = 20
	}
	if cfg.StatusEvery == 0 {
		cfg.StatusEvery = 10 * time.Second
	}
	cfg.Target = strings.TrimSuffix(cfg.Target, "/")
	if cfg.MachineTarget == "" {
		cfg.MachineTarget = cfg.Target
	}
	cfg.MachineTarget = strings.TrimSuffix(cfg.MachineTarget, "/")
	is, err := discover(ctx, cfg.Issuer)
	if err != nil {
		return Report{}, fmt.Errorf("starting traffic: %w", err)
	}

	counts := newCounts()
	actors := cast(cfg, is, counts)
	var wg sync.WaitGroup
	for _, a := range actors {
		wg.Go(func() { a.run(ctx) })
	}
	for _, w := range watchers(actors, cfg.Seed) {
		wg.Go(func() { w.run(ctx) })
	}
	if cfg.Status != nil {
		wg.Go(func() { counts.tell(ctx, cfg.Status, cfg.StatusEvery) })
	}
	arrive(ctx, cfg, actors, counts)
	wg.Wait()
	return counts.report(), nil
}

// discover waits a while for an issuer that does not answer yet.
func discover(ctx context.Context, url string) (*grant.Issuer, error) {
	client := &http.Client{Timeout: 5 * time.Second}
	end := time.Now().Add(issuerPatience)
	for {
		is, err := grant.Discover(ctx, url, client)
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return is, err
		}
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// arrive wakes callers at random times, by weight, until the context ends.
func arrive(ctx context.Context, cfg Config, actors []*actor, counts *counts) {
	r := rand.New(rand.NewPCG(cfg.Seed, 0))
	total, steady := 0.0, 0.0
	for _, a := range actors {
		total += a.share
		if a.steady {
			steady += a.share
		}
	}
	// Those that poll steadily keep their own time, see actor.run.
	rate := cfg.Rate * (total - steady) / total
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		for !time.Now().Before(next) {
			next = next.Add(time.Duration(r.ExpFloat64() / rate * float64(time.Second)))
			if a := choose(r, actors, total-steady); a != nil {
				select {
				case a.wake <- struct{}{}:
				default:
					counts.behind() // still busy: this call is not made
				}
			}
		}
		timer.Reset(time.Until(next))
	}
}

// choose picks a caller by its share among those that do not poll.
func choose(r *rand.Rand, actors []*actor, total float64) *actor {
	at := r.Float64() * total
	for _, a := range actors {
		if a.steady {
			continue
		}
		if at -= a.share; at < 0 {
			return a
		}
	}
	return nil
}
