// Shop is the sample API that Gatebook is shown with: the API itself, a real
// OIDC issuer, and traffic that behaves like people, services, applications,
// a machine and strangers. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: shop VERB [flags]

  serve    the shop's API
  issuer   the OIDC issuer whose tokens the API accepts
  all      issuer and API in one process
  traffic  calls, as from people, services, applications and strangers

shop VERB -h lists the flags of a verb.
`

// Exit codes.
const (
	exitFailed = 1 // the verb could not do its work
	exitUsage  = 2 // the command line cannot be understood
)

// errUsage says that the command line was wrong and that this has been said.
var errUsage = errors.New("wrong command line")

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(exitFailed)
	}
}

// run does what the arguments say until the context ends.
func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	verbs := map[string]func(context.Context, *flag.FlagSet, []string, io.Writer) error{
		"serve": serveVerb, "issuer": issuerVerb, "all": allVerb, "traffic": trafficVerb,
	}
	if len(args) == 0 || verbs[args[0]] == nil {
		fmt.Fprint(errOut, usage)
		if len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help") {
			return nil
		}
		return errUsage
	}
	flags := flag.NewFlagSet("shop "+args[0], flag.ContinueOnError)
	flags.SetOutput(errOut)
	return verbs[args[0]](ctx, flags, args[1:], out)
}

// parse reads a verb's flags. Nothing may be left over.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage // the flag package has said what is wrong
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(flags.Output(), "%s: unexpected argument %q\n", flags.Name(), flags.Arg(0))
		return errUsage
	}
	return nil
}
