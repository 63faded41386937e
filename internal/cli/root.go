package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// The exit codes.
const (
	ExitOK       = 0 // also if nothing was found
	ExitEvidence = 1 // the evidence does not hold
	ExitError    = 2 // everything else, wrong usage too
)

// Local opens the data directory in this process and returns its API, a token
// for it, and what ends it. It fails if the directory has no data, or if a
// server runs on it.
type Local func(ctx context.Context, dataDir string) (h http.Handler, token string, close func() error, err error)

// Program is one run of the command line. Now and Zone may be nil; Local may
// be nil, then data is only read through a server.
type Program struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        []string
	Version        string
	Local          Local
	Now            func() time.Time
	Zone           *time.Location // of people

	code int // exit code of a verb that ended without an error
}

// OS returns the program as the operating system started it.
func OS(version string, local Local) *Program {
	return &Program{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ(), Version: version, Local: local,
	}
}

// Run runs the verb and returns the exit code. The first SIGINT or SIGTERM ends
// the verb in order, the second at once.
func (p *Program) Run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Zone == nil {
		p.Zone = time.Local
	}
	root := p.root()
	root.SetArgs(p.Args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return p.code
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return p.code
	}
	return p.report(err)
}

// root returns the command with all its verbs.
func (p *Program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "gatebook",
		Short:         "The system of record for API access",
		Long:          "Gatebook records each call to an API as a sealed event: who, what, when, and how each of these is known.\n\nExit codes: 0 success, also if nothing was found; 1 the evidence does not hold; 2 every other error and wrong usage.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(c, err) })
	root.AddCommand(
		p.serveCmd(),
		p.searchCmd(), p.searchesCmd(), p.tailCmd(), p.showCmd(), p.whoCmd(), p.objectCmd(), p.routesCmd(),
		p.apisCmd(), p.appsCmd(), p.callersCmd(), p.leastPrivilegeCmd(),
		p.proveCmd(), p.verifyCmd(), p.checkpointCmd(), p.gapsCmd(), p.clockCmd(), p.exportCmd(), p.evidenceCmd(),
		p.reportCmd(),
		p.rulesCmd(), p.sigmaCmd(), p.alertsCmd(), p.importCmd(), p.sourcesCmd(),
		p.keysCmd(), p.readersCmd(),
		p.accountsCmd(), p.loginLinkCmd(),
		p.blockCmd(), p.throttleCmd(), p.reauthCmd(), p.measuresCmd(), p.undoCmd(), p.approvalsCmd(), p.approveCmd(), p.rejectCmd(), p.liftCmd(), p.revokeCmd(),
		p.eraseCmd(), p.holdCmd(), p.retentionCmd(),
		p.indexCmd(), p.witnessCmd(), p.demoCmd(), p.configCmd(), p.healthCmd(), p.versionCmd(),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// wrapArgs makes wrong arguments errors of usage, here and below.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return usage(c, err)
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

// usage adds to an error how to get help.
func usage(c *cobra.Command, err error) error {
	return fmt.Errorf("%w\nusage: %s\nhelp:  %s --help", err, c.UseLine(), c.CommandPath())
}

// report prints an error for people and returns its exit code.
func (p *Program) report(err error) int {
	var known *failure
	if errors.As(err, &known) {
		fmt.Fprint(p.Stderr, known.text())
		return known.code()
	}
	text := err.Error()
	if cmd, ok := strings.CutPrefix(text, "unknown command "); ok {
		text = "there is no verb " + strings.ReplaceAll(cmd, ` for "gatebook"`, "") + "\nhelp:  gatebook --help"
	}
	fmt.Fprintf(p.Stderr, "gatebook: %s\n", text)
	var evidence *ledger.EvidenceError
	if errors.As(err, &evidence) || errors.Is(err, record.ErrRollback) {
		return ExitEvidence
	}
	return ExitError
}
