package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/witness"
)

// witnessFlags are the flags of the verb witness.
type witnessFlags struct {
	data, name, listen, certificate, key string
	ledgers, ledgerFiles                 []string
}

func (p *Program) witnessCmd() *cobra.Command {
	var o witnessFlags
	c := &cobra.Command{
		Use:   "witness",
		Short: "Watch over the ledgers of others: cosign that they only ever grow",
		Long: `Watch over the ledgers of others: cosign that they only ever grow.

A witness (C2SP tlog-witness) is asked by a ledger to cosign its newest
checkpoint, with the proof that this continues the one before. It never
cosigns less, or another history. It sees hashes only, no event. What it has
last cosigned of a ledger it shows to everybody, at /HASH/checkpoint, where
HASH is the SHA-256 of the ledger's origin; / lists them.

Run it on a machine that the operator of the ledger does not control: two
installations can watch each other. Its key is made at the first start.`,
		Example: `  gatebook witness --name witness.example.com --ledger KEY
  gatebook witness --ledger-file ledgers.txt --listen :8402`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runWitness(c.Context(), &o) },
	}
	f := c.Flags()
	f.StringVar(&o.data, "data", "./gatebook-witness", "the `directory` of the witness's key and memory")
	f.StringVar(&o.name, "name", "", "the `name` of the witness, such as witness.example.com; needed at the first start")
	f.StringArrayVar(&o.ledgers, "ledger", nil, "the public `key` of a ledger to watch, as gatebook serve prints it; may be repeated")
	f.StringArrayVar(&o.ledgerFiles, "ledger-file", nil, "a `file` with such keys, a line each; may be repeated")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8402", "the `address` to listen on")
	f.StringVar(&o.certificate, "tls-certificate", "", "a PEM `file` with the certificate for TLS")
	f.StringVar(&o.key, "tls-key", "", "a PEM `file` with its private key")
	return c
}

func (p *Program) runWitness(ctx context.Context, o *witnessFlags) error {
	if (o.certificate == "") != (o.key == "") {
		return errors.New("--tls-certificate and --tls-key: give both or none")
	}
	keys := o.ledgers
	for _, name := range o.ledgerFiles {
		b, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("--ledger-file: %w", err)
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				keys = append(keys, line)
			}
		}
	}
	if len(keys) == 0 {
		return errors.New("there is no ledger to watch: name one with --ledger KEY, the public key that gatebook serve prints")
	}
	s, err := witness.OpenServer(witness.ServerConfig{Dir: o.data, Name: o.name, Logs: keys, Log: slog.New(slog.NewTextHandler(p.Stderr, nil))})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return errors.Join(fmt.Errorf("--listen: %w", err), s.Close())
	}
	scheme := "http"
	if o.certificate != "" {
		scheme = "https"
	}
	fmt.Fprintf(p.Stdout, "witness  %s\nlistens  %s://%s\n", s.Key(), scheme, l.Addr())
	for _, origin := range s.Origins() {
		fmt.Fprintf(p.Stdout, "watches  %s\n", origin)
	}
	fmt.Fprint(p.Stdout, "\nThe operators of these ledgers write into their configuration:\n\n"+
		"  witness:\n    witnesses:\n      - key: "+s.Key().String()+"\n        url: "+scheme+"://"+l.Addr().String()+"\n")
	return errors.Join(serveUntil(ctx, l, s, o.certificate, o.key), s.Close())
}

// serveUntil serves until ctx ends, then lets the calls in flight end.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler, certificate, key string) error {
	s := &http.Server{
		Handler: h, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() {
		if certificate != "" {
			ended <- s.ServeTLS(l, certificate, key)
			return
		}
		ended <- s.Serve(l)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.Shutdown(short)
}
