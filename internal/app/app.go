package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/classify"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/gateway"
	"github.com/gatebook/gatebook/internal/identity/apikey"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/ingest/source"
	"github.com/gatebook/gatebook/internal/objects"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/internal/saved"
	"github.com/gatebook/gatebook/internal/stamp"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/internal/storage"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/internal/witness"
	"github.com/gatebook/gatebook/ledger"
)

// Options say what to run.
type Options struct {
	Config  *config.Config
	Version string
	Log     *slog.Logger
	Level   *slog.LevelVar // of Log; nil: it cannot be changed

	NoMeasures bool // nothing is blocked or throttled, whatever was decided
}

// App is a Gatebook. Make one with [Open], then [App.Run] it.
type App struct {
	opts Options
	cfg  *config.Config                // as it runs; changed by Reload only, and read where that cannot run at the same time
	now  atomic.Pointer[config.Config] // the same, for all others
	log  *slog.Logger
	edge string
	keys *secrets

	vault  *vault.Vault   // nil: the envelopes are in clear
	state  *state.DB      // what changes and is no evidence
	people *people.People // who signs in; nil: nobody

	recorder *record.Recorder
	ledger   *ledger.Ledger

	supervisor *index.Supervisor // nil: the index is remote, or off
	indexer    *index.Client     // nil: off
	follower   *index.Follower   // nil: off

	catalog   *catalog.Catalog
	inventory *catalog.Follower
	objects   *objects.View
	witnesses *witness.Follower
	stamper   *stamp.Stamper

	outbox   *deliver.Outbox // where alerts go
	findings *live.Store
	detector *live.Follower // nil: off, or nothing is served
	alerts   *alert.Book

	store    *apikey.Store // of who calls
	readers  *apikey.Store // of who reads the record
	searches *saved.Store  // that people saved
	room     *reading.Room
	keeper   *erasure.Keeper
	storage  *storage.Watcher // how much room is left
	live     policy.Live      // what the gateway asks about calls
	act      *act.Keeper
	revoke   *revoke.Desk
	api      http.Handler

	operations *operation.Tracker   // what the calls are about
	classifier *classify.Classifier // nil: off
	services   services             // what the gRPC services say

	doors    []*door          // the listeners
	sources  []*source.Source // logs that are followed
	ops      net.Listener
	setup    setup
	versions versions
	heard    heard
	draining atomic.Bool
	reloads  atomic.Int64 // 1: the last reload was applied, 0: it was refused
}

// Open makes all parts, in the order of the data, and takes the data directory
// for this process. Nothing runs yet, but the listeners are open if serving.
func Open(o Options, serving bool) (_ *App, err error) {
	a := &App{opts: o, cfg: o.Config, log: o.Log}
	a.now.Store(a.cfg)
	defer func() {
		if err != nil {
			a.abandon()
		}
	}()
	for _, open := range []func() error{
		a.openRecord,
		a.openViews,
		a.openCalls,
		func() error { return a.openRoom(serving) },
	} {
		if err = open(); err != nil {
			return nil, err
		}
	}

	// The gateway: where calls come in.
	if !serving {
		return a, nil
	}
	if err = a.openDoors(); err != nil {
		return nil, err
	}

	// The sources: the logs of others.
	if err = a.openSources(); err != nil {
		return nil, err
	}
	return a, nil
}

// openRecord opens the ledger and what belongs to it: the keys, the one writer,
// the state beside it, and who outside is told.
func (a *App) openRecord() (err error) {
	// The keys: what signs the ledger, what names secrets, who may ask.
	if a.keys, err = openSecrets(a.cfg); err != nil {
		return err
	}
	a.edge = a.keys.edge

	if a.vault, err = openVault(a.cfg); err != nil {
		return err
	}

	// The record: the only writer of the ledger, and its reader. Whoever has the
	// ledger has the data directory.
	if a.recorder, err = record.Open(a.recordConfig()); err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}
	if err = a.noteEncryption(); err != nil {
		return err
	}
	if a.ledger, err = ledger.OpenWithKeys(os.DirFS(a.ledgerDir()), a.ledgerKeys()); err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}

	// The state: the small things that change.
	if a.state, err = state.Open(filepath.Join(a.cfg.Data, "state.db")); err != nil {
		return fmt.Errorf("opening the state: %w", err)
	}

	// The outbox: where alerts go.
	if err = a.openOutbox(); err != nil {
		return fmt.Errorf("opening the outbox of alerts: %w", err)
	}

	// The witnesses: who outside vouches for the ledger.
	if a.witnesses, err = witness.New(a.witnessConfig()); err != nil {
		return fmt.Errorf("asking witnesses: %w", err)
	}
	a.stamper = stamp.New(a.stampConfig())
	return nil
}

// openViews opens what is made from the record, and can be made again.
func (a *App) openViews() (err error) {
	// The index: a view of the ledger, in a process of its own.
	if err = a.openIndex(); err != nil {
		return fmt.Errorf("opening the search index: %w", err)
	}

	// The inventory: another view, counted from the headers.
	if err = a.openInventory(); err != nil {
		return fmt.Errorf("opening the inventory: %w", err)
	}

	// Who touched which object: a view, too.
	if err = a.openObjects(); err != nil {
		return fmt.Errorf("opening the view of objects: %w", err)
	}
	return nil
}

// openCalls opens what calls are understood by: who makes them, what they do, and
// what is in them.
func (a *App) openCalls() (err error) {
	// The keys of machines and services that call.
	a.store, err = apikey.Open(apikey.StoreConfig{Path: filepath.Join(a.cfg.Data, "keys", "api-keys.json"), Key: a.keys.fingerprint, Log: a.log})
	if err != nil {
		return fmt.Errorf("opening the API keys: %w", err)
	}
	a.readers, err = apikey.Open(apikey.StoreConfig{Path: filepath.Join(a.cfg.Data, "keys", "readers.json"), Key: a.keys.fingerprint, Kind: apikey.ReaderPrefix, Log: a.log})
	if err != nil {
		return fmt.Errorf("opening the readers: %w", err)
	}

	// The operations of the APIs: their templates, objects and actions.
	if err = a.openOperations(); err != nil {
		return err
	}

	// The classifier: what data passes, and how much of it.
	if err = a.openClassifier(); err != nil {
		return err
	}
	return nil
}

// openRoom opens what people use: the one door to the record, and what watches,
// acts and answers behind it.
func (a *App) openRoom(serving bool) error {
	// The room: the one door to the record, and the API before it.
	redactor, err := a.redactor(a.cfg)
	if err != nil {
		return err
	}
	a.room = reading.New(a.roomConfig(redactor))

	// The searches that people saved.
	if a.searches, err = saved.Open(context.Background(), a.state, nil); err != nil {
		return fmt.Errorf("opening the saved searches: %w", err)
	}

	// The keeper: what is erased, what expires, what is held.
	a.keeper = erasure.New(a.keeperConfig())

	// The storage: how much room there is, and for how long.
	a.storage = storage.New(storage.Config{Data: a.cfg.Data, Ledger: a.ledger, Keep: a.keeper.Keeps})

	// Act: what is blocked and throttled, in force before a call comes in.
	if err = a.openAct(); err != nil {
		return err
	}

	// Revoke: what is taken back where it was given.
	if err = a.openRevoke(); err != nil {
		return err
	}

	// Detection: a view that judges, and the alerts that it leads to.
	if err = a.openDetection(serving); err != nil {
		return fmt.Errorf("opening detection: %w", err)
	}

	// The people: who signs in to the console.
	if err = a.openPeople(); err != nil {
		return err
	}

	// The API, and where it listens.
	if serving {
		if a.ops, err = net.Listen("tcp", a.cfg.Ops.Listen); err != nil {
			return listenError("ops.listen", a.cfg.Ops.Listen, "--ops", err)
		}
	}
	return a.openAPI(redactor)
}

// Run runs until ctx ends, then lets calls end, then the views, and the record
// last.
func (a *App) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var record, views, doors group
	end := func(err error) {
		if err != nil {
			stop(err)
		}
	}

	record.run(end, "recording", a.recorder.Run)
	if a.supervisor != nil {
		views.run(end, "the search index", a.supervisor.Run)
	}
	if a.follower != nil {
		views.run(end, "feeding the search index", a.follower.Run)
	}
	views.run(end, "keeping the inventory", a.inventory.Run)
	views.run(end, "keeping the view of objects", a.objects.Run)
	if a.detector != nil {
		views.run(end, "detecting", a.detector.Run)
	}
	if err := a.note(ctx, "start", append(a.stateFacts(), configFacts(a.cfg)...)...); err != nil {
		stop(err)
	}
	views.run(end, "wrapping the data keys anew", a.rewrap)
	views.run(end, "counting refused readers", a.room.Run)
	views.run(end, "removing envelopes", a.keeper.Run)
	views.run(end, "measuring the storage", a.storage.Run)
	if a.people != nil {
		views.run(end, "ending sessions", a.people.Run)
	}
	views.run(end, "ending measures", a.act.Run)
	views.run(end, "watching the clock", a.watchClock)
	views.run(end, "telling operations apart", a.followOperations)
	if a.classifier != nil {
		views.run(end, "keeping what was learned of data", a.keepLearned)
	}
	views.run(end, "asking for gRPC services", a.services.run)
	views.run(end, "asking witnesses", a.witnesses.Run)
	views.run(end, "having checkpoints time-stamped", a.stamper.Run)
	if a.ops != nil {
		views.run(end, "delivering alerts", a.outbox.Run)
		views.run(end, "taking access back", a.revoke.Run)
		views.run(end, "the operations listener", a.serveOps)
	}
	for _, s := range a.sources {
		doors.run(end, "source "+s.Name(), s.Run)
	}
	for _, d := range a.doors {
		doors.run(end, "listener "+d.name, d.run)
	}

	<-ctx.Done()
	a.draining.Store(true)
	err := doors.stop()
	if noteErr := a.note(context.WithoutCancel(ctx), "stop", a.stateFacts()...); noteErr != nil && !errors.Is(noteErr, errStopped) {
		a.log.Error("the stop could not be recorded", "error", noteErr)
	}
	err = errors.Join(err, views.stop(), record.stop(), a.store.Flush(), a.readers.Flush(), a.state.Close())
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

// errStopped is the error of a recorder that has stopped, which was reported
// already.
var errStopped = record.ErrStopped

// abandon lets go of what Open made, after an error of it.
func (a *App) abandon() {
	if a.ops != nil {
		a.ops.Close()
	}
	for _, d := range a.doors {
		d.close()
	}
	if a.state != nil {
		a.state.Close()
	}
	if a.recorder != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		a.recorder.Run(ended)
	}
}

// group runs parts that are stopped together.
type group struct {
	once   sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex // guards errs
	errs   []error
}

// run starts a part. When it ends with an error, done is told, so that all end.
func (g *group) run(done func(error), name string, part func(context.Context) error) {
	g.once.Do(func() { g.ctx, g.cancel = context.WithCancel(context.Background()) })
	g.wg.Go(func() {
		err := part(g.ctx)
		if err == nil || g.ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return
		}
		err = fmt.Errorf("%s: %w", name, err)
		g.mu.Lock()
		g.errs = append(g.errs, err)
		g.mu.Unlock()
		done(err)
	})
}

// stop ends the parts and returns their errors.
func (g *group) stop() error {
	if g.cancel == nil {
		return nil
	}
	g.cancel()
	g.wg.Wait()
	return errors.Join(g.errs...)
}

// serveOps answers on the operations listener until ctx ends.
func (a *App) serveOps(ctx context.Context) error {
	tls, err := opsTLS(&a.cfg.Ops)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: a.api, TLSConfig: tls, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	go func() {
		if tls != nil {
			ended <- s.ServeTLS(a.ops, "", "")
			return
		}
		ended <- s.Serve(a.ops)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	short, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.Shutdown(short) != nil {
		s.Close() // live tails do not end by themselves
	}
	return nil
}

// door is a listener of the gateway. Each has its own, since what it trusts and
// how long it waits is its own.
type door struct {
	name  string
	gw    *gateway.Gateway
	addr  net.Addr
	chain *identifiers
	rec   *capture.Recorder
	run   func(context.Context) error
	close func()
}

// openDoors makes a gateway for each listener.
func (a *App) openDoors() error {
	for i := range a.cfg.Gateway.Listeners {
		d, err := a.openDoor(&a.cfg.Gateway.Listeners[i])
		if err != nil {
			return err
		}
		a.doors = append(a.doors, d)
	}
	return nil
}

func (a *App) openDoor(l *config.Listener) (*door, error) {
	redactor, err := a.redactor(a.cfg)
	if err != nil {
		return nil, err
	}
	chain, err := a.identifiers(a.cfg)
	if err != nil {
		return nil, err
	}
	recorder, err := capture.New(capture.Config{
		Edge: a.edge + "/" + l.Name, Method: "gateway", Sink: a.recorder, Identifier: chain, Observer: a.observer(redactor),
		Redactor: redactor, Hosts: hosts(a.cfg), TrustedProxies: l.TrustedProxies, Measures: &a.live,
	})
	if err != nil {
		return nil, fmt.Errorf("listener %s: %w", l.Name, err)
	}
	c, err := a.gatewayConfig(l, recorder, chain)
	if err != nil {
		return nil, err
	}
	gw, err := gateway.New(c)
	if err != nil {
		return nil, fmt.Errorf("listener %s: %w", l.Name, err)
	}
	listener := c.Listeners[0].Listener
	d := &door{name: l.Name, gw: gw, addr: listener.Addr(), chain: chain, rec: recorder, close: func() { listener.Close() }}
	d.run = func(ctx context.Context) error {
		var side group
		side.run(func(error) {}, "identity", chain.Run)
		return errors.Join(gw.Run(ctx), side.stop())
	}
	return d, nil
}
