package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/gatebook/gatebook/internal/config"
)

// ServeOptions are the flags of serve.
type ServeOptions struct {
	ConfigFlags
	Version        string
	Stdout, Stderr io.Writer
	NoMeasures     bool // see [Options]
}

// Serve runs Gatebook until ctx ends. SIGHUP loads the configuration again.
func Serve(ctx context.Context, o ServeOptions) error {
	cfg, err := o.load()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		return err
	}
	log := newLog(o.Stderr, cfg.Log.Format, level)
	a, err := Open(Options{Config: cfg, Version: o.Version, Log: log, Level: level, NoMeasures: o.NoMeasures}, true)
	if err != nil {
		return err
	}
	a.reloads.Store(1)
	if err := a.announce(); err != nil {
		a.abandon()
		return err
	}
	defer os.Remove(a.opsFile())
	a.greet(o.Stdout)

	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go func() {
		for {
			select {
			case <-hup:
				next, err := o.load()
				if err == nil {
					err = a.Reload(next)
				}
				if err != nil {
					a.refusedReload()
					log.Error("the configuration was not reloaded; the old one stays", "error", err)
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	notify("READY=1")
	defer notify("STOPPING=1")
	err = a.Run(ctx)
	fmt.Fprintf(o.Stdout, "stopped: %d records in the ledger\n", a.recorder.Size())
	return err
}

func newLog(w io.Writer, format config.LogFormat, level slog.Leveler) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == config.FormatJSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

func (a *App) opsFile() string { return filepath.Join(a.cfg.Data, "ops.json") }

// announce leaves in the data directory where the operations listener is, for
// the other verbs.
func (a *App) announce() error {
	b, err := json.Marshal(map[string]any{"url": a.OpsURL(), "pid": os.Getpid()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(a.opsFile(), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

// greet tells a person where everything is.
func (a *App) greet(w io.Writer) {
	data, err := filepath.Abs(a.cfg.Data)
	if err != nil {
		data = a.cfg.Data
	}
	fmt.Fprintf(w, "Gatebook %s records the calls to:\n", a.opts.Version)
	for _, s := range a.sources {
		fmt.Fprintf(w, "  %s  ->  %s\n", s.File(), s.Name())
	}
	for _, d := range a.doors {
		for _, r := range a.cfg.Gateway.Routes {
			fmt.Fprintf(w, "  http://%s%s  ->  %s  (%s)\n", reachable(d.addr), r.Path, r.Upstream.Redacted(), r.Durability)
		}
	}
	if len(a.sources)+len(a.doors) == 0 {
		fmt.Fprintln(w, "  Go programs with the middleware, which deliver them here")
	}
	fmt.Fprintln(w)
	if err := a.greetConsole(w); err != nil {
		a.log.Error("a link to the console could not be made", "error", err)
	}
	try := ""
	switch {
	case len(a.sources)+len(a.doors) == 0:
		try = "gatebook readers add NAME --role edge --data " + a.cfg.Data + "   (the token of a program)\n            "
	case len(a.doors) > 0:
		try = "curl -i http://" + reachable(a.doors[0].addr) + "/\n            "
	}
	fmt.Fprintf(w, `operations  %s  (token: %s)
data        %s
public key  %s

Try         %sgatebook search '*' --data %s
            gatebook tail --data %s
            gatebook verify %s
Remove      stop it, then delete %s: there is nothing anywhere else

Never stored, not in the record, not in a log: passwords, tokens, API keys,
cookies and what looks like them. They are replaced by keyed fingerprints.
`, a.OpsURL(), filepath.Join(a.cfg.Data, "keys", "ops.token"), data, a.keys.vkey, try, a.cfg.Data, a.cfg.Data, a.cfg.Data, data)
}

// notify tells systemd, if it started this process and asked for it
// (sd_notify).
func notify(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(state))
}

// Local opens a data directory on which no server runs, for one command, and
// returns its API, the token for it, and what ends it.
func Local(ctx context.Context, data string) (http.Handler, string, func() error, error) {
	if _, err := os.Stat(filepath.Join(data, "ledger", "format")); err != nil {
		return nil, "", nil, fmt.Errorf("there is no ledger in %s: gatebook serve makes one", data)
	}
	a, err := openLocal(data)
	if err != nil {
		return nil, "", nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	a.awaitViews(ctx)
	return a.api, a.keys.token, func() error { cancel(); return <-ended }, nil
}

func openLocal(data string) (*App, error) {
	cfg := config.Default()
	cfg.Data = data
	cfg.Ledger.SegmentSize = 1 << 20
	if err := adopt(cfg); err != nil {
		return nil, err
	}
	return Open(Options{Config: cfg, Version: localVersion, Log: slog.New(slog.DiscardHandler)}, false)
}

// localVersion is the version of an App that answers one command.
const localVersion = "local"
