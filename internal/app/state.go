package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/clock"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/identity/apikey"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/ledger"
)

// note seals a system event of the given name.
func (a *App) note(ctx context.Context, name string, facts ...event.Fact) error {
	return a.seal(ctx, event.System, name, facts...)
}

// seal seals an event of the given kind and name that Gatebook itself makes.
func (a *App) seal(ctx context.Context, kind event.Kind, name string, facts ...event.Fact) error {
	now := time.Now()
	var random [8]byte
	rand.Read(random[:])
	if name == "start" || name == "stop" {
		facts = append(facts, event.Fact{Name: "version", Value: a.opts.Version})
	}
	slices.SortFunc(facts, func(x, y event.Fact) int { return strings.Compare(x.Name, y.Name) })
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := a.recorder.Append(ctx, &event.Event{Header: event.Header{
		ID: event.NewID(now, random), Kind: kind, Arrived: now, Completed: now, Edge: a.edge,
		Capture: event.Capture{Method: "self"}, Note: &event.Note{Name: name, Facts: facts},
	}})
	if err != nil {
		return fmt.Errorf("recording the %s: %w", name, err)
	}
	return nil
}

// watchClock seals how the clock is held: at the start, each hour, and at each
// change.
func (a *App) watchClock(ctx context.Context) error {
	return clock.Watch(ctx, clock.Config{Log: a.log, Seal: func(ctx context.Context, facts []event.Fact) error {
		return a.note(ctx, "clock", facts...)
	}})
}

// checks are those of /readyz.
func (a *App) checks() []api.Check {
	s := a.recorder.Stats()
	out := []api.Check{{Name: "ledger", OK: s.Failure == "", Required: true, Detail: s.Failure}}
	if s.Failure == "" {
		out[0].Detail = fmt.Sprintf("%d records", s.Size)
	}
	if a.supervisor != nil {
		st := a.supervisor.Status()
		c := api.Check{Name: "index", OK: st.State == index.Ready, Detail: string(st.State)}
		if !c.OK && st.LastError != "" {
			c.Detail += ": " + st.LastError
		}
		out = append(out, c)
	}
	if a.follower != nil {
		p := a.follower.Progress()
		out = append(out, api.Check{Name: "index-lag", OK: p.Behind < 30*time.Second, Detail: fmt.Sprintf("%d records behind", p.Lag)})
	}
	for _, check := range []func() (api.Check, bool){a.diskCheck, a.witnessCheck, a.stampCheck, a.receiverCheck, a.providerCheck, a.detectionCheck, a.sourceCheck} {
		if c, ok := check(); ok {
			out = append(out, c)
		}
	}
	return out
}

// diskCheck warns while there is time to do something: nothing is lost yet.
func (a *App) diskCheck() (api.Check, bool) {
	u := a.storage.Usage()
	if u == nil {
		return api.Check{}, false
	}
	return api.Check{Name: "disk", OK: !u.Low && u.Problem == "", Detail: cmp.Or(u.Problem, u.Text())}, true
}

// storageMetrics are what the last measurement of the disk says.
func (a *App) storageMetrics() []api.Metric {
	u := a.storage.Usage()
	if u == nil {
		return nil
	}
	gauge := func(name, help string, v float64, labels ...api.Label) api.Metric {
		return api.Metric{Name: name, Help: help, Type: "gauge", Labels: labels, Value: v}
	}
	var out []api.Metric
	for _, p := range u.Parts {
		out = append(out, gauge("gatebook_storage_bytes", "Bytes of files in the data directory.", float64(p.Bytes), api.Label{Name: "part", Value: p.Name}))
	}
	if u.Total > 0 {
		out = append(out, gauge("gatebook_disk_free_bytes", "Bytes that can be used on the file system of the data directory.", float64(u.Free)),
			gauge("gatebook_disk_total_bytes", "Bytes of the file system of the data directory.", float64(u.Total)))
	}
	if u.Growth != nil {
		out = append(out, gauge("gatebook_storage_growth_bytes_per_day", "Bytes that a day adds: the median of the last complete days, at most seven.", float64(u.Growth.Bytes)))
	}
	return out
}

// metrics are those of /metrics, beside the API's own.
func (a *App) metrics() []api.Metric {
	s := a.recorder.Stats()
	counter := func(name, help string, v uint64, labels ...api.Label) api.Metric {
		return api.Metric{Name: name, Help: help, Type: "counter", Labels: labels, Value: float64(v)}
	}
	gauge := func(name, help string, v float64, labels ...api.Label) api.Metric {
		return api.Metric{Name: name, Help: help, Type: "gauge", Labels: labels, Value: v}
	}
	out := []api.Metric{
		gauge("gatebook_ledger_records", "Durable records in the ledger.", float64(s.Size)),
		counter("gatebook_recorded_total", "Records written by this process.", s.Records),
		counter("gatebook_recorded_bytes_total", "Bytes of journal written by this process.", s.Bytes),
		counter("gatebook_commits_total", "Groups of records made durable.", s.Commits),
		counter("gatebook_lost_total", "Calls that were served and not recorded; sealed as gap events.", s.Lost),
		counter("gatebook_sealed_segments_total", "Journal segments compressed.", s.SealedSegments),
		gauge("gatebook_queue_events", "Events that wait for the disk.", float64(s.Queued)),
		gauge("gatebook_queue_bytes", "Bytes of events that wait for the disk.", float64(s.QueuedBytes)),
		gauge("gatebook_recording", "1 while events can be recorded.", truth(s.Failure == "")),
		gauge("gatebook_config_last_reload_successful", "1 if the newest configuration file is the one that runs.", float64(a.reloads.Load())),
	}
	if a.follower != nil {
		out = append(out, gauge("gatebook_index_lag_records", "Sealed records that are not yet in the search index.", float64(a.follower.Progress().Lag)))
	}
	views := a.objects.Progress()
	out = append(out, gauge("gatebook_objects_lag_records", "Sealed records that the view of objects does not know yet.", float64(views.Sealed-views.Covered)))
	if a.supervisor != nil {
		out = append(out, gauge("gatebook_index_up", "1 while the search index answers.", truth(a.supervisor.Status().State == index.Ready)))
	}
	out = append(out, a.sourceMetrics()...)
	out = append(out, a.edgeMetrics()...)
	var calls, denied, inFlight, in, bytesOut []api.Metric
	var status, errs, dropped []api.Metric
	for _, d := range a.doors {
		g, l := d.gw.Stats(), api.Label{Name: "listener", Value: d.name}
		dropped = append(dropped, counter("gatebook_observations_dropped_total", "Calls of which the content was not looked at to its end, because of a mistake in Gatebook.", d.rec.ObserverPanics(), l))
		calls = append(calls, counter("gatebook_calls_total", "Calls that have ended.", g.Calls, l))
		denied = append(denied, counter("gatebook_calls_denied_total", "Calls that Gatebook refused.", g.Denied, l))
		inFlight = append(inFlight, gauge("gatebook_calls_in_flight", "Calls now.", float64(g.InFlight), l))
		in = append(in, counter("gatebook_request_bytes_total", "Bytes of requests' bodies.", g.BytesIn, l))
		bytesOut = append(bytesOut, counter("gatebook_response_bytes_total", "Bytes of answers' bodies.", g.BytesOut, l))
		for _, k := range sortedKeys(g.Status) {
			status = append(status, counter("gatebook_calls_by_status_total", "Calls by the class of their status.", g.Status[k], l, api.Label{Name: "class", Value: k}))
		}
		for _, k := range sortedKeys(g.Errors) {
			errs = append(errs, counter("gatebook_call_errors_total", "Calls by what went wrong.", g.Errors[k], l, api.Label{Name: "error", Value: k}))
		}
	}
	return slices.Concat(out, a.storageMetrics(), a.witnessMetrics(), a.detectionMetrics(), a.receiverMetrics(), a.providerMetrics(), calls, denied, inFlight, in, bytesOut, status, errs, dropped)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// apiKeys is the store of API keys as the API manages it.
type apiKeys struct{ store *apikey.Store }

// List implements api.Keys.
func (k apiKeys) List(context.Context) ([]api.Key, error) {
	if err := k.store.Reload(); err != nil {
		return nil, err
	}
	infos := k.store.List()
	out := make([]api.Key, len(infos))
	for i, info := range infos {
		out[i] = apiKey(info)
	}
	return out, nil
}

// Add implements api.Keys.
func (k apiKeys) Add(_ context.Context, n api.NewKey) (api.KeySecret, error) {
	kind := event.PrincipalKind(n.Kind)
	if kind == "" {
		kind = event.Service
	}
	secret, info, err := k.store.Add(apikey.Spec{Name: n.Name, Kind: kind, Expires: n.Expires, Scopes: n.Scopes})
	if err != nil {
		return api.KeySecret{}, fmt.Errorf("%w: %w", reading.ErrArgument, err)
	}
	return api.KeySecret{Key: apiKey(info), Secret: string(secret)}, nil
}

// Revoke implements api.Keys.
func (k apiKeys) Revoke(_ context.Context, id string) error {
	err := k.store.Revoke(id)
	if errors.Is(err, apikey.ErrNotFound) {
		return fmt.Errorf("API key %q: %w", id, ledger.ErrNotFound)
	}
	return err
}

func apiKey(i apikey.Info) api.Key {
	return api.Key{ID: i.ID, Name: i.Name, Kind: string(i.Kind), Scopes: i.Scopes, Created: i.Created, Expires: i.Expires, Revoked: i.Revoked}
}

// Reload applies a new configuration to what runs, as far as that is possible
// without a restart. On an error everything is as it was.
func (a *App) Reload(next *config.Config) error {
	err := a.reload(next)
	a.reloads.Store(int64(truth(err == nil)))
	return err
}

func (a *App) reload(next *config.Config) error {
	changes := config.Diff(a.cfg, next)
	var restart, identities bool
	for _, c := range changes {
		identities = identities || strings.HasPrefix(c.Key, "identity") || strings.Contains(c.Key, ".identity") || strings.HasPrefix(c.Key, "gateway.routes[")
		if !c.Reload {
			restart = true
			a.log.Warn("this change takes effect with a restart", "key", c.Key)
		}
	}
	n, err := a.prepare(next)
	if err != nil {
		return err
	}
	if err := a.take(n, identities); err != nil {
		return err
	}
	a.cfg = &n.cfg
	a.now.Store(a.cfg)
	a.log.Info("configuration reloaded", "changes", len(changes), "restart_needed", restart)
	return a.note(context.Background(), "reload", reloadFacts(changes, next)...)
}

// prepared is what a new configuration asks for, made and not in force yet.
type prepared struct {
	cfg        config.Config // the one in force, with what can change without a restart
	identities *chains
	operations []operation.API
	receivers  []deliver.Receiver
	acting     act.Rules
	providers  []revoke.Provider
	judging    live.Rules
}

// prepare makes all that a new configuration asks for. Nothing has changed when
// it fails.
func (a *App) prepare(next *config.Config) (n *prepared, err error) {
	n = &prepared{cfg: *a.cfg}
	merged := &n.cfg
	merged.Gateway.Routes, merged.Identity, merged.Log.Level, merged.Retention = next.Gateway.Routes, next.Identity, next.Log.Level, next.Retention
	merged.Alerts = next.Alerts
	n.receivers, err = a.receivers(&merged.Alerts)
	if err != nil {
		return nil, err
	}
	merged.Act = next.Act
	n.acting, err = actRules(merged)
	if err != nil {
		return nil, err
	}
	n.providers, err = a.providers(merged)
	if err != nil {
		return nil, err
	}
	merged.Detect.Rules, merged.Detect.Disabled, merged.Detect.Levels, merged.Detect.Places = next.Detect.Rules, next.Detect.Disabled, next.Detect.Levels, next.Detect.Places
	n.judging, err = rules(&merged.Detect)
	if err != nil {
		return nil, err
	}
	if a.detector != nil {
		if _, err := n.judging.Load(); err != nil {
			return nil, err
		}
	}
	n.identities, err = a.chains(merged)
	if err != nil {
		return nil, err
	}
	n.operations, err = apis(merged)
	if err != nil {
		return nil, err
	}
	for _, d := range a.doors {
		if _, err := routes(merged, d.name, d.chain); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// take puts in the place of what runs what was prepared.
func (a *App) take(n *prepared, identities bool) error {
	if err := a.services.swap(n.cfg.Gateway.Routes); err != nil {
		return err
	}
	if err := a.operations.Swap(n.operations); err != nil {
		return err
	}
	for _, d := range a.doors {
		if identities {
			d.chain.swap(n.identities)
		}
		rs, err := routes(&n.cfg, d.name, d.chain)
		if err == nil {
			err = errors.Join(d.gw.Swap(rs), d.gw.Reload())
		}
		if err != nil {
			return fmt.Errorf("listener %s: %w", d.name, err)
		}
	}
	if a.opts.Level != nil {
		if err := a.opts.Level.UnmarshalText([]byte(n.cfg.Log.Level)); err != nil {
			return err
		}
	}
	a.keeper.SetPolicy(retention(&n.cfg.Retention))
	if err := a.outbox.Swap(context.Background(), n.receivers); err != nil {
		return err
	}
	if err := a.act.SetRules(n.acting); err != nil {
		return err
	}
	a.revoke.SetProviders(n.providers)
	if a.detector != nil {
		if err := a.detector.Swap(n.judging); err != nil {
			return err
		}
	}
	return nil
}
